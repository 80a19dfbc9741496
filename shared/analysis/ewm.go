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
func EWMMeanAdjusted(x []float64, alpha float64) []float64 {
	out := make([]float64, len(x))
	ewmMoments(x, alpha, func(i int, m *ewmMoment) { out[i] = finite(m.mean) })
	return out
}

// EWMVariance returns the unbiased weighted variance (pandas: adjust=True, bias=False); absent before the second value.
func EWMVariance(x []float64, alpha float64) []float64 {
	out := make([]float64, len(x))
	ewmMoments(x, alpha, func(i int, m *ewmMoment) { out[i] = finite(m.squares * m.unbias) })
	return out
}

// EWMStdDev returns the square root of EWMVariance.
func EWMStdDev(x []float64, alpha float64) []float64 {
	out := make([]float64, len(x))
	ewmMoments(x, alpha, func(i int, m *ewmMoment) { out[i] = finite(math.Sqrt(m.squares * m.unbias)) })
	return out
}

// ewmMoment is a weighted mean and sum of squares about it, and the sums of the weights and of their squares.
type ewmMoment struct{ mean, squares, weights, weights2, unbias float64 }

// ewmMoments updates the moments about the moving mean, which loses no digits (West 1979), and gives them to each for every row.
func ewmMoments(x []float64, alpha float64, each func(i int, m *ewmMoment)) {
	mustAlpha(alpha)
	m := ewmMoment{mean: market.Absent, squares: market.Absent, unbias: market.Absent}
	q, aged := 1-alpha, 1-alpha
	share, kept, settled := 0.0, 0.0, false // of the newest value, of the deviation from the mean; whether they change no more
	for i, v := range x {
		switch {
		case v-v != 0:
			aged *= q
			settled = false
		case m.weights == 0:
			m = ewmMoment{mean: v, weights: 1, weights2: 1, unbias: market.Absent}
			aged = q
		default:
			if !settled {
				before := m.weights
				old := float64(aged * before)
				m.weights, m.weights2 = old+1, float64(aged*aged*m.weights2)+1
				share, kept = 1/m.weights, old/m.weights
				m.unbias = 1 / (m.weights - m.weights2/m.weights)
				settled = aged == q && m.weights == before
			}
			d := v - m.mean
			m.mean += float64(d * share)
			m.squares = float64(aged*m.squares) + float64(kept*float64(d*d))
			aged = q
		}
		each(i, &m)
	}
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
