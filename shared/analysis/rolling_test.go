package analysis

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// direct computes a statistic window by window, each from its own values alone.
func direct(x []float64, w int, f func(window []float64) float64) []float64 {
	out := absent(len(x))
	for i := w - 1; i < len(x); i++ {
		if window := x[i-w+1 : i+1]; len(Drop(window)) == w {
			out[i] = f(window)
		}
	}
	return out
}

// worst is the greatest difference relative to want, and to the least scale, or +Inf where only one of the two has a value.
func worst(got, want []float64, least float64) float64 {
	far := 0.0
	for i := range want {
		if math.IsNaN(got[i]) != math.IsNaN(want[i]) {
			return math.Inf(1)
		}
		if d := math.Abs(got[i] - want[i]); d > 0 {
			far = max(far, d/max(least, math.Abs(want[i])))
		}
	}
	return far
}

func skewness(x []float64) float64 {
	s := ShapeOf(x)
	n := float64(len(x))
	return math.Sqrt(n*(n-1)) / (n - 2) * s.Skew.Number
}

func kurtosis(x []float64) float64 {
	s := ShapeOf(x)
	n := float64(len(x))
	return (n - 1) / ((n - 2) * (n - 3)) * ((n+1)*(s.Kurtosis.Number+3) - 3*(n-1))
}

// statistics are the rolling functions beside what they stand for, and how far they may differ.
var statistics = []struct {
	name    string
	rolling func(x []float64, w int) []float64
	single  func(x []float64) float64
	least   float64 // what a difference is relative to, where the value is smaller
	within  float64
}{
	{"mean", RollingMean, Mean, 0, 1e-11},
	{"variance", RollingVariance, Variance, 0, 1e-11},
	{"deviation", RollingStdDev, StdDev, 0, 1e-11},
	{"skew", RollingSkew, skewness, 1, 1e-9},
	{"kurtosis", RollingKurtosis, kurtosis, 1, 1e-9},
	{"median", RollingMedian, Median, 0, 0},
	{"max", RollingMax, slices.Max[[]float64], 0, 0},
	{"min", RollingMin, slices.Min[[]float64], 0, 0},
}

func TestRollingStatistics(t *testing.T) {
	for _, w := range []int{5, 60, 600} {
		for _, holes := range []bool{false, true} {
			x := random(3000, 100, holes && w == 5)
			for _, s := range statistics {
				if far := worst(s.rolling(x, w), direct(x, w, s.single), s.least); far > s.within {
					t.Errorf("%s of %d rows: off by %.2g of the value, want at most %.2g", s.name, w, far, s.within)
				}
			}
		}
	}
}

// TestRollingForgetsABadTick puts one price ten thousand times too high into a level of 100,000: what follows it must be as if it had
// never been there.
func TestRollingForgetsABadTick(t *testing.T) {
	x := random(4000, 100_000, false)
	y := random(4001, 50, false)[:4000]
	x[1000] *= 10_000
	for _, w := range []int{20, 60, 1440} {
		for _, s := range statistics {
			if far := worst(s.rolling(x, w), direct(x, w, s.single), s.least); far > 1e-9 {
				t.Errorf("%s of %d rows: off by %.2g of the value, want at most 1e-9", s.name, w, far)
			}
		}
		got, want := RollingCorrelation(x, y, w), absent(len(x))
		for i := w - 1; i < len(x); i++ {
			want[i] = pearson(x[i-w+1:i+1], y[i-w+1:i+1]).Number
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-9 {
				t.Fatalf("correlation of %d rows at %d: got %v, want %v", w, i, got[i], want[i])
			}
		}
	}
}

// TestRollingMeanForgetsAnAbsurdTick takes 1e25 out of the sums again: nothing of it, and of the prices beside it everything, is left.
func TestRollingMeanForgetsAnAbsurdTick(t *testing.T) {
	x := random(4000, 100_000, false)
	x[1000] = 1e25
	if far := worst(RollingMean(x, 60), direct(x, 60, Mean), 1); far > 1e-12 {
		t.Errorf("off by %.2g of the value, want at most 1e-12", far)
	}
}

func TestRollingPairs(t *testing.T) {
	x, y := random(2000, 100, true), random(2001, 7, false)[:2000]
	forth, back, r := RollingBeta(x, y, 5), RollingBeta(y, x, 5), RollingCorrelation(x, y, 5)
	for i := range r {
		if d := math.Abs(forth[i]*back[i] - r[i]*r[i]); d > 1e-9 {
			t.Fatalf("row %d: beta of a on b times beta of b on a is %v, want rho squared, %v", i, forth[i]*back[i], r[i]*r[i])
		}
	}
	covariance := RollingCovariance([]float64{1, 2, 3, nan, 5, 7, 9}, []float64{2, 4, 6, 1, 5, 3, 1}, 3)
	if d := cmp.Diff([]float64{nan, nan, 2, nan, nan, nan, -4}, covariance, closely); d != "" {
		t.Errorf("covariance (-want +got):\n%s", d)
	}
}

// TestRollingDoesNotDependOnTheCut computes a series whole and from a later block on: from the second block of the later part on,
// both are the same to the last bit, and the first rows never depend on the last.
func TestRollingDoesNotDependOnTheCut(t *testing.T) {
	x := random(5*restart, 30_000, false)
	for _, s := range statistics {
		whole, head, tail := s.rolling(x, 60), s.rolling(x[:3*restart+17], 60), s.rolling(x[restart:], 60)
		if d := cmp.Diff(whole[:len(head)], head, same); d != "" {
			t.Errorf("%s of the head:\n%s", s.name, d)
		}
		if d := cmp.Diff(whole[2*restart:], tail[restart:], same); d != "" {
			t.Errorf("%s of the tail:\n%s", s.name, d)
		}
	}
}

func TestExponentialWeights(t *testing.T) {
	x := []float64{nan, 1, 2, nan, 4}
	for _, c := range []struct {
		name      string
		got, want []float64
	}{
		// 1; (1+2)/2; kept; the old weight is a quarter, the new one a half: (1.5/4 + 4/2)/(3/4)
		{"recursive", EWMMean(x, 0.5), []float64{nan, 1, 1.5, 1.5, 19.0 / 6}},
		// weights 1/2 and 1; kept; 1/8, 1/4 and 1
		{"adjusted", EWMMeanAdjusted(x, 0.5), []float64{nan, 1, 5.0 / 3, 5.0 / 3, (0.125 + 0.5 + 4) / 1.375}},
		// two values have the variance of two values, whatever their weights
		{"variance", EWMVariance([]float64{1, 3}, 0.3), []float64{nan, 2}},
		{"covariance", EWMCovariance([]float64{1, 9, 3}, []float64{2, nan, 8}, 0.3), []float64{nan, nan, 6}},
		{"correlation", EWMCorrelation([]float64{1, 2, 4}, []float64{-1, -2, -4}, 0.3), []float64{nan, -1, -1}},
		{"beta", EWMBeta([]float64{1, 2, 4}, []float64{2, 4, 8}, 0.3), []float64{nan, 2, 2}},
	} {
		if d := cmp.Diff(c.want, c.got, closely); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}
