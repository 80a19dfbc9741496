package analysis

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// toDeviation turns a median absolute deviation into a standard deviation, for a normal distribution.
const toDeviation = 1.4826

// Hampel returns the rows whose value lies further than threshold deviations from the median of the window of half rows on either
// side, and the values with those replaced by that median. Deviations are 1.4826 times the median absolute deviation; the first and
// last half rows are never flagged (Pearson 1999). Drop what is absent first. It panics if half < 1.
func Hampel(x []float64, half int, threshold float64) (rows []int, cleaned []float64) {
	mustWindow(half, 1)
	cleaned = slices.Clone(x)
	w := 2*half + 1
	if len(x) < w {
		return nil, cleaned
	}
	window := order(slices.Clone(x[:w]))
	slices.Sort(window)
	for i := half; i < len(x)-half; i++ {
		if i > half {
			window.replace(x[i-half-1], x[i+half])
		}
		median := window.median()
		if math.Abs(x[i]-median) > threshold*toDeviation*window.deviation(median) {
			rows, cleaned[i] = append(rows, i), median
		}
	}
	return rows, cleaned
}

// RobustZScores returns how many deviations each value lies from the median of the w values before it, which do not include it;
// absent for the first w, where one of them is absent, and where they have no deviation.
func RobustZScores(x []float64, w int) []float64 {
	z := absent(len(x))
	var window order
	next := 0 // the row that window ends before
	windows(w, make([]float64, len(x)), func(first, last int) {
		if next != first || first == 0 {
			window = append(window[:0], x[first-w+1:first+1]...)
			slices.Sort(window)
		} else {
			window.replace(x[first-w], x[first])
		}
		for i := first; ; i++ {
			if i+1 < len(x) {
				median := window.median()
				if d := window.deviation(median); d > 0 {
					z[i+1] = finite((x[i+1] - median) / (toDeviation * d))
				}
			}
			if next = i + 1; next == last {
				return
			}
			window.replace(x[next-w], x[next])
		}
	}, x)
	return z
}

func (o order) median() float64 {
	k, f := rank(len(o), 0.5)
	return between(o, k, f)
}

// deviation is the median absolute deviation from the median: a walk outwards from it, to whichever side is nearer.
func (o order) deviation(median float64) float64 {
	right := o.search(median)
	left := right - 1
	before, at := 0.0, 0.0
	for range len(o)/2 + 1 {
		before = at
		if left < 0 || right < len(o) && o[right]-median < median-o[left] {
			at = o[right] - median
			right++
		} else {
			at = median - o[left]
			left--
		}
	}
	if len(o)%2 == 0 {
		return before + float64((at-before)/2)
	}
	return at
}

// Extremes is the generalised test for several outliers.
type Extremes struct {
	Statistics []float64 // of the greatest deviation, after the greater ones were taken out
	Critical   []float64
	Rows       []int // of the outliers, ascending
}

// ExtremeDeviations tests for up to most outliers, two-sided at level alpha: as many as the last statistic that is above its
// critical value (Rosner 1983). Drop what is absent first; it stops early where no spread is left.
func ExtremeDeviations(x []float64, most int, alpha float64) (Extremes, error) {
	if len(x) < 3 {
		return Extremes{}, TooFew
	}
	rest, rows := slices.Clone(x), make([]int, len(x))
	for i := range rows {
		rows[i] = i
	}
	var e Extremes
	var taken []int
	outliers := 0
	for i := 1; i <= most && len(rest) > 2; i++ {
		mean, sd := Mean(rest), StdDev(rest)
		if !(sd > 0) {
			break
		}
		far := 0
		for k, v := range rest {
			if math.Abs(v-mean) > math.Abs(rest[far]-mean) {
				far = k
			}
		}
		e.Statistics = append(e.Statistics, math.Abs(rest[far]-mean)/sd)
		e.Critical = append(e.Critical, rosner(len(rest), alpha))
		taken = append(taken, rows[far])
		if e.Statistics[i-1] > e.Critical[i-1] {
			outliers = i
		}
		rest, rows = slices.Delete(rest, far, far+1), slices.Delete(rows, far, far+1)
	}
	if len(e.Statistics) == 0 {
		return Extremes{}, Constant
	}
	e.Rows = slices.Clone(taken[:outliers])
	slices.Sort(e.Rows)
	return e, allFinite(e.Statistics)
}

// rosner is the critical value for the greatest deviation of n values.
func rosner(n int, alpha float64) float64 {
	m := float64(n)
	t := distuv.StudentsT{Sigma: 1, Nu: m - 2}.Quantile(1 - alpha/(2*m))
	return (m - 1) * t / math.Sqrt((m-2+float64(t*t))*m)
}
