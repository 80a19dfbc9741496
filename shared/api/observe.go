package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/shared/analysis"
	"assay/shared/group"
	"assay/shared/history"
	"assay/shared/market"
)

// wanted is what an analysis, or a chart, asks of its series.
type wanted struct {
	request
	currency, unit string          // empty: each series' own
	alignAt        *analysis.Clock // sample what is no fix at this time of the fixes' dates; nil: compare bars as they are
}

// observed is one series as an analysis sees it: its bars that count as observations, in the currency and unit asked for.
type observed struct {
	known
	plan       plan
	conversion conversion
	bars       []market.Bar // stub days, bars that have not ended and those without a rate are left out
	original   []float64    // closes before the conversion; one per bar, but of the hours of a sampled series
	rate       []int        // positions in conversion.rates, as original; nil where the currency stays
	leftOut    map[string]int
	sampled    bool         // at the time of a fix, from hours
	key        []string     // of all that was read
	perYear    float64      // periods, by which to annualise
	patience   int          // see api
	stopped    func() error // why nobody waits for the answer any more
}

// The reasons for which a bar is no observation.
const (
	leftStub       = "stub"       // the hour or two of metal spot on a Sunday evening: its move counts to the next day
	leftUnfinished = "unfinished" // it goes on
	leftNoRate     = "no-rate"    // no exchange rate that is young enough
	leftNoPrice    = "no-price"   // no close
)

