package analysis

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDecompose: a line and a season of 4 rows come apart, and what is put together is the series.
func TestDecompose(t *testing.T) {
	season := []float64{3, -1, -4, 2}
	x := make([]float64, 80)
	for i := range x {
		x[i] = 100 + 0.5*float64(i) + season[i%4]
	}
	got, err := Decompose(x, STLOptions{Period: 4})
	if err != nil {
		t.Fatal(err)
	}
	for i := range x {
		if math.Abs(got.Seasonal[i]-season[i%4]) > 1e-6 || math.Abs(got.Trend[i]-100-0.5*float64(i)) > 1e-6 {
			t.Fatalf("row %d: got trend %v and season %v, want %v and %v", i, got.Trend[i], got.Seasonal[i], 100+0.5*float64(i), season[i%4])
		}
	}
	// Without noise everything is an outlier.
	for i, e := range random(len(x), 0, false) {
		x[i] += 0.1 * e
	}
	x[40] += 50
	robust, err := Decompose(x, STLOptions{Period: 4, Robust: true})
	if err != nil || robust.Weights[40] != 0 || math.Abs(robust.Residual[40]-50) > 1 {
		t.Errorf("an outlier of 50: got weight %v and residual %v, %v, want 0 and about 50", robust.Weights[40], robust.Residual[40], err)
	}
	for i := range x {
		if sum := robust.Trend[i] + robust.Seasonal[i] + robust.Residual[i]; math.Abs(sum-x[i]) > 1e-9 {
			t.Fatalf("row %d: the parts add up to %v, want %v", i, sum, x[i])
		}
	}
	if _, err := Decompose(append(x, nan), STLOptions{Period: 4}); err != NotFinite {
		t.Errorf("a gap: got %v, want %v", err, NotFinite)
	}
}

// TestSeasonal: Mondays return 1, 2, 3 and Tuesdays 4, 5, 6. The ranks add up to 6 and 15: 12/42 (36/3 + 225/3) - 21 is 27/7. The means
// 2 and 5 are 1.5 from that of all: 6*2.25 between, 4 over 4 degrees of freedom within.
func TestSeasonal(t *testing.T) {
	var returns Series
	for week := range 3 {
		monday := time.Date(2024, 1, 1+7*week, 12, 0, 0, 0, time.UTC).Unix()
		returns.Time = append(returns.Time, monday, monday+86400)
		returns.Value = append(returns.Value, float64(week+1), float64(week+4))
	}
	got, err := Seasonal(returns, ByWeekday)
	if err != nil {
		t.Fatal(err)
	}
	want := Seasonality{
		Buckets: []SeasonBucket{
			{Bucket: 0, N: 3, Mean: 2, Median: 2, SD: Of(1), T: Of(2 * math.Sqrt(3)), PositiveShare: 1},
			{Bucket: 1, N: 3, Mean: 5, Median: 5, SD: Of(1), T: Of(5 * math.Sqrt(3)), PositiveShare: 1},
		},
		Kruskal: GroupTest{Test: chiSquared(27.0/7, 1)}, ANOVA: GroupTest{Test: fTest(13.5, 1, 4)},
	}
	if diff := cmp.Diff(want, got, closely); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// With one degree of freedom F is the square of Student's t: 13.5 at (1, 4) has a tail of 0.0213.
	if math.Abs(got.ANOVA.P-0.0213) > 5e-5 {
		t.Errorf("probability of F: got %v, want 0.0213", got.ANOVA.P)
	}
	// A return a day leaves no variance within the days: their ranks 1, 2, 3 still give 12/12 (1 + 4 + 9) - 12, which is 2.
	got, err = Seasonal(Series{Time: []int64{0, 86400, 2 * 86400}, Value: []float64{0.1, 0.2, 0.3}}, ByWeekday)
	if err != nil || got.ANOVA.Reason != TooFew {
		t.Errorf("a return a day: got an analysis of variance %v and %v, want %v", got.ANOVA, err, TooFew)
	}
	if diff := cmp.Diff(GroupTest{Test: chiSquared(2, 2)}, got.Kruskal, closely); diff != "" {
		t.Errorf("a return a day (-want +got):\n%s", diff)
	}
}

// TestMonthlyReturns: April has no price; May counts from the last of March.
func TestMonthlyReturns(t *testing.T) {
	on := func(month time.Month, day int) int64 { return time.Date(2024, month, day, 0, 0, 0, 0, time.UTC).Unix() }
	got := MonthlyReturns(Series{
		Time:  []int64{on(1, 10), on(1, 31), on(2, 3), on(3, 1), on(3, 31), on(5, 15)},
		Value: []float64{100, 110, 121, 100, 242, 121},
	})
	want := Series{Time: []int64{on(1, 1), on(2, 1), on(3, 1), on(4, 1), on(5, 1)}, Value: []float64{0.1, 0.1, 1, nan, -0.5}}
	if diff := cmp.Diff(want, got, closely); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
