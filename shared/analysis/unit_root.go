package analysis

import (
	"math"
	"slices"
)

// Trend says which deterministic terms a test allows for.
type Trend int

// The trends.
const (
	NoConstant Trend = iota
	ConstantOnly
	ConstantAndTrend
)

// UnitRoot is a Dickey-Fuller test: the hypothesis is a unit root, a small P speaks for a stationary series.
type UnitRoot struct {
	Test
	Lags     int        `doc:"Lagged differences in the regression"`
	N        int        `doc:"Rows of the regression"`
	Critical [3]float64 `doc:"At 1, 5 and 10 %"`
}

// MaxLags is SchwertLags, bounded by what n rows with these terms leave room for.
func MaxLags(n int, trend Trend) int {
	return min(SchwertLags(n), n/2-int(trend)-1)
}

// SchwertLags is ceil(12 (n/100)^(1/4)), the number of lags that the older literature gives KPSS too.
func SchwertLags(n int) int { return int(math.Ceil(12 * math.Pow(float64(n)/100, 0.25))) }

// ADF tests x for a unit root with a number of lagged differences; lags < 0 chooses it by AIC up to MaxLags, over a sample
// common to all, and fits the chosen one over the whole.
//
// Definition: Said and Dickey, Biometrika 71 (1984); the probability is MacKinnon's (1994), the critical values are his of 2010.
// It equals statsmodels' adfuller.
func ADF(x []float64, trend Trend, lags int) (UnitRoot, error) {
	x, err := sample(x, 4+int(trend))
	if err != nil {
		return UnitRoot{}, err
	}
	if centred(x) == nil {
		return UnitRoot{}, Constant
	}
	return dickeyFuller(x, trend, lags, trend, 1)
}

// dickeyFuller runs the regression with one trend and reads the tables of another, for so many series.
func dickeyFuller(x []float64, trend Trend, lags int, tables Trend, series int) (UnitRoot, error) {
	most := MaxLags(len(x), trend)
	if most < 0 || lags > most {
		return UnitRoot{}, TooFew
	}
	if lags < 0 {
		lags = lagsByAIC(x, trend, most)
	}
	columns, target := dickeyFullerRows(x, trend, lags)
	k, n := len(columns), len(target)
	fit := regress(columns, target)
	if fit.rank < k || n <= k || !(fit.ssr[k-1] > 0) {
		return UnitRoot{}, Singular
	}
	level := int(trend)
	statistic := fit.coefficients(k)[level] / math.Sqrt(fit.ssr[k-1]/float64(n-k)*fit.spread(level, k))
	out := UnitRoot{Test: Test{statistic, mackinnonP(statistic, tables, series)}, Lags: lags, N: n, Critical: mackinnonCritical(tables, series, n)}
	return out, allFinite([]float64{statistic, out.P})
}

// lagsByAIC needs one regression only: the sums of squared residuals of all shorter ones are on its way.
func lagsByAIC(x []float64, trend Trend, most int) int {
	columns, target := dickeyFullerRows(x, trend, most)
	n := float64(len(target))
	fit := regress(columns, target)
	best, least := 0, math.Inf(1)
	for lag := 0; lag <= most; lag++ {
		k := int(trend) + 1 + lag
		if k > fit.rank {
			break
		}
		if aic := float64(n*math.Log(fit.ssr[k-1])) + float64(2*k); aic < least {
			best, least = lag, aic
		}
	}
	return best
}

// dickeyFullerRows are the deterministic terms, the level before, the differences before it; and the difference.
func dickeyFullerRows(x []float64, trend Trend, lags int) (columns [][]float64, target []float64) {
	d := make([]float64, len(x)-1)
	for i := range d {
		d[i] = x[i+1] - x[i]
	}
	n := len(d) - lags
	if trend >= ConstantOnly {
		columns = append(columns, constant(n))
	}
	if trend >= ConstantAndTrend {
		columns = append(columns, ramp(n))
	}
	columns = append(columns, slices.Clone(x[lags:lags+n]))
	for k := 1; k <= lags; k++ {
		columns = append(columns, slices.Clone(d[lags-k:lags-k+n]))
	}
	return columns, d[lags:]
}

// Stationarity is a KPSS test: the hypothesis is a stationary series, a small P speaks for a unit root.
type Stationarity struct {
	Test                // P is read from a table that ends at 0.01 and 0.10
	Clipped  string     `doc:"<= or >= where p is the end of its table, else empty"`
	Lags     int        `doc:"Of the long-run variance"`
	Critical [4]float64 `doc:"At 10, 5, 2.5 and 1 %"`
}

// KPSS tests x for stationarity around a constant, or around a trend. lags of the Bartlett kernel < 0 chooses them as Hobijn,
// Franses and Ooms (1998) do.
//
// Definition: Kwiatkowski, Phillips, Schmidt and Shin, Journal of Econometrics 54 (1992), eq. 10 to 13 and table 1.
// It panics for NoConstant, which has no table.
func KPSS(x []float64, trend Trend, lags int) (Stationarity, error) {
	mustAtLeast("trend", int(trend), int(ConstantOnly))
	x, err := sample(x, 3+int(trend))
	if err != nil {
		return Stationarity{}, err
	}
	e := centred(x)
	if e == nil {
		return Stationarity{}, Constant
	}
	if trend == ConstantAndTrend {
		time := centred(ramp(len(x)))
		subtract(e, dot(e, time)/dot(time, time), time)
		if dot(e, e) <= 1e-20*dot(x, x) {
			return Stationarity{}, Singular
		}
	}
	if lags < 0 {
		lags = hobijnLags(e)
	}
	lags = min(lags, len(e)-1)
	variance := dot(e, e)
	for k := 1; k <= lags; k++ {
		variance += float64(2 * (1 - float64(k)/float64(lags+1)) * dot(e[k:], e[:len(e)-k]))
	}
	variance /= float64(len(e))
	sum, squares := 0.0, 0.0
	for _, v := range e {
		sum += v
		squares += float64(sum * sum)
	}
	if !(variance > 0) {
		return Stationarity{}, ZeroDenominator
	}
	out := Stationarity{Test: Test{Statistic: squares / float64(len(e)) / float64(len(e)) / variance}, Lags: lags, Critical: kpssCritical[trend]}
	out.P, out.Clipped = kpssP(out.Statistic, out.Critical)
	return out, allFinite([]float64{out.Statistic})
}

func hobijnLags(e []float64) int {
	n := float64(len(e))
	s0, s1 := dot(e, e)/n, 0.0
	for k := 1; k <= int(math.Pow(n, 2.0/9)); k++ {
		product := dot(e[k:], e[:len(e)-k]) / (n / 2)
		s0 += product
		s1 += float64(float64(k) * product)
	}
	ratio := s1 / s0
	lags := 1.1447 * math.Cbrt(float64(ratio*ratio)) * math.Cbrt(n)
	if !(lags < n) {
		return len(e) - 1
	}
	return int(lags)
}
