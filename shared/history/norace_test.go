//go:build !race

package history

const underRace = false

func searched(n uint64) uint64 { return n }
