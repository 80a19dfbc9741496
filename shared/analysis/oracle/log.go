package main

import (
	"math"

	"assay/shared/analysis"
	"assay/shared/market"
)

// referenceSimpleReturns are simple returns rounded as the reference has them. The last digits of P_t/P_{t-1} are lost in taking one
// from it, so moves of the same size tie in the ranks: 1.00 to 1.01 and 100 to 101.
func referenceSimpleReturns(prices []float64) []float64 {
	r := analysis.SimpleReturns(prices)
	for i, v := range r {
		if !market.IsAbsent(v) {
			r[i] = prices[i]/prices[i-1] - 1
		}
	}
	return r
}

// referenceLogReturns are log returns rounded as the reference has them: differences of the logarithms that numpy takes with AVX-512.
// Ranks see the last bit, since two moves of the same size tie or do not; without those instructions numpy fails its own cases.
func referenceLogReturns(prices []float64) []float64 {
	r := make([]float64, len(prices))
	for i, p := range prices {
		r[i] = market.Absent
		if i > 0 && p > 0 && prices[i-1] > 0 {
			r[i] = vectorLog(p) - vectorLog(prices[i-1])
		}
	}
	return r
}

// vectorLog is ln(x) for x > 0 as a vector unit takes it: the exponent's part, a table's for the mantissa's reciprocal rounded to
// five bits, and a polynomial for the rest, added without the digits that a scalar logarithm carries along.
func vectorLog(x float64) float64 {
	fraction, exponent := math.Frexp(x)
	mantissa, k := 2*fraction, float64(exponent-1)
	reciprocal := math.RoundToEven(32 / mantissa) // in 32nds, 16 to 32
	rest := math.FMA(reciprocal/32, mantissa, -1)
	if reciprocal < 24 {
		k++
	}
	square := rest * rest
	pair := func(power int) float64 { return math.FMA(rest, series[power-1], series[power-2]) }
	low, high := math.FMA(square, pair(4), pair(2)), math.FMA(square, pair(8), pair(6))
	tail := math.FMA(square, math.FMA(square*square, high, low), rest)
	return math.FMA(k, math.Ln2, logs[int(reciprocal)%16]+tail)
}

// logs are -ln(n/16) for n from 16 to 23, and -ln(n/32) for n from 24 to 31, by the remainder of n and 16; the last digit counts.
var logs = [16]float64{
	0, -0.06062462181643484, -0.11778303565638346, -0.17185025692665923,
	-0.22314355131420976, -0.27193371548364176, -0.3184537311185346, -0.3629054936893685,
	0.2876820724517809, 0.24686007793152578, 0.2076393647782445, 0.16989903679539747,
	0.13353139262452263, 0.09844007281325252, 0.06453852113757118, 0.0317486983145803,
}

// series are the coefficients of the powers 2 to 9 of the polynomial x + ... whose error relative to ln(1+x) is the least on
// [-1/32, 1/32], by Remez's exchange.
var series = [8]float64{
	-0.49999999999999684, 0.33333333333332266, -0.25000000004349, 0.20000000008593202,
	-0.16666650589293272, 0.14285691681025992, -0.1252197766373709, 0.11135280509881762,
}
