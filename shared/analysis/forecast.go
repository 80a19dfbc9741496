package analysis

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Forecast is a model's view of the next rows.
type Forecast struct {
	Model string
	Mean  []float64 // by step ahead
	SE    []float64 // standard error of each step
}

// Interval returns the bounds between which each step lies with a probability (0.95), if errors are normal.
func (f Forecast) Interval(probability float64) (low, high []float64) {
	z := distuv.UnitNormal.Quantile((1 + probability) / 2)
	low, high = make([]float64, len(f.Mean)), make([]float64, len(f.Mean))
	for h, m := range f.Mean {
		low[h], high[h] = m-float64(z*f.SE[h]), m+float64(z*f.SE[h])
	}
	return low, high
}

// checked returns a forecast whose numbers are finite, or why there is none.
func (f Forecast) checked() (Forecast, error) { return f, allFinite(f.Mean, f.SE) }

// Forecaster is a model that can be fitted to the values so far and asked for the next ones.
type Forecaster func(x []float64, horizon int) (Forecast, error)

// Stopped says why nobody waits for a result any more; nil, or an answer of nil, while somebody does.
type Stopped func() error

func (s Stopped) why() error {
	if s == nil {
		return nil
	}
	return s()
}

// Fitted makes a Forecaster of a way to fit a model, ETS or ARIMA.
func Fitted[M interface {
	Forecast(horizon int) (Forecast, error)
}](fit func(x []float64) (M, error)) Forecaster {
	return func(x []float64, horizon int) (Forecast, error) {
		m, err := fit(x)
		if err != nil {
			return Forecast{}, err
		}
		return m.Forecast(horizon)
	}
}

// Naive says that the last value stays.
//
// Definition of this and the next two: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, §5.2 and §5.5.
func Naive(x []float64, horizon int) (Forecast, error) {
	f, err := SeasonalNaive(1)(x, horizon)
	f.Model = "naive"
	return f, err
}

// Drift continues the line from the first value to the last.
func Drift(x []float64, horizon int) (Forecast, error) {
	x, err := forecastSample(x, horizon, 3)
	if err != nil {
		return Forecast{}, err
	}
	n, last := len(x), x[len(x)-1]
	rise := (last - x[0]) / float64(n-1)
	squares := 0.0
	for i := 1; i < n; i++ {
		e := x[i] - x[i-1] - rise
		squares += float64(e * e)
	}
	sigma := math.Sqrt(squares / float64(n-2))
	f := newForecast("drift", horizon)
	for h := range horizon {
		k := float64(h + 1)
		f.Mean[h] = last + float64(k*rise)
		f.SE[h] = sigma * math.Sqrt(k*(1+k/float64(n-1)))
	}
	return f.checked()
}

// SeasonalNaive says that the last season repeats; it needs one more value than a season of this many rows.
func SeasonalNaive(period int) Forecaster {
	mustAtLeast("period", period, 1)
	return func(x []float64, horizon int) (Forecast, error) {
		x, err := forecastSample(x, horizon, period+1)
		if err != nil {
			return Forecast{}, err
		}
		n, squares := len(x), 0.0
		for i := period; i < n; i++ {
			e := x[i] - x[i-period]
			squares += float64(e * e)
		}
		sigma := math.Sqrt(squares / float64(n-period))
		f := newForecast("seasonal naive", horizon)
		for h := range horizon {
			f.Mean[h] = x[n-period+h%period]
			f.SE[h] = sigma * math.Sqrt(float64(h/period+1))
		}
		return f.checked()
	}
}

func newForecast(model string, horizon int) Forecast {
	return Forecast{Model: model, Mean: make([]float64, horizon), SE: make([]float64, horizon)}
}

// forecastSample is sample for a model: a horizon of nothing is a programming error.
func forecastSample(x []float64, horizon, least int) ([]float64, error) {
	mustAtLeast("horizon", horizon, 1)
	return sample(x, least)
}
