// Package analysis is the mathematics over prices: returns and ratios, rolling statistics, volatility, performance and risk,
// dependence, indicators, tests, models and forecasts. It does no I/O and reads no clock.
//
// Start with Series, prices and their times, or Bars, five columns and their times; Closes and Columns make them of market
// bars, InnerJoin brings several to common times. Most functions take plain slices, oldest first.
//
// Absent. In a slice NaN stands for "no value", and a result has one element per row: NaN in warm-up, next to a gap and where
// the definition has no value. A result that is one number is a Value, which without a number says why. A function whose whole
// result may be undefined returns a Reason as its error. No result holds an infinity, and no zero stands for "undefined"; an
// infinity that comes in is absent.
//
// Drop removes what is absent; functions that reduce a series to numbers do so first and say it, functions that keep rows do
// not. Nothing is ever filled. A parameter that makes no sense (a window below 1, slices of unequal length) is a programming
// error and panics: each function names its own.
//
// Units. Returns, VaR and CVaR are fractions (0.01 is one per cent); drawdowns are negative fractions, VaR and CVaR positive
// losses. periodsPerYear annualises. Times are Unix seconds, UTC. Where definitions differ between libraries the comment says
// which one holds; quantiles are type 7 of Hyndman and Fan (1996), standard deviations divide by n-1 unless said otherwise.
//
// What a member of a result is, with its unit, is said in its tag doc, which the API shows to its clients.
//
// Products that are added are written float64(a*b) + c, so that no processor fuses them: the same input gives the same bits
// everywhere, however it was cut into chunks and however many goroutines shared the work.
package analysis

import (
	"math"

	"assay/shared/market"
)

// Reason says, for a machine, why there is no value, or why one is to be doubted. It is an error, for functions that have
// nothing else to return.
type Reason string

// The reasons.
const (
	TooFew          Reason = "too-few-points"
	Constant        Reason = "constant-series"       // no spread where the definition divides by it
	ZeroDenominator Reason = "zero-denominator"      // of another kind: no loss, no drawdown, no trade
	NonPositive     Reason = "non-positive-price"    // a logarithm or a power of it is asked for
	NotFinite       Reason = "not-finite"            // beyond what a float64 holds
	NoOverlap       Reason = "no-overlap"            // the series have no time in common
	Singular        Reason = "singular"              // regressors that determine one another
	NotConverged    Reason = "not-converged"         // the optimiser stopped before it arrived
	OutOfDomain     Reason = "out-of-domain"         // the formula is used where its authors say it does not hold
	NotPositive     Reason = "not-positive-definite" // a matrix that should be
	NotInModel      Reason = "not-in-model"          // a parameter that this model does not have
	NoSkill         Reason = "no-skill"              // of a forecast: on the known past it is no better than the naive one
	BelowVaR        Reason = "cvar-below-var"        // an expected shortfall less than the value at risk it is beyond
)

// Error returns the reason itself.
func (r Reason) Error() string { return string(r) }

// Value is a number, or the reason why there is none.
type Value struct {
	Number float64 // NaN where there is a reason
	Reason Reason  // "" where there is a number
}

// Of returns a number; one that is not finite is none.
func Of(x float64) Value {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return None(NotFinite)
	}
	return Value{Number: x}
}

// None returns no number, and why.
func None(r Reason) Value { return Value{Number: math.NaN(), Reason: r} }

// Ok reports whether there is a number.
func (v Value) Ok() bool { return v.Reason == "" }

// divide returns a/b, or no number and why where b is zero.
func divide(a, b float64, why Reason) Value {
	if b == 0 {
		return None(why)
	}
	return Of(a / b)
}

// Series is values and their times, in seconds, strictly ascending. The slices have one length; a value may be absent.
type Series struct {
	Time  []int64   `doc:"Starts of the bars, epoch seconds UTC, ascending"`
	Value []float64 `doc:"One for each time, null where there is none"`
}

// Bars are the columns of bars; all have one length, any value may be absent.
type Bars struct {
	Time                           []int64
	Open, High, Low, Close, Volume []float64
}

// Drop returns the values that are neither absent nor infinite. It copies only where it has to.
func Drop(x []float64) []float64 {
	for i := range x {
		if x[i]-x[i] == 0 {
			continue
		}
		kept := make([]float64, i, len(x))
		copy(kept, x)
		for _, v := range x[i:] {
			if v-v == 0 {
				kept = append(kept, v)
			}
		}
		return kept
	}
	return x
}

// Drop returns the rows whose value is neither absent nor infinite.
func (s Series) Drop() Series {
	var kept Series
	for i, v := range s.Value {
		if v-v == 0 {
			kept.Time, kept.Value = append(kept.Time, s.Time[i]), append(kept.Value, v)
		}
	}
	return kept
}

// finite returns x, or absent where x is infinite. (x-x would be a product's rounding where a processor fuses the two.)
func finite(x float64) float64 {
	if math.Abs(x) <= math.MaxFloat64 {
		return x
	}
	return market.Absent
}

// absent returns n absent values.
func absent(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = market.Absent
	}
	return x
}

func mustWindow(window, least int) {
	if window < least {
		panic("analysis: a window too short for its statistic")
	}
}

func mustMatch(n, m int) {
	if n != m {
		panic("analysis: slices of unequal length")
	}
}
