package clean

import (
	"cmp"
	"slices"
	"strings"

	"assay/shared/market"
)

// run gathers the bars of one series and interval.
type run struct {
	key          Key
	currency     string // that prices have to be in
	unit         string // that prices have to be for
	calendar     market.Calendar
	businessDays bool // one price on each business day
	struck       bool // a bar is final before its day ends

	slabs   [][]entry // a year of minutes is long: nothing is copied to make room
	count   int
	order   order
	compact bool // the first slab was sorted and joined already: what follows it may be of any time
}

// order is how rows follow each other in time.
type order struct {
	last       int64 // start of the bar added last
	ascending  int   // bars that start after the one before them
	descending int   // bars that start before it
	disorder   entry // the first that goes against the direction before it; its number is 0 if none does
}

// add looks at the next bar; first says that there was none before it.
func (o *order) add(e entry, first bool) {
	if !first {
		switch {
		case e.bar.Start > o.last:
			o.ascending++
		case e.bar.Start < o.last:
			o.descending++
		}
		if o.disorder.number == 0 && o.ascending > 0 && o.descending > 0 {
			o.disorder = e
		}
	}
	o.last = e.bar.Start
}

// entry is a bar and the row that it was made of, for the reject of a duplicate.
type entry struct {
	bar    market.Bar
	number int
	text   string
}

// slabSize is how many entries the largest slabs hold.
const slabSize = 8192

// newRun begins a run. An instrument that is not known by itself is what it was declared to be.
func newRun(key Key, declared market.Instrument) *run {
	r := &run{key: key, calendar: market.Always}
	in, known := market.Lookup(key.Series.Instrument)
	if !known && key.Series.Instrument == declared.ID {
		in, known = declared, true
	}
	if !known { // a pair of whatever is called so
		r.unit, r.currency, _ = strings.Cut(key.Series.Instrument, "-")
		r.currency, _, _ = strings.Cut(r.currency, "-")
		return r
	}
	r.currency, r.unit, r.calendar = in.Currency, in.Unit, in.Calendar
	r.businessDays = in.Calendar != market.Always && in.Calendar != market.MetalSession
	r.struck = in.Best == market.Publisher
	return r
}

func (r *run) add(bar *market.Bar, row *market.Row) {
	e := entry{*bar, row.Number, row.Text}
	r.order.add(e, r.count == 0)
	n := len(r.slabs) - 1
	if n < 0 || len(r.slabs[n]) == cap(r.slabs[n]) {
		r.slabs = append(r.slabs, make([]entry, 0, min(max(r.count, 64), slabSize)))
		n++
	}
	r.slabs[n] = append(r.slabs[n], e)
	r.count++
}

// result returns the bars, ascending, no start twice.
func (r *run) result(c *Cleaner) []market.Bar {
	bars := make([]market.Bar, 0, r.count)
	if r.order.ascending == r.count-1 && !r.compact {
		for _, slab := range r.slabs {
			for i := range slab {
				bars = append(bars, slab[i].bar)
			}
		}
		return bars
	}
	for _, e := range r.unique(c) {
		bars = append(bars, e.bar)
	}
	return bars
}

// refuseDisorder says of rows in no order that they are.
func (r *run) refuseDisorder(c *Cleaner) {
	if r.order.disorder.number > 0 {
		c.refuse(r.row(r.order.disorder), "out-of-order", "", "the rows are neither ascending nor descending, from this one on: they were sorted, and none was dropped for it")
	}
}

// row is what a reject needs of an entry's row.
func (r *run) row(e entry) *market.Row {
	return &market.Row{Series: r.key.Series, Number: e.number, Text: e.text, Start: e.bar.Start}
}

// reverse turns descending entries round, and leaves those of the same time as they came.
func reverse(entries []entry) {
	slices.Reverse(entries)
	for from := 0; from < len(entries); {
		to := from + 1
		for to < len(entries) && entries[to].bar.Start == entries[from].bar.Start {
			to++
		}
		slices.Reverse(entries[from:to])
		from = to
	}
}

// unique sorts the entries and keeps the last for each time. One that says the same as it is left out without a word.
func (r *run) unique(c *Cleaner) []entry {
	entries := slices.Concat(r.slabs...)
	if r.order.disorder.number > 0 || r.compact {
		r.refuseDisorder(c)
		slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.bar.Start, b.bar.Start) })
	} else if r.order.descending > 0 {
		reverse(entries)
	}
	kept := entries[:0]
	for i := range entries {
		if e := entries[i]; i+1 == len(entries) || entries[i+1].bar.Start != e.bar.Start {
			kept = append(kept, e)
		} else if next := &entries[i+1]; !e.bar.SameValue(&next.bar) {
			c.refuse(r.row(e), "duplicate", "", "row %d is of the same time and comes later: it is kept", next.number)
		}
	}
	return kept
}
