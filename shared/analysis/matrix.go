package analysis

import "assay/shared/market"

// rowsAtOnce is how many rows of all columns are multiplied while they are in the fastest cache.
const rowsAtOnce = 256

// CovarianceMatrix returns the sample covariances (divisor n-1) of columns of which no value is absent: align them with JoinReturns.
// All are absent for fewer than two rows.
func CovarianceMatrix(columns [][]float64) [][]float64 {
	sums, n := crossProducts(columns), 0
	if len(columns) > 0 {
		n = len(columns[0])
	}
	for _, row := range sums {
		for j := range row {
			if n < 2 {
				row[j] = market.Absent
			} else {
				row[j] = finite(row[j] / float64(n-1))
			}
		}
	}
	return sums
}

// CorrelationMatrix returns Pearson's correlations of columns of which no value is absent. Those of a column without spread are
// absent.
func CorrelationMatrix(columns [][]float64) [][]float64 {
	sums := crossProducts(columns)
	size := make([]float64, len(sums))
	for i := range sums {
		size[i] = sums[i][i]
	}
	for i, row := range sums {
		for j := range row {
			switch {
			case !(size[i] > 0 && size[j] > 0):
				row[j] = market.Absent
			case i == j:
				row[j] = 1
			default:
				row[j] = finite(correlate(size[i], size[j], row[j]))
			}
		}
	}
	return sums
}

// SpearmanMatrix returns the correlations of the columns' ranks.
func SpearmanMatrix(columns [][]float64) [][]float64 {
	ranks := make([][]float64, len(columns))
	for i, c := range columns {
		ranks[i] = Ranks(c)
	}
	return CorrelationMatrix(ranks)
}

// PairwiseCorrelations returns Pearson's correlations of returns, each pair of prices joined on its own common times. Every pair uses
// all it has, so the matrix may not be positive semidefinite.
func PairwiseCorrelations(returns func([]float64) []float64, prices ...Series) [][]float64 {
	matrix := make([][]float64, len(prices))
	for i := range matrix {
		matrix[i] = make([]float64, len(prices))
		for j := range i + 1 {
			_, columns := JoinReturns(PricesFirst, returns, prices[i], prices[j])
			r := pearson(bothPresent(columns[0], columns[1])).Number
			if i == j && !market.IsAbsent(r) {
				r = 1
			}
			matrix[i][j], matrix[j][i] = r, r
		}
	}
	return matrix
}

// crossProducts returns the sums of products about the means, in one pass over blocks of rows. Two goroutines share many rows; each
// half has its own sums however many run.
func crossProducts(columns [][]float64) [][]float64 {
	k := len(columns)
	if k == 0 {
		return nil
	}
	means := make([]float64, k)
	for i, c := range columns {
		mustMatch(len(c), len(columns[0]))
		means[i] = Mean(c)
	}
	middle := len(columns[0]) / 2 / rowsAtOnce * rowsAtOnce
	var sums, rest [][]float64
	if middle < 1<<12 {
		sums, rest = productsOf(columns, means, 0, middle), productsOf(columns, means, middle, len(columns[0]))
	} else {
		done := make(chan struct{})
		go func() {
			rest = productsOf(columns, means, middle, len(columns[0]))
			close(done)
		}()
		sums = productsOf(columns, means, 0, middle)
		<-done
	}
	for i := range k {
		for j := range i + 1 {
			sums[i][j] += rest[i][j]
			sums[j][i] = sums[i][j]
		}
	}
	return sums
}

// productsOf returns the lower triangle of the sums over the rows [from, to).
func productsOf(columns [][]float64, means []float64, from, to int) [][]float64 {
	k := len(columns)
	sums, block := make([][]float64, k), make([][]float64, k)
	for i := range k {
		sums[i], block[i] = make([]float64, k), make([]float64, rowsAtOnce)
	}
	for ; from < to; from += rowsAtOnce {
		until := min(from+rowsAtOnce, to)
		for i, c := range columns {
			b, mean := block[i][:until-from], means[i]
			for row, v := range c[from:until] {
				b[row] = v - mean
			}
			block[i] = b
		}
		for i := range k {
			addProducts(sums[i][:i+1], block[i], block[:i+1])
		}
	}
	return sums
}

// addProducts adds the dot product of a with each of the others, four of them side by side.
func addProducts(sums, a []float64, others [][]float64) {
	n := len(a)
	for len(others) >= 4 {
		b, c, d, e := others[0][:n], others[1][:n], others[2][:n], others[3][:n]
		var s0, s1, s2, s3 float64
		for row, v := range a {
			s0 += float64(v * b[row])
			s1 += float64(v * c[row])
			s2 += float64(v * d[row])
			s3 += float64(v * e[row])
		}
		sums[0] += s0
		sums[1] += s1
		sums[2] += s2
		sums[3] += s3
		sums, others = sums[4:], others[4:]
	}
	for j, b := range others {
		sum := 0.0
		for row, v := range a {
			sum += float64(v * b[row])
		}
		sums[j] += sum
	}
}
