package analysis

import (
	"math"
	"slices"
)

// RollingMedian returns the median of each trailing window of w rows; absent as the other rolling statistics are.
func RollingMedian(x []float64, w int) []float64 { return RollingQuantile(x, w, 0.5) }

// RollingQuantile returns the type 7 quantile of each window, 0 <= p <= 1.
func RollingQuantile(x []float64, w int, p float64) []float64 {
	out := make([]float64, len(x))
	sorted := make(order, 0, w)
	at := -1 // the row that sorted ends at
	k, f := rank(w, p)
	windows(w, out, func(first, last int) {
		if at != first-1 || at < 0 {
			sorted = append(sorted[:0], x[first-w+1:first+1]...)
			slices.Sort(sorted)
			out[first] = between(sorted, k, f)
			first++
		}
		for i := first; i < last; i++ {
			sorted.replace(x[i-w], x[i])
			out[i] = between(sorted, k, f)
		}
		at = last - 1
	}, x)
	return out
}

// order is the values of a window, ascending.
type order []float64

// replace takes one value out and puts another in, moving only what lies between the two.
func (o order) replace(gone, in float64) {
	from, to := o.search(gone), o.search(in)
	if from < to {
		copy(o[from:], o[from+1:to])
		o[to-1] = in
	} else {
		copy(o[to+1:from+1], o[to:from])
		o[to] = in
	}
}

// search returns the first position whose value is not below v.
func (o order) search(v float64) int {
	low, n := 0, len(o)
	for n > 0 {
		half := n / 2
		if o[low+half] < v {
			low, n = low+half+1, n-half-1
		} else {
			n = half
		}
	}
	return low
}

// RollingMax returns the greatest value of each trailing window of w rows; absent as the other rolling statistics are.
func RollingMax(x []float64, w int) []float64 { return rollingExtreme(x, w, 1) }

// RollingMin returns the least value of each window.
func RollingMin(x []float64, w int) []float64 { return rollingExtreme(x, w, -1) }

// rollingExtreme finds the greatest of sign*x in every window. Rows are cut into pieces of w: a window is the end of one piece and
// the beginning of the next, and the greatest of every end is found once per piece (van Herk 1992, Gil and Werman 1993). That is
// the work of a monotonic queue without its unforeseeable branches.
func rollingExtreme(x []float64, w int, sign float64) []float64 {
	out := make([]float64, len(x))
	var ends []float64 // of the piece before: the greatest of sign*x from each of its rows on
	if w <= len(x) {
		ends = make([]float64, w)
	}
	windows(w, out, func(first, last int) {
		for first < last {
			piece := first - w + 1 // the window of first
			greatest := sign * x[first]
			for i := w - 1; i >= 0; i-- {
				if v := sign * x[piece+i]; i == w-1 || v > greatest {
					greatest = v
				}
				ends[i] = greatest
			}
			out[first] = sign * greatest
			first++
			rows := min(w-1, last-first)
			head := math.Inf(-1)
			for i := range rows {
				if v := sign * x[first+i]; v > head {
					head = v
				}
				greatest := ends[i+1]
				if head > greatest {
					greatest = head
				}
				out[first+i] = sign * greatest
			}
			first += rows
		}
	}, x)
	return out
}
