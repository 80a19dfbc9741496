//go:build !race

package history

const underRace = false

// searched is how many of n random orders are tried.
func searched(n uint64) uint64 { return n }
