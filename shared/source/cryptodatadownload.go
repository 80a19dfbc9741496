// CryptoDataDownload: CSV files of one exchange's bars.
//
// Documentation: https://www.cryptodatadownload.com/data/
// Terms: for own, non-commercial use with the source named.
//
// Oddities: the first line is an address. Newest first; of days, the first row is the day of the download, which had not
// ended. Which exchange it is stands in the file's name only. The two volume columns, coins and dollars, are exchanged up to
// 2018-02-27 (Bitstamp, daily). Days on which the venue was down are flat with volume 0.

package source

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/shared/market"
)

var cryptoDataDownload = format{dataset: "cryptodatadownload-csv", parse: parseCryptoDataDownload, detect: detectCryptoDataDownload}

func parseCryptoDataDownload(p Payload, emit func(market.Row)) error {
	series, err := p.only()
	if err != nil {
		return err
	}
	s, err := p.sheet("unix", "date", "symbol", "close")
	if err != nil {
		return err
	}
	starts, interval := s.unixStarts(), p.Interval
	if interval == 0 {
		interval = intervalOf(starts)
	}
	if interval == 0 || len(starts) == 0 {
		return errInterval
	}
	newest := slices.Max(starts)
	unix, date, symbol := s.column("unix"), s.column("date"), s.column("symbol")
	open, high, low, closing := s.column("open"), s.column("high"), s.column("low"), s.column("close")
	base, quote := pair(series.Instrument)
	volume, quoteVolume := s.column("Volume "+base), s.column("Volume "+quote)
	for l := range s.lines() {
		row := l.row(series, interval)
		if row.BadTime == "" {
			row.Start, row.BadTime = unixTime(l.cell(unix), l.cell(date))
		}
		row.Unit, row.Currency, _ = strings.Cut(l.cell(symbol), "/")
		row.Open, row.High, row.Low, row.Close = l.cell(open), l.cell(high), l.cell(low), l.cell(closing)
		row.Volume, row.QuoteVolume = l.cell(volume), l.cell(quoteVolume)
		row.Unfinished = interval == market.Day && row.BadTime == "" && row.Start == newest
		emit(row)
	}
	return nil
}

// unixTime reads seconds or milliseconds. The date beside them has to say the same; else bad is what both say.
func unixTime(unix, date string) (start int64, bad string) {
	start, err := strconv.ParseInt(unix, 10, 64)
	whole := true
	if start >= 1e11 {
		start, whole = start/1000, start%1000 == 0
	}
	if err != nil || !whole || !strings.HasPrefix(date, time.Unix(start, 0).UTC().Format(time.DateOnly)) {
		return 0, unix + " beside " + date
	}
	return start, ""
}

// unixStarts returns the times of the sheet that can be read.
func (s sheet) unixStarts() (starts []int64) {
	for l := range s.lines() {
		if start, bad := unixTime(l.cell(s.column("unix")), l.cell(s.column("date"))); bad == "" {
			starts = append(starts, start)
		}
	}
	return starts
}

func detectCryptoDataDownload(f file) (Detected, bool) {
	s, ok := f.sheet("unix", "date", "symbol", "close")
	if !ok {
		return Detected{}, false
	}
	found := Detected{Dataset: "cryptodatadownload-csv", Source: "cryptodatadownload", Interval: intervalOf(s.unixStarts())}
	for _, src := range All {
		if src.Roles[market.Crypto] == market.Venue && strings.Contains(f.name, src.Name) {
			found.Source = src.Name
		}
	}
	for l := range s.lines() {
		instrument := strings.ReplaceAll(l.cell(s.column("symbol")), "/", "-")
		if id, err := market.ParseSeriesID(instrument + "." + found.Source); err == nil {
			found.Series = []market.SeriesID{id}
		}
		break
	}
	return found, true
}
