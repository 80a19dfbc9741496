package analysis

import "math"

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
	n := len(x)
	evaluate := func(x []float64) float64 {
		evaluations--
		if v := f(x); v-v == 0 {
			return v
		}
		return 1e35
	}
	corners, values := make([][]float64, n+1), make([]float64, n+1)
	for j := range corners {
		corners[j] = append([]float64(nil), x...)
		if j > 0 {
			corners[j][j-1] += step
		}
		values[j] = evaluate(corners[j])
	}
	enough := float64(tolerance * (math.Abs(values[0]) + tolerance))
	centre, trial, further := make([]float64, n), make([]float64, n), make([]float64, n)
	low, oldSize := 0, math.Inf(1)
	for evaluations >= 0 {
		high := low
		for j, v := range values {
			if v < values[low] {
				low = j
			}
			if v > values[high] {
				high = j
			}
		}
		if values[high] <= values[low]+enough {
			break
		}
		for i := range centre {
			sum := -corners[high][i]
			for _, c := range corners {
				sum += c[i]
			}
			centre[i] = sum / float64(n)
			trial[i] = 2*centre[i] - corners[high][i]
		}
		reflected := evaluate(trial)
		if reflected < values[low] {
			mix(further, 2, trial, -1, centre)
			if expanded := evaluate(further); expanded < reflected {
				copy(corners[high], further)
				values[high] = expanded
			} else {
				copy(corners[high], trial)
				values[high] = reflected
			}
			continue
		}
		worst := values[high]
		if reflected < worst {
			copy(corners[high], trial)
			values[high] = reflected
		}
		mix(trial, 0.5, corners[high], 0.5, centre)
		if contracted := evaluate(trial); contracted < values[high] {
			copy(corners[high], trial)
			values[high] = contracted
		} else if reflected >= worst {
			size := 0.0
			for j, c := range corners {
				if j == low {
					continue
				}
				mix(c, 0.5, c, 0.5, corners[low])
				for i := range c {
					size += math.Abs(c[i] - corners[low][i])
				}
				values[j] = evaluate(c)
			}
			if size >= oldSize {
				break
			}
			oldSize = size
		}
	}
	for j, v := range values {
		if v < values[low] {
			low = j
		}
	}
	return corners[low], values[low]
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
