package analysis

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSimpleForecasts of 1, 2, 4: the changes are 1 and 2, their mean 1.5, the last value of a season of two is 2.
func TestSimpleForecasts(t *testing.T) {
	x := []float64{1, nan, 2, 4}
	naive := math.Sqrt(2.5) // of (1 + 4)/2
	drift := math.Sqrt(0.5) // of (0.25 + 0.25)/(3-2)
	for _, c := range []struct {
		model Forecaster
		want  Forecast
	}{
		{Naive, Forecast{Model: "naive", Mean: []float64{4, 4}, SE: []float64{naive, naive * math.Sqrt2}}},
		{Drift, Forecast{Model: "drift", Mean: []float64{5.5, 7}, SE: []float64{drift * math.Sqrt(1.5), drift * 2}}},
		{SeasonalNaive(2), Forecast{Model: "seasonal naive", Mean: []float64{2, 4}, SE: []float64{3, 3}}},
	} {
		got, err := c.model(x, 2)
		if diff := cmp.Diff(c.want, got, closely); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	low, high := Forecast{Mean: []float64{10}, SE: []float64{2}}.Interval(0.95)
	if math.Abs(low[0]-6.08) > 1e-3 || math.Abs(high[0]-13.92) > 1e-3 {
		t.Errorf("interval of 10 ± 2: got %v to %v, want 10 ± 1.96*2", low, high)
	}
}

// TestBacktest of 1 to 7, from 3 and 5 values, two steps: the naive forecast is off by 1 and 2, drift by nothing.
func TestBacktest(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6, 7}
	o := BacktestOptions{Initial: 3, Step: 2, Horizon: 2, Period: 1}
	got, err := RunBacktest(x, Naive, o)
	if err != nil {
		t.Fatal(err)
	}
	z80, z95 := 1.2815515655446004, 1.959963984540054
	want := Backtest{
		Origins: 2, N: 4, MAE: Of(1.5), RMSE: Of(math.Sqrt(2.5)), MASE: Of(1.5),
		SMAPE:      Of(100 * (2.0/7 + 4.0/8 + 2.0/11 + 4.0/12) / 4),
		Coverage80: Of(0.5), Coverage95: Of(1), Width95: Of(z95 * (1 + math.Sqrt2)),
		MAEByStep: []float64{1, 2}, MASEByStep: []float64{1, 2}, Coverage95ByStep: []float64{1, 1},
	}
	if z80 < 1 || z80*math.Sqrt2 > 2 {
		t.Fatal("1 is to lie within, 2 outside the interval of 80 %")
	}
	if diff := cmp.Diff(want, got, closely); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestForetell: on a line drift knows everything; the naive forecast never beats itself.
func TestForetell(t *testing.T) {
	x := []float64{1, 2, 3, 4, 5, 6, 7}
	o := BacktestOptions{Initial: 3, Step: 1, Horizon: 1, Period: 1}
	got, err := Foretell(x, Drift, 2, o)
	if err != nil || got.Withheld != "" || got.Skill != Of(1) || cmp.Diff([]float64{8, 9}, got.Forecast.Mean, closely) != "" {
		t.Errorf("drift: got %+v, %v, want 8, 9 and a skill of 1", got, err)
	}
	got, err = Foretell(x, Naive, 2, o)
	if err != nil || got.Withheld != NoSkill || got.Forecast.Mean != nil || got.NaiveBacktest.MAE != Of(1) {
		t.Errorf("naive: got %+v, %v, want it withheld for %s", got, err, NoSkill)
	}
	got, err = Foretell([]float64{3, 3, 3, 3, 3, 3}, Drift, 1, o)
	if err != nil || got.Withheld != NoSkill || got.Skill.Reason != ZeroDenominator {
		t.Errorf("a constant: got %+v, %v, want no skill", got, err)
	}
	broken := errors.New("broken")
	if _, err := Foretell(x, func([]float64, int) (Forecast, error) { return Forecast{}, broken }, 1, o); err != broken {
		t.Errorf("a model that fails: got %v, want %v", err, broken)
	}
}

// TestTheta: half the slope of a line is 1/2 a row. Smoothing follows a line closely, a step behind.
func TestTheta(t *testing.T) {
	got, err := Theta(1)(ramp(60), 3)
	if err != nil || math.Abs(got.Mean[0]-60.5) > 0.01 || math.Abs(got.Mean[2]-got.Mean[0]-1) > 1e-9 {
		t.Errorf("got %v, %v, want 60.5, 61, 61.5", got.Mean, err)
	}
	season := []float64{0.5, 1, 1.5}
	x := make([]float64, 60)
	for i := range x {
		x[i] = 100 * season[i%3]
	}
	got, err = Theta(3)(x, 3)
	if err == nil && cmp.Diff([]float64{50, 100, 150}, got.Mean, closely) != "" || err != nil && err != Constant {
		t.Errorf("a season and nothing else: got %v, %v, want 50, 100, 150", got.Mean, err)
	}
	// A season is shares of what it is a season of: the logarithms of prices below 1 have one as others do.
	for i, e := range random(len(x), 0, false) {
		x[i] = -season[i%3] * (100 + e)
	}
	got, err = Theta(3)(x, 3)
	for h, share := range season {
		if err != nil || math.Abs(got.Mean[h]+100*share) > 5 {
			t.Errorf("below 0, step %d: got %v, %v, want about %v", h+1, got.Mean[h], err, -100*share)
		}
	}
}

// TestETS follows ETS(A,N,N) with alpha 1/2 from a level of 10: errors 2, -3, 1.5, levels 11, 9.5, 10.25.
func TestETS(t *testing.T) {
	m := ETS{form: etsForm{}, period: 1, alpha: 0.5, phi: 1}
	s := etsState{level: 10}
	if got := m.run([]float64{12, 8, 11}, &s); got.squares != 4+9+2.25 || s.level != 10.25 {
		t.Errorf("got squares %v and level %v, want 15.25 and 10.25", got.squares, s.level)
	}
	// A relative error moves the state as an additive one does, but counts against the fitted value.
	m.form.relative = true
	s = etsState{level: 10}
	if got := m.run([]float64{12, 8, 11}, &s); math.Abs(got.squares-0.04-9.0/121-2.25/90.25) > 1e-15 || math.Abs(got.logs-math.Log(10*11*9.5)) > 1e-12 {
		t.Errorf("relative: got %+v", got)
	}
	// A damped trend: two steps ahead an error moves the value by alpha + beta phi, three by beta phi² more.
	m = ETS{form: etsForm{trend: true, damped: true}, period: 1, alpha: 0.5, beta: 0.1, phi: 0.9, etsState: etsState{level: 100, trend: 2}, Sigma2: 1}
	f, err := m.Forecast(3)
	want := Forecast{
		Mean: []float64{100 + 1.8, 100 + 1.8 + 1.62, 100 + 1.8 + 1.62 + 1.458},
		SE:   []float64{1, math.Sqrt(1 + 0.59*0.59), math.Sqrt(1 + 0.59*0.59 + 0.671*0.671)},
	}
	if diff := cmp.Diff(want, f, closely); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestETSFindsTheSeason: level, trend and additive season of 4 rows, with little noise.
func TestETSFindsTheSeason(t *testing.T) {
	season := []float64{8, -3, -10, 5}
	x := make([]float64, 80)
	for i, e := range random(len(x), 0, false) {
		x[i] = 100 + 0.5*float64(i) + season[i%4] + 0.2*e
	}
	m, err := ChooseETS(x, 4, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := m.Forecast(4)
	for h := range 4 {
		if want := 140 + 0.5*float64(h) + season[h]; err != nil || math.Abs(f.Mean[h]-want) > 1.5 {
			t.Errorf("%s, step %d: got %v, %v, want about %v", m.Model, h+1, f.Mean[h], err, want)
		}
	}
	// One season and most of the next are enough, as long as there are more rows than what is to be found.
	short, err := FitETS([]float64{5, 1, -3, 2, 7, -12, 5.1, 1.1, -3.1, 1.9, 7}, "ANA", 6)
	if err != nil {
		t.Fatal(err)
	}
	if f, err = short.Forecast(2); err != nil || math.Abs(f.Mean[0]+12) > 0.3 || math.Abs(f.Mean[1]-5) > 0.3 {
		t.Errorf("11 rows of period 6: got %v, %v, want about -12 and 5", f.Mean, err)
	}
	if _, err := FitETS([]float64{1, -2, 3, -4, 5, -6, 7, -8}, "MNN", 1); err != NonPositive {
		t.Errorf("relative errors of negative values: got %v, want %v", err, NonPositive)
	}
}

// TestAdmissible: with alpha, beta and gamma at these values the seasonal model forgets its beginning; with gamma beyond 2 - alpha not.
func TestAdmissible(t *testing.T) {
	m := ETS{form: etsForm{season: additive}, period: 4, alpha: 0.3, gamma: 0.2, phi: 1}
	if !m.admissible() {
		t.Errorf("alpha 0.3, gamma 0.2: got inadmissible")
	}
	if m.gamma = 1.8; m.admissible() {
		t.Errorf("alpha 0.3, gamma 1.8: got admissible")
	}
}
