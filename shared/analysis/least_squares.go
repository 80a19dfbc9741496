package analysis

import "math"

// leastSquares is a regression by modified Gram-Schmidt, which is as stable as Householder's QR when the target is carried along
// as a further column (Björck, Numerical Methods for Least Squares Problems, §2.4.2).
type leastSquares struct {
	r        [][]float64 // upper triangular, by row
	effects  []float64   // the target in the orthonormal basis
	ssr      []float64   // sum of squared residuals with the first j+1 columns, for each j
	residual []float64
	rank     int // columns before the first that depends on those before it
}

// regress orthogonalises columns and target in place. A column that depends on earlier ones ends the regression at that rank.
func regress(columns [][]float64, target []float64) leastSquares {
	k := len(columns)
	fit := leastSquares{r: make([][]float64, k), effects: make([]float64, k), ssr: make([]float64, k), residual: target}
	size := make([]float64, k)
	for j, c := range columns {
		fit.r[j] = make([]float64, k)
		size[j] = math.Sqrt(dot(c, c))
	}
	for j, q := range columns {
		norm := math.Sqrt(dot(q, q))
		if !(norm > 1e-10*size[j]) {
			return fit
		}
		fit.r[j][j] = norm
		scale(q, 1/norm)
		for i := j + 1; i < k; i++ {
			fit.r[j][i] = dot(q, columns[i])
			subtract(columns[i], fit.r[j][i], q)
		}
		fit.effects[j] = dot(q, target)
		subtract(target, fit.effects[j], q)
		fit.ssr[j] = dot(target, target)
		fit.rank++
	}
	return fit
}

// coefficients solves for the first k columns.
func (fit leastSquares) coefficients(k int) []float64 {
	beta := make([]float64, k)
	for i := k - 1; i >= 0; i-- {
		v := fit.effects[i]
		for j := i + 1; j < k; j++ {
			v -= float64(fit.r[i][j] * beta[j])
		}
		beta[i] = v / fit.r[i][i]
	}
	return beta
}

// spread is the diagonal element j of the inverse of X'X over the first k columns: times the residual variance it is the
// variance of coefficient j.
func (fit leastSquares) spread(j, k int) float64 {
	w, sum := make([]float64, k), 0.0
	for i := j; i < k; i++ {
		v := 0.0
		if i == j {
			v = 1
		}
		for l := j; l < i; l++ {
			v -= float64(fit.r[l][i] * w[l])
		}
		w[i] = v / fit.r[i][i]
		sum += float64(w[i] * w[i])
	}
	return sum
}

// dot adds in four fixed lanes: the same bits everywhere, and four times the throughput of one chain.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i] * b[i])
		s1 += float64(a[i+1] * b[i+1])
		s2 += float64(a[i+2] * b[i+2])
		s3 += float64(a[i+3] * b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i] * b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

func subtract(from []float64, times float64, q []float64) {
	for i, v := range q {
		from[i] -= float64(times * v)
	}
}

func scale(x []float64, by float64) {
	for i := range x {
		x[i] *= by
	}
}

// constant is a column of ones.
func constant(n int) []float64 {
	c := make([]float64, n)
	for i := range c {
		c[i] = 1
	}
	return c
}

// ramp is the column 1, 2, ..., n.
func ramp(n int) []float64 {
	c := make([]float64, n)
	for i := range c {
		c[i] = float64(i + 1)
	}
	return c
}
