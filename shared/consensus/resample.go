package consensus

import (
	"slices"

	"assay/shared/market"
)

// Aggregate makes bars of the interval to out of bars (ascending, no start twice) of a shorter interval from: one for every
// start that any of them lies in. The open is the first one's, the close the last one's, the high and low the extremes, the
// volume the sum in the order of time. Received is the latest, the authority the weakest.
//
// A field that one of the bars lacks where another has it cannot be told of the whole: it is Absent, and the bar Partial. So
// is an open that the first bar lacks, or a close that the last one does. Where no bar has more than a close (fixes, quotes),
// open, high and low are those of the closes, and the bar is Sampled: the price may have been further away in between. A Sampled bar says
// how many quotes, or fixes, it is made of.
//
// Flags: Derived always. Incomplete where a bar is, or where there are fewer bars than the calendar expects, or, of minutes that are
// quotes, not one in every five minutes of it. Untraded where
// all bars are. Stub and Partial of a bar say nothing of the whole. Every other flag stays where any bar carries it.
func Aggregate(cal market.Calendar, bars []market.Bar, from, to market.Interval) []market.Bar {
	var longer []market.Bar
	for len(bars) > 0 {
		start := to.Floor(bars[0].Start)
		end, n := to.Next(start), 1
		for n < len(bars) && bars[n].Start < end {
			n++
		}
		if longer == nil {
			longer = make([]market.Bar, 0, len(bars)/n+1)
		}
		bar := join(start, bars[:n])
		if !complete(cal, start, end, from, bars[:n]) {
			bar.Flags |= market.Incomplete
		}
		longer = append(longer, bar)
		bars = bars[n:]
	}
	return longer
}

// SampleEvery is how far apart quotes are looked at: minutes of them are complete with one in each such time.
const SampleEvery = 5 * market.Minute

// complete reports whether bars are as many as the calendar expects in [start, end).
func complete(cal market.Calendar, start, end int64, from market.Interval, bars []market.Bar) bool {
	n := len(bars)
	if from == market.Minute && !slices.ContainsFunc(bars, func(b market.Bar) bool { return !b.Flags.Has(market.Sampled) }) {
		from, n = SampleEvery, 0
		last := start - 1
		for i := range bars {
			if slot := SampleEvery.Floor(bars[i].Start); slot != last {
				last, n = slot, n+1
			}
		}
	}
	if all := (end - start) / int64(from); int64(n) >= all {
		return true // without asking the calendar for every one of them
	}
	return n >= cal.Count(start, end, from)
}

// join makes one bar out of all that lie in it.
func join(start int64, bars []market.Bar) market.Bar {
	first, last := &bars[0], &bars[len(bars)-1]
	whole := market.Bar{
		Start: start, Open: first.Open, High: first.High, Low: first.Low, Close: last.Close, Volume: first.Volume,
		Authority: first.Authority, Received: first.Received,
	}
	var some [market.Fields]bool // whether any bar has the field
	any, all := market.Flags(0), ^market.Flags(0)
	for i := range bars {
		b := &bars[i]
		for f := range some {
			some[f] = some[f] || !market.IsAbsent(b.Value(market.Field(f)))
		}
		if i > 0 {
			whole.High, whole.Low = max(whole.High, b.High), min(whole.Low, b.Low) // Absent if either is
			whole.Volume += b.Volume
		}
		any, all = any|b.Flags, all&b.Flags
		whole.Authority, whole.Received = min(whole.Authority, b.Authority), max(whole.Received, b.Received)
	}
	whole.Flags = any&^(market.Stub|market.Partial|market.Untraded) | all&market.Untraded | market.Derived
	if some[market.Close] && !some[market.Open] && !some[market.High] && !some[market.Low] {
		overCloses(&whole, bars)
		some[market.Open], some[market.High], some[market.Low] = true, true, true
	}
	countQuotes(&whole, bars)
	for f, has := range some {
		if has && market.IsAbsent(whole.Value(market.Field(f))) {
			whole.Flags |= market.Partial
		}
	}
	return whole
}

// countQuotes says of a bar that is made of quotes how many they are: those of the bars that are, else the closes.
func countQuotes(whole *market.Bar, bars []market.Bar) {
	if !whole.Flags.Has(market.Sampled) {
		return
	}
	n := 0
	for i := range bars {
		n += bars[i].QuoteCount()
	}
	if n == 0 {
		n = len(bars)
	}
	whole.SetQuotes(n)
}

// overCloses gives a bar the range of the closes in it.
func overCloses(whole *market.Bar, bars []market.Bar) {
	whole.Open, whole.High, whole.Low = bars[0].Close, bars[0].Close, bars[0].Close
	for i := range bars {
		whole.High, whole.Low = max(whole.High, bars[i].Close), min(whole.Low, bars[i].Close)
	}
	whole.Flags |= market.Sampled
}
