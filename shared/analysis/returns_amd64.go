package analysis

import "golang.org/x/sys/cpu"

// smallMoves writes the log returns of prices, one fewer than they are, up to the first four in a row that are not all small
// moves, and returns how many it wrote. What it writes is what logRatio returns, bit for bit; it may write none.
func smallMoves(r, prices []float64) int {
	if !cpu.X86.HasAVX {
		return 0
	}
	return smallMovesAVX(r[:len(prices)-1], prices)
}

//go:noescape
func smallMovesAVX(r, prices []float64) int
