package analysis

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestInnovations by hand. AR(1) with 1/2: the first value has the variance 1/(1-1/4). MA(1) with 1/2: 5/4, then 5/4 - (2/5)²·5/4.
// ARMA(1,1) with 1/2 and 1/2: the first variance is (1 + 1 + ...) = 1 + (1/2+1/2)²/(1-1/4) = 7/3.
func TestInnovations(t *testing.T) {
	for _, c := range []struct {
		name      string
		a         arma
		errors    []float64
		variances []float64
	}{
		{"AR", arma{phi: []float64{0.5}}, []float64{2, 0, 3}, []float64{4.0 / 3}},
		{"MA", arma{theta: []float64{0.5}}, []float64{2, 1 - 0.8, 3 - 0.5/1.05*0.2}, []float64{1.25, 1.05, 1.25 - 0.25/1.05}},
		{"ARMA", arma{[]float64{0.5}, []float64{0.5}}, []float64{2, -0.5 / (7.0 / 3) * 2, math.NaN()}, []float64{7.0 / 3, 1.25 - 0.25/(7.0/3), math.NaN()}},
	} {
		s := armaSeries{x: []float64{2, 1, 3}}
		if c.name == "AR" {
			s.x = []float64{2, 1, 3.5}
		}
		variances, ok := c.a.errors(0, &s)
		if c.name == "ARMA" {
			s.e[2], variances[2] = math.NaN(), math.NaN()
		}
		if !ok || cmp.Diff(c.errors, s.e, closely) != "" || cmp.Diff(c.variances, variances, closely) != "" {
			t.Errorf("%s: got errors %v and variances %v, want %v and %v", c.name, s.e, variances, c.errors, c.variances)
		}
	}
}

// TestLikelihood compares the innovations with the density of the whole vector: Σ e²/v is x'Γ⁻¹x and Π v is |Γ|.
func TestLikelihood(t *testing.T) {
	a := arma{[]float64{0.6, -0.3}, []float64{0.4, 0, 0.2}}
	x := random(12, 0, false)
	s := armaSeries{x: x}
	variances, ok := a.errors(0, &s)
	if !ok {
		t.Fatal("no variances")
	}
	quadratic, determinant := 0.0, 1.0
	for i, e := range s.e {
		v := 1.0
		if i < len(variances) {
			v = variances[i]
		}
		quadratic += e * e / v
		determinant *= v
	}
	in := a.innovations()
	gamma := a.autocovariances(in.mixed, len(x))
	rows := make([][]float64, len(x))
	for i := range rows {
		for j := range x {
			lag := i - j
			if lag < 0 {
				lag = -lag
			}
			rows[i] = append(rows[i], gamma[lag])
		}
		rows[i] = append(rows[i], x[i])
	}
	solution := solve(rows) // leaves a triangular matrix, whose diagonal multiplies to ±|Γ|
	product := 1.0
	for i := range rows {
		product *= rows[i][i]
	}
	if want := dot(x, solution); math.Abs(quadratic-want) > 1e-9 {
		t.Errorf("quadratic form: got %v, want %v", quadratic, want)
	}
	if math.Abs(determinant-math.Abs(product)) > 1e-9 {
		t.Errorf("determinant: got %v, want %v", determinant, math.Abs(product))
	}
}

func TestPolynomials(t *testing.T) {
	// (1 - 0.5B)(1 - 0.2B²) = 1 - 0.5B - 0.2B² + 0.1B³
	if got := seasonalProduct([]float64{0.5}, []float64{0.2}, 2, -1); cmp.Diff([]float64{0.5, 0.2, -0.1}, got, closely) != "" {
		t.Errorf("autoregressive product: got %v", got)
	}
	// (1 + 0.5B)(1 + 0.2B²) = 1 + 0.5B + 0.2B² + 0.1B³
	if got := seasonalProduct([]float64{0.5}, []float64{0.2}, 2, 1); cmp.Diff([]float64{0.5, 0.2, 0.1}, got, closely) != "" {
		t.Errorf("moving average product: got %v", got)
	}
	// (1 - B)² = 1 - 2B + B²
	if got := (Order{D: 2}).differences(); cmp.Diff([]float64{2, -1}, got) != "" {
		t.Errorf("two differences: got %v", got)
	}
	// 1 + 2B and 1 + B/2 have the same autocorrelation.
	if got := invertible([]float64{2}); cmp.Diff([]float64{0.5}, got, closely) != "" {
		t.Errorf("invertible: got %v, want 0.5", got)
	}
	c := fromPartials([]float64{0.3, -1.2, 0.7})
	if !stable(c, 1) || stable([]float64{1.2}, 1) || stable([]float64{0.995}, 1.01) {
		t.Errorf("stable is wrong about %v, 1.2 or 0.995 within 1 %%", c)
	}
	if got := fromPartials(toPartials(c)); cmp.Diff(c, got, closely) != "" {
		t.Errorf("there and back: got %v, want %v", got, c)
	}
}

