package analysis

import "math"

// Theta forecasts by exponential smoothing with half the slope of the whole series as drift. A series whose autocorrelation at
// the period (1 for none) is beyond chance is divided by its multiplicative season first.
//
// Definition: Assimakopoulos and Nikolopoulos, International Journal of Forecasting 16 (2000), in the form of Hyndman and Billah (2003);
// it follows thetaf of R's forecast.
func Theta(period int) Forecaster {
	mustAtLeast("period", period, 1)
	return func(x []float64, horizon int) (Forecast, error) {
		x, err := forecastSample(x, horizon, 4)
		if err != nil {
			return Forecast{}, err
		}
		n := len(x)
		season := thetaSeason(x, period)
		adjusted := make([]float64, n)
		for i, v := range x {
			adjusted[i] = v / season[i%period]
		}
		fit, err := fitETS(adjusted, etsForm{}, 1)
		if err != nil {
			return Forecast{}, err
		}
		alpha := max(1e-10, fit.alpha)
		half := slope(ramp(n), adjusted) / 2
		f := newForecast("theta", horizon)
		for h := range horizon {
			step := float64(h)
			f.Mean[h] = fit.level + float64(half*(step+(1-math.Pow(1-alpha, float64(n)))/alpha))
			f.SE[h] = math.Sqrt(fit.Sigma2) * math.Sqrt(float64(step*alpha*alpha)+1)
			f.Mean[h] *= season[(n+h)%period]
		}
		return f.checked()
	}
}

// thetaSeason returns multiplicative seasonal indices by phase, or ones, also where an index is too near 0 to divide by.
func thetaSeason(x []float64, period int) []float64 {
	ones := constant(period)
	n := len(x)
	if period == 1 || n <= 2*period {
		return ones
	}
	acf := autocorrelations(x, period)
	if acf == nil {
		return ones
	}
	sum := 1.0
	for _, r := range acf[1:period] {
		sum += float64(2 * r * r)
	}
	if math.Abs(acf[period])/math.Sqrt(sum/float64(n)) <= 1.6448536269514722 {
		return ones
	}
	season := multiplicativeSeason(x, period)
	for _, v := range season {
		if math.Abs(v) < 1e-4 {
			return ones
		}
	}
	return season
}

// multiplicativeSeason is classical decomposition: the mean ratio of each phase to a centred average over a period, scaled to a
// mean of 1.
func multiplicativeSeason(x []float64, period int) []float64 {
	season := phaseMeans(x, period, func(v, trend float64) float64 { return v / trend })
	scale(season, 1/Mean(season))
	return season
}

// additiveSeason is the same with differences, which add up to 0.
func additiveSeason(x []float64, period int) []float64 {
	season := phaseMeans(x, period, func(v, trend float64) float64 { return v - trend })
	mean := Mean(season)
	for i := range season {
		season[i] -= mean
	}
	return season
}

func phaseMeans(x []float64, period int, compare func(v, trend float64) float64) []float64 {
	sums, counts := make([]float64, period), make([]float64, period)
	for i, trend := range centredAverage(x, period) {
		if trend == trend {
			sums[i%period] += compare(x[i], trend)
			counts[i%period]++
		}
	}
	for p := range sums {
		sums[p] /= counts[p]
	}
	return sums
}

// centredAverage has one value per row, absent within half a period of the ends. An even period gives half weight to both ends
// of a window one longer.
func centredAverage(x []float64, period int) []float64 {
	out := absent(len(x))
	half := period / 2
	for i := half; i+half < len(x); i++ {
		sum := 0.0
		for _, v := range x[i-half : i+half+1] {
			sum += v
		}
		if period%2 == 0 {
			sum -= float64((x[i-half] + x[i+half]) / 2)
		}
		out[i] = sum / float64(period)
	}
	return out
}
