package analysis

import (
	"math"
	"slices"
)

// bfgs is a variable metric search from x with central differences of 1e-3 as gradient. It stops where a step improves the value
// by less than a relative rootEpsilon even along the gradient alone, or after a hundred steps.
//
// Definition: Nash, Compact Numerical Methods for Computers, algorithm 21, which R's optim follows; so does this.
func bfgs(f func([]float64) float64, x []float64) []float64 {
	x = slices.Clone(x)
	n, value := len(x), f(x)
	if n == 0 || value-value != 0 {
		return x
	}
	gradient := numericGradient(f, x)
	from, before, direction := make([]float64, n), make([]float64, n), make([]float64, n)
	var inverse [][]float64 // of the Hessian; nil to begin afresh
	steps := 0              // since then
	for range 100 {
		fresh := inverse == nil
		if fresh {
			inverse, steps = identity(n), 0
		}
		copy(from, x)
		copy(before, gradient)
		slope := 0.0
		for i := range direction {
			direction[i] = -dot(inverse[i], gradient)
			slope += float64(direction[i] * gradient[i])
		}
		found, length := value, 0.0
		if slope < 0 && slope >= -math.MaxFloat64 {
			found, length = lineSearch(f, x, from, direction, value, slope)
		}
		progress := value-found > rootEpsilon*(math.Abs(value)+rootEpsilon)
		value = found
		if !progress {
			if fresh {
				break
			}
			inverse = nil
			continue
		}
		gradient = numericGradient(f, x)
		scale(direction, length)
		for i := range before {
			before[i] = gradient[i] - before[i]
		}
		if steps++; !update(inverse, direction, before) || steps > 2*n {
			inverse = nil
		}
	}
	return x
}

// rootEpsilon is the root of the distance from 1 to the next number.
const rootEpsilon = 0x1p-26

// lineSearch steps back from a full step until the value falls by enough, and returns it with the length, 0 where no step does.
func lineSearch(f func([]float64) float64, x, from, direction []float64, value, slope float64) (found, length float64) {
	for length = 1; ; length *= 0.2 {
		moved := false
		for i := range x {
			x[i] = from[i] + float64(length*direction[i])
			moved = moved || 10+x[i] != 10+from[i]
		}
		if !moved {
			copy(x, from)
			return value, 0
		}
		if found = f(x); found-found == 0 && found <= value+float64(slope*length*1e-4) {
			return found, length
		}
	}
}

// update corrects the inverse Hessian by a step and the change of the gradient over it. It is false where these do not agree.
func update(inverse [][]float64, step, change []float64) bool {
	along := dot(step, change)
	if !(along > 0) {
		return false
	}
	moved := make([]float64, len(step))
	for i := range moved {
		moved[i] = dot(inverse[i], change)
	}
	factor := 1 + dot(moved, change)/along
	for i, row := range inverse {
		for j := range row {
			row[j] += (float64(factor*step[i]*step[j]) - float64(step[i]*moved[j]) - float64(moved[i]*step[j])) / along
		}
	}
	return true
}

func numericGradient(f func([]float64) float64, x []float64) []float64 {
	const step = 1e-3
	gradient := make([]float64, len(x))
	for i, at := range x {
		x[i] = at + step
		up := f(x)
		x[i] = at - step
		gradient[i] = (up - f(x)) / (2 * step)
		x[i] = at
	}
	return gradient
}

func identity(n int) [][]float64 {
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n)
		m[i][i] = 1
	}
	return m
}
