package analysis

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// CointegrationRank is a Johansen test of several series: at entry r the hypothesis is that at most r combinations of them are
// stationary; a statistic beyond its critical values speaks for more.
type CointegrationRank struct {
	N                int          `doc:"Times that all series have"`
	Eigenvalues      []float64    `doc:"The largest first"`
	Trace            []float64    `doc:"Statistic by rank, from 0"`
	MaxEigen         []float64    `doc:"Statistic by rank, from 0"`
	TraceCritical    [][3]float64 `doc:"By rank, at 10, 5 and 1 %"`
	MaxEigenCritical [][3]float64 `doc:"By rank, at 10, 5 and 1 %"`
	First            []float64    `doc:"Weights of the log prices in the most stationary combination, 1 of the first series"`
}

// Johansen tests series, which are usually log prices, with a constant and a number of lagged differences. It takes 2 to 12 series of
// one length; rows that one of them lacks are left out.
//
// Definition: Johansen, Econometrica 59 (1991). It equals statsmodels' coint_johansen with det_order 0 and at least one
// lag; without, that takes the levels after the changes, not those before.
func Johansen(series [][]float64, lags int) (CointegrationRank, error) {
	mustAtLeast("lags", lags, 0)
	mustAtLeast("series", len(series), 2)
	if len(series) > len(traceCritical) {
		panic("analysis: no critical values for so many series")
	}
	series = commonRows(series)
	k, n := len(series), len(series[0])
	if n < (k+1)*(lags+2)+k {
		return CointegrationRank{}, TooFew
	}
	changes, levels, past := johansenRows(series, lags)
	if fit := regress(past, make([]float64, len(past[0]))); fit.rank < len(past) {
		return CointegrationRank{}, Singular
	}
	units := standardise(changes, levels, past)
	if units == nil {
		return CointegrationRank{}, Singular
	}
	values, vectors, err := reducedRank(changes, levels)
	if err != nil {
		return CointegrationRank{}, err
	}
	out := CointegrationRank{N: n, Eigenvalues: values}
	rest, rows := 0.0, float64(len(changes[0]))
	for i := k - 1; i >= 0; i-- {
		one := float64(-rows * math.Log1p(-values[i]))
		rest += one
		out.Trace, out.MaxEigen = append(out.Trace, rest), append(out.MaxEigen, one)
		out.TraceCritical = append(out.TraceCritical, traceCritical[k-1-i])
		out.MaxEigenCritical = append(out.MaxEigenCritical, maxEigenCritical[k-1-i])
	}
	slices.Reverse(out.Trace)
	slices.Reverse(out.MaxEigen)
	slices.Reverse(out.TraceCritical)
	slices.Reverse(out.MaxEigenCritical)
	for i, v := range vectors {
		out.First = append(out.First, v/vectors[0]*(units[0]/units[i]))
	}
	return out, allFinite(out.Eigenvalues, out.Trace, out.First)
}

// commonRows keeps the rows in which every series has a finite value.
func commonRows(series [][]float64) [][]float64 {
	kept := make([][]float64, len(series))
	for row := range series[0] {
		all := true
		for _, s := range series {
			mustMatch(len(s), len(series[0]))
			all = all && s[row]-s[row] == 0
		}
		for i := range series {
			if all {
				kept[i] = append(kept[i], series[i][row])
			}
		}
	}
	return kept
}

// johansenRows are the changes, the levels before them, and a constant with the changes before them.
func johansenRows(series [][]float64, lags int) (changes, levels, past [][]float64) {
	rows := len(series[0]) - 1 - lags
	past = [][]float64{constant(rows)}
	for _, s := range series {
		d := make([]float64, len(s)-1)
		for i := range d {
			d[i] = s[i+1] - s[i]
		}
		changes = append(changes, slices.Clone(d[lags:]))
		levels = append(levels, slices.Clone(s[lags:lags+rows]))
		for lag := 1; lag <= lags; lag++ {
			past = append(past, slices.Clone(d[lags-lag:lags-lag+rows]))
		}
	}
	return changes, levels, past
}

