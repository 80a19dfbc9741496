// CryptoDataDownload: CSV files of one exchange's bars.
//
// Documentation: https://www.cryptodatadownload.com/data/
// Terms: for own, non-commercial use with the source named.
//
// Oddities: the first line is an address. Newest first; the first row is of the day (or hour) of the download, which had not
// ended. Which exchange it is stands in the file's name only. The two volume columns, coins and dollars, are exchanged up to
// 2018-02-27 (Bitstamp, daily). Days on which the venue was down are flat with volume 0.

package source

import (
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
	interval := p.Interval
	if interval == 0 {
		if interval = s.unixInterval(); interval == 0 {
			return errInterval
		}
	}
	unix, date, symbol := s.column("unix"), s.column("date"), s.column("symbol")
	open, high, low, closing := s.column("open"), s.column("high"), s.column("low"), s.column("close")
	base, quote := pair(series.Instrument)
	volume, quoteVolume := s.column("Volume "+base), s.column("Volume "+quote)
	newest := s.newest(unix)
	for l := range s.lines() {
		row := l.row(series, interval)
		row.BadTime = unixTime(&row, l, unix, date)
		row.Unit, row.Currency, _ = strings.Cut(l.cell(symbol), "/")
		row.Open, row.High, row.Low, row.Close = l.cell(open), l.cell(high), l.cell(low), l.cell(closing)
		row.Volume, row.QuoteVolume = l.cell(volume), l.cell(quoteVolume)
		row.Unfinished = row.BadTime == "" && row.Start == newest
		emit(row)
	}
	return nil
}

// unixTime sets a row's start from its seconds or milliseconds, and returns what is wrong with them: the date beside them has
// to say the same.
func unixTime(row *market.Row, l line, unix, date int) (bad string) {
	text := l.cell(unix)
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || len(l.cells) > l.header {
		return l.text
	}
	if seconds >= 1e11 {
		seconds /= 1000
	}
	row.Start = seconds
	if day := time.Unix(seconds, 0).UTC().Format(time.DateOnly); !strings.HasPrefix(l.cell(date), day) {
		return text + " beside " + l.cell(date)
	}
	return ""
}

// newest returns the latest start of the sheet.
func (s sheet) newest(unix int) (newest int64) {
	for l := range s.lines() {
		if row := (market.Row{}); unixTime(&row, l, unix, s.column("date")) == "" {
			newest = max(newest, row.Start)
		}
	}
	return newest
}

// unixInterval returns the interval of the sheet's bars, by the column unix.
func (s sheet) unixInterval() market.Interval {
	var starts []int64
	for l := range s.lines() {
		if row := (market.Row{}); unixTime(&row, l, s.column("unix"), s.column("date")) == "" {
			starts = append(starts, row.Start)
		}
	}
	return intervalOf(starts)
}

func detectCryptoDataDownload(f file) (Detected, bool) {
	s, ok := f.sheet("unix", "date", "symbol", "close")
	if !ok {
		return Detected{}, false
	}
	found := Detected{Dataset: "cryptodatadownload-csv", Source: "cryptodatadownload", Interval: s.unixInterval()}
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
