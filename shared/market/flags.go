package market

import "strings"

// Flags say why a bar is not simply what its source said, or what is missing from it.
type Flags uint32

// The flags. Their bits are stored: append, never reorder.
const (
	Partial       Flags = 1 << iota // a field is absent because it was absent or refused
	Repaired                        // a field was put right by a rule; another flag says which
	SwappedVolume                   // the file had exchanged its two volume columns
	Untraded                        // the source repeats its last price: nothing traded in this interval
	OutsideRange                    // the source says a close or an open outside [low, high]: kept as sent
	Incomplete                      // computed from fewer minutes than the interval has
	Derived                         // computed by us: from shorter bars, or with an exchange rate
	Sampled                         // made of quotes that were looked at now and then
	Thin                            // fewer than two sources voted
	Disputed                        // the sources that voted lie far apart
	Spike                           // far from its neighbours and back
	Stuck                           // the same price for too long
	Stub                            // a UTC day of metal spot with under half of its session
	ByPublisher                     // voted by publishers, for want of the instrument's best role
	ByQuote                         // voted by dealers' quotes, for want of a better role
	ByAggregator                    // voted by aggregators, for want of a better role
	Provisional                     // added by the API: an enabled source has not reported yet
	Unfinished                      // added by the API: the interval has not ended in the stored data
	flagCount     = iota
)

var flagNames = [flagCount]string{
	"partial", "repaired", "swapped-volume", "untraded", "outside-range", "incomplete", "derived", "sampled", "thin",
	"disputed", "spike", "stuck", "stub", "by-publisher", "by-quote", "by-aggregator", "provisional", "unfinished",
}

// Has reports whether all of the given flags are set.
func (f Flags) Has(g Flags) bool { return f&g == g }

// Names lists the flags that are set, in the order of their bits.
func (f Flags) Names() []string {
	var names []string
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String joins the names with commas.
func (f Flags) String() string { return strings.Join(f.Names(), ",") }

// ByRole returns the flag of a bar that sources of this role voted; none for a venue.
func ByRole(r Role) Flags { return [...]Flags{0, ByAggregator, ByQuote, ByPublisher, 0}[r] }
