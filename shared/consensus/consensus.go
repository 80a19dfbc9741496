// Package consensus makes one series out of what several sources say of an instrument. It is pure.
//
// Bars takes the sources' bars of one interval and gives the consensus, with a Decision per bar. Aggregate makes longer bars
// of shorter ones, for a source that did not publish the longer ones itself and for intervals that are not stored.
package consensus

import (
	"math"
	"slices"
	"strings"

	"assay/shared/market"
)

// Rules is the version of what is decided here. Raise it when the same bars give another consensus: every one is then
// computed anew the next time that something touches it.
const Rules = 2

// Voter is one source's bars of an instrument at one interval. A source that has NoRole is ignored.
type Voter struct {
	Source string // no two voters have the same
	Role   market.Role
	Bars   []market.Bar // ascending, no start twice
}

// Bars returns the consensus of an instrument, ascending: one bar for every start that any voter has, and how each came
// about. The order of the voters does not matter.
//
// At each start those vote that have a bar and the best role present. Each field is the median of the voters that have it
// (of an even count the mean of the middle two), the volume their sum; what no voter has is Absent. A high or low that would
// exclude the open or the close is left Absent. Dispersion is rounded to a hundredth of a basis point.
//
// A flag of the voters stays where all of them carry it. Added are the flag of the voters' role where it is not the
// instrument's best, Thin where fewer than two vote on anything but a fix, and Partial where a high or low was left out.
// Received is the latest of the voters', the authority the weakest. The number of quotes is the sum of theirs.
//
// Decisions whose verdicts are equal share one slice.
func Bars(in market.Instrument, voters []Voter) ([]market.Bar, []market.Decision) {
	e := newElection(in, voters)
	longest := 0
	for _, v := range e.voters {
		longest = max(longest, len(v.Bars))
	}
	bars, decisions := make([]market.Bar, 0, longest), make([]market.Decision, 0, longest)
	for {
		start, found := e.next()
		if !found {
			return bars, decisions
		}
		bar, decision := e.elect(start)
		bars, decisions = append(bars, bar), append(decisions, decision)
	}
}

// election walks through the bars of all voters at once, start by start.
type election struct {
	in       market.Instrument
	voters   []Voter       // sorted by source; Bars is what is left
	voting   []*market.Bar // the bars that vote at the present start, sorted by source
	values   []float64     // room for one value of each
	codes    []byte        // the ruling on each voter at the present start
	verdicts verdicts
}

func newElection(in market.Instrument, voters []Voter) *election {
	e := &election{in: in}
	for _, v := range voters {
		if v.Role != market.NoRole {
			e.voters = append(e.voters, v)
		}
	}
	slices.SortFunc(e.voters, func(a, b Voter) int { return strings.Compare(a.Source, b.Source) })
	e.voting = make([]*market.Bar, 0, len(e.voters))
	e.values = make([]float64, 0, len(e.voters))
	e.codes = make([]byte, len(e.voters))
	return e
}

// next returns the earliest start that is left.
func (e *election) next() (start int64, found bool) {
	start = math.MaxInt64
	for i := range e.voters {
		if bars := e.voters[i].Bars; len(bars) > 0 && bars[0].Start <= start {
			start, found = bars[0].Start, true
		}
	}
	return start, found
}

// elect takes every voter's bar at start and gives the consensus of them.
func (e *election) elect(start int64) (market.Bar, market.Decision) {
	role := e.gather(start)
	bar := market.Empty(start)
	bar.Flags, bar.Authority, bar.Received = e.voting[0].Flags, e.voting[0].Authority, e.voting[0].Received
	for _, b := range e.voting[1:] {
		bar.Flags &= b.Flags
		bar.Authority = min(bar.Authority, b.Authority)
		bar.Received = max(bar.Received, b.Received)
	}
	for f := market.Open; f <= market.Close; f++ {
		bar.Set(f, e.median(f))
	}
	bar.Volume = e.volume()
	e.count(&bar)
	leaveOut(&bar)
	if role < e.in.Best {
		bar.Flags |= market.ByRole(role)
	}
	if len(e.voting) < 2 && e.in.Kind != market.Fix {
		bar.Flags |= market.Thin
	}
	return bar, market.Decision{
		Votes: len(e.voting), Dispersion: e.dispersion(bar.Close), Verdicts: e.verdicts.of(e.voters, e.codes),
	}
}

// gather takes the bars at start from the voters and returns the best role among them.
func (e *election) gather(start int64) (best market.Role) {
	for i := range e.voters {
		if v := &e.voters[i]; v.has(start) && v.Role > best {
			best = v.Role
		}
	}
	e.voting = e.voting[:0]
	for i := range e.voters {
		v := &e.voters[i]
		e.codes[i] = byte(market.NotPresent)
		if !v.has(start) {
			continue
		}
		e.codes[i] = byte(market.LowerRole)
		if v.Role == best {
			e.codes[i] = byte(market.Voted)
			e.voting = append(e.voting, &v.Bars[0])
		}
		v.Bars = v.Bars[1:]
	}
	return best
}

// has reports whether the first bar that is left starts at start.
func (v *Voter) has(start int64) bool { return len(v.Bars) > 0 && v.Bars[0].Start == start }

// median returns the median of a field over the bars that have it.
func (e *election) median(f market.Field) float64 {
	if len(e.voting) == 1 {
		return e.voting[0].Value(f)
	}
	e.values = e.values[:0]
	for _, b := range e.voting {
		if v := b.Value(f); !market.IsAbsent(v) {
			e.values = append(e.values, v)
		}
	}
	n := len(e.values)
	if n == 0 {
		return market.Absent
	}
	slices.Sort(e.values)
	if n%2 == 1 {
		return e.values[n/2]
	}
	return float64(e.values[n/2-1]/2) + float64(e.values[n/2]/2) // the sum of the two may be too great for a float64
}

// volume returns the sum over the bars that have one, in the order of the sources.
func (e *election) volume() float64 {
	sum := market.Absent
	for _, b := range e.voting {
		switch {
		case market.IsAbsent(b.Volume):
		case market.IsAbsent(sum):
			sum = b.Volume
		default:
			sum += b.Volume
		}
	}
	return sum
}

// dispersion returns the largest distance of a voting close from the median, in basis points, to two decimals.
func (e *election) dispersion(median float64) float64 {
	closes, largest := 0, 0.0
	for _, b := range e.voting {
		if !market.IsAbsent(b.Close) {
			closes++
			largest = max(largest, math.Abs(b.Close-median))
		}
	}
	if closes < 2 || median == 0 {
		return market.Absent
	}
	return math.Round(largest/math.Abs(median)*1e6) / 100
}

// count says of a bar that is made of quotes how many all voters had.
func (e *election) count(bar *market.Bar) {
	if !bar.Flags.Has(market.Sampled) {
		return
	}
	n := 0
	for _, b := range e.voting {
		n += b.QuoteCount()
	}
	bar.SetQuotes(n)
}

// leaveOut makes a high or low that excludes the open or the close Absent.
func leaveOut(b *market.Bar) {
	if b.High < b.Open || b.High < b.Close {
		b.High = market.Absent
		b.Flags |= market.Partial
	}
	if b.Low > b.Open || b.Low > b.Close {
		b.Low = market.Absent
		b.Flags |= market.Partial
	}
}
