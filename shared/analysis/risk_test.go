package analysis

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPerform(t *testing.T) {
	// returns of +10 %, -50 % and +100 %, a quarter each: mean 0.2, one loss
	p := Perform(seriesOf([]float64{100, 110, 55, 110}), 0, 4)
	sd := math.Sqrt((0.01 + 0.49 + 0.64) / 2)
	for _, c := range []struct {
		name string
		got  Value
		want float64
	}{
		{"mean", p.Mean, 0.2},
		{"volatility", p.Volatility, sd * 2},
		{"Sharpe", p.Sharpe, 0.2 / sd * 2},
		{"downside deviation", p.DownsideDeviation, math.Sqrt(0.25/3) * 2},
		{"Sortino", p.Sortino, 0.2 * 4 / (math.Sqrt(0.25/3) * 2)},
		{"drawdown", p.MaxDrawdown, -0.5},
		{"CAGR", p.Growth.CAGR, math.Pow(1.1, 4.0/3) - 1},
		{"Calmar", p.Calmar, (math.Pow(1.1, 4.0/3) - 1) / 0.5},
		{"Ulcer", p.Ulcer, math.Sqrt(0.25 / 3)},
		{"Omega", p.Omega, 1.1 / 0.5},
		{"hits", p.HitRatio, 2.0 / 3},
		{"best", p.Best, 1},
		{"worst", p.Worst, -0.5},
	} {
		if d := cmp.Diff(Of(c.want), c.got, closely); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestUndefinedPerformance(t *testing.T) {
	for _, c := range []struct {
		name   string
		prices []float64
		value  func(p Performance) Value
		want   Reason
	}{
		{"Sharpe of one return", []float64{1, 2}, func(p Performance) Value { return p.Sharpe }, TooFew},
		{"Sharpe of a constant", []float64{0.1, 0.1, 0.1}, func(p Performance) Value { return p.Sharpe }, Constant},
		{"Sortino without a loss", []float64{1, 2, 3}, func(p Performance) Value { return p.Sortino }, ZeroDenominator},
		{"Calmar without a fall", []float64{1, 2, 3}, func(p Performance) Value { return p.Calmar }, ZeroDenominator},
		{"drawdown below zero", []float64{1, -2, 3}, func(p Performance) Value { return p.MaxDrawdown }, NonPositive},
		{"growth from nothing", []float64{0, 2}, func(p Performance) Value { return p.Growth.CAGR }, NonPositive},
		{"mean of nothing", nil, func(p Performance) Value { return p.Mean }, TooFew},
	} {
		if got := c.value(Perform(seriesOf(c.prices), 0, 365)); got.Reason != c.want {
			t.Errorf("%s: got %v, want the reason %s", c.name, got, c.want)
		}
	}
}

func TestDrawdownTable(t *testing.T) {
	//                   0   1   2   3   4   5   6   7   8
	prices := []float64{100, 100, 80, 90, 100, 120, 60, 70, 90}
	table, err := DrawdownTable(prices, 5)
	want := []Drawdown{
		{Peak: 5, Trough: 6, Recovery: -1, Depth: -0.5, Last: 8},
		{Peak: 1, Trough: 2, Recovery: 4, Depth: -0.2, Last: 4},
	}
	if d := cmp.Diff(want, table, closely); d != "" || err != nil {
		t.Errorf("(-want +got):\n%s%v", d, err)
	}
	if d := cmp.Diff([]float64{0, 0, -0.2, -0.1, 0, 0, -0.5, 70.0/120 - 1, -0.25}, Drawdowns(prices), closely); d != "" {
		t.Errorf("series (-want +got):\n%s", d)
	}
	if _, err := DrawdownTable([]float64{1, 0}, 5); !errors.Is(err, NonPositive) {
		t.Errorf("a price of zero: got %v, want %v", err, NonPositive)
	}
}

func TestTail(t *testing.T) {
	r := make([]float64, 101) // -50 % to 50 %: the quantile 0.05 is the sixth
	for i := range r {
		r[i] = float64(i-50) / 100
	}
	tail := Tail(r, 0.95)
	if d := cmp.Diff([]Value{Of(0.45), Of(0.475)}, []Value{tail.VaR, tail.CVaR}, closely); d != "" {
		t.Errorf("historical (-want +got):\n%s", d)
	}
	// 1-0.9 is a little less than a tenth, so that the quantile of eleven returns is just below the second: only the first is a loss beyond.
	if _, shortfall := HistoricalTail([]float64{-0.03, 1, 2, 3, 4, -0.04, 5, 6, 7, 8, 9}, 0.9); shortfall != Of(0.04) {
		t.Errorf("shortfall of eleven at 0.9: got %v, want 0.04", shortfall)
	}
	if tail = Tail(append(random(5000, 0, false), -4, 4, -4, 4), 0.95); len(tail.Warnings) > 0 {
		t.Errorf("warnings of a nearly normal distribution: got %v, want none", tail.Warnings)
	}
	for i := range r { // one huge gain: the expansion's quantile is no longer monotone
		r[i] = -0.01 + 0.02*float64(i%2)
	}
	r[7] = 1
	if tail = Tail(r, 0.95); !cmp.Equal(tail.Warnings, []Reason{OutOfDomain}) && !cmp.Equal(tail.Warnings, []Reason{OutOfDomain, BelowVaR}) {
		t.Errorf("warnings of a fat tail: got %v, want %v first", tail.Warnings, OutOfDomain)
	}
}

// TestQuantileOfMany looks among many values, where only those near the place are sorted: random, in order, and with few to tell apart.
func TestQuantileOfMany(t *testing.T) {
	x := random(30_000, 0, false)
	ascending, few := slices.Sorted(slices.Values(x)), make([]float64, len(x))
	for i, v := range x {
		few[i] = math.Round(v)
	}
	for _, p := range []float64{0, 0.0001, 0.05, 0.5, 0.99, 1} {
		for name, values := range map[string][]float64{"random": x, "ascending": ascending, "few": few} {
			sorted := slices.Sorted(slices.Values(values))
			k, f := rank(len(sorted), p)
			want := between(sorted, k, f)
			if got := Quantile(values, p); got != want {
				t.Errorf("quantile %v of %s values: got %v, want %v", p, name, got, want)
			}
			if p == 0 || p == 1 {
				continue
			}
			n := 0
			for n < len(sorted) && sorted[n] <= want {
				n++
			}
			if _, got := HistoricalTail(values, 1-p); math.Abs(got.Number+Mean(sorted[:n])) > 1e-12 {
				t.Errorf("mean of %s values up to the quantile %v: got %v, want %v", name, p, -got.Number, Mean(sorted[:n]))
			}
		}
	}
}

func TestAssociate(t *testing.T) {
	a := Associate([]float64{1, 2, 3, 4, nan}, []float64{1, 3, 2, 4, 9})
	// of six pairs five agree: tau 4/6; of ranks the squared differences sum to 2: rho 1 - 6*2/60
	for _, c := range []struct {
		name string
		got  Value
		want float64
	}{
		{"Pearson", a.Pearson.Value, 0.8},
		{"Spearman", a.Spearman.Value, 0.8},
		{"Kendall", a.Kendall.Value, 4.0 / 6},
		{"Pearson's low end", a.Pearson.Low, math.Tanh(math.Atanh(0.8) - normal975)},
	} {
		if d := cmp.Diff(Of(c.want), c.got, closely); d != "" || a.N != 4 {
			t.Errorf("%s of %d rows (-want +got):\n%s", c.name, a.N, d)
		}
	}
	if d := cmp.Diff([]float64{1.5, 4, 1.5, 3}, Ranks([]float64{2, 9, 2, 5})); d != "" {
		t.Errorf("ranks (-want +got):\n%s", d)
	}
}

func TestRegress(t *testing.T) {
	benchmark := random(300, 0, false)
	asset := make([]float64, len(benchmark))
	for i, b := range benchmark {
		asset[i] = 0.5 + 2*b
	}
	forth, err := Regress(asset, benchmark, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]float64{2, 0.5, 5}, []float64{forth.Beta.Value, forth.Alpha.Value, forth.AlphaAnnual}, closely); d != "" {
		t.Errorf("a line (-want +got):\n%s", d)
	}
	noisy := random(301, 0, false)[:300]
	forth, _ = Regress(noisy, benchmark, 0, 10)
	back, _ := Regress(benchmark, noisy, 0, 10)
	if r := Associate(noisy, benchmark).Pearson.Value.Number; math.Abs(forth.Beta.Value*back.Beta.Value-r*r) > 1e-14 {
		t.Errorf("beta of a on b times beta of b on a: got %v, want rho squared, %v", forth.Beta.Value*back.Beta.Value, r*r)
	}
}

func TestCrossCorrelate(t *testing.T) {
	b := random(400, 0, false)
	a := append([]float64{0, 0}, b[:398]...) // a follows b two rows later
	l, err := CrossCorrelate(a, b, 5)
	if err != nil || l.Best != 2 {
		t.Errorf("got the best lag %d (%v), want 2: b leads", l.Best, err)
	}
}

func TestOutliers(t *testing.T) {
	rows, cleaned := Hampel([]float64{1, 2, 3, 100, 5, 6, 7}, 2, 3)
	if d := cmp.Diff([]int{3}, rows) + cmp.Diff([]float64{1, 2, 3, 5, 5, 6, 7}, cleaned); d != "" {
		t.Errorf("Hampel (-want +got):\n%s", d)
	}
	// the window 1, 2, 3 has the median 2 and the deviation 1
	if d := cmp.Diff([]float64{nan, nan, nan, 8 / 1.4826}, RobustZScores([]float64{1, 2, 3, 10}, 3), closely); d != "" {
		t.Errorf("robust z (-want +got):\n%s", d)
	}
	x := random(200, 0, false)
	x[50], x[120] = 12, -15
	e, err := ExtremeDeviations(x, 5, 0.05)
	if d := cmp.Diff([]int{50, 120}, e.Rows); d != "" || err != nil {
		t.Errorf("extreme deviations (-want +got):\n%s%v", d, err)
	}
}
