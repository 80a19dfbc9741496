package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"assay/shared/history"
	"assay/shared/market"
)

// asset is one of the workshop's four.
type asset struct{ name, title, instrument string }

var assets = []asset{
	{"bitcoin", "Bitcoin", "BTC-USD"}, {"gold", "Gold", "XAU-USD"}, {"silver", "Silver", "XAG-USD"}, {"platinum", "Platinum", "XPT-USD"},
}

// candidates lists the series that can stand for an asset, the preferred first: the spot consensus, the fix (-PM, else -FIX), then
// the imports of both, which do not vote.
func (t asset) candidates(entries []history.Entry) []known {
	instruments := []string{t.instrument}
	for _, suffix := range []string{"-PM", "-FIX"} {
		if _, ok := market.Lookup(t.instrument + suffix); ok {
			instruments = append(instruments, t.instrument+suffix)
			break
		}
	}
	var consensus, imports []known
	for _, id := range instruments {
		in, _ := market.Lookup(id)
		s := lookup(entries, market.SeriesID{Instrument: id}, in)
		if s.stored {
			consensus = append(consensus, s)
		}
		for _, e := range s.sources {
			if e.Role == market.NoRole {
				imports = append(imports, lookup(entries, e.ID, in))
			}
		}
	}
	return slices.DeleteFunc(append(consensus, imports...), func(s known) bool { return s.base(market.Day) == 0 })
}

// things are the candidates of each asset, and the days in which any of all has a bar. What lies outside counts neither for
// nor against a series, so that a range may reach into the future.
func things(entries []history.Entry) (candidates [][]known, stored span) {
	var all []known
	for _, one := range assets {
		candidates = append(candidates, one.candidates(entries))
		all = append(all, candidates[len(candidates)-1]...)
	}
	return candidates, days(all)
}

// days returns the range of whole days in which any of the series has a bar; it is empty if there are no series.
func days(candidates []known) span {
	var all span
	for i, s := range candidates {
		r, _ := s.reach(s.base(market.Day))
		all = all.widened(market.Day, r.from, r.to-1, i == 0)
	}
	return all
}

// choice is the series that stands for an asset in a range, and its bars of one day.
type choice struct {
	series     known
	plan       plan
	answer     history.Answer
	bars       []market.Bar // of a day, whatever was read
	onCalendar int          // bars on days that the calendar expects
	expected   int          // days that the calendar expects in the range
}

func (c choice) covers() bool { return 10*c.onCalendar >= 9*c.expected }

// choose picks, of the candidates in their order, the first that has at least nine tenths of its calendar's bars in the range,
// else the one with most, else the one that reaches furthest. Nothing is spliced. It returns all that it looked at, the chosen
// one first; none if there are no candidates.
func (a *api) choose(ctx context.Context, candidates []known, r span) ([]choice, error) {
	var seen []choice
	for _, s := range candidates {
		c, err := a.readDays(ctx, s, r)
		if err != nil {
			return nil, err
		}
		if c.covers() {
			return slices.Insert(seen, 0, c), nil
		}
		seen = append(seen, c)
	}
	if len(seen) == 0 {
		return nil, nil
	}
	best := slices.MaxFunc(seen, func(a, b choice) int {
		return cmp.Or(cmp.Compare(a.onCalendar, b.onCalendar), cmp.Compare(len(a.bars), len(b.bars)), cmp.Compare(a.series.Last(), b.series.Last()))
	})
	rest := slices.DeleteFunc(seen, func(c choice) bool { return c.series.ID == best.series.ID })
	return append([]choice{best}, rest...), nil
}

// readDays reads the daily bars of a series in a range.
func (a *api) readDays(ctx context.Context, s known, r span) (choice, error) {
	p, err := s.choose(request{interval: market.Day, from: &r.from, to: &r.to})
	if err != nil {
		return choice{}, err
	}
	answer, err := a.History.Read(ctx, history.Query{Series: s.ID, Interval: p.base, From: p.read.from, To: p.read.to})
	if err != nil {
		return choice{}, err
	}
	c := choice{series: s, plan: p, answer: answer, bars: tabulate(s, p, answer, nil).bars}
	cal := s.Instrument.Calendar
	c.expected = cal.Count(r.from, r.to, market.Day)
	for n := range c.bars {
		if cal.Expects(c.bars[n].Start, market.Day) {
			c.onCalendar++
		}
	}
	return c, nil
}

func (c choice) String() string {
	return fmt.Sprintf("%d of %d expected bars in the range", c.onCalendar, c.expected)
}
