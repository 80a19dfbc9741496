package analysis

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// responseSurface gives the distribution of a Dickey-Fuller statistic: the normal distribution of a polynomial in it.
//
// MacKinnon, "Approximate Asymptotic Distribution Functions for Unit-Root and Cointegration Tests", Journal of Business and
// Economic Statistics 12 (1994), tables 3 and 4.
type responseSurface struct {
	star, least, most float64   // where the small polynomial ends; beyond least and most P is 0 and 1
	small, large      []float64 // coefficients, constant first
}

// surfaces are by trend, then by the number of series less one.
var surfaces = [3][2]responseSurface{
	NoConstant: {
		{-1.04, -19.04, math.Inf(1), []float64{0.6344, 1.2378, 0.032496}, []float64{0.4797, 0.93557, -0.06999, 0.033066}},
		{-1.53, -19.62, 1.51, []float64{1.9129, 1.3857, 0.035322}, []float64{1.5578, 0.8558, -0.2083, -0.033549}},
	},
	ConstantOnly: {
		{-1.61, -18.83, 2.74, []float64{2.1659, 1.4412, 0.038269}, []float64{1.7339, 0.93202, -0.12745, -0.010368}},
		{-2.62, -18.86, 0.92, []float64{2.92, 1.5012, 0.039796}, []float64{2.1945, 0.64695, -0.29198, -0.042377}},
	},
	ConstantAndTrend: {
		{-2.89, -16.18, 0.7, []float64{3.2512, 1.6047, 0.049588}, []float64{2.5261, 0.61654, -0.37956, -0.060285}},
		{-3.19, -21.15, 0.63, []float64{3.6646, 1.5419, 0.036448}, []float64{2.85, 0.5272, -0.36622, -0.051695}},
	},
}

// criticalSurfaces are by trend, number of series less one, and level (1, 5, 10 %); coefficients of 1/n, constant first.
//
// MacKinnon, "Critical Values for Cointegration Tests", Queen's Economics Department Working Paper 1227 (2010), table 2.
var criticalSurfaces = [3][2][3][4]float64{
	NoConstant: {
		{{-2.56574, -2.2358, -3.627, 0}, {-1.94100, -0.2686, -3.365, 31.223}, {-1.61682, 0.2656, -2.714, 25.364}},
	},
	ConstantOnly: {
		{{-3.43035, -6.5393, -16.786, -79.433}, {-2.86154, -2.8903, -4.234, -40.040}, {-2.56677, -1.5384, -2.809, 0}},
		{{-3.89644, -10.9519, -33.527, 0}, {-3.33613, -6.1101, -6.823, 0}, {-3.04445, -4.2412, -2.720, 0}},
	},
	ConstantAndTrend: {
		{{-3.95877, -9.0531, -28.428, -134.155}, {-3.41049, -4.3904, -9.036, -45.374}, {-3.12705, -2.5856, -3.925, -22.380}},
		{{-4.32762, -15.4387, -35.679, 0}, {-3.78057, -9.5106, -12.074, 0}, {-3.49631, -7.0815, -7.538, 21.892}},
	},
}

func mackinnonP(statistic float64, trend Trend, series int) float64 {
	s := surfaces[trend][series-1]
	switch {
	case statistic > s.most:
		return 1
	case statistic < s.least:
		return 0
	case statistic <= s.star:
		return distuv.UnitNormal.CDF(polynomial(s.small, statistic))
	}
	return distuv.UnitNormal.CDF(polynomial(s.large, statistic))
}

func mackinnonCritical(trend Trend, series, n int) (critical [3]float64) {
	for i, coefficients := range criticalSurfaces[trend][series-1] {
		critical[i] = polynomial(coefficients[:], 1/float64(n))
	}
	return critical
}

func polynomial(coefficients []float64, x float64) float64 {
	y := 0.0
	for i := len(coefficients) - 1; i >= 0; i-- {
		y = float64(y*x) + coefficients[i]
	}
	return y
}

// kpssCritical are the critical values at 10, 5, 2.5 and 1 %, by trend.
//
// Kwiatkowski et al. (1992), table 1.
var kpssCritical = map[Trend][4]float64{
	ConstantOnly:     {0.347, 0.463, 0.574, 0.739},
	ConstantAndTrend: {0.119, 0.146, 0.176, 0.216},
}

// kpssP interpolates between the critical values and stops at the table's ends.
func kpssP(statistic float64, critical [4]float64) (p float64, clipped string) {
	levels := [4]float64{0.10, 0.05, 0.025, 0.01}
	if statistic <= critical[0] {
		return levels[0], ">="
	}
	for i := 1; i < len(critical); i++ {
		if statistic < critical[i] {
			part := (statistic - critical[i-1]) / (critical[i] - critical[i-1])
			return levels[i-1] + float64(part*(levels[i]-levels[i-1])), ""
		}
	}
	return levels[3], "<="
}
