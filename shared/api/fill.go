package api

import (
	"slices"

	"assay/shared/consensus"
	"assay/shared/market"
)

// fill adds the bars that the calendar expects and that are not there: open, high, low and close are the close before, the
// volume is absent. They are listed in filled. Nothing is filled before the first close, or after the part that is stored.
func (t table) fill() table {
	full := table{interval: t.interval, calendar: t.calendar, part: t.part}
	previous, next := market.Absent, 0
	for at := t.interval.Ceil(t.part.from); at < t.part.to || next < len(t.bars); {
		if next < len(t.bars) && t.bars[next].Start <= at {
			full.add(t.bars[next], t.decisionOf(next))
			if c := t.bars[next].Close; !market.IsAbsent(c) {
				previous = c
			}
			if t.bars[next].Start == at {
				at = t.interval.Next(at)
			}
			next++
			continue
		}
		if !market.IsAbsent(previous) && expects(t.calendar, t.interval, at) {
			full.filled = append(full.filled, len(full.bars))
			full.add(market.Bar{Start: at, Open: previous, High: previous, Low: previous, Close: previous, Volume: market.Absent}, t.decisionOf(-1))
		}
		at = t.interval.Next(at)
	}
	return full
}

func (t *table) add(bar market.Bar, decision *market.Decision) {
	t.bars = append(t.bars, bar)
	if decision != nil {
		t.decisions = append(t.decisions, *decision)
	}
}

// decisionOf returns the decision of the bar at a position, that nobody voted for one that is not there, or nil where there are
// no decisions.
func (t *table) decisionOf(n int) *market.Decision {
	switch {
	case len(t.decisions) == 0:
		return nil
	case n < 0:
		return &market.Decision{Dispersion: market.Absent}
	default:
		return &t.decisions[n]
	}
}

// expects reports whether a calendar expects the bar of any interval that starts at start.
func expects(c market.Calendar, i market.Interval, start int64) bool {
	if i.IsStored() {
		return c.Expects(start, i)
	}
	base, end := i.Base(), i.Next(start)
	for t := start; t < end; t += int64(base) {
		if c.Expects(t, base) {
			return true
		}
	}
	return false
}

// quotes returns minutes of which all are quotes as bars of the time between two looks.
func (t table) quotes() (looks table, are bool) {
	looks = table{interval: consensus.SampleEvery, calendar: t.calendar, part: t.part}
	for n := range t.bars {
		if _, filled := slices.BinarySearch(t.filled, n); filled {
			continue
		}
		if t.interval != market.Minute || !t.bars[n].Flags.Has(market.Sampled) {
			return looks, false
		}
		look := market.Bar{Start: looks.interval.Floor(t.bars[n].Start), Flags: t.bars[n].Flags}
		if last := len(looks.bars) - 1; last < 0 || looks.bars[last].Start != look.Start {
			looks.bars = append(looks.bars, look)
		}
	}
	return looks, len(looks.bars) > 0
}

// quality counts. Minutes that are quotes are expected as often as quotes are looked at.
func (t table) quality() Quality {
	if quotes, are := t.quotes(); are {
		q := quotes.quality()
		q.Bars, q.Flagged = len(t.bars)-len(t.filled), len(t.bars)-len(t.filled)
		return q
	}
	q := Quality{Bars: len(t.bars) - len(t.filled)}
	present := 0
	for n := range t.bars {
		if t.bars[n].Flags != 0 {
			q.Flagged++
		}
		if t.calendar == market.Always || expects(t.calendar, t.interval, t.bars[n].Start) {
			present++
		}
	}
	if t.calendar == market.Always {
		q.Expected = slots(t.interval, t.part)
	} else {
		for at := t.interval.Ceil(t.part.from); at < t.part.to; at = t.interval.Next(at) {
			if expects(t.calendar, t.interval, at) {
				q.Expected++
			}
		}
	}
	q.Absent = max(0, q.Expected-present+len(t.filled))
	return q
}
