package analysis

import (
	"math"
)

// Autocorrelations of a series, and whether they are more than chance.
type Autocorrelations struct {
	N         int       `doc:"Values"`
	ACF       []float64 `doc:"Of lag 0, 1, ..., with divisor n"`
	PACF      []float64 `doc:"Of lag 0, 1, ..."`
	LjungBox  []Test    `doc:"Of lags 1 to k, for each k: that there is no autocorrelation"`
	BoxPierce []Test    `doc:"The same without the small-sample weights"`
}

// Autocorrelation returns the autocorrelations of x, without what is absent, up to a lag of at least 1.
//
// Definition: Box, Jenkins, Reinsel and Ljung, Time Series Analysis, §2.1 and §8.2.2; the partial ones by Durbin's recursion (§3.2.5).
func Autocorrelation(x []float64, lags int) (Autocorrelations, error) {
	mustAtLeast("lags", lags, 1)
	x, err := sample(x, lags+1)
	if err != nil {
		return Autocorrelations{}, err
	}
	acf := autocorrelations(x, lags)
	if acf == nil {
		return Autocorrelations{}, Constant
	}
	out := Autocorrelations{N: len(x), ACF: acf, PACF: partial(acf), LjungBox: make([]Test, lags), BoxPierce: make([]Test, lags)}
	n, weighted, plain := float64(len(x)), 0.0, 0.0
	for k := 1; k <= lags; k++ {
		square := float64(acf[k] * acf[k])
		weighted += square / (n - float64(k))
		plain += square
		out.LjungBox[k-1] = chiSquared(n*(n+2)*weighted, k)
		out.BoxPierce[k-1] = chiSquared(n*plain, k)
	}
	return out, allFinite(out.ACF, out.PACF)
}

// autocorrelations is nil for a constant series.
func autocorrelations(x []float64, lags int) []float64 {
	e := centred(x)
	if e == nil {
		return nil
	}
	total := dot(e, e)
	acf := make([]float64, lags+1)
	for k := range acf {
		acf[k] = dot(e[k:], e[:len(e)-k]) / total
	}
	return acf
}

func partial(acf []float64) []float64 {
	pacf := make([]float64, len(acf))
	pacf[0] = 1
	phi, last := make([]float64, len(acf)), make([]float64, len(acf))
	for k := 1; k < len(acf); k++ {
		num, den := acf[k], 1.0
		for j := 1; j < k; j++ {
			num -= float64(last[j] * acf[k-j])
			den -= float64(last[j] * acf[j])
		}
		phi[k] = num / den
		for j := 1; j < k; j++ {
			phi[j] = last[j] - float64(phi[k]*last[k-j])
		}
		copy(last, phi[:k+1])
		pacf[k] = phi[k]
	}
	return pacf
}

// ARCHLM tests x for volatility that follows its own past: n R² of the regression of the squared deviations on their last lags.
//
// Definition: Engle, "Autoregressive Conditional Heteroscedasticity", Econometrica 50 (1982), §8.
func ARCHLM(x []float64, lags int) (Test, error) {
	mustAtLeast("lags", lags, 1)
	x, err := sample(x, 2*lags+2)
	if err != nil {
		return Test{}, err
	}
	e := centred(x)
	if e == nil {
		return Test{}, Constant
	}
	for i, v := range e {
		e[i] = float64(v * v)
	}
	n := len(e) - lags
	columns := [][]float64{constant(n)}
	for k := 1; k <= lags; k++ {
		columns = append(columns, append([]float64(nil), e[lags-k:len(e)-k]...))
	}
	fit := regress(columns, append([]float64(nil), e[lags:]...))
	if fit.rank < len(columns) || fit.ssr[0] == 0 {
		return Test{}, Singular
	}
	return chiSquared(float64(n)*(1-fit.ssr[lags]/fit.ssr[0]), lags).checked()
}

// JarqueBera tests whether skewness and kurtosis of x are those of a normal distribution.
//
// Definition: Jarque and Bera, "A Test for Normality of Observations and Regression Residuals", International Statistical Review 55 (1987).
func JarqueBera(x []float64) (Test, error) {
	x, err := sample(x, 2)
	if err != nil {
		return Test{}, err
	}
	shape, n := ShapeOf(x), float64(len(x))
	if !shape.Skew.Ok() {
		return Test{}, shape.Skew.Reason
	}
	skew, kurtosis := shape.Skew.Number, shape.Kurtosis.Number
	return chiSquared(n/6*(float64(skew*skew)+float64(kurtosis*kurtosis/4)), 2).checked()
}

// VarianceRatios compares the variance of returns over q periods with q times that over one: 1 for a random walk.
type VarianceRatios struct {
	Ratio float64 `doc:"Variance over q periods, by q times that over one: 1 for a random walk"`
	Z     float64 `doc:"Robust to changing volatility, standard normal for a random walk"`
	P     float64 `doc:"Two-sided, of a random walk"`
}

// VarianceRatio of returns over q periods, overlapping and without bias.
//
// Definition: Lo and MacKinlay, "Stock Market Prices Do Not Follow Random Walks", Review of Financial Studies 1 (1988), eq. 9 to 19.
func VarianceRatio(returns []float64, q int) (VarianceRatios, error) {
	mustAtLeast("q", q, 2)
	x, err := sample(returns, q+1)
	if err != nil {
		return VarianceRatios{}, err
	}
	e := centred(x)
	if e == nil {
		return VarianceRatios{}, Constant
	}
	n, over := float64(len(e)), 0.0
	total := dot(e, e)
	for i := q; i <= len(e); i++ {
		sum := 0.0
		for _, v := range e[i-q : i] {
			sum += v
		}
		over += float64(sum * sum)
	}
	m := float64(q) * (n - float64(q) + 1) * (1 - float64(q)/n)
	ratio := over / m / (total / (n - 1))
	for i, v := range e {
		e[i] = float64(v * v)
	}
	variance := 0.0
	for k := 1; k < q; k++ {
		weight := 2 * float64(q-k) / float64(q)
		variance += float64(weight * weight * (dot(e[k:], e[:len(e)-k]) / float64(total*total)))
	}
	if !(variance > 0) {
		return VarianceRatios{}, ZeroDenominator
	}
	z := (ratio - 1) / math.Sqrt(variance)
	return VarianceRatios{ratio, z, math.Erfc(math.Abs(z) / math.Sqrt2)}, allFinite([]float64{ratio, z})
}
