package analysis

import (
	"math"

	"assay/shared/market"
)

// The exponentially weighted statistics give a row k rows ago the weight (1-alpha)^k, 0 < alpha <= 1; alpha is 2/(span+1) for a
// span. They are absent before the first value. A row that is absent repeats the result before it and still ages the weights,
// as in pandas with ignore_na=False. They depend on where the series starts: start at a fixed row, or ten spans early.
// They panic unless 0 < alpha <= 1.

// Span returns the alpha of a span: 2/(span+1).
func Span(span float64) float64 { return 2 / (span + 1) }

// EWMMean returns y_0 = x_0, y_t = (1-alpha) y_{t-1} + alpha x_t (pandas: adjust=False). TA-Lib's EMA is seeded otherwise: EMA.
func EWMMean(x []float64, alpha float64) []float64 {
	mustAlpha(alpha)
	out := make([]float64, len(x))
	q, aged, y := 1-alpha, 1.0, market.Absent
	for i, v := range x {
		switch {
		case v-v != 0:
			aged *= q
		case y != y:
			y, aged = v, 1
		case aged != 1:
			old := float64(aged * q)
			y, aged = (float64(old*y)+float64(alpha*v))/(old+alpha), 1
		default:
			y = float64(q*y) + float64(alpha*v)
		}
		out[i] = y
	}
	return out
}

// EWMMeanAdjusted returns the weighted mean of all values so far (pandas: adjust=True).
func EWMMeanAdjusted(x []float64, alpha float64) []float64 { return ewmMoment(x, alpha, ewmMean) }

// EWMVariance returns the unbiased weighted variance (pandas: adjust=True, bias=False); absent before the second value.
func EWMVariance(x []float64, alpha float64) []float64 { return ewmMoment(x, alpha, ewmVariance) }

// EWMStdDev returns the square root of EWMVariance.
func EWMStdDev(x []float64, alpha float64) []float64 { return ewmMoment(x, alpha, ewmStdDev) }

// EWMCovariance returns the unbiased weighted covariance of the rows in which both are present; absent before the second of them.
func EWMCovariance(x, y []float64, alpha float64) []float64 {
	return ewmPairs(x, y, alpha, func(m *ewmPair) float64 { return m.xy * m.unbias })
}

// EWMCorrelation returns the weighted correlation; absent where either has no spread.
func EWMCorrelation(x, y []float64, alpha float64) []float64 {
	return ewmPairs(x, y, alpha, func(m *ewmPair) float64 { return correlate(m.xx, m.yy, m.xy) })
}

// EWMBeta returns the weighted slope of y on x.
func EWMBeta(x, y []float64, alpha float64) []float64 {
	return ewmPairs(x, y, alpha, func(m *ewmPair) float64 { return m.xy / m.xx })
}

// ewmWeights says how a new value enters weighted sums.
type ewmWeights struct {
	q, aged      float64 // of one row, and of all rows since the last value
	sum, squares float64 // of the weights so far, and of their squares
	share, kept  float64 // of the newest value in the mean, and of the square of its distance from the mean before
	unbias       float64 // from a weighted sum of squares to the unbiased variance
	decay        float64 // of the sums of squares at the newest value
	settled      bool    // no row changes them any more
}

func newWeights(alpha float64) ewmWeights {
	mustAlpha(alpha)
	return ewmWeights{q: 1 - alpha, aged: 1, unbias: market.Absent}
}

// skip ages the weights by a row without a value.
func (w *ewmWeights) skip() { w.aged, w.settled = w.aged*w.q, false }

// take enters a value.
func (w *ewmWeights) take() {
	if !w.settled {
		w.change()
	}
}

func (w *ewmWeights) change() {
	w.decay = float64(w.aged * w.q)
	before := w.sum
	old := float64(w.decay * before)
	w.sum, w.squares = old+1, float64(w.decay*w.decay*w.squares)+1
	w.share, w.kept = 1/w.sum, old/w.sum
	w.unbias = 1 / (w.sum - w.squares/w.sum)
	w.settled = w.aged == 1 && w.sum == before
	w.aged = 1
}

// ewmStatistic is what ewmMoment gives for each row.
type ewmStatistic int

const (
	ewmMean ewmStatistic = iota
	ewmVariance
	ewmStdDev
)

// ewmMoment follows the weighted mean, and the sum of squares about it, which loses no digits (West 1979).
func ewmMoment(x []float64, alpha float64, statistic ewmStatistic) []float64 {
	w, out := newWeights(alpha), make([]float64, len(x))
	mean, squared := market.Absent, 0.0
	for i, v := range x {
		switch {
		case v-v != 0:
			w.skip()
		case mean != mean:
			w.take()
			mean = v
		default:
			w.take()
			d := v - mean
			mean += float64(d * w.share)
			squared = float64(w.decay*squared) + float64(w.kept*float64(d*d))
		}
		switch statistic {
		case ewmMean:
			out[i] = finite(mean)
		case ewmVariance:
			out[i] = finite(squared * w.unbias)
		case ewmStdDev:
			out[i] = finite(math.Sqrt(squared * w.unbias))
		}
	}
	return out
}

// ewmPair is two weighted means, and sums of squares and products about them.
type ewmPair struct {
	ewmWeights
	x, y, xx, yy, xy float64
}

func ewmPairs(x, y []float64, alpha float64, statistic func(m *ewmPair) float64) []float64 {
	mustMatch(len(x), len(y))
	m, out := ewmPair{ewmWeights: newWeights(alpha)}, make([]float64, len(x))
	for i, v := range x {
		switch {
		case v-v != 0 || y[i]-y[i] != 0:
			m.skip()
		case m.sum == 0:
			m.take()
			m.x, m.y = v, y[i]
		default:
			m.take()
			dx, dy := v-m.x, y[i]-m.y
			m.x += float64(dx * m.share)
			m.y += float64(dy * m.share)
			m.xx = float64(m.decay*m.xx) + float64(m.kept*float64(dx*dx))
			m.yy = float64(m.decay*m.yy) + float64(m.kept*float64(dy*dy))
			m.xy = float64(m.decay*m.xy) + float64(m.kept*float64(dx*dy))
		}
		out[i] = finite(statistic(&m))
	}
	return out
}

// EWMVolatility returns the RiskMetrics variance of returns, s_0 = r_0^2 and s_t = lambda s_{t-1} + (1-lambda) r_t^2, which is the
// forecast for the row after, and its square root per year (J.P. Morgan/Reuters, RiskMetrics Technical Document, 1996, §5.2).
func EWMVolatility(returns []float64, lambda, periodsPerYear float64) (variance, annualised []float64) {
	squared := make([]float64, len(returns))
	for i, r := range returns {
		squared[i] = r * r
	}
	variance = EWMMean(squared, 1-lambda)
	annualised = squared
	for i, v := range variance {
		annualised[i] = finite(math.Sqrt(v * periodsPerYear))
	}
	return variance, annualised
}

func mustAlpha(alpha float64) {
	if !(alpha > 0 && alpha <= 1) {
		panic("analysis: a weight outside 0 to 1")
	}
}
