// Bitfinex, candles; and dumps of them as files.
//
// Documentation: https://docs.bitfinex.com/reference/rest-public-candles
// Limit: about 30 calls a minute for candles, then 429 and a minute's ban.
// Terms: market data for own use.
//
// Oddities: milliseconds, open, CLOSE, high, low, volume; JSON numbers. Newest first unless sort=1 is asked for; at most 10,000
// bars a call. An interval without trades is left out; a window without trades is [], and so is a pair that does not exist.
// Failures are ["error", code, text], also with status 500, which may be a fault of the question (10020): such a 500 does not
// pass by waiting. Names with more than three letters have a colon (tAAVE:USD); USDT is UST and USDC is UDC there. The newest
// bar is in progress and not marked. In 2018-10 to 2019-03 the prices lay 2 percent above those of other venues.
//
// Dumps have the same six columns, no header, and line ends of LF or CR LF; they have holes of months (2015-05, 2016-04) and
// one-minute spikes (2013-04). The name may say the pair, the content does not. A dump in another order of columns looks the
// same: the prices tell.

package source

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"assay/shared/market"
)

var bitfinex = Source{
	Name:     "bitfinex",
	Title:    "Bitfinex",
	Docs:     "https://docs.bitfinex.com/reference/rest-public-candles",
	Terms:    "Market data may be used by yourself.",
	Roles:    map[market.Class]market.Role{market.Crypto: market.Venue},
	Budget:   Budget{Calls: 25, Per: time.Minute},
	Cadence:  market.Minute,
	Symbol:   bitfinexSymbol,
	Requests: bitfinexRequests,
	Past:     Past{Intervals: market.Stored[:], Window: bitfinexWindow, First: 1364774400, request: bitfinexRequest},
	Manner: Manner{
		Limits:  "About 30 calls a minute; then a minute's ban.",
		Window:  "10,000 bars a call.",
		History: "From 2013-04 for BTC-USD.",
		Order:   "Oldest first, as asked for.",
		Empty:   "Left out.",
		Times:   "Start of the bar, in milliseconds.",
	},
	formats: []format{
		{dataset: "bitfinex-candles", parse: parseBitfinex},
		{dataset: "bitfinex-csv", parse: parseBitfinexDump, detect: detectBitfinex},
	},
}

// bitfinexCodes are the coins that Bitfinex calls by names of its own.
var bitfinexCodes = map[string]string{"USDT": "UST", "USDC": "UDC"}

func bitfinexSymbol(in market.Instrument) (string, bool) {
	base, quote := pair(in.ID)
	for _, name := range []*string{&base, &quote} {
		if code, ok := bitfinexCodes[*name]; ok {
			*name = code
		}
	}
	colon := ""
	if len(base) > 3 || len(quote) > 3 {
		colon = ":"
	}
	return "t" + base + colon + quote, in.Class == market.Crypto
}

// bitfinexWindow is how many bars one call returns.
const bitfinexWindow = 10_000

// bitfinexIntervals are the names of the intervals.
var bitfinexIntervals = map[market.Interval]string{market.Minute: "1m", market.Hour: "1h", market.Day: "1D"}

func bitfinexRequests(in market.Instrument, ask Ask) []Request {
	if _, ok := bitfinexSymbol(in); !ok {
		return nil
	}
	return windows(in, ask, bitfinexWindow, bitfinexRequest)
}

func bitfinexRequest(in market.Instrument, interval market.Interval, from, last int64) Request {
	symbol, _ := bitfinexSymbol(in)
	query := url.Values{
		"start": {fmt.Sprint(from * 1000)}, "end": {fmt.Sprint(last * 1000)}, "limit": {fmt.Sprint(bitfinexWindow)}, "sort": {"1"},
	}
	return Request{
		URL:     "https://api-pub.bitfinex.com/v2/candles/trade:" + bitfinexIntervals[interval] + ":" + symbol + "/hist?" + query.Encode(),
		Dataset: "bitfinex-candles", Interval: interval, Series: []market.SeriesID{{Instrument: in.ID, Source: "bitfinex"}},
	}
}

func parseBitfinex(p Payload, emit func(market.Row)) error {
	if err := bitfinexFailure(p); err != nil {
		return err
	}
	c, err := newCandles(p)
	if err != nil {
		return err
	}
	var rows []json.RawMessage
	if err := decode(p.Body, &rows); err != nil {
		return err
	}
	for n, text := range rows {
		fields, err := array(text, n, bitfinexCells)
		if err != nil {
			return err
		}
		c.add(market.Row{
			Open: scalar(fields[1]), Close: scalar(fields[2]), High: scalar(fields[3]), Low: scalar(fields[4]), Volume: scalar(fields[5]),
		}, wholeSeconds(scalar(fields[0])), text)
	}
	return c.emit(emit)
}

// bitfinexFailure reads ["error", 10020, "limit: invalid"] and the older {"error": "ERR_RATE_LIMIT"}.
func bitfinexFailure(p Payload) error {
	var list []json.RawMessage
	if json.Unmarshal(p.Body, &list) == nil && len(list) > 0 && scalar(list[0]) == "error" {
		kind := statusKind(p.Status)
		code, text := "", ""
		if len(list) > 2 {
			code, text = scalar(list[1]), scalar(list[2])
		}
		switch {
		case code == "11010":
			kind = ErrLimited
		case code == "10020" && strings.HasPrefix(text, "symbol"):
			kind = ErrUnknownSymbol
		case code == "10020":
			kind = ErrRefused
		case code == "20060" || kind == nil:
			kind = ErrUnavailable
		}
		return fmt.Errorf("bitfinex says %s: %w", excerpt(p.Body), kind)
	}
	var legacy struct{ Error json.RawMessage }
	if json.Unmarshal(p.Body, &legacy) == nil && strings.Contains(scalar(legacy.Error), "RATE_LIMIT") {
		return fmt.Errorf("bitfinex says %s: %w", excerpt(p.Body), ErrLimited)
	}
	return answered(p)
}

// bitfinexCells are the columns of an answer and of a dump.
const bitfinexCells = 6

func parseBitfinexDump(p Payload, emit func(market.Row)) error {
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
