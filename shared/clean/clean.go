// Package clean turns rows into bars and rejects, by the rules that one payload can decide. It is pure.
//
// Make a Cleaner for one record of a raw blob, Add every row that its parser finds, and take the Result. For a record that is too
// long for that, Survey it and take its bars in Pieces.
//
// A row is refused as a whole when its time or its close is: the rules are unreadable, bad-time, misaligned, future, unfinished,
// wrong-currency, wrong-unit, closed, not-a-business-day, and absent, zero, negative or not-a-number of the close. Another field that
// is refused is left absent, the bar is kept with the flag partial, and a reject names the field: absent, zero, negative,
// not-a-number, high-below-low, implausible. Of two rows for one bar the later is kept (duplicate). What is kept as sent has a
// flag (outside-range, untraded) or, for rows in no order, a reject that names none (out-of-order).
//
// A bar that was still in progress when it was received is neither: it comes again, finished.
package clean

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/shared/market"
)

// Rules is the version of the rules here. Raise it when a rule changes what a payload gives.
const Rules = 1

const (
	maxRejects = 1000    // kept of one record
	maxText    = 4 << 10 // bytes of a reject's original text
)

// clockSkew is how far a provider's clock may be ahead of ours, in seconds.
const clockSkew = 60

// earliest is 1800-01-01, before the oldest price that anybody has.
const earliest = -5_364_662_400

// Origin is where rows come from.
type Origin struct {
	Record    int // which WARC record of the blob
	Received  int64
	Authority market.Authority
	Declared  market.Instrument // what its bars are of, where that is not known by itself; else the zero Instrument
}

// Key names one run of bars.
type Key struct {
	Series   market.SeriesID
	Interval market.Interval
}

// Result is what became of the rows.
type Result struct {
	Bars     map[Key][]market.Bar // ascending, no start twice
	Rejects  []market.Reject      // the first 1,000
	Rejected int                  // all of them
}

// Cleaner judges rows.
type Cleaner struct {
	origin   Origin
	runs     []*run
	last     *run  // of the row before
	survey   *Long // counts the bars in place of keeping them
	piece    bool  // of rows that were surveyed: only what the survey could not see is refused
	rejects  []market.Reject
	rejected int
}

// New returns a cleaner for the rows of one record.
func New(origin Origin) *Cleaner { return &Cleaner{origin: origin} }

// Add judges one row.
func (c *Cleaner) Add(row market.Row) {
	r := c.run(row.Series, row.Interval)
	if row.Unreadable != "" {
		c.refuse(&row, "unreadable", "", "%s", row.Unreadable)
		return
	}
	if !c.timely(r, &row) || !c.asExpected(r, &row) {
		return
	}
	bar := market.Bar{Start: row.Start, Authority: c.origin.Authority, Received: c.origin.Received}
	if !c.prices(&row, &bar) {
		return
	}
	c.volume(&row, &bar)
	if row.Sampled {
		bar.Flags |= market.Sampled
	}
	if c.survey != nil {
		c.survey.count(r, &bar, &row)
		return
	}
	r.add(&bar, &row)
}

// Result returns what was accepted and what was refused, once all rows are added.
func (c *Cleaner) Result() Result {
	result := Result{Bars: make(map[Key][]market.Bar, len(c.runs))}
	for _, r := range c.runs {
		if bars := r.result(c); len(bars) > 0 {
			result.Bars[r.key] = bars
		}
	}
	slices.SortStableFunc(c.rejects, func(a, b market.Reject) int { return a.Row - b.Row })
	result.Rejects, result.Rejected = c.rejects, c.rejected
	return result
}

// run returns the run that a row belongs to. Rows of one run mostly follow each other.
func (c *Cleaner) run(series market.SeriesID, interval market.Interval) *run {
	is := func(r *run) bool { return r.key.Interval == interval && r.key.Series == series }
	if c.last != nil && is(c.last) {
		return c.last
	}
	i := slices.IndexFunc(c.runs, is)
	if i < 0 {
		i = len(c.runs)
		c.runs = append(c.runs, newRun(Key{series, interval}, c.origin.Declared))
	}
	c.last = c.runs[i]
	return c.last
}

