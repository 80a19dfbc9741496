package analysis

import (
	"math"
	"math/cmplx"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// arimaFit is a fit under way, of a differenced series of unit size.
type arimaFit struct {
	order                          Order
	size                           float64 // what the series was divided by
	w                              []float64
	ar, ma, seasonalAR, seasonalMA []float64
	mean, meanUnit                 float64 // the search counts the mean in ten of its standard errors
	squares                        float64 // of the errors, each over its variance
	value                          float64 // minus the logarithm of the likelihood by row, without its constant

	errors armaSeries // of the series less its mean
}

func newARIMAFit(w []float64, size float64, o Order) *arimaFit {
	n := len(w)
	fit := &arimaFit{order: o, size: size, w: w, errors: armaSeries{x: slices.Clone(w), e: make([]float64, 0, n)}}
	if o.Mean {
		fit.meanUnit = 10 * StdDev(w) / math.Sqrt(float64(n))
	}
	return fit
}

// climb finds the coefficients, and is false where the likelihood cannot be computed.
func (fit *arimaFit) climb() bool {
	start := make([]float64, fit.order.coefficients())
	if fit.order.Mean {
		start = append(start, Mean(fit.w)/fit.meanUnit)
	}
	u := bfgs(fit.conditional, start)
	fit.take(u)
	if !stable(fit.ar, 1) || !stable(fit.seasonalAR, 1) {
		fit.take(start)
	}
	u = slices.Concat(toPartials(fit.ar), invertible(fit.ma), toPartials(fit.seasonalAR), invertible(fit.seasonalMA), u[fit.order.coefficients():])
	u = bfgs(fit.likelihood, u)
	if value := fit.likelihood(u); value-value != 0 {
		return false
	}
	fit.ma, fit.seasonalMA = invertible(fit.ma), invertible(fit.seasonalMA)
	fit.value = fit.exact()
	return fit.value-fit.value == 0
}

// take splits numbers into the coefficients of each kind and the mean.
func (fit *arimaFit) take(u []float64) {
	o := fit.order
	next := func(n int) []float64 {
		c := slices.Clone(u[:n])
		u = u[n:]
		return c
	}
	fit.ar, fit.ma, fit.seasonalAR, fit.seasonalMA = next(o.P), next(o.Q), next(o.SeasonalP), next(o.SeasonalQ)
	if o.Mean {
		fit.mean = u[0] * fit.meanUnit
		for i, v := range fit.w {
			fit.errors.x[i] = v - fit.mean
		}
	}
}

func (fit *arimaFit) process() arma {
	return arma{seasonalProduct(fit.ar, fit.seasonalAR, fit.order.Period, -1), seasonalProduct(fit.ma, fit.seasonalMA, fit.order.Period, 1)}
}

// conditional is half the logarithm of the mean squared error given the first rows, errors before them being none.
func (fit *arimaFit) conditional(u []float64) float64 {
	fit.take(u)
	a, s := fit.process(), &fit.errors
	first := len(a.phi)
	s.e = s.e[:0]
	for t, x := range s.x {
		if t < first {
			s.e = append(s.e, 0)
			continue
		}
		for i, phi := range a.phi {
			x -= float64(phi * s.x[t-i-1])
		}
		for j, theta := range a.theta[:min(len(a.theta), t-first)] {
			x -= float64(theta * s.e[t-j-1])
		}
		s.e = append(s.e, x)
	}
	return float64(0.5*math.Log(dot(s.e, s.e)/float64(len(s.x)-first))) + math.Log(fit.size)
}

// likelihood is value, where the autoregressive numbers are such that any make a stationary model: their hyperbolic tangents are
// its partial autocorrelations (Monahan, Biometrika 71 (1984)).
func (fit *arimaFit) likelihood(u []float64) float64 {
	fit.take(u)
	fit.ar, fit.seasonalAR = fromPartials(fit.ar), fromPartials(fit.seasonalAR)
	return fit.exact()
}

func (fit *arimaFit) exact() float64 {
	variances, ok := fit.process().errors(0, &fit.errors)
	if !ok {
		return math.Inf(1)
	}
	var logs logSum
	e := fit.errors.e
	for i, v := range variances {
		logs.add(v)
		e[i] /= math.Sqrt(v)
	}
	fit.squares = dot(e, e)
	n := float64(len(e))
	return float64(0.5*(math.Log(fit.squares/n)+logs.sum()/n)) + math.Log(fit.size)
}

func fromPartials(u []float64) []float64 {
	c, last := make([]float64, len(u)), make([]float64, len(u))
	for k, v := range u {
		r := math.Tanh(v)
		copy(last, c[:k])
		for i := range k {
			c[i] = last[i] - float64(r*last[k-1-i])
		}
		c[k] = r
	}
	return c
}

// toPartials is the inverse of fromPartials.
func toPartials(c []float64) []float64 {
	c = slices.Clone(c)
	last := make([]float64, len(c))
	for k := len(c) - 1; k >= 0; k-- {
		r := c[k]
		copy(last, c[:k])
		for i := range k {
			c[i] = (last[i] + float64(r*last[k-1-i])) / (1 - float64(r*r))
		}
		c[k] = math.Atanh(r)
	}
	return c
}

// invertible returns the moving average of the same autocorrelations whose roots lie outside the unit circle.
func invertible(theta []float64) []float64 {
	n := len(theta)
	for n > 0 && theta[n-1] == 0 {
		n--
	}
	negative := slices.Clone(theta)
	scale(negative, -1)
	if n == 0 || stable(negative, 1) {
		return theta
	}
	// The companion matrix's eigenvalues are the inverse roots.
	companion := mat.NewDense(n, n, nil)
	for i := range n {
		companion.Set(0, i, -theta[i])
		if i > 0 {
			companion.Set(i, i-1, 1)
		}
	}
	var eigen mat.Eigen
	if !eigen.Factorize(companion, mat.EigenNone) {
		return theta
	}
	polynomial := []complex128{1}
	for _, z := range eigen.Values(nil) {
		if cmplx.Abs(z) > 1 {
			z = 1 / cmplx.Conj(z)
		}
		polynomial = append(polynomial, 0)
		for i := len(polynomial) - 1; i > 0; i-- {
			p := polynomial[i-1] // a complex product is sums of products
			polynomial[i] -= complex(float64(real(z)*real(p))-float64(imag(z)*imag(p)), float64(real(z)*imag(p))+float64(imag(z)*real(p)))
		}
	}
	flipped := make([]float64, len(theta))
	for i := range n {
		flipped[i] = real(polynomial[i+1])
	}
	return flipped
}
