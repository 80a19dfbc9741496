package analysis

import (
	"math"
	"slices"
)

// Regimes are values grouped by size.
type Regimes struct {
	Centres []float64 // ascending
	Labels  []int     // of each value, 0 for the lowest centre; -1 where the value is absent
	Inertia float64   // sum of squared distances to the centres
}

// KMeans groups values into k clusters with the least possible sum of squares. In one dimension clusters are runs of the sorted
// values, so that dynamic programming finds the optimum; there is no random start.
//
// Definition: Wang and Song, "Ckmeans.1d.dp", R Journal 3 (2011), with divide and conquer over the monotone splits.
func KMeans(values []float64, k int) (Regimes, error) {
	mustAtLeast("k", k, 1)
	kept, err := sample(values, k)
	if err != nil {
		return Regimes{}, err
	}
	x := slices.Sorted(slices.Values(kept))
	distinct := 1
	for i := 1; i < len(x); i++ {
		if x[i] != x[i-1] {
			distinct++
		}
	}
	if distinct < k {
		return Regimes{}, TooFew
	}
	out := Regimes{Labels: make([]int, len(values))}
	starts := newRuns(x).split(k)
	for c, from := range starts {
		to := len(x)
		if c+1 < k {
			to = starts[c+1]
		}
		centre := Mean(x[from:to])
		out.Centres = append(out.Centres, centre)
		for _, v := range x[from:to] {
			out.Inertia += float64((v - centre) * (v - centre))
		}
	}
	for i, v := range values {
		out.Labels[i] = -1
		for c := 0; v == v && c < k && x[starts[c]] <= v; c++ {
			out.Labels[i] = c
		}
	}
	return out, allFinite(out.Centres, []float64{out.Inertia})
}

// runs gives the sum of squares of any run of sorted values from cumulated sums about their mean.
type runs struct {
	sum, square []float64
}

func newRuns(x []float64) runs {
	r := runs{make([]float64, len(x)+1), make([]float64, len(x)+1)}
	centre := Mean(x)
	for i, v := range x {
		d := v - centre
		r.sum[i+1] = r.sum[i] + d
		r.square[i+1] = r.square[i] + float64(d*d)
	}
	return r
}

func (r runs) cost(from, to int) float64 {
	s := r.sum[to] - r.sum[from]
	return r.square[to] - r.square[from] - float64(s*s)/float64(to-from)
}

// split returns where each of k runs begins.
func (r runs) split(k int) []int {
	n := len(r.sum) - 1
	best := make([]float64, n+1) // cost of the first i values in the runs so far
	for i := 1; i <= n; i++ {
		best[i] = r.cost(0, i)
	}
	from := make([][]int, k) // by run and end, where the last run begins
	for c := 1; c < k; c++ {
		next := make([]float64, n+1)
		from[c] = make([]int, n+1)
		r.level(best, next, from[c], c+1, n, c, n-1)
		best = next
	}
	starts := make([]int, k)
	for c, end := k-1, n; c > 0; c-- {
		starts[c] = from[c][end]
		end = starts[c]
	}
	return starts
}

// level fills ends low to high, whose last run begins between first and last: the best begin never falls as the end grows.
func (r runs) level(best, next []float64, from []int, low, high, first, last int) {
	if low > high {
		return
	}
	mid := (low + high) / 2
	least, at := math.Inf(1), first
	for begin := first; begin <= min(last, mid-1); begin++ {
		if cost := best[begin] + r.cost(begin, mid); cost < least {
			least, at = cost, begin
		}
	}
	next[mid], from[mid] = least, at
	r.level(best, next, from, low, mid-1, first, at)
	r.level(best, next, from, mid+1, high, at, last)
}

// VolatilityRegimes groups the rows of returns by the logarithm of their realised volatility over a window, annualised: centres are
// logarithms too. Rows within the first window have no label.
func VolatilityRegimes(returns []float64, window, k int, periodsPerYear float64) (Regimes, error) {
	logs := absent(len(returns))
	if window > len(returns) {
		return Regimes{}, TooFew
	}
	for i, sd := range RollingStdDev(returns, window) {
		if sd > 0 {
			logs[i] = math.Log(sd * math.Sqrt(periodsPerYear))
		}
	}
	return KMeans(logs, k)
}
