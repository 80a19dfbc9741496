package analysis

import (
	"math"
	"slices"

	"assay/shared/market"
)

// Mean returns the mean, absent for no values. The sum is taken relative to the first value, so that the mean of equal values is
// that value, and their spread zero.
func Mean(x []float64) float64 {
	if len(x) == 0 {
		return market.Absent
	}
	anchor, sum := x[0], 0.0
	for _, v := range x {
		sum += v - anchor
	}
	return finite(anchor + sum/float64(len(x)))
}

// squares returns the mean and the sum of squares about it, in two passes.
func squares(x []float64) (mean, sum float64) {
	mean = Mean(x)
	for _, v := range x {
		d := v - mean
		sum += float64(d * d)
	}
	return mean, sum
}

// Variance returns the sample variance (divisor n-1), absent for fewer than two values.
func Variance(x []float64) float64 {
	if len(x) < 2 {
		return market.Absent
	}
	_, sum := squares(x)
	return finite(sum / float64(len(x)-1))
}

// StdDev returns the square root of Variance.
func StdDev(x []float64) float64 { return math.Sqrt(Variance(x)) }

// Shape is the population moments that risk formulas use: divisors are n, and the kurtosis of a normal distribution is 0.
type Shape struct {
	Mean, StdDev   float64 // absent for no values
	Skew, Kurtosis Value
}

// ShapeOf returns the population moments of values of which none is absent.
func ShapeOf(x []float64) Shape {
	n := float64(len(x))
	mean, m2 := squares(x)
	if m2 == 0 || len(x) == 0 {
		why := Constant
		if len(x) < 2 {
			why = TooFew
		}
		return Shape{Mean: mean, StdDev: finite(math.Sqrt(m2 / n)), Skew: None(why), Kurtosis: None(why)}
	}
	m2 /= n
	scale := 1 / math.Sqrt(m2) // before the powers, which could leave the range of a float64
	var m3, m4 float64
	for _, v := range x {
		d := (v - mean) * scale
		m3 += float64(d * d * d)
		m4 += float64(d * d * d * d)
	}
	return Shape{Mean: mean, StdDev: math.Sqrt(m2), Skew: Of(m3 / n), Kurtosis: Of(m4/n - 3)}
}

// Quantile returns the type 7 quantile of values of which none is absent: linear between order statistics, 0 <= p <= 1. Absent
// for no values. It leaves x as it is.
func Quantile(x []float64, p float64) float64 {
	if len(x) == 0 {
		return market.Absent
	}
	k, f := rank(len(x), p)
	near := neighbourhood(x, k)
	return between(near.values, k-near.less, f)
}

// neighbours are the values about a place in the order, ascending, and how many are less than all of these, with their sum.
type neighbours struct {
	values []float64
	less   int
	sum    float64
}

// neighbourhood finds the values at places k and k+1 once sorted, with others near them. The places in a sample of the values tell
// between which two to look (Floyd and Rivest 1975); if they mislead, all are sorted.
func neighbourhood(x []float64, k int) neighbours {
	n := len(x)
	if n < 1<<12 {
		values := slices.Clone(x)
		slices.Sort(values)
		return neighbours{values: values}
	}
	low, high := bracket(x, k)
	var out neighbours
	near := make([]float64, 0, n/8)
	for _, v := range x {
		if v < low {
			out.less++
			out.sum += v
		} else if v <= high {
			near = append(near, v)
		}
	}
	if k < out.less || min(k+1, n-1) >= out.less+len(near) || len(near) == n {
		values := slices.Clone(x)
		slices.Sort(values)
		return neighbours{values: values}
	}
	nearer := neighbourhood(near, k-out.less)
	return neighbours{values: nearer.values, less: out.less + nearer.less, sum: out.sum + nearer.sum}
}

// bracket returns two values that place k very likely lies between.
func bracket(x []float64, k int) (low, high float64) {
	step := 2 * int(math.Cbrt(float64(len(x))))
	sample := make([]float64, 0, len(x)/step+1)
	for i := step / 2; i < len(x); i += step {
		sample = append(sample, x[i])
	}
	slices.Sort(sample)
	share := float64(k) / float64(len(x))
	at := float64(share * float64(len(sample)))
	margin := 2 + float64(4*math.Sqrt(at*(1-share)))
	low, high = math.Inf(-1), math.Inf(1)
	if i := int(at - margin); i >= 0 {
		low = sample[i]
	}
	if i := int(at + margin); i < len(sample) {
		high = sample[i]
	}
	return low, high
}

// Median returns the type 7 quantile at one half.
func Median(x []float64) float64 { return Quantile(x, 0.5) }

// rank returns where the quantile p of n sorted values lies: at f of the way from number k to number k+1.
func rank(n int, p float64) (k int, f float64) {
	h := float64(float64(n-1) * p)
	k = min(int(h), n-1)
	return k, h - float64(k)
}

// between counts from the nearer of the two, as numpy does: just below a value it is never rounded up to it.
func between(sorted []float64, k int, f float64) float64 {
	if f == 0 {
		return sorted[k]
	}
	a, b := sorted[k], sorted[k+1]
	if f < 0.5 {
		return a + float64(f*(b-a))
	}
	return b - float64((1-f)*(b-a))
}

// ZScores returns (x-mean)/sd over all values, sd with divisor n-1; rows that are absent stay so. All are absent where the
// values have no spread.
func ZScores(x []float64) []float64 {
	present := Drop(x)
	mean, sd := Mean(present), StdDev(present)
	z := absent(len(x))
	if sd > 0 {
		for i, v := range x {
			z[i] = finite((v - mean) / sd)
		}
	}
	return z
}

// UnitRange returns (x-min)/(max-min): 0 at the lowest value, 1 at the highest. All are absent where the two are equal.
func UnitRange(x []float64) []float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
	}
	u := absent(len(x))
	if high > low {
		for i, v := range x {
			u[i] = finite((v - low) / (high - low))
		}
	}
	return u
}
