package analysis

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChangePoints: three levels without noise; each change costs 1 and saves more.
func TestChangePoints(t *testing.T) {
	x := []float64{0, 0, 0, nan, 0, 5, 5, 5, 2, 2, 2}
	got, err := ChangePoints(x, SegmentOptions{Cost: ChangeInMean, Penalty: 1, MinSize: 2})
	want := Segments{Changes: []int{4, 7}, Objective: 2, N: 10}
	if diff := cmp.Diff(want, got, closely); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// At a price of 100 a change no longer pays: the squares about the mean of 2.1 are 4*4.41 + 3*8.41 + 3*0.01.
	got, err = ChangePoints(x, SegmentOptions{Cost: ChangeInMean, Penalty: 100, MinSize: 2})
	want = Segments{Changes: []int{}, Objective: 42.9, N: 10}
	if diff := cmp.Diff(want, got, closely); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestChangePointsAreOptimal compares with the search that drops no start.
func TestChangePointsAreOptimal(t *testing.T) {
	for n := 10; n < 120; n += 7 {
		x := random(n, 0, false)
		for i := range x {
			if i/15%2 == 1 {
				x[i] = 3*x[i] + 2
			}
		}
		for _, cost := range []SegmentCost{ChangeInMean, ChangeInVariance} {
			for _, minSize := range []int{2, 5} {
				best, sums, value := make([]float64, n+1), newRuns(x), []float64{0}
				for to := 1; to <= n; to++ {
					best[to] = math.Inf(1)
					for from := 0; from <= to-minSize; from++ {
						cost.after(sums, best, []start{{at: from}}, to, value)
						best[to] = min(best[to], value[0]+3)
					}
				}
				got, err := ChangePoints(x, SegmentOptions{Cost: cost, Penalty: 3, MinSize: minSize})
				if err != nil || math.Abs(got.Objective-best[n]+3) > 1e-9 {
					t.Errorf("%d values, cost %d, segments of %d: got %v, %v, want %v", n, cost, minSize, got.Objective, err, best[n]-3)
				}
			}
		}
	}
}

// TestJohansen: two walks, and a third series that is their sum but for noise.
func TestJohansen(t *testing.T) {
	a, b, e := cumulated(random(500, 0, false)), cumulated(random(501, 0, false))[1:], random(502, 0, false)[2:]
	c := make([]float64, len(a))
	for i := range c {
		c[i] = a[i] + b[i] + e[i]
	}
	got, err := Johansen([][]float64{c, a, b}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got.Trace[0] < got.TraceCritical[0][2] || got.Trace[1] > got.TraceCritical[1][2] {
		t.Errorf("got traces %v against %v, want one stationary combination", got.Trace, got.TraceCritical)
	}
	if math.Abs(got.First[1]+1) > 0.1 || math.Abs(got.First[2]+1) > 0.1 || got.First[0] != 1 {
		t.Errorf("got the combination %v, want 1, -1, -1", got.First)
	}
	if sum := got.MaxEigen[0] + got.MaxEigen[1] + got.MaxEigen[2]; math.Abs(sum-got.Trace[0]) > 1e-9 {
		t.Errorf("the statistics of single ranks add up to %v, want the trace %v", sum, got.Trace[0])
	}
	large, small := slices.Clone(c), slices.Clone(a)
	scale(large, 1e9)
	scale(small, 1e-9)
	units, err := Johansen([][]float64{large, small, b}, 1)
	if err != nil || math.Abs(units.Trace[0]/got.Trace[0]-1) > 1e-9 || math.Abs(units.First[1]/got.First[1]/1e18-1) > 1e-9 {
		t.Errorf("in other units: got %+v, %v, want the same traces, and weights in units", units, err)
	}
	if _, err := Johansen([][]float64{a, a}, 1); err != Singular {
		t.Errorf("a series and itself: got %v, want %v", err, Singular)
	}
}

// TestAlternatingRegimes: the states have one variance and differ in the mean, and each return comes from the other one.
func TestAlternatingRegimes(t *testing.T) {
	x := random(500, 0, false)
	for i := range x {
		x[i] = 0.2*x[i] + float64(i%2*2-1)
	}
	got, err := FitHiddenRegimes(x)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Mean[0]*got.Mean[1]+1) > 0.05 || got.Transition[0][0] > 0.01 || got.Transition[1][1] > 0.01 {
		t.Errorf("got means %v and transitions %v, want 1 and -1, by turns", got.Mean, got.Transition)
	}
}

// TestHiddenRegimes: a hundred calm returns, a hundred wild ones, and so on.
func TestHiddenRegimes(t *testing.T) {
	x := random(1000, 0, false)
	for i := range x {
		if x[i] *= 0.5; i/100%2 == 1 {
			x[i] = 6*x[i] - 0.5
		}
	}
	got, err := FitHiddenRegimes(x)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Variance[0]-0.25) > 0.05 || math.Abs(got.Variance[1]-9) > 1.5 || got.Transition[0][0] < 0.97 {
		t.Errorf("got %+v, want variances of 0.25 and 9, and long regimes", [3]any{got.Mean, got.Variance, got.Transition})
	}
	wrong := 0
	for i, wild := range got.Wild {
		if (wild > 0.5) != (i/100%2 == 1) {
			wrong++
		}
	}
	if wrong > 30 {
		t.Errorf("%d of 1000 rows in the wrong regime, want few", wrong)
	}
}
