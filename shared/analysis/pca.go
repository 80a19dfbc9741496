package analysis

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Components are the principal components of a correlation matrix, the largest first.
type Components struct {
	Eigenvalues []float64   `doc:"Variances; they add up to the number of series"`
	Shares      []float64   `doc:"Of the whole variance"`
	Loadings    [][]float64 `doc:"By series, then by component; the largest of a component by size is positive"`
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
	for c := n - 1; c >= 0; c-- {
		out.Eigenvalues, out.Shares = append(out.Eigenvalues, ascending[c]), append(out.Shares, ascending[c]/total)
		for i, v := range turned(mat.Col(nil, c, &vectors)) {
			out.Loadings[i] = append(out.Loadings[i], v)
		}
	}
	return out, allFinite(out.Eigenvalues)
}

// turned is a vector or its opposite, such that the largest entry by size is positive.
func turned(v []float64) []float64 {
	largest := 0.0
	for _, x := range v {
		if math.Abs(x) > math.Abs(largest) {
			largest = x
		}
	}
	if largest < 0 {
		scale(v, -1)
	}
	return v
}
