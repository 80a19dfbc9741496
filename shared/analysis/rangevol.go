package analysis

import "math"

// Volatilities are the estimates of one window of bars, annualised; one value per bar, absent until the window is full, where a
// price that is needed is absent or not positive, and where a sum is negative, as it may be for GarmanKlass.
type Volatilities struct {
	Close          []float64 `doc:"Standard deviation of the last window-1 log returns of closes"`
	Parkinson      []float64 `doc:"Parkinson 1980, from high and low"`
	GarmanKlass    []float64 `doc:"Garman and Klass 1980, from all four prices, without drift or gaps"`
	RogersSatchell []float64 `doc:"Rogers and Satchell 1991, with drift"`
	GKYZ           []float64 `doc:"Garman and Klass with the gap from the close before, after Yang and Zhang"`
	YangZhang      []float64 `doc:"Yang and Zhang 2000, with drift and gaps"`
}

// RangeVolatility returns the volatilities as TTR defines them. It panics if window < 2.
func RangeVolatility(bars Bars, window int, periodsPerYear float64) Volatilities {
	mustWindow(window, 2)
	n := len(bars.Close)
	hl, gk, rs, gkyz := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	gap, day := absent(n), make([]float64, n)
	for i := range n {
		o, h, l, c := bars.Open[i], bars.High[i], bars.Low[i], bars.Close[i]
		spread, move := logRatio(h, l), logRatio(c, o)
		hl[i] = spread * spread
		gk[i] = float64(0.5*hl[i]) - float64((2*math.Ln2-1)*float64(move*move))
		rs[i] = float64(logRatio(h, c)*logRatio(h, o)) + float64(logRatio(l, c)*logRatio(l, o))
		day[i] = move
		if i > 0 {
			gap[i] = logRatio(o, bars.Close[i-1])
		}
		gkyz[i] = gk[i] + float64(gap[i]*gap[i])
	}
	v := Volatilities{
		Parkinson:      annualRoot(RollingMean(hl, window), periodsPerYear/(4*math.Ln2)),
		GarmanKlass:    annualRoot(RollingMean(gk, window), periodsPerYear),
		RogersSatchell: annualRoot(RollingMean(rs, window), periodsPerYear),
		GKYZ:           annualRoot(RollingMean(gkyz, window), periodsPerYear),
		Close:          annualRoot(RollingVariance(LogReturns(bars.Close), window-1), periodsPerYear),
	}
	m := float64(window)
	k := 0.34 / (1.34 + (m+1)/(m-1))
	overnight, open, within := RollingVariance(gap, window), RollingVariance(day, window), RollingMean(rs, window)
	for i := range overnight {
		overnight[i] += float64(k*open[i]) + float64((1-k)*within[i])
	}
	v.YangZhang = annualRoot(overnight, periodsPerYear)
	return v
}

// annualRoot turns variances per period into volatilities per year, in place. The root of a negative sum is absent.
func annualRoot(variances []float64, periodsPerYear float64) []float64 {
	for i, v := range variances {
		variances[i] = finite(math.Sqrt(v * periodsPerYear))
	}
	return variances
}
