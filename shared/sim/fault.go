package sim

import (
	"fmt"
	"slices"
	"strings"

	"assay/shared/market"
)

// Kind is a kind of fault.
type Kind string

// The faults of one or a few bars. Of each, a block of 1,440 bars of a series (a day of minutes, sixty days of hours, four
// years of days) holds one with a probability of one in four, where it fits and nothing else is planted.
const (
	Zero      Kind = "zero"      // one bar's prices are 0
	Absent    Kind = "absent"    // one bar has no close
	Times10   Kind = "x10"       // one bar's prices are ten times too high
	Times100  Kind = "x100"      // a hundred times
	Times1000 Kind = "x1000"     // a thousand times
	Gram      Kind = "gram"      // metals: one bar is per gram, not per troy ounce
	Inverse   Kind = "inverse"   // metals and currencies: one bar is what a dollar buys
	Spike     Kind = "spike"     // one bar a quarter too high or a fifth too low
	Stuck     Kind = "stuck"     // 30 bars repeat the close of the first
	Gap       Kind = "gap"       // 20 bars are left out
	Duplicate Kind = "duplicate" // one bar comes twice; the first of the two is 1 % too high
	Disorder  Kind = "disorder"  // one bar has changed places with its neighbour
	Late      Kind = "late"      // one bar is 1 % too high until it is corrected: a minute after ten minutes, others after a day
	Swapped   Kind = "swapped"   // ten bars hold the prices of another instrument
)

// The long faults.
const (
	Halt  Kind = "halt"  // a venue trades nothing for three to nine hours; one in 64 days, with a probability of one in two
	Shift Kind = "shift" // a series stands 1 to 3 % off for 21 days; one in 128 days, with a probability of one in four
)

// The faults of a source's answers. Of each, an hour has five minutes with a probability of one in 24.
const (
	TooMany Kind = "429"  // as if the limit were broken
	Broken  Kind = "5xx"  // the source is out of order
	HTML    Kind = "html" // a page for people, with status 200
	Slow    Kind = "slow" // the answer takes its time
	Cut     Kind = "cut"  // the connection ends in the middle of the answer
)

var (
	barKinds    = []Kind{Zero, Absent, Times10, Times100, Times1000, Gram, Inverse, Spike, Stuck, Gap, Duplicate, Disorder, Late, Swapped}
	longKinds   = []Kind{Halt, Shift}
	answerKinds = []Kind{TooMany, Broken, HTML, Slow, Cut}
)

// All lists every kind of fault.
func All() []Kind { return slices.Concat(barKinds, longKinds, answerKinds) }

func (k Kind) known() bool { return slices.Contains(All(), k) }

func kindNames() string {
	var names []string
	for _, k := range All() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// ParseFaults reads a list of kinds, separated by commas, or all, or none.
func ParseFaults(s string) ([]Kind, error) {
	switch s {
	case "all":
		return All(), nil
	case "none", "":
		return nil, nil
	}
	var kinds []Kind
	for name := range strings.SplitSeq(s, ",") {
		kind := Kind(strings.TrimSpace(name))
		if !kind.known() {
			return nil, fmt.Errorf("fault %.40q is not known: want all, none, or some of %s", name, kindNames())
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

// The rates and sizes that the kinds state.
const (
	blockBars  = 1440
	blockRate  = 0.25
	shiftDays  = 21
	shiftBlock = 128 // days
	shiftRate  = 0.25
	haltBlock  = 64 // days
	haltRate   = 0.5
	outageRate = 1.0 / 24
	outageTime = 300 // seconds
	troyOunce  = 31.1034768
)

// length is how many bars in a row a kind spoils.
func (k Kind) length() int64 {
	switch k {
	case Stuck:
		return 30
	case Gap:
		return 20
	case Swapped:
		return 10
	case Disorder:
		return 2
	default:
		return 1
	}
}

// suits reports whether a kind can happen to a series: an instrument without a unit of weight is never per gram, and what is
// quoted or struck once has no run of bars to disturb.
func (k Kind) suits(se series) bool {
	switch k {
	case Gram:
		return se.instrument.group == metal && se.instrument.follow == ""
	case Inverse:
		return se.instrument.group != crypto && se.instrument.follow == ""
	case Swapped:
		return se.instrument.other() != ""
	case Gap, Duplicate, Disorder, Late:
		return se.venue() != nil
	case Stuck:
		return se.venue() != nil || se.interval == market.Minute
	default:
		return true
	}
}

func (se series) venue() *venue {
	for _, v := range venues {
		if v.name == se.source {
			return v
		}
	}
	return nil
}