func TestARIMA(t *testing.T) {
	e, x := random(2000, 0, false), make([]float64, 2000)
	for i := range x {
		if x[i] = e[i]; i > 0 {
			x[i] += 0.7*x[i-1] + 0.4*e[i-1]
		}
	}
	m, err := FitARIMA(x, Order{P: 1, Q: 1, Mean: true})
	if err != nil || math.Abs(m.AR[0]-0.7) > 0.05 || math.Abs(m.MA[0]-0.4) > 0.06 || math.Abs(m.Sigma2-1) > 0.1 {
		t.Errorf("got %+v %v %v %v, %v, want 0.7, 0.4 and a variance of 1", m.AR, m.MA, m.Mean, m.Sigma2, err)
	}
	// A random walk with drift goes on by the drift; its errors add up.
	walk := cumulated(e)
	for i := range walk {
		walk[i] += 0.5 * float64(i)
	}
	m, err = FitARIMA(walk, Order{D: 1, Mean: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := m.Forecast(2)
	drift := (walk[1999] - walk[0]) / 1999
	if err != nil || math.Abs(f.Mean[1]-walk[1999]-2*drift) > 1e-6 || math.Abs(f.SE[1]/f.SE[0]-math.Sqrt2) > 1e-12 {
		t.Errorf("got %v ± %v, %v, want %v more each step and errors that grow by √2", f.Mean, f.SE, err, drift)
	}
	if got := m.Order.String(); got != "ARIMA(0,1,0) with drift" {
		t.Errorf("name: got %s", got)
	}
}

// TestForecastErrors by hand. Of a moving average with -1 the variances of the one-step errors are 2, 3/2, 4/3, 5/4: after four rows
// the next is 6/5, not 1. Two steps ahead nothing is known: 1 + 1. A walk of which each step is such a value adds them up: after four
// steps the errors are e, and e' - 5/6 e with a variance of 7/6 for e', so that two steps are off by e/6 + e'.
func TestForecastErrors(t *testing.T) {
	values := []float64{1, 0, -1, 0}
	for _, c := range []struct {
		order Order
		x     []float64
		want  []float64 // variances
	}{{Order{Q: 1}, values, []float64{6.0 / 5, 2}}, {Order{D: 1, Q: 1}, cumulated(append([]float64{0}, values...)), []float64{6.0 / 5, 6.0/5/36 + 7.0/6}}} {
		m := ARIMA{Order: c.order, MA: []float64{-1}, Sigma2: 1, x: c.x, w: values}
		f, err := m.Forecast(2)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, []float64{f.SE[0] * f.SE[0], f.SE[1] * f.SE[1]}, closely); diff != "" {
			t.Errorf("%v: variances (-want +got):\n%s", c.order, diff)
		}
	}
}

func TestChooseARIMA(t *testing.T) {
	e := random(600, 0, false)
	ar, sum := make([]float64, len(e)), 0.0
	for i := range ar {
		sum = 0.8*sum + e[i]
		ar[i] = 50 + sum
	}
	for _, c := range []struct {
		name string
		x    []float64
		d    int
	}{{"noise", e, 0}, {"AR(1)", ar, 0}, {"a walk", cumulated(e), 1}, {"a walk's sum", cumulated(cumulated(e)), 2}} {
		m, err := ChooseARIMA(c.x, 1, nil)
		if err != nil || m.Order.D != c.d {
			t.Errorf("%s: got %v, %v, want %d differences", c.name, m.Order, err, c.d)
		}
	}
	// Three seasons bend any line that is fitted to a phase: they do not make a walk seasonal.
	if m, err := ChooseARIMA(cumulated(e)[:36], 12, nil); err != nil || m.Order.SeasonalD != 0 {
		t.Errorf("a short walk: got %v, %v, want no seasonal difference", m.Order, err)
	}
}

// A season needs three of itself for each of its terms, and the rows then have no term at its lag.
func TestARIMABounds(t *testing.T) {
	for _, c := range []struct{ rows, period, most, mostSeasonal int }{{100, 1, 5, 0}, {9, 1, 3, 0}, {100, 4, 3, 2}, {36, 12, 5, 1}, {30, 12, 5, 0}} {
		s := arimaSearch{x: make([]float64, c.rows), period: c.period}
		if s.bound(); s.most != c.most || s.mostSeasonal != c.mostSeasonal {
			t.Errorf("%d rows of period %d: got at most %d and %d terms, want %d and %d", c.rows, c.period, s.most, s.mostSeasonal, c.most, c.mostSeasonal)
		}
	}
}

// A search that nobody waits for ends with the reason, before its next model.
func TestSearchesStop(t *testing.T) {
	gone := errors.New("gone")
	asked := 0
	stopped := func() error {
		if asked++; asked > 2 {
			return gone
		}
		return nil
	}
	x := cumulated(random(200, 0, false))
	if m, err := ChooseARIMA(x, 1, stopped); err != gone {
		t.Errorf("ChooseARIMA: got %v, %v, want %v", m.Order, err, gone)
	}
	asked = 0
	if m, err := ChooseETS(x, 1, stopped); err != gone || asked != 3 {
		t.Errorf("ChooseETS: got %s, %v after asking %d times, want %v after 3", m.Model, err, asked, gone)
	}
	asked = 0
	if s, err := ChangePoints(x, SegmentOptions{MinSize: 2, Stopped: stopped}); err != gone || asked != 3 {
		t.Errorf("ChangePoints: got %v, %v after asking %d times, want %v after 3", s.Changes, err, asked, gone)
	}
}

// TestGARCH: what is ten times as large has ten times the deviations and a likelihood lower by n ln 10.
func TestGARCH(t *testing.T) {
	e := random(3000, 0, false)
	x, tenfold, h, square := make([]float64, len(e)), make([]float64, len(e)), 1.0, 1.0
	for i := range x {
		h = 0.1 + 0.15*square + 0.75*h
		x[i] = 0.05 + math.Sqrt(h)*e[i]
		square = h * e[i] * e[i]
		tenfold[i] = 10 * x[i]
	}
	got, err := FitGARCH(x, false)
	if err != nil || math.Abs(got.Alpha-0.15) > 0.04 || math.Abs(got.Beta-0.75) > 0.07 || got.Doubt != "" || got.Shape.Reason != NotInModel {
		t.Errorf("got %+v and a shape of %v, %v, want 0.15, 0.75 and none", [4]float64{got.Mu, got.Omega, got.Alpha, got.Beta}, got.Shape, err)
	}
	large, err := FitGARCH(tenfold, false)
	if err != nil || math.Abs(large.LogLikelihood-got.LogLikelihood+3000*math.Log(10)) > 1e-4 || math.Abs(large.Alpha-got.Alpha) > 1e-4 {
		t.Errorf("tenfold: got likelihood %v and alpha %v, %v, want %v and %v", large.LogLikelihood, large.Alpha, err, got.LogLikelihood-3000*math.Log(10), got.Alpha)
	}
	ahead := got.Forecast(5000)
	if want := math.Sqrt(got.Omega / (1 - got.Persistence)); math.Abs(ahead[4999]-want) > 1e-6 {
		t.Errorf("far ahead: got %v, want the unconditional deviation %v", ahead[4999], want)
	}
	student, err := FitGARCH(x, true)
	if err != nil || !(student.Shape.Number > 10) || math.Abs(student.LogLikelihood-got.LogLikelihood) > 3 {
		t.Errorf("Student's t on normal errors: got shape %v and likelihood %v, %v, want many degrees and nearly %v", student.Shape.Number, student.LogLikelihood, err, got.LogLikelihood)
	}
}
