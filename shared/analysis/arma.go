package analysis

import (
	"math"
	"slices"
)

// arma is the process x_t = Σ phi_i x_{t-i} + e_t + Σ theta_j e_{t-j} with errors of variance 1.
type arma struct {
	phi, theta []float64
}

// innovations gives the weights of past one-step errors in the next prediction, and the variance of its error, row after row. It
// is the exact likelihood's recursion: for the first max(p, q) rows of the process itself, then of its moving average part.
//
// Definition: Brockwell and Davis, Time Series: Theory and Methods, §5.2 and §5.3.
type innovations struct {
	arma
	first    int       // rows before the moving average part alone counts
	gamma    []float64 // autocovariances
	mixed    []float64 // covariances of x_t with the moving average part k rows later
	averaged []float64 // autocovariances of the moving average part
	weights  [][]float64
	variance []float64 // both by row modulo their length
	row      int
	steady   bool // the variance came down to 1: the weights are theta from here on
}

func (a arma) innovations() *innovations {
	p, q := len(a.phi), len(a.theta)
	in := &innovations{arma: a, first: max(p, q)}
	psi := a.psi(q + 1)
	theta := append([]float64{1}, a.theta...)
	in.mixed, in.averaged = make([]float64, q+1), make([]float64, q+1)
	for k := range theta {
		for l := k; l <= q; l++ {
			in.mixed[k] += float64(theta[l] * psi[l-k])
			in.averaged[k] += float64(theta[l] * theta[l-k])
		}
	}
	in.gamma = a.autocovariances(in.mixed, in.first+1)
	if in.gamma == nil {
		return nil
	}
	size := in.first + 1
	in.weights, in.variance = make([][]float64, size), make([]float64, size)
	for i := range in.weights {
		in.weights[i] = make([]float64, in.first)
	}
	return in
}

// psi returns the first n weights of the process as a sum of its errors alone.
func (a arma) psi(n int) []float64 {
	psi := make([]float64, n)
	for k := range psi {
		switch {
		case k == 0:
			psi[k] = 1
		case k <= len(a.theta):
			psi[k] = a.theta[k-1]
		}
		for i := 1; i <= min(k, len(a.phi)); i++ {
			psi[k] += float64(a.phi[i-1] * psi[k-i])
		}
	}
	return psi
}

// autocovariances solves gamma(k) - Σ phi_i gamma(|k-i|) = mixed(k) for k = 0..p, and goes on from there to n. nil where the process
// has no variance.
func (a arma) autocovariances(mixed []float64, n int) []float64 {
	p := len(a.phi)
	right := func(k int) float64 {
		if k < len(mixed) {
			return mixed[k]
		}
		return 0
	}
	matrix := make([][]float64, p+1)
	for k := range matrix {
		matrix[k] = make([]float64, p+2)
		matrix[k][k], matrix[k][p+1] = 1, right(k)
		for i, phi := range a.phi {
			lag := k - i - 1
			if lag < 0 {
				lag = -lag
			}
			matrix[k][lag] -= phi
		}
	}
	gamma := solve(matrix)
	if gamma == nil || !(gamma[0] > 0) {
		return nil
	}
	for k := p + 1; k < n; k++ {
		v := right(k)
		for i, phi := range a.phi {
			v += float64(phi * gamma[k-i-1])
		}
		gamma = append(gamma, v)
	}
	return gamma
}

// solve returns the solution of the linear equations in rows, right side last, nil where there is none. It changes the rows.
func solve(rows [][]float64) []float64 {
	n := len(rows)
	for c := range n {
		pivot := c
		for r := c + 1; r < n; r++ {
			if math.Abs(rows[r][c]) > math.Abs(rows[pivot][c]) {
				pivot = r
			}
		}
		rows[c], rows[pivot] = rows[pivot], rows[c]
		if !(math.Abs(rows[c][c]) > 1e-14) {
			return nil
		}
		for r := c + 1; r < n; r++ {
			if f := rows[r][c] / rows[c][c]; f != 0 {
				subtract(rows[r][c:], f, rows[c][c:])
			}
		}
	}
	x := make([]float64, n)
	for r := n - 1; r >= 0; r-- {
		v := rows[r][n]
		for c := r + 1; c < n; c++ {
			v -= float64(rows[r][c] * x[c])
		}
		x[r] = v / rows[r][r]
	}
	return x
}

// covariance is that of rows i <= j, counted from 0, of the process up to first and of its moving average part after it.
func (in *innovations) covariance(i, j int) float64 {
	k := j - i
	switch {
	case j < in.first:
		return in.gamma[k]
	case k > len(in.theta):
		return 0
	case i < in.first:
		return in.mixed[k]
	}
	return in.averaged[k]
}

// next moves to the next row and returns the weights of the errors before it, the last first, and the variance of its own.
func (in *innovations) next() ([]float64, float64) {
	if in.steady {
		return in.theta, 1
	}
	n, size := in.row, len(in.weights)
	in.row++
	reach := n // errors that count
	if n >= in.first {
		reach = min(len(in.theta), n)
	}
	w := in.weights[n%size]
	clear(w)
	v := in.covariance(n, n)
	for k := n - reach; k < n; k++ {
		c := in.covariance(k, n)
		before := in.weights[k%size]
		for j := max(n-reach, k-len(before)); j < k; j++ {
			c -= float64(float64(before[k-j-1]*w[n-j-1]) * in.variance[j%size])
		}
		w[n-k-1] = c / in.variance[k%size]
		v -= float64(float64(w[n-k-1]*w[n-k-1]) * in.variance[k%size])
	}
	in.variance[n%size] = v
	in.steady = n >= in.first && v < 1+1e-12
	return w[:reach], v
}

// armaSeries is a series, its one-step errors, and for each row predicted beyond it the weights of the errors before, the last first.
type armaSeries struct {
	x, e  []float64
	ahead [][]float64
}

// errors fills in the one-step errors of a series and returns their variances, up to the row from which these are 1. So many rows
// beyond the series are predicted and appended to it.
func (a arma) errors(ahead int, s *armaSeries) (variances []float64, ok bool) {
	in := a.innovations()
	if in == nil {
		return nil, false
	}
	s.e = s.e[:0]
	for t := range len(s.x) + ahead {
		weights, v := in.next()
		if !(v > 0) {
			return nil, false
		}
		if !in.steady {
			variances = append(variances, v)
		}
		prediction := 0.0
		if t >= in.first {
			for i, phi := range a.phi {
				prediction += float64(phi * s.x[t-i-1])
			}
		}
		for j, w := range weights {
			prediction += float64(w * s.e[t-j-1])
		}
		if t == len(s.x) {
			s.x = append(s.x, prediction)
			s.ahead = append(s.ahead, slices.Clone(weights))
		}
		s.e = append(s.e, s.x[t]-prediction)
	}
	return variances, true
}