// refuse records that a row, or a field of it, was refused.
func (c *Cleaner) refuse(row *market.Row, rule, field, reason string, args ...any) {
	if c.piece && rule != "duplicate" {
		return
	}
	c.rejected++
	if len(c.rejects) == maxRejects {
		return
	}
	reject := market.Reject{
		Series: row.Series, Record: c.origin.Record, Row: row.Number, Start: row.Start, Rule: rule, Field: field,
		Text: cut(row.Text), Reason: fmt.Sprintf(reason, args...),
	}
	if row.BadTime != "" {
		reject.Start = 0
	}
	c.rejects = append(c.rejects, reject)
}

// cut shortens a text to what a reject holds.
func cut(text string) string {
	return strings.Clone(strings.ToValidUTF8(text[:min(len(text), maxText)], "")) // the text itself may be a part of the whole payload
}

// timely judges a row's time.
func (c *Cleaner) timely(r *run, row *market.Row) bool {
	if row.BadTime != "" {
		c.refuse(row, "bad-time", "", "the time %.100q cannot be read, or is not a whole second", row.BadTime)
		return false
	}
	if row.Start < earliest {
		c.refuse(row, "bad-time", "", "the bar starts at %s, before there were prices", clock(row.Start))
		return false
	}
	if !r.key.Interval.IsStored() {
		c.refuse(row, "misaligned", "", "bars of %s are not stored: want 1m, 1h or 1d", r.key.Interval)
		return false
	}
	if row.Start != r.key.Interval.Floor(row.Start) {
		c.refuse(row, "misaligned", "", "a bar of %s cannot start at %s", r.key.Interval, clock(row.Start))
		return false
	}
	return c.finished(r, row)
}

// finished tells a bar whose interval had ended when it was received from one in progress, which is left to come again, and
// from one of the future. A fix is a bar of its day as soon as it is struck, and a quote one of its minute.
func (c *Cleaner) finished(r *run, row *market.Row) bool {
	received := c.origin.Received / 1000
	end := r.key.Interval.Next(row.Start)
	switch {
	case row.Start > received+clockSkew:
		c.refuse(row, "future", "", "the bar starts at %s, after it was received at %s", clock(row.Start), clock(received))
		return false
	case (r.struck || row.Sampled) && !row.Unfinished:
		return true
	case row.Unfinished && end > received-clockSkew:
		return false
	case row.Unfinished:
		c.refuse(row, "unfinished", "", "the source's newest bar was in progress when the source wrote this")
		return false
	case end*1000 > c.origin.Received:
		c.refuse(row, "future", "", "the bar ends at %s, after it was received at %s", clock(end), clock(received))
		return false
	default:
		return true
	}
}

// asExpected judges what a row says of its currency and unit, and its day.
func (c *Cleaner) asExpected(r *run, row *market.Row) bool {
	switch {
	case row.Currency != "" && row.Currency != r.currency:
		c.refuse(row, "wrong-currency", "", "the price is in %.20q, want %s", row.Currency, r.currency)
	case row.Unit != "" && row.Unit != r.unit:
		c.refuse(row, "wrong-unit", "", "the price is for one %.20q, want one %s", row.Unit, r.unit)
	case row.Sampled && !r.calendar.Expects(row.Start, row.Interval):
		c.refuse(row, "closed", "", "the quote is of %s, when the market is closed: a moving time does not make it a price", clock(row.Start))
	case r.businessDays && isWeekend(row.Start):
		c.refuse(row, "not-a-business-day", "", "%s is a %s, on which no price is struck", clock(row.Start)[:len(time.DateOnly)], time.Unix(row.Start, 0).UTC().Weekday())
	default:
		return true
	}
	return false
}

// isWeekend reports whether a time is on a Saturday or Sunday, UTC. The first day of 1970 was a Thursday.
func isWeekend(t int64) bool {
	day := market.Day.Floor(t) / int64(market.Day)
	weekday := ((day+4)%7 + 7) % 7
	return weekday == 0 || weekday == 6
}

func clock(t int64) string { return time.Unix(t, 0).UTC().Format(time.RFC3339) }
