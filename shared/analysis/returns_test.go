package analysis

import (
	"math"
	"math/rand/v2"
	"testing"

	"assay/shared/market"

	"github.com/google/go-cmp/cmp"
)

var (
	nan     = market.Absent
	same    = cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })
	closely = cmp.Comparer(func(a, b float64) bool { return a != a && b != b || math.Abs(a-b) <= 1e-12*max(1, math.Abs(b)) })
)

// random returns values about a level, a tenth of them absent where holes are asked for.
func random(n int, level float64, holes bool) []float64 {
	g := rand.New(rand.NewPCG(uint64(n), 7))
	x := make([]float64, n)
	for i := range x {
		x[i] = level + g.NormFloat64()
		if holes && g.IntN(10) == 0 {
			x[i] = nan
		}
	}
	return x
}

func TestReturns(t *testing.T) {
	prices := []float64{100, 110, nan, 99, 0, 50, -25}
	for _, c := range []struct {
		name      string
		got, want []float64
	}{
		{"simple", SimpleReturns(prices), []float64{nan, 0.1, nan, nan, -1, nan, -1.5}},
		{"log", LogReturns(prices), []float64{nan, math.Log(1.1), nan, nan, nan, nan, nan}},
		{"rebased", Rebase([]float64{nan, 50, 75, nan, 25}, 100), []float64{nan, 100, 150, nan, 50}},
		{"ratio", Ratio([]float64{1, 2, nan, 4}, []float64{2, 0, 1, 8}), []float64{0.5, nan, nan, 0.5}},
		{"z", ZScores([]float64{1, nan, 2, 3}), []float64{-1, nan, 0, 1}},
		{"unit", UnitRange([]float64{5, 10, nan, 15}), []float64{0, 0.5, nan, 1}},
	} {
		if d := cmp.Diff(c.want, c.got, closely); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// TestLogReturnsAreExact compares moves of every size with the logarithm.
func TestLogReturnsAreExact(t *testing.T) {
	prices := []float64{1e5}
	for i := range 40_000 {
		move := math.Pow(10, -8+10*float64(i)/40_000)
		prices = append(prices, 1e5+move*1e3)
		prices = append(prices, 1e5)
	}
	got := LogReturns(prices)
	for i := 1; i < len(prices); i++ {
		want := math.Log1p((prices[i] - prices[i-1]) / prices[i-1])
		if math.Abs(got[i]-want) > 1e-15*math.Abs(want) {
			t.Fatalf("ln(%v/%v): got %v, want %v", prices[i], prices[i-1], got[i], want)
		}
	}
}

// TestLogReturnsOfFourRows: the rows that are computed four at a time have the bits that each has alone, whatever stands beside them.
func TestLogReturnsOfFourRows(t *testing.T) {
	g := rand.New(rand.NewPCG(4, 4))
	odd := []float64{nan, 0, -1, math.Copysign(0, -1), math.Inf(1), 5e-324, math.MaxFloat64, math.MaxFloat64 / 1.01, 1e300}
	prices, level := []float64{100}, 100.0
	for range 20_000 {
		level *= 1 + 0.02*g.NormFloat64()
		switch g.IntN(40) {
		case 0:
			prices = append(prices, odd[g.IntN(len(odd))])
		case 1:
			level = math.Exp(100 * g.NormFloat64())
		default:
			prices = append(prices, level)
		}
	}
	got, alone := LogReturns(prices), []float64{nan}
	for i := 1; i < len(prices); i++ {
		alone = append(alone, LogReturns(prices[i-1 : i+1])[1])
	}
	if d := cmp.Diff(alone, got, same); d != "" {
		t.Errorf("(-alone +among others):\n%s", d)
	}
	if r := LogReturns([]float64{1.2e308, 1.5e308}); math.Abs(r[1]-math.Log(1.25)) > 1e-15 {
		t.Errorf("ln(1.5e308/1.2e308) = %v", r[1])
	}
}

func TestReturnsIgnoreTheScale(t *testing.T) {
	prices := random(500, 1000, true)
	scaled := make([]float64, len(prices))
	for i, p := range prices {
		scaled[i] = 1024 * p // exact
	}
	if d := cmp.Diff(SimpleReturns(prices), SimpleReturns(scaled), same); d != "" {
		t.Errorf("simple: %s", d)
	}
	if d := cmp.Diff(LogReturns(prices), LogReturns(scaled), same); d != "" {
		t.Errorf("log: %s", d)
	}
}

func TestGrow(t *testing.T) {
	day := int64(market.Day)
	g := Grow(Series{Time: []int64{0, day, 2 * day, 4 * day}, Value: []float64{100, nan, 110, 121}}, 8)
	// two returns of an eighth of a year each: 1.21 four times a year; four days of calendar
	want := Growth{N: 2, Total: Of(0.21), CAGR: Of(math.Pow(1.21, 4) - 1), CAGRCalendar: Of(math.Pow(1.21, 365.25/4) - 1)}
	if d := cmp.Diff(want, g, closely); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