// standardise takes from changes and levels what the past, orthonormal, explains of them, and divides them by a unit of each series, so
// that prices of any size can be compared. It returns the units; nil where the past explains all of a level.
func standardise(changes, levels, past [][]float64) []float64 {
	units := make([]float64, len(levels))
	for i, level := range levels {
		size := math.Sqrt(dot(level, level))
		for _, q := range past {
			subtract(changes[i], dot(q, changes[i]), q)
			subtract(level, dot(q, level), q)
		}
		if units[i] = math.Sqrt(dot(level, level)); !(units[i] > 1e-10*size) {
			return nil
		}
		scale(level, 1/units[i])
		scale(changes[i], 1/units[i])
	}
	return units
}

// reducedRank returns the squared canonical correlations of changes and levels, the largest first, and the combination of levels
// that belongs to the first. The problem is made symmetric by the Cholesky factor of the levels' products.
func reducedRank(changes, levels [][]float64) (values, vector []float64, err error) {
	k := len(changes)
	products := func(a, b [][]float64) *mat.Dense {
		m := mat.NewDense(k, k, nil)
		for i := range k {
			for j := range k {
				m.Set(i, j, dot(a[i], b[j]))
			}
		}
		return m
	}
	symmetric := func(m mat.Matrix) *mat.SymDense {
		s := mat.NewSymDense(k, nil)
		for i := range k {
			for j := i; j < k; j++ {
				s.SetSym(i, j, (m.At(i, j)+m.At(j, i))/2)
			}
		}
		return s
	}
	var factor, inner mat.Cholesky
	if !factor.Factorize(symmetric(products(levels, levels))) || !inner.Factorize(symmetric(products(changes, changes))) {
		return nil, nil, Singular
	}
	var lower, inverse mat.TriDense
	factor.LTo(&lower)
	cross := products(changes, levels)
	var solved, middle, left, whole mat.Dense
	if inverse.InverseTri(&lower) != nil || inner.SolveTo(&solved, cross) != nil {
		return nil, nil, Singular // or nearly so
	}
	middle.Mul(cross.T(), &solved)
	left.Mul(&inverse, &middle)
	whole.Mul(&left, inverse.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric(&whole), true) {
		return nil, nil, NotConverged
	}
	values = eigen.Values(nil)
	slices.Reverse(values)
	var vectors, back mat.Dense
	eigen.VectorsTo(&vectors)
	back.Mul(inverse.T(), &vectors)
	return values, mat.Col(nil, k-1, &back), nil
}

// The critical values at 10, 5 and 1 %, by the number of series less the rank, less one; with a constant.
//
// MacKinnon, Haug and Michelis, Journal of Applied Econometrics 14 (1999).
var (
	traceCritical = [12][3]float64{
		{2.7055, 3.8415, 6.6349},
		{13.4294, 15.4943, 19.9349},
		{27.0669, 29.7961, 35.4628},
		{44.4929, 47.8545, 54.6815},
		{65.8202, 69.8189, 77.8202},
		{91.109, 95.7542, 104.9637},
		{120.3673, 125.6185, 135.9825},
		{153.6341, 159.529, 171.0905},
		{190.8714, 197.3772, 210.0366},
		{232.103, 239.2468, 253.2526},
		{277.374, 285.1402, 300.2821},
		{326.5354, 334.9795, 351.215},
	}
	maxEigenCritical = [12][3]float64{
		{2.7055, 3.8415, 6.6349},
		{12.2971, 14.2639, 18.52},
		{18.8928, 21.1314, 25.865},
		{25.1236, 27.5858, 32.7172},
		{31.2379, 33.8777, 39.3693},
		{37.2786, 40.0763, 45.8662},
		{43.2947, 46.2299, 52.3069},
		{49.2855, 52.3622, 58.6634},
		{55.2412, 58.4332, 64.996},
		{61.2041, 64.504, 71.2525},
		{67.1307, 70.5392, 77.4877},
		{73.0563, 76.5734, 83.7105},
	}
)
