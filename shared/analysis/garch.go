package analysis

import "math"

// GARCH is a GARCH(1,1) model of returns: their conditional variance is h_t = Omega + Alpha e²_{t-1} + Beta h_{t-1}, where e is the
// return less Mu. Mu, the standard deviations and the square root of Omega have the unit of the returns.
type GARCH struct {
	Mu            float64   `doc:"Mean return, per cent"`
	Omega         float64   `doc:"Constant of the variance, per cent squared"`
	Alpha         float64   `doc:"Weight of the last squared shock"`
	Beta          float64   `doc:"Weight of the last variance"`
	Shape         Value     `doc:"Degrees of freedom of Student's t; null for the normal distribution, which has none"`
	LogLikelihood float64   `doc:"Of returns in per cent"`
	Persistence   float64   `doc:"alpha + beta, below 1; near 1 a shock hardly fades"`
	ConditionalSD []float64 `doc:"Standard deviation of each return, given those before, per cent"`
	Doubt         Reason    `doc:"out-of-domain where the persistence came to its bound: the true process may explode. Else null"`

	next float64 // conditional variance of the return after the last
}

// The bound of the persistence, and where it is in doubt for being near.
const mostPersistent, explosive = 0.9999, 0.9995

// FitGARCH fits by maximum likelihood, with normal errors or with Student's t of unit variance. Returns in per cent are usual.
// Before the first return e² and h are the mean of e² over all.
//
// Definition: Bollerslev, "Generalized Autoregressive Conditional Heteroskedasticity", Journal of Econometrics 31 (1986); for t, Review of
// Economics and Statistics 69 (1987). Alpha + Beta < 1 is enforced.
func FitGARCH(returns []float64, student bool) (GARCH, error) {
	x, err := sample(returns, 20)
	if err != nil {
		return GARCH{}, err
	}
	mean, sd := Mean(x), StdDev(x)
	if !(sd > 0) {
		return GARCH{}, Constant
	}
	scaled := make([]float64, len(x))
	for i, v := range x {
		scaled[i] = (v - mean) / sd
	}
	if err := allFinite(scaled); err != nil {
		return GARCH{}, err
	}
	work := make([]float64, len(x))
	u, least := minimise(func(u []float64) float64 { return -garchOf(u).likelihood(scaled, work) }, garchStarts(student)...)
	if u == nil {
		return GARCH{}, NotConverged
	}
	g := garchOf(u)
	g.likelihood(scaled, work)
	g.Mu, g.Omega = mean+float64(g.Mu*sd), g.Omega*sd*sd
	g.LogLikelihood = -least - float64(float64(len(x))*math.Log(sd))
	g.ConditionalSD = work
	for i, h := range work {
		work[i] = math.Sqrt(h) * sd
	}
	last := x[len(x)-1] - g.Mu
	g.next = g.Omega + float64(g.Alpha*last*last) + float64(g.Beta*work[len(x)-1]*work[len(x)-1])
	if g.Persistence > explosive {
		g.Doubt = OutOfDomain
	}
	return g, allFinite(work, []float64{g.Mu, g.Omega, g.Alpha, g.Beta, g.LogLikelihood, g.next})
}

// garchOf takes the model from any numbers: mu, the logarithm of omega, what below turns into the persistence and into alpha, and for
// Student's t the logarithm of the degrees of freedom beyond 2.
func garchOf(u []float64) GARCH {
	persistence := below(u[2], mostPersistent)
	g := GARCH{Mu: u[0], Omega: math.Exp(u[1]), Alpha: below(u[3], persistence), Persistence: persistence, Shape: None(NotInModel)}
	g.Beta = persistence - g.Alpha
	if len(u) > 4 {
		g.Shape = Value{Number: 2.01 + math.Exp(u[4])}
	}
	return g
}

// garchStarts are a usual, a slow and a fast volatility, of returns of unit variance.
func garchStarts(student bool) [][]float64 {
	var starts [][]float64
	for _, s := range []struct{ alpha, beta float64 }{{0.1, 0.8}, {0.05, 0.94}, {0.3, 0.3}} {
		p := s.alpha + s.beta
		start := []float64{0, math.Log(1 - p), unbelow(p, mostPersistent), unbelow(s.alpha, p)}
		if student {
			start = append(start, math.Log(4))
		}
		starts = append(starts, start)
	}
	return starts
}

// Forecast returns the standard deviations of the next returns.
func (g GARCH) Forecast(horizon int) []float64 {
	sd, h := make([]float64, max(horizon, 0)), g.next
	for k := range sd {
		sd[k] = math.Sqrt(h)
		h = g.Omega + float64(g.Persistence*h)
	}
	return sd
}

// likelihood returns the logarithm of the likelihood and leaves the conditional variances in h.
func (g GARCH) likelihood(x, h []float64) float64 {
	squares := 0.0
	for _, v := range x {
		squares += float64((v - g.Mu) * (v - g.Mu))
	}
	n := float64(len(x))
	variance, square := squares/n, squares/n
	var logs, tails logSum
	student, shape := g.Shape.Ok(), g.Shape.Number
	sum, weight := 0.0, 1/(shape-2)
	for t, v := range x {
		variance = g.Omega + float64(g.Alpha*square) + float64(g.Beta*variance)
		h[t] = variance
		square = float64((v - g.Mu) * (v - g.Mu))
		logs.add(variance)
		if student {
			tails.add(1 + float64(square/variance*weight))
		} else {
			sum += square / variance
		}
	}
	if !student {
		return -0.5 * (float64(n*math.Log(2*math.Pi)) + logs.sum() + sum)
	}
	a, _ := math.Lgamma((shape + 1) / 2)
	b, _ := math.Lgamma(shape / 2)
	constant := a - b - float64(0.5*math.Log(math.Pi*(shape-2)))
	return float64(n*constant) - float64(0.5*logs.sum()) - float64((shape+1)/2*tails.sum())
}

// logSum adds logarithms of positive numbers eight at a time: the product of a few is far from the ends of a float64 as long as
// they are within 1e±38.
type logSum struct {
	product float64
	n       int
	total   float64
}

func (s *logSum) add(v float64) {
	if s.n == 0 {
		s.product = 1
	}
	s.product *= v
	if s.n++; s.n == 8 {
		s.total += math.Log(s.product)
		s.n = 0
	}
}

func (s *logSum) sum() float64 {
	if s.n > 0 {
		return s.total + math.Log(s.product)
	}
	return s.total
}
