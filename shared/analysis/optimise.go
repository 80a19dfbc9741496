package analysis

import (
	"math"

	"gonum.org/v1/gonum/optimize"
)

// minimise searches for the least value of f from each start in turn, by Nelder and Mead's simplex and again from where it ended
// until that brings no more. It returns the best place found and the value there; nil where f is nowhere finite.
func minimise(f func([]float64) float64, step float64, starts ...[]float64) ([]float64, float64) {
	guarded := func(x []float64) float64 {
		if v := f(x); v == v {
			return v
		}
		return math.Inf(1)
	}
	var best []float64
	least := math.Inf(1)
	for _, x := range starts {
		value := guarded(x)
		if math.IsInf(value, 0) {
			continue
		}
		size := step
		for range 8 {
			at, found := simplex(guarded, x, size)
			gain := value - found
			if gain > 0 {
				x, value = at, found
			}
			if gain < 1e-7 {
				break
			}
			size /= 2
		}
		if value < least {
			best, least = x, value
		}
	}
	return best, least
}

func simplex(f func([]float64) float64, x []float64, size float64) ([]float64, float64) {
	settings := optimize.Settings{
		FuncEvaluations: 600 * len(x),
		Converger:       &optimize.FunctionConverge{Absolute: 1e-8, Relative: 1e-12, Iterations: 20 + 10*len(x)},
	}
	result, err := optimize.Minimize(optimize.Problem{Func: f}, x, &settings, &optimize.NelderMead{SimplexSize: size})
	if err != nil && result == nil {
		return x, math.Inf(1)
	}
	return result.X, result.F
}

// within maps any number to one between low and high, smoothly.
func within(u, low, high float64) float64 { return low + (high-low)/(1+math.Exp(-u)) }

// without is the inverse of within.
func without(v, low, high float64) float64 { return math.Log((v - low) / (high - v)) }
