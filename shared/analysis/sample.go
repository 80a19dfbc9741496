package analysis

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Test is a test's statistic and the probability of one at least as extreme where the hypothesis holds.
type Test struct {
	Statistic float64 `doc:"Of the test"`
	P         float64 `doc:"Probability of a statistic as extreme, if the hypothesis holds"`
}

func (t Test) checked() (Test, error) { return t, allFinite([]float64{t.Statistic, t.P}) }

func chiSquared(statistic float64, freedom int) Test {
	return Test{statistic, distuv.ChiSquared{K: float64(freedom)}.Survival(statistic)}
}

// fTest takes the upper tail of F by the incomplete beta function: one less the lower tail would lose small probabilities.
func fTest(statistic float64, between, within int) Test {
	a, b := float64(between), float64(within)
	if !(statistic >= 0) {
		return Test{statistic, math.NaN()}
	}
	return Test{statistic, mathext.RegIncBeta(b/2, a/2, b/(b+float64(a*statistic)))}
}

// sample is x without what is absent, or why there is not enough of it.
func sample(x []float64, least int) ([]float64, error) {
	x = Drop(x)
	if len(x) < least {
		return nil, TooFew
	}
	return x, allFinite(x)
}

// allFinite is nil, or NotFinite.
func allFinite(results ...[]float64) error {
	for _, result := range results {
		for _, v := range result {
			if v-v != 0 {
				return NotFinite
			}
		}
	}
	return nil
}

func mustAtLeast(name string, value, least int) {
	if value < least {
		panic(fmt.Sprintf("analysis: %s is %d, at least %d is needed", name, value, least))
	}
}

// centred returns x less its mean, or nil where x is constant.
func centred(x []float64) []float64 {
	mean, constant := Mean(x), true
	e := make([]float64, len(x))
	for i, v := range x {
		constant = constant && v == x[0]
		e[i] = v - mean
	}
	if constant {
		return nil
	}
	return e
}
