package analysis

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Components are the principal components of a correlation matrix, the largest first.
type Components struct {
	Eigenvalues []float64   // variances; they add up to the number of series
	Shares      []float64   // of the whole variance
	Loadings    [][]float64 // by series, then by component; the largest of a component by size is positive
}

// PCA of a correlation (or covariance) matrix. One with an absent entry has no components; one of pairwise correlations may have a
// negative eigenvalue, and is then NotPositive.
//
// Definition: Jolliffe, Principal Component Analysis, §2.3.
func PCA(matrix [][]float64) (Components, error) {
	n := len(matrix)
	if n == 0 {
		return Components{}, TooFew
	}
	symmetric := mat.NewSymDense(n, nil)
	for i, row := range matrix {
		mustMatch(len(row), n)
		if allFinite(row) != nil {
			return Components{}, NotFinite
		}
		for j := i; j < n; j++ {
			symmetric.SetSym(i, j, row[j])
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric, true) {
		return Components{}, NotConverged
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	ascending := eigen.Values(nil)
	if ascending[0] < -1e-9*math.Abs(ascending[n-1]) {
		return Components{}, NotPositive
	}
	out := Components{Loadings: make([][]float64, n)}
	total := 0.0
	for _, v := range ascending {
		total += v
	}
	if total == 0 {
		return Components{}, ZeroDenominator
	}
	for c := range n {
		column := n - 1 - c
		largest := 0.0
		for i := range n {
			if v := vectors.At(i, column); math.Abs(v) > math.Abs(largest) {
				largest = v
			}
		}
		for i := range n {
			out.Loadings[i] = append(out.Loadings[i], math.Copysign(1, largest)*vectors.At(i, column))
		}
		out.Eigenvalues = append(out.Eigenvalues, ascending[column])
		out.Shares = append(out.Shares, ascending[column]/total)
	}
	return out, allFinite(out.Eigenvalues)
}
