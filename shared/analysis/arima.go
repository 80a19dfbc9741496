package analysis

import (
	"fmt"
	"math"
	"slices"
)

// Order of an ARIMA model: autoregressive terms, differences, moving average terms; the capitals are those of the season, over
// lags of Period rows.
type Order struct {
	P, D, Q                         int
	SeasonalP, SeasonalD, SeasonalQ int
	Period                          int  // 0 or 1 for no season
	Mean                            bool // of the differenced series: a mean where nothing is differenced, a drift where it is once
}

// String is as in ARIMA(1,1,0)(0,1,1)[12] with drift.
func (o Order) String() string {
	s := fmt.Sprintf("ARIMA(%d,%d,%d)", o.P, o.D, o.Q)
	if o.SeasonalP+o.SeasonalD+o.SeasonalQ > 0 {
		s += fmt.Sprintf("(%d,%d,%d)[%d]", o.SeasonalP, o.SeasonalD, o.SeasonalQ, o.Period)
	}
	switch {
	case o.Mean && o.D+o.SeasonalD == 0:
		s += " with mean"
	case o.Mean:
		s += " with drift"
	}
	return s
}

// coefficients counts those of the model, without the mean.
func (o Order) coefficients() int { return o.P + o.Q + o.SeasonalP + o.SeasonalQ }

// lost counts the rows that differencing takes.
func (o Order) lost() int { return o.D + o.SeasonalD*o.Period }

// ARIMA is a fitted model.
type ARIMA struct {
	Order                          Order
	AR, MA, SeasonalAR, SeasonalMA []float64 // moving average terms are added: e_t + MA_1 e_{t-1} + ...
	Mean                           Value     // of the differenced series; None where the order has none
	LogLikelihood, AICc            float64
	Sigma2                         float64

	x, w []float64 // the series, and differenced
}

// FitARIMA fits an order by exact Gaussian maximum likelihood of the differenced series.
// It panics on a negative order, and on a seasonal one without a period of at least 2.
//
// Definition: Box, Jenkins, Reinsel and Ljung, Time Series Analysis, §7.1 and §9.2. The search is that of R's arima: from the least
// conditional sum of squares, which the search reaches from no memory at all.
func FitARIMA(x []float64, o Order) (ARIMA, error) {
	mustAtLeast("order", min(o.P, o.D, o.Q, o.SeasonalP, o.SeasonalD, o.SeasonalQ), 0)
	if o.SeasonalP+o.SeasonalD+o.SeasonalQ > 0 {
		mustAtLeast("period", o.Period, 2)
	}
	k := o.coefficients() + 1
	if o.Mean {
		k++
	}
	longest := max(o.P+o.SeasonalP*o.Period, o.Q+o.SeasonalQ*o.Period)
	x, err := sample(x, o.lost()+max(k+2, longest+1))
	if err != nil {
		return ARIMA{}, err
	}
	m := ARIMA{Order: o, x: x, w: differenced(x, o), Mean: None(NotInModel)}
	size := math.Sqrt(dot(m.w, m.w) / float64(len(m.w)))
	if size == 0 || o.Mean && centred(m.w) == nil {
		return ARIMA{}, Constant
	}
	scaled := slices.Clone(m.w)
	scale(scaled, 1/size)
	if err := allFinite(scaled); err != nil {
		return ARIMA{}, err
	}
	fit := newARIMAFit(scaled, size, o)
	if !fit.climb() {
		return ARIMA{}, NotConverged
	}
	m.AR, m.MA, m.SeasonalAR, m.SeasonalMA = fit.ar, fit.ma, fit.seasonalAR, fit.seasonalMA
	if o.Mean {
		m.Mean = Of(fit.mean * size)
	}
	n := float64(len(scaled))
	m.LogLikelihood = -n * (fit.value + float64(0.5*(math.Log(2*math.Pi)+1)))
	m.AICc = float64(-2*m.LogLikelihood) + float64(2*k) + float64(2*k*(k+1))/(n-float64(k)-1)
	m.Sigma2 = fit.squares * size * size / (n - float64(k) + 1)
	return m, allFinite([]float64{m.LogLikelihood, m.AICc, m.Sigma2}, m.AR, m.MA)
}