// observe reads several series. Each may be asked for once, and has to have bars of the interval, or shorter ones to make them of.
// At most mostBars stored bars are read for all together.
func (a *api) observe(ctx context.Context, ids []string, q wanted) ([]observed, error) {
	list := make([]observed, len(ids))
	total := int64(0)
	for n, id := range ids {
		if slices.Contains(ids[:n], id) {
			return nil, badRequest("series: %s is named twice.", quoted(id))
		}
		o, err := a.planned(ctx, id, q)
		if err != nil {
			return nil, err
		}
		list[n] = o
		total += (o.plan.read.to - o.plan.read.from) / int64(o.plan.base)
	}
	if total > mostBars {
		return nil, badRequest("These series have up to %d stored bars in the range, and at most %d are read for one answer: narrow from and to, or name fewer series.", total, mostBars)
	}
	if err := checkUnit(list, q.unit); err != nil {
		return nil, err
	}
	group, groupCtx := group.WithContext(ctx)
	for n := range list {
		group.Go(func() error { return a.read(groupCtx, &list[n], q) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if q.alignAt != nil {
		return list, a.align(ctx, list, q)
	}
	return list, nil
}

// planned finds a series, and decides what to read of it.
func (a *api) planned(ctx context.Context, id string, q wanted) (observed, error) {
	s, err := a.find(ctx, id)
	switch {
	case err != nil:
		return observed{}, err
	case !s.stored:
		return observed{}, s.missing()
	case s.base(q.interval) == 0:
		return observed{}, badRequest("interval=%s: %s has no bars that those could be made of, it has %s.", q.interval, s.ID, intervals(s.Entry))
	}
	p, err := s.choose(q.request)
	return observed{known: s, plan: p, perYear: analysis.PeriodsPerYear(s.Instrument.Calendar, p.interval), patience: a.patience, stopped: ctx.Err}, err
}

func checkUnit(list []observed, unit string) error {
	if unit == "" || slices.ContainsFunc(list, func(o observed) bool { return grams[o.Instrument.Unit] > 0 }) {
		return nil
	}
	return badRequest("unit=%s: none of the series is a metal, which is sold by weight.", unit)
}

// read reads the bars of one series.
func (a *api) read(ctx context.Context, o *observed, q wanted) (err error) {
	if o.conversion, err = a.conversion(ctx, o.Instrument, q.currency, q.unit, o.plan.read); err != nil {
		return err
	}
	answer, err := a.History.Read(ctx, history.Query{Series: o.ID, Interval: o.plan.base, From: o.plan.read.from, To: o.plan.read.to})
	if err != nil {
		return err
	}
	o.key = append(o.key, o.ID.String(), fmt.Sprint(o.plan.interval, o.plan.read), answer.Hash, o.conversion.hash)
	o.keep(o.plan, tabulate(o.known, o.plan, answer, nil).bars)
	return nil
}

// keep makes observations of the bars that a plan gave: it leaves out what is none, and converts the rest.
func (o *observed) keep(p plan, bars []market.Bar) {
	o.leftOut = map[string]int{}
	kept := make([]market.Bar, 0, len(bars))
	for n := range bars {
		b := &bars[n]
		switch {
		case isStub(o.Instrument.Calendar, p.interval, b.Start):
			o.leftOut[leftStub]++
		case n == len(bars)-1 && o.goesOn(p, b.Start):
			o.leftOut[leftUnfinished]++
		case market.IsAbsent(b.Close):
			o.leftOut[leftNoPrice]++
		default:
			kept = append(kept, *b)
		}
	}
	converted, rate := o.conversion.convert(kept, p.interval)
	o.bars, o.original, o.rate = make([]market.Bar, 0, len(kept)), make([]float64, 0, len(kept)), nil
	for n := range converted {
		if rate != nil && rate[n] < 0 {
			o.leftOut[leftNoRate]++
			continue
		}
		o.bars, o.original = append(o.bars, converted[n]), append(o.original, kept[n].Close)
		if rate != nil {
			o.rate = append(o.rate, rate[n])
		}
	}
}

// goesOn reports whether the calendar expects ten minutes or more of the newest bar after all that is stored of the series.
func (o *observed) goesOn(p plan, start int64) bool {
	newest, end := int64(0), p.interval.Next(start)
	for _, e := range append(slices.Clip(o.sources), o.Entry) {
		for i, x := range e.Intervals {
			if e.ID == o.ID || o.ID.Source == "" {
				newest = max(newest, i.Next(x.Last))
			}
		}
	}
	unit, more := market.Minute, 10
	if end-newest > int64(market.Day) {
		unit, more = market.Hour, 1
	}
	for t := unit.Ceil(newest); t < end && more > 0; t = unit.Next(t) {
		if o.Instrument.Calendar.Expects(t, unit) {
			more--
		}
	}
	return more == 0
}

// isStub reports whether a bar is a UTC day of metal spot with under half of its session: no observation of its own.
func isStub(c market.Calendar, i market.Interval, start int64) bool {
	return c == market.MetalSession && i.Base() == market.Day && !expects(c, i, start)
}

// markStubs flags the stub days of a series.
func markStubs(c market.Calendar, i market.Interval, bars []market.Bar) []market.Bar {
	if c != market.MetalSession || i.Base() != market.Day {
		return bars
	}
	marked := slices.Clone(bars) // what was read is shared
	for n := range marked {
		if isStub(c, i, marked[n].Start) {
			marked[n].Flags |= market.Stub
		}
	}
	return marked
}

// freshHours is how long before a fix the hour may have ended whose close is compared with it.
const freshHours = 2 * int64(market.Hour)

// align samples every series that is no fix at the time at which the first fix among them is struck, on its dates.
func (a *api) align(ctx context.Context, list []observed, q wanted) error {
	fix := slices.IndexFunc(list, func(o observed) bool { return o.Instrument.Kind == market.Fix })
	if fix < 0 || q.interval != market.Day {
		return badRequest("align_at compares days of a fix with what else cost at its time: want interval=1d and a fix, such as XAU-USD-PM, among the series.")
	}
	dates := starts(list[fix].bars)
	for n := range list {
		o := &list[n]
		if o.Instrument.Kind == market.Fix || len(dates) == 0 {
			continue
		}
		if o.base(market.Hour) == 0 {
			return badRequest("align_at: %s has no bars of 1h to sample, it has %s.", o.ID, intervals(o.Entry))
		}
		first, last := dates[0]-int64(market.Day), dates[len(dates)-1]+2*int64(market.Day)
		p, err := o.choose(request{interval: market.Hour, from: &first, to: &last})
		if err != nil {
			return err
		}
		answer, err := a.History.Read(ctx, history.Query{Series: o.ID, Interval: p.base, From: p.read.from, To: p.read.to})
		if err != nil {
			return err
		}
		o.key = append(o.key, q.alignAt.String(), fmt.Sprint(p.read), answer.Hash, strings.Join(list[fix].key, " "))
		o.keep(p, tabulate(o.known, p, answer, nil).bars)
		o.sample(analysis.AlignAt(dates, *q.alignAt, o.closes(), market.Hour, freshHours))
	}
	return nil
}

// sample makes the prices of a series at the dates of fixes its bars.
func (o *observed) sample(at analysis.Series) {
	o.sampled, o.bars = true, nil
	for n, date := range at.Time {
		if market.IsAbsent(at.Value[n]) {
			o.leftOut[leftNoPrice]++
			continue
		}
		bar := market.Empty(date)
		bar.Close, bar.Flags = at.Value[n], market.Derived|market.Sampled
		o.bars = append(o.bars, bar)
	}
}

// closes returns the prices, all of them present.
func (o *observed) closes() analysis.Series { return analysis.Closes(o.bars) }

// columns returns the bars by column.
func (o *observed) columns() analysis.Bars { return analysis.Columns(o.bars) }

// all returns the closes of several series.
func all(list []observed) []analysis.Series {
	series := make([]analysis.Series, len(list))
	for n := range list {
		series[n] = list[n].closes()
	}
	return series
}
