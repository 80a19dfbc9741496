package source

import (
	"fmt"
	"strings"

	"assay/shared/market"
)

// pair splits an instrument's id: BTC-USD into BTC and USD, XAU-USD-PM into XAU and USD.
func pair(id string) (base, quote string) {
	base, quote, _ = strings.Cut(id, "-")
	quote, _, _ = strings.Cut(quote, "-")
	return base, quote
}

// maxWindows is how many calls for minutes one turn makes for an instrument. What is left after a longer pause is asked for
// in the turns that follow, the oldest first.
const maxWindows = 10

// newestBars is how many of the newest hours and days are asked for at least once a day, for their revisions. Those before are
// history, which a turn does not ask for.
const newestBars = 300

// windows makes the requests for one instrument: its minutes since From in windows of the source's size, then, if all is asked
// for, the newest hours and days. Request takes the starts of the first and the last bar; windows share a bar,
// because providers differ on whether the last is included.
func windows(in market.Instrument, ask Ask, size int64, one func(in market.Instrument, i market.Interval, from, last int64) Request) []Request {
	request := func(i market.Interval, from, last int64) Request {
		r := one(in, i, from, last)
		r.From, r.To = from, last
		return r
	}
	newest := func(i market.Interval, bars int64) (from, last int64) {
		last = i.Floor(ask.Now)
		return last - (bars-1)*int64(i), last
	}
	var requests []Request
	from, last := newest(market.Minute, size)
	if ask.From > 0 {
		from = market.Minute.Floor(ask.From)
	}
	for n := 0; from <= last && n < maxWindows; n++ {
		end := min(from+(size-1)*int64(market.Minute), last)
		requests = append(requests, request(market.Minute, from, end))
		if end == last {
			break
		}
		from = end
	}
	if ask.Full {
		for _, i := range []market.Interval{market.Hour, market.Day} {
			from, last := newest(i, min(size, newestBars))
			requests = append(requests, request(i, from, last))
		}
	}
	return requests
}

// candles is what the answers of the exchanges have in common: the bars of one series at the interval that was asked for.
type candles struct {
	Payload
	series   market.SeriesID
	currency string // as the answer states it
	unit     string
	rows     []market.Row
}

func newCandles(p Payload) (candles, error) {
	series, err := p.only()
	if err == nil && !p.Interval.IsStored() {
		err = fmt.Errorf("payload is declared to hold bars of %s, want 1m, 1h or 1d: %w", p.Interval, ErrFormat)
	}
	return candles{Payload: p, series: series}, err
}

// add appends a row that has its prices already.
func (c *candles) add(row market.Row, time string, text []byte) {
	row.Series, row.Interval, row.Currency, row.Unit = c.series, c.Interval, c.currency, c.unit
	row.Number, row.Text = len(c.rows)+1, string(text)
	setSeconds(&row, time)
	row.Unfinished = row.Unfinished || row.BadTime == "" && c.Interval.Next(row.Start)*1000 > c.Received
	c.rows = append(c.rows, row)
}

// emit hands the rows on, unless they are not of the interval that was asked for: hours among minutes would pass for hours.
func (c *candles) emit(emit func(market.Row)) error {
	closer := 0
	for i := 1; i < len(c.rows); i++ {
		step := c.rows[i].Start - c.rows[i-1].Start
		if step = max(step, -step); step > 0 && step < int64(c.Interval) {
			closer++
		}
	}
	if closer > len(c.rows)/2 {
		return fmt.Errorf("bars lie closer together than the %s asked for: %w", c.Interval, ErrFormat)
	}
	for _, row := range c.rows {
		emit(row)
	}
	return nil
}
