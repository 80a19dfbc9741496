package analysis

import "assay/shared/market"

// restart is after how many rows, or four windows if that is more, a sliding sum is taken anew. Blocks are counted from the first
// row, and each begins with a sum of its own: whoever computes them, in whatever order, gets the same bits.
const restart = 512

// Sliding sums lose digits: a tick ten thousand times the level leaves its rounding behind when it leaves the window. So each
// sum carries a bound of its rounding, and is taken anew, about a new anchor, as soon as the bound exceeds this part of the result.
const (
	lost      = 1e-11
	roundings = 4 * 0x1p-53 // of one step, relative to the sum: the difference, the product, the addition, and the mean's part
)

// windows calls f for every block of rows [first, last) whose trailing windows of w rows hold finite values only, in all columns,
// and makes all other rows of out absent.
func windows(w int, out []float64, f func(first, last int), columns ...[]float64) {
	mustWindow(w, 1)
	for _, c := range columns {
		mustMatch(len(c), len(out))
	}
	block := max(restart, 4*w)
	done := 0 // rows of out that are written
	for from := 0; from < len(out); {
		to := from + present(columns, from, len(out))
		for first := from + w - 1; first < to; {
			last := min(to, (first/block+1)*block)
			fillAbsent(out[done:first])
			f(first, last)
			first, done = last, last
		}
		from = to + 1
	}
	fillAbsent(out[done:])
}

// present returns how many rows from one on, up to the end, have no absent value in any column.
func present(columns [][]float64, from, end int) int {
	row := from
	for row+8 <= end && eightPresent(columns, row) {
		row += 8
	}
	for row < end && allPresent(columns, row) {
		row++
	}
	return row - from
}

func eightPresent(columns [][]float64, row int) bool {
	for _, c := range columns {
		v := c[row : row+8]
		if (v[0]-v[0]+v[1]-v[1])+(v[2]-v[2]+v[3]-v[3])+((v[4]-v[4]+v[5]-v[5])+(v[6]-v[6]+v[7]-v[7])) != 0 { // NaN, from any that is not finite
			return false
		}
	}
	return true
}

func allPresent(columns [][]float64, row int) bool {
	for _, c := range columns {
		if v := c[row]; v-v != 0 {
			return false
		}
	}
	return true
}

func fillAbsent(x []float64) {
	for i := range x {
		x[i] = market.Absent
	}
}
