//go:build race

package history

// underRace tells the long searches to look at a part: the race detector makes them ten times as long, and `make test` runs
// them whole without it.
const underRace = true

// searched is how many of n random orders are tried.
func searched(n uint64) uint64 { return n / 10 }
