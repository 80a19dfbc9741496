package analysis

import (
	"cmp"
	"math"
	"slices"

	"assay/shared/market"
)

// Drawdowns returns P_t/max(P_0..P_t) - 1, row by row; absent where the price is absent or not positive.
func Drawdowns(prices []float64) []float64 {
	d := make([]float64, len(prices))
	peak := 0.0
	for i, p := range prices {
		if p > peak && p <= math.MaxFloat64 {
			peak = p
		}
		d[i] = market.Absent
		if p > 0 {
			d[i] = finite(p/peak - 1)
		}
	}
	return d
}

// MaxDrawdown returns the deepest drawdown; what is absent does not count. There is none where a price is not positive.
func MaxDrawdown(prices []float64) Value {
	n, peak, trough, deepest := 0, 0.0, math.Inf(1), 1.0 // deepest is the least trough/peak
	for _, p := range prices {
		switch {
		case p > peak:
			if trough < peak {
				deepest = min(deepest, trough/peak)
			}
			peak, trough = p, p
			n++
		case p < trough:
			if p <= 0 {
				return None(NonPositive)
			}
			trough = p
			n++
		case p == p:
			n++
		}
	}
	if n == 0 {
		return None(TooFew)
	}
	return Of(min(deepest, trough/peak) - 1)
}

// Drawdown is one fall from a peak and back. Rows are numbers of observations; Recovery is -1 while there is none.
type Drawdown struct {
	Peak, Trough, Recovery int
	Depth                  float64 // at the trough, a negative fraction
	Last                   int     // Recovery, or the last row
}

// DrawdownTable returns the deepest falls, at most top of them, the deepest first, the earlier first of equals. A fall lasts from
// the last row at the peak to the first later row at or above it. Drop what is absent first; a price that is not positive is an
// error.
func DrawdownTable(prices []float64, top int) ([]Drawdown, error) {
	if len(prices) == 0 {
		return nil, TooFew
	}
	var table []Drawdown
	peak, trough := 0, 0
	for i, p := range prices {
		switch {
		case !(p > 0 && p <= math.MaxFloat64):
			return nil, NonPositive
		case p < prices[peak]:
			if trough == peak || p < prices[trough] {
				trough = i
			}
		default:
			if trough > peak {
				table = append(table, Drawdown{Peak: peak, Trough: trough, Recovery: i, Last: i})
			}
			peak, trough = i, i
		}
	}
	if trough > peak {
		table = append(table, Drawdown{Peak: peak, Trough: trough, Recovery: -1, Last: len(prices) - 1})
	}
	for i := range table {
		table[i].Depth = prices[table[i].Trough]/prices[table[i].Peak] - 1
	}
	slices.SortStableFunc(table, func(a, b Drawdown) int { return cmp.Compare(a.Depth, b.Depth) })
	return table[:min(max(0, top), len(table))], nil
}