// Forecast the next rows. The variances are those of the errors to come, exact for a series of this length; that of the coefficients
// is left out.
func (m ARIMA) Forecast(horizon int) (Forecast, error) {
	mustAtLeast("horizon", horizon, 1)
	f := newForecast(m.Order.String(), horizon)
	a := arma{seasonalProduct(m.AR, m.SeasonalAR, m.Order.Period, -1), seasonalProduct(m.MA, m.SeasonalMA, m.Order.Period, 1)}
	mean := 0.0
	if m.Order.Mean {
		mean = m.Mean.Number
	}
	w := armaSeries{x: slices.Clone(m.w)}
	for i := range w.x {
		w.x[i] -= mean
	}
	variances, ok := a.errors(horizon, &w)
	if !ok {
		return Forecast{}, NotConverged
	}
	// The series itself follows from its differences: x_t = w_t + Σ past_k x_{t-k}.
	past := m.Order.differences()
	x := slices.Clone(m.x)
	for h := range horizon {
		v := w.x[len(m.w)+h] + mean
		for k, c := range past {
			v += float64(c * x[len(x)-1-k])
		}
		x = append(x, v)
		f.Mean[h] = v
	}
	f.SE = deviations(multiply(a.phi, past), w.ahead, variances[min(len(m.w), len(variances)):])
	scale(f.SE, math.Sqrt(m.Sigma2))
	return f.checked()
}

// deviations are the standard deviations of the errors of a forecast by step, from the weights that each step gives to the values
// and to the one-step errors before it, and from the variances of these, which are 1 beyond those stated.
func deviations(phi []float64, weights [][]float64, variances []float64) []float64 {
	out := make([]float64, len(weights))
	effects := make([][]float64, len(weights)) // on a step, of the errors of the steps up to it
	for h, w := range weights {
		effect := make([]float64, h+1)
		effect[h] = 1
		for j, v := range w[:min(h, len(w))] {
			effect[h-1-j] = v
		}
		for i, c := range phi[:min(h, len(phi))] {
			for j, v := range effects[h-1-i] {
				effect[j] += float64(c * v)
			}
		}
		effects[h] = effect
		sum := 0.0
		for j, v := range effect {
			square := float64(v * v)
			if j < len(variances) {
				square *= variances[j]
			}
			sum += square
		}
		out[h] = math.Sqrt(sum)
	}
	return out
}

// differences are the c of x_t = w_t + Σ c_k x_{t-k}, w being the differenced series.
func (o Order) differences() []float64 {
	var past []float64
	for range o.D {
		past = multiply(past, []float64{1})
	}
	for range o.SeasonalD {
		season := make([]float64, o.Period)
		season[o.Period-1] = 1
		past = multiply(past, season)
	}
	return past
}

// multiply returns the c of (1 - Σ a_i B^i)(1 - Σ b_j B^j) = 1 - Σ c_k B^k.
func multiply(a, b []float64) []float64 {
	c := make([]float64, len(a)+len(b))
	copy(c, a)
	for j, v := range b {
		c[j] += v
		for i, u := range a {
			c[i+j+1] -= float64(u * v)
		}
	}
	return c
}

// seasonalProduct multiplies the polynomials 1 + sign Σ c_i B^i of the rows and of the seasons.
func seasonalProduct(rows, seasons []float64, period int, sign float64) []float64 {
	if len(seasons) == 0 {
		return rows
	}
	a, b := slices.Clone(rows), make([]float64, len(seasons)*period)
	for i, v := range seasons {
		b[(i+1)*period-1] = -sign * v
	}
	scale(a, -sign)
	c := multiply(a, b)
	scale(c, -sign)
	return c
}

func differenced(x []float64, o Order) []float64 {
	x = slices.Clone(x)
	step := func(lag int) {
		for i := len(x) - 1; i >= lag; i-- {
			x[i] -= x[i-lag]
		}
		x = x[lag:]
	}
	for range o.SeasonalD {
		step(o.Period)
	}
	for range o.D {
		step(1)
	}
	return x
}
