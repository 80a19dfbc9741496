package analysis

import (
	"math"
	"slices"
)

// Cointegration is an Engle-Granger test: the hypothesis is that no combination of the two series is stationary, a small P
// speaks for one. It depends on the trend allowed for, which is to be told along with it.
type Cointegration struct {
	Test
	Trend      Trend
	N          int        // rows both series have
	Lags       int        // lagged differences in the regression on the residuals
	Critical   [3]float64 // at 1, 5 and 10 %
	Intercept  float64
	HedgeRatio float64 // units of x against one of y
	Reversion  float64 // slope of the change of a deviation on the deviation before, below 0 where they shrink; NaN where there is none
	HalfLife   Value   // rows in which half of a deviation is gone
}

// EngleGranger tests y and x, which are usually log prices, for cointegration: the regression of y on x, then a Dickey-Fuller
// test without a constant on what it leaves, its lags by AIC.
//
// Definition: Engle and Granger, Econometrica 55 (1987); MacKinnon's probabilities for two series. It equals statsmodels' coint.
// It panics if the slices differ in length or the trend is NoConstant, for which there is no table.
func EngleGranger(y, x []float64, trend Trend) (Cointegration, error) {
	mustAtLeast("trend", int(trend), int(ConstantOnly))
	if y, x = bothPresent(y, x); len(x) < 8 {
		return Cointegration{}, TooFew
	}
	if centred(x) == nil || centred(y) == nil {
		return Cointegration{}, Constant
	}
	columns := [][]float64{constant(len(x)), slices.Clone(x)}
	if trend == ConstantAndTrend {
		columns = append(columns, ramp(len(x)))
	}
	fit := regress(columns, slices.Clone(y))
	if k := len(columns); fit.rank < k || fit.ssr[k-1] <= 1e-12*fit.ssr[0] {
		return Cointegration{}, Singular // one series determines the other
	}
	test, err := dickeyFuller(fit.residual, NoConstant, -1, trend, 2)
	if err != nil {
		return Cointegration{}, err
	}
	beta, back := fit.coefficients(len(columns)), reversion(fit.residual)
	out := Cointegration{
		Test: test.Test, Trend: trend, N: len(x), Lags: test.Lags, Critical: mackinnonCritical(trend, 2, len(x)-1),
		Intercept: beta[0], HedgeRatio: beta[1], Reversion: back, HalfLife: halfLife(back),
	}
	return out, allFinite(beta)
}

// reversion regresses the change of e on the level before, with a constant.
func reversion(e []float64) float64 {
	n := len(e) - 1
	change := make([]float64, n)
	for i := range change {
		change[i] = e[i+1] - e[i]
	}
	fit := regress([][]float64{constant(n), slices.Clone(e[:n])}, change)
	if fit.rank < 2 {
		return math.NaN()
	}
	return fit.coefficients(2)[1]
}

// halfLife is -ln 2 over the reversion; there is none where deviations do not shrink.
func halfLife(reversion float64) Value {
	switch {
	case math.IsNaN(reversion):
		return None(Singular)
	case reversion >= 0:
		return None(OutOfDomain)
	}
	return Of(-math.Ln2 / reversion)
}

// Granger tests for each number of lags from 1 to most whether the past of b helps to foretell a beyond a's own past.
//
// Definition: Granger, Econometrica 37 (1969); the F test on sums of squared residuals, with a constant.
// It panics if the slices differ in length or most < 1.
func Granger(a, b []float64, most int) ([]Test, error) {
	mustAtLeast("most", most, 1)
	if a, b = bothPresent(a, b); len(a) < 3*most+2 {
		return nil, TooFew
	}
	if centred(a) == nil || centred(b) == nil {
		return nil, Constant
	}
	tests := make([]Test, most)
	for lags := 1; lags <= most; lags++ {
		n := len(a) - lags
		columns := [][]float64{constant(n)}
		for _, series := range [][]float64{a, b} {
			for k := 1; k <= lags; k++ {
				columns = append(columns, slices.Clone(series[lags-k:len(series)-k]))
			}
		}
		fit := regress(columns, slices.Clone(a[lags:]))
		if fit.rank < len(columns) || fit.ssr[2*lags] <= 1e-15*fit.ssr[0] {
			return nil, Singular
		}
		own, joint, within := fit.ssr[lags], fit.ssr[2*lags], n-len(columns)
		test, err := fTest((own-joint)/joint/float64(lags)*float64(within), lags, within).checked()
		if err != nil {
			return nil, err
		}
		tests[lags-1] = test
	}
	return tests, nil
}
