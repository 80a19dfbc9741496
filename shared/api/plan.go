package api

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/shared/history"
	"assay/shared/market"
)

const (
	mostBars    = 600_000 // that are read for one answer: a little more than a year of minutes
	defaultBars = 5_000   // that an answer holds when nothing is said about its range
)

// request is what a client asks of one series.
type request struct {
	interval  market.Interval
	from, to  *int64 // nil: not given
	maxPoints int    // 0: not given
}

// plan is which stored bars to read, and what to make of them.
type plan struct {
	interval market.Interval // of the answer
	base     market.Interval // of the bars to read: stored
	from, to int64           // the range that the answer is of: bars that start in [from, to)
	read     span            // the part of it that anything is stored of, in whole bars
	notes    []string        // what the client should know, in sentences
}

// span is a half-open range of time in Unix seconds.
type span struct{ from, to int64 }

// cut returns the part of both; it is empty, not reversed, where there is none.
func (r span) cut(o span) span {
	from, to := max(r.from, o.from), min(r.to, o.to)
	return span{from, max(from, to)}
}

// reach is how far the bars of a series go at a stored interval, from the start of the first to the end of the last. Hours and
// days are computed from minutes where nobody published them, and those of a consensus up to the newest bar of any source that is no
// longer than they are.
func (s known) reach(base market.Interval) (r span, ok bool) {
	for _, i := range []market.Interval{market.Minute, base} {
		if x, has := s.Intervals[i]; has {
			r, ok = r.widened(base, x.First, x.Last, !ok), true
		}
	}
	if ok && s.ID.Source == "" && base != market.Minute {
		for _, e := range s.sources {
			for i, x := range e.Intervals {
				if i <= base && x.Last > r.to {
					r = r.widened(base, r.from, x.Last, false)
				}
			}
		}
	}
	return r, ok
}

// widened makes the range hold the bars that start at or hold first and last; anew forgets what it held.
func (r span) widened(i market.Interval, first, last int64, anew bool) span {
	more := span{i.Floor(first), i.Next(i.Floor(last))}
	if anew {
		return more
	}
	return span{min(r.from, more.from), max(r.to, more.to)}
}

// bases lists the stored intervals that the series has bars of, the shortest first.
func (s known) bases() []market.Interval {
	return slices.DeleteFunc(slices.Clone(market.Stored[:]), func(b market.Interval) bool {
		_, ok := s.reach(b)
		return !ok
	})
}

// base returns the longest stored interval that the series has and that bars of i are a whole number of; 0 if there is none.
func (s known) base(i market.Interval) market.Interval {
	for _, b := range slices.Backward(s.bases()) {
		if i < 0 || i%b == 0 {
			return b
		}
	}
	return 0
}

// choose makes a plan for a request.
func (s known) choose(q request) (plan, error) {
	p := plan{interval: q.interval, base: s.base(q.interval)}
	if p.base == 0 {
		p.base = q.interval.Base()
		p.from = either(q.from, either(q.to, 0))
		p.to = max(p.from, either(q.to, p.from))
		p.notes = []string{fmt.Sprintf("Nothing is stored of %s that bars of %s could be made of: it has %s.", s.ID, q.interval, intervals(s.Entry))}
		return p, nil
	}
	stored, _ := s.reach(p.base)
	p.from, p.to = either(q.from, q.interval.Floor(stored.from)), either(q.to, q.interval.Ceil(stored.to))
	if q.from == nil && q.to == nil && q.maxPoints == 0 {
		if newest := back(q.interval, p.to, defaultBars); newest > p.from {
			p.from = newest
			p.notes = append(p.notes, fmt.Sprintf("Of all that is stored this is the range of the newest %d bars: say from or to for another.", defaultBars))
		}
	}
	p.to = max(p.from, p.to)
	if q.maxPoints > 0 {
		s.widen(&p, q.maxPoints)
	}
	stored, _ = s.reach(p.base)
	whole := span{p.interval.Floor(stored.from), p.interval.Ceil(stored.to)}
	p.read = span{p.interval.Ceil(p.from), p.interval.Ceil(p.to)}.cut(whole)
	if n := (p.read.to - p.read.from) / int64(p.base); n > mostBars {
		return plan{}, badRequest("Bars of %s of %s in this range are up to %d stored ones, and at most %d are read for one answer: narrow from and to, or let maxPoints choose a longer interval.",
			p.interval, s.ID, n, mostBars)
	}
	return p, nil
}

// widen makes the interval of a plan the smallest multiple of a stored one, not below its own, of which at most most bars touch
// the range, and the range one of whole bars. Minutes are not read where hours would do, nor hours where days would.
func (s known) widen(p *plan, most int) {
	stored, _ := s.reach(p.base)
	if slots(p.interval, span{p.from, p.to}.cut(stored)) <= most {
		return
	}
	i := p.interval
	if i < 0 {
		i = fitting(i, market.Month, span{p.from, p.to}.cut(stored), most)
	} else {
		i = s.longer(p, most)
	}
	p.interval, p.base = i, s.base(i)
	p.from, p.to = i.Floor(p.from), i.Ceil(p.to)
	p.notes = append(p.notes, fmt.Sprintf("These are bars of %s, made of those of %s, because at most %d were asked for.", i, p.base, most))
}

func (s known) longer(p *plan, most int) (i market.Interval) {
	bases := s.bases()
	for n, b := range bases {
		if b < p.base {
			continue
		}
		stored, _ := s.reach(b)
		r := span{p.from, p.to}.cut(stored)
		i = fitting(p.interval, b, r, most)
		if n == len(bases)-1 || i <= bases[n+1] && (r.to-r.from)/int64(b) <= mostBars {
			break
		}
	}
	return i
}

// fitting returns the smallest multiple of unit that is not below i and of which at most most bars touch the range.
func fitting(i, unit market.Interval, r span, most int) market.Interval {
	factor := max(1, (i+unit-1)/unit, market.Interval((r.to-r.from)/int64(unit)/int64(most)))
	if unit < 0 {
		factor = i / unit
	}
	for slots(factor*unit, r) > most {
		factor++
	}
	return factor * unit
}

// slots returns how many bars of an interval touch a range.
func slots(i market.Interval, r span) int {
	if r.to <= r.from {
		return 0
	}
	if i > 0 {
		return int((i.Ceil(r.to) - i.Floor(r.from)) / int64(i))
	}
	n := 0
	for t := i.Floor(r.from); t < r.to; t = i.Next(t) {
		n++
	}
	return n
}

// back returns the start of the first of n bars of which the last ends at end.
func back(i market.Interval, end int64, n int) int64 {
	if i < 0 {
		return i.Floor(time.Unix(end, 0).UTC().AddDate(0, n*int(i), 0).Unix())
	}
	return end - int64(n)*int64(i)
}

func either(given *int64, otherwise int64) int64 {
	if given != nil {
		return *given
	}
	return otherwise
}

// intervals names the stored intervals of a series, for people.
func intervals(e history.Entry) string {
	var names []string
	for _, i := range market.Stored {
		if _, ok := e.Intervals[i]; ok {
			names = append(names, i.String())
		}
	}
	return strings.Join(names, ", ")
}
