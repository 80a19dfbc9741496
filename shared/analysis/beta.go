package analysis

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Coefficient is one of a regression.
type Coefficient struct {
	Value    float64 `doc:"Estimate by ordinary least squares"`
	StdError float64 `doc:"Of ordinary least squares"`
	HACError float64 `doc:"Of Newey and West 1987: right also where residuals are correlated and of changing size"`
	T        Value   `doc:"The estimate over stdError"`
	P        Value   `doc:"Of t, two-sided, that the coefficient is zero"`
	Low      float64 `doc:"Lower end of the 95 % interval, by stdError"`
	High     float64 `doc:"Upper end of the 95 % interval, by stdError"`
}

// MarketModel is the regression of an asset's excess returns on a benchmark's.
type MarketModel struct {
	N                int         `doc:"Common returns"`
	Alpha            Coefficient `doc:"Return of its own, per period"`
	Beta             Coefficient `doc:"Return with one of the benchmark"`
	AlphaAnnual      float64     `doc:"alpha times periodsPerYear"`
	R2               Value       `doc:"Share of the variance that the benchmark explains"`
	TrackingError    float64     `doc:"Standard deviation (n-1) of the difference of the returns, annualised"`
	InformationRatio Value       `doc:"Mean difference of the returns, annualised, over trackingError"`
}

// hacLags is how many lags the Bartlett kernel of HACError reaches.
const hacLags = 5

// Regress regresses the simple returns of an asset, above the risk-free rate, on those of a benchmark. Rows where either is absent
// are dropped first. Join the prices before the returns: JoinReturns.
func Regress(asset, benchmark []float64, riskFree, periodsPerYear float64) (MarketModel, error) {
	y, x := bothPresent(asset, benchmark)
	n := float64(len(x))
	if len(x) < 3 {
		return MarketModel{}, TooFew
	}
	rate := math.Pow(1+riskFree, 1/periodsPerYear) - 1
	mx, xx := squares(x)
	my, yy := squares(y)
	if xx == 0 {
		return MarketModel{}, Constant
	}
	xy := 0.0
	for i := range x {
		xy += float64((x[i] - mx) * (y[i] - my))
	}
	beta := xy / xx
	alpha := my - rate - float64(beta*(mx-rate))
	residuals, weighted, level, rest := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x)), 0.0
	for i := range x {
		dx := x[i] - mx
		residuals[i] = y[i] - my - float64(beta*dx)
		rest += float64(residuals[i] * residuals[i])
		weighted[i] = dx / xx * residuals[i]
		level[i] = residuals[i]/n - float64((mx-rate)*weighted[i])
	}
	variance := rest / (n - 2)
	m := MarketModel{
		N:           len(x),
		Beta:        coefficient(beta, math.Sqrt(variance/xx), neweyWest(weighted, hacLags), len(x)-2),
		Alpha:       coefficient(alpha, math.Sqrt(variance*(1/n+square(mx-rate)/xx)), neweyWest(level, hacLags), len(x)-2),
		AlphaAnnual: alpha * periodsPerYear,
		R2:          divide(yy-rest, yy, Constant),
	}
	difference := make([]float64, len(x))
	for i := range x {
		difference[i] = y[i] - x[i]
	}
	m.TrackingError = StdDev(difference) * math.Sqrt(periodsPerYear)
	m.InformationRatio = divide(Mean(difference)*periodsPerYear, m.TrackingError, ZeroDenominator)
	return m, m.check()
}

// check refuses a regression that left the range of a float64.
func (m *MarketModel) check() error {
	for _, v := range []float64{m.Alpha.Value, m.Alpha.HACError, m.Beta.Value, m.Beta.StdError, m.Beta.HACError, m.TrackingError, m.Beta.High, m.Alpha.High} {
		if v-v != 0 {
			return NotFinite
		}
	}
	return nil
}

func coefficient(value, stdError, hac float64, freedom int) Coefficient {
	c := Coefficient{Value: value, StdError: stdError, HACError: hac, T: divide(value, stdError, ZeroDenominator)}
	c.P = c.T
	if c.T.Ok() {
		f := float64(freedom)
		c.P = Of(mathext.RegIncBeta(f/2, 0.5, f/(f+float64(square(c.T.Number)))))
	}
	half := float64(distuv.StudentsT{Sigma: 1, Nu: float64(freedom)}.Quantile(0.975) * stdError)
	c.Low, c.High = value-half, value+half
	return c
}

// neweyWest returns the standard error of a sum of terms that may be correlated, by the Bartlett kernel without correction for
// small samples.
func neweyWest(terms []float64, lags int) float64 {
	sum := 0.0
	for lag := 0; lag <= min(lags, len(terms)-1); lag++ {
		products := 0.0
		for i := lag; i < len(terms); i++ {
			products += float64(terms[i] * terms[i-lag])
		}
		weight := 1 - float64(lag)/float64(lags+1)
		if lag > 0 {
			weight *= 2
		}
		sum += float64(weight * products)
	}
	return math.Sqrt(max(0, sum))
}
