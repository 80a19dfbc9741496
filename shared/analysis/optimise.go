package analysis

import (
	"math"
	"slices"
)

// minimise searches for the least value of f from each start by bfgs, and from the best place these come to by simplex, which needs
// no gradient. It returns the place and the value; nil where f is finite at no start.
func minimise(f func([]float64) float64, starts ...[]float64) ([]float64, float64) {
	var best []float64
	least := math.Inf(1)
	for _, start := range starts {
		x := bfgs(f, start)
		if value := f(x); value < least {
			best, least = x, value
		}
	}
	if best == nil {
		return nil, least
	}
	return simplex(f, best, 0.05, 1e-10, 200*len(best))
}

// simplex is Nelder and Mead's search from x, whose other corners are a step away in each direction. It stops where the values at
// the corners differ by no more than the tolerance, relative to the first, or after so many evaluations. A value that is not
// finite is worse than all others.
//
// Definition: Nash, Compact Numerical Methods for Computers, algorithm 19, which R's optim follows; so does this, corner by corner.
func simplex(f func([]float64) float64, x []float64, step, tolerance float64, evaluations int) ([]float64, float64) {
	p := newPolytope(f, x, step, evaluations)
	enough := float64(tolerance * (math.Abs(p.values[0]) + tolerance))
	for p.left >= 0 {
		p.rank()
		if p.values[p.high] <= p.values[p.low]+enough || !p.move() {
			break
		}
	}
	p.rank()
	return p.corners[p.low], p.values[p.low]
}

// polytope is the corners of a search and the values there.
type polytope struct {
	f                      func([]float64) float64
	corners                [][]float64
	values                 []float64
	low, high              int // the best and the worst corner
	left                   int // evaluations
	centre, trial, further []float64
	size                   float64 // after the last time it shrank
}

func newPolytope(f func([]float64) float64, x []float64, step float64, evaluations int) *polytope {
	n := len(x)
	p := &polytope{
		f: f, corners: make([][]float64, n+1), values: make([]float64, n+1), left: evaluations,
		centre: make([]float64, n), trial: make([]float64, n), further: make([]float64, n), size: math.Inf(1),
	}
	for j := range p.corners {
		p.corners[j] = slices.Clone(x)
		if j > 0 {
			p.corners[j][j-1] += step
		}
		p.values[j] = p.evaluate(p.corners[j])
	}
	return p
}

func (p *polytope) evaluate(x []float64) float64 {
	p.left--
	if v := p.f(x); v-v == 0 {
		return v
	}
	return 1e35
}

// rank finds the best and the worst corner; among equals the best stays where it was.
func (p *polytope) rank() {
	p.high = p.low
	for j, v := range p.values {
		if v < p.values[p.low] {
			p.low = j
		}
		if v > p.values[p.high] {
			p.high = j
		}
	}
}

// move replaces the worst corner by its reflection in the centre of the others, by one further out where that is the best so far,
// or by one halfway in. Where none helps all corners move towards the best; it is false where these no longer come nearer.
func (p *polytope) move() bool {
	for i := range p.centre {
		sum := -p.corners[p.high][i]
		for _, c := range p.corners {
			sum += c[i]
		}
		p.centre[i] = sum / float64(len(p.centre))
		p.trial[i] = 2*p.centre[i] - p.corners[p.high][i]
	}
	worst, reflected := p.values[p.high], p.evaluate(p.trial)
	if reflected < p.values[p.low] {
		mix(p.further, 2, p.trial, -1, p.centre)
		if expanded := p.evaluate(p.further); expanded < reflected {
			p.replace(p.further, expanded)
		} else {
			p.replace(p.trial, reflected)
		}
		return true
	}
	if reflected < worst {
		p.replace(p.trial, reflected)
	}
	mix(p.trial, 0.5, p.corners[p.high], 0.5, p.centre)
	if contracted := p.evaluate(p.trial); contracted < p.values[p.high] {
		p.replace(p.trial, contracted)
		return true
	}
	return reflected < worst || p.shrink()
}

func (p *polytope) replace(x []float64, value float64) {
	copy(p.corners[p.high], x)
	p.values[p.high] = value
}

func (p *polytope) shrink() bool {
	size, best := 0.0, p.corners[p.low]
	for j, c := range p.corners {
		if j == p.low {
			continue
		}
		mix(c, 0.5, c, 0.5, best)
		for i := range c {
			size += math.Abs(c[i] - best[i])
		}
		p.values[j] = p.evaluate(c)
	}
	smaller := size < p.size
	p.size = size
	return smaller
}

// mix writes a times x plus b times y.
func mix(out []float64, a float64, x []float64, b float64, y []float64) {
	for i := range out {
		out[i] = float64(a*x[i]) + float64(b*y[i])
	}
}

// below maps any number to one between 0 and high, smoothly.
func below(u, high float64) float64 { return high / (1 + math.Exp(-u)) }

// unbelow is the inverse of below.
func unbelow(v, high float64) float64 { return math.Log(v / (high - v)) }
