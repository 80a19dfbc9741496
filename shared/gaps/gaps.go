// Package gaps says what a series lacks, and why. It is pure.
//
// Fill a Series with what is known of one source's series and call Find; Consensus does the same for what several of them vote on.
package gaps

import (
	"slices"

	"assay/shared/market"
)

// Reason says why a bar is missing.
type Reason string

// The reasons, those first about which most can be done: where the sources of a consensus differ, the first of theirs is its.
const (
	Failure    Reason = "our failure"                 // prices were gathered before and after, but not then, and the source still has them
	NotFetched Reason = "not fetched"                 // no answer for it was got yet, or nobody has brought it
	Rejected   Reason = "rejected"                    // the source said something that was refused
	NoTrade    Reason = "no trade"                    // the source answered for this time without a bar
	Halted     Reason = "venue halted"                // the same, for an hour or more in which other venues traded
	Beyond     Reason = "beyond the source's history" // nobody got it in time, and the source does not have it any more
	Closed     Reason = "closed"                      // the market has no price then
)

// Reasons lists the reasons in their order.
var Reasons = []Reason{Failure, NotFetched, Rejected, NoTrade, Halted, Beyond, Closed}

// Gap is a run of missing bars that have one reason.
type Gap struct {
	market.Range
	Bars    int // how many are missing
	Reason  Reason
	Sources []Reason // of a consensus: why each of its sources has none; empty where one has
}

// Series is what is known of one source's series at one interval. Starts of bars are Unix seconds, ascending.
type Series struct {
	Calendar market.Calendar
	Step     market.Interval // in each such time a bar is due: the interval, or how often quotes are looked at
	Present  []int64
	Rejected []int64
	Answered []market.Range // what the source has answered for
	Provider bool           // it can be asked; else its bars are imported or pushed
	Reach    int64          // start of the oldest bar that it can still be asked for
	Others   []int64        // when other venues traded; of a venue
}

// Find lists what a series lacks of a range, ascending.
func (s Series) Find(r market.Range) []Gap {
	present, rejected, answered := cursor{starts: s.Present}, cursor{starts: s.Rejected}, s.Answered
	found := run{step: s.Step}
	for t := s.Step.Ceil(r.From); t < r.To; t = s.Step.Next(t) {
		end := s.Step.Next(t)
		for len(answered) > 0 && answered[0].To <= t {
			answered = answered[1:]
		}
		isAnswered, isRejected := len(answered) > 0 && answered[0].From <= t, rejected.within(t, end)
		if !present.within(t, end) {
			found.add(t, s.reason(t, isAnswered, isRejected), nil)
		}
	}
	return s.halts(found.gaps)
}

func (s Series) reason(t int64, isAnswered, isRejected bool) Reason {
	n := len(s.Answered)
	switch {
	case !s.Calendar.Expects(t, s.Step):
		return Closed
	case isRejected:
		return Rejected
	case isAnswered:
		return NoTrade
	case !s.Provider:
		return NotFetched
	case t < s.Reach:
		return Beyond
	case n > 0 && s.Answered[0].From <= t && t < s.Answered[n-1].To:
		return Failure
	default:
		return NotFetched
	}
}

// haltTime is the least that a halt lasts, in seconds: for less nothing may have traded by chance.
const haltTime = int64(market.Hour)

// halts tells the long times without a trade in which other venues traded at least half of the time.
func (s Series) halts(found []Gap) []Gap {
	others := cursor{starts: s.Others}
	for n, gap := range found {
		if gap.Reason != NoTrade || gap.To-gap.From < haltTime {
			continue
		}
		traded := 0
		for t := gap.From; t < gap.To; t = s.Step.Next(t) {
			if others.within(t, s.Step.Next(t)) {
				traded++
			}
		}
		if 2*traded >= gap.Bars {
			found[n].Reason = Halted
		}
	}
	return found
}

// Consensus lists what a consensus lacks of a range, ascending, and why: present are its bars, sources the series that may vote.
func Consensus(cal market.Calendar, step market.Interval, present []int64, sources []Series, r market.Range) []Gap {
	lacking := make([][]Gap, len(sources))
	for n, s := range sources {
		lacking[n] = s.Find(r)
	}
	here, found := cursor{starts: present}, run{step: step}
	for t := step.Ceil(r.From); t < r.To; t = step.Next(t) {
		reasons, worst := make([]Reason, len(sources)), len(Reasons)
		for n := range lacking {
			for len(lacking[n]) > 0 && lacking[n][0].To <= t {
				lacking[n] = lacking[n][1:]
			}
			if len(lacking[n]) > 0 && lacking[n][0].From <= t {
				reasons[n] = lacking[n][0].Reason
				worst = min(worst, slices.Index(Reasons, reasons[n]))
			}
		}
		switch {
		case here.within(t, step.Next(t)):
		case !cal.Expects(t, step):
			found.add(t, Closed, nil)
		case slices.Contains(reasons, ""): // a source has it: Load has not come to it yet
			found.add(t, Failure, reasons)
		case worst == len(Reasons):
			found.add(t, NotFetched, nil)
		default:
			found.add(t, Reasons[worst], reasons)
		}
	}
	return found.gaps
}

// run joins what is missing in a row for the same reasons.
type run struct {
	step market.Interval
	gaps []Gap
}

func (r *run) add(t int64, reason Reason, sources []Reason) {
	n := len(r.gaps) - 1
	if n >= 0 && r.gaps[n].To == t && r.gaps[n].Reason == reason && slices.Equal(r.gaps[n].Sources, sources) {
		r.gaps[n].To = r.step.Next(t)
		r.gaps[n].Bars++
		return
	}
	r.gaps = append(r.gaps, Gap{market.Range{From: t, To: r.step.Next(t)}, 1, reason, sources})
}

// cursor looks forward through ascending starts.
type cursor struct{ starts []int64 }

// within reports whether any start lies in [from, to). From is not before that of the call before.
func (c *cursor) within(from, to int64) bool {
	for len(c.starts) > 0 && c.starts[0] < from {
		c.starts = c.starts[1:]
	}
	return len(c.starts) > 0 && c.starts[0] < to
}
