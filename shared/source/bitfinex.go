// Bitfinex, dumps of minute candles.
//
// Documentation: https://docs.bitfinex.com/reference/rest-public-candles
// Limit: none, these are files; the interface behind them takes about 30 calls a minute.
// Terms: market data for own use.
//
// Oddities: no header; milliseconds, open, CLOSE, high, low, volume. Line ends are LF or CR LF. A minute without trades is
// left out; the dumps have holes of months (2015-05, 2016-04) and one-minute spikes (2013-04). The name may say the pair,
// the content does not. A dump in another order of columns looks the same: the prices tell.

package source

import (
	"strconv"
	"strings"

	"assay/shared/market"
)

var bitfinex = Source{
	Name:     "bitfinex",
	Title:    "Bitfinex",
	Docs:     "https://docs.bitfinex.com/reference/rest-public-candles",
	Terms:    "Market data may be used by yourself.",
	Roles:    map[market.Class]market.Role{market.Crypto: market.Venue},
	Symbol:   bitfinexSymbol,
	Requests: func(market.Instrument, Ask) []Request { return nil },
	formats:  []format{{dataset: "bitfinex-csv", parse: parseBitfinex, detect: detectBitfinex}},
}

func bitfinexSymbol(in market.Instrument) (string, bool) {
	base, quote := pair(in.ID)
	return "t" + base + quote, in.Class == market.Crypto
}

// bitfinexCells are the columns of a dump.
const bitfinexCells = 6

func parseBitfinex(p Payload, emit func(market.Row)) error {
	series, err := p.only()
	if err != nil {
		return err
	}
	body, err := Open(p.Body)
	if err == nil {
		err = hasData(body)
	}
	if err != nil {
		return err
	}
	text := strings.TrimPrefix(string(body), "\ufeff")
	interval := p.Interval
	if interval == 0 {
		if interval = intervalOf(bitfinexStarts(text[:min(len(text), headSize)])); interval == 0 {
			return errInterval
		}
	}
	for number := 1; text != ""; number++ {
		l, rest, _ := strings.Cut(text, "\n")
		if text = rest; l == "" || l == "\r" {
			continue
		}
		row := bitfinexRow(strings.TrimSuffix(l, "\r"))
		row.Series, row.Interval, row.Number = series, interval, number
		emit(row)
	}
	return nil
}

// bitfinexRow reads one line. The cells are parts of it, not copies.
func bitfinexRow(l string) market.Row {
	var cells [bitfinexCells]string
	n, rest := 0, l
	for more := true; more; n++ {
		cell := ""
		cell, rest, more = strings.Cut(rest, ",")
		if n < bitfinexCells {
			cells[n] = cell
		}
	}
	row := market.Row{Text: l}
	milliseconds, err := strconv.ParseInt(cells[0], 10, 64)
	if err != nil || milliseconds%1000 != 0 || n != bitfinexCells {
		row.BadTime = l
		return row
	}
	row.Start = milliseconds / 1000
	row.Open, row.Close, row.High, row.Low, row.Volume = present(cells[1]), present(cells[2]), present(cells[3]), present(cells[4]), present(cells[5])
	return row
}

// bitfinexStarts returns the times of a dump.
func bitfinexStarts(text string) (starts []int64) {
	for _, l := range lines(text) {
		if row := bitfinexRow(l); row.BadTime == "" {
			starts = append(starts, row.Start)
		}
	}
	return starts
}

// detectBitfinex tells a dump from one whose columns are open, high, low, close: there the third price is not the highest.
func detectBitfinex(f file) (Detected, bool) {
	rows, fits := 0, 0
	for _, l := range lines(f.head) {
		row := bitfinexRow(l)
		if row.BadTime != "" || row.Start < 1e8 {
			return Detected{}, false
		}
		rows++
		if within(row.Open, row.Low, row.High) && within(row.Close, row.Low, row.High) {
			fits++
		}
	}
	if rows == 0 || fits*100 < rows*99 {
		return Detected{}, false
	}
	interval := intervalOf(bitfinexStarts(f.head))
	return Detected{Dataset: "bitfinex-csv", Source: "bitfinex", Series: seriesNamed(f.name, "bitfinex"), Interval: interval}, true
}

// within reports whether a price lies between two others; all are decimal texts.
func within(price, low, high string) bool {
	p, err1 := strconv.ParseFloat(price, 64)
	l, err2 := strconv.ParseFloat(low, 64)
	h, err3 := strconv.ParseFloat(high, 64)
	return err1 == nil && err2 == nil && err3 == nil && l <= p && p <= h
}
