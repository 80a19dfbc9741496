package analysis

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAutocorrelation: of 1 to 5 the deviations are -2 to 2, their squares add up to 10, neighbours' products to 4, the next to -1.
func TestAutocorrelation(t *testing.T) {
	got, err := Autocorrelation([]float64{1, 2, nan, 3, 4, 5}, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := Autocorrelations{
		N: 5, ACF: []float64{1, 0.4, -0.1}, PACF: []float64{1, 0.4, -0.26 / 0.84},
		LjungBox: []Test{chiSquared(35*0.16/4, 1), chiSquared(35*(0.16/4+0.01/3), 2)}, BoxPierce: []Test{chiSquared(0.8, 1), chiSquared(0.85, 2)},
	}
	if diff := cmp.Diff(want, got, closely); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Two degrees of freedom: the tail of chi squared is exp(-x/2).
	if p := got.BoxPierce[1].P; math.Abs(p-math.Exp(-0.425)) > 1e-15 {
		t.Errorf("probability: got %v, want %v", p, math.Exp(-0.425))
	}
}

// TestJarqueBera: two values, equally often, are symmetric and have the least possible kurtosis, 1: n/6 * (1-3)²/4.
func TestJarqueBera(t *testing.T) {
	got, err := JarqueBera([]float64{5, 7, 5, 7, 7, 5})
	if want := (Test{1, math.Exp(-0.5)}); err != nil || cmp.Diff(want, got, closely) != "" {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// TestVarianceRatio: returns that alternate take back every move, so that over two periods nothing moves.
func TestVarianceRatio(t *testing.T) {
	got, err := VarianceRatio([]float64{1, -1, 1, -1, 1, -1}, 2)
	if err != nil || got.Ratio != 0 || got.Z >= 0 {
		t.Errorf("got %v, %v, want a ratio of 0", got, err)
	}
}

func TestARCHLM(t *testing.T) {
	calm, err := ARCHLM(random(400, 0, false), 5)
	if err != nil || calm.P < 0.01 {
		t.Errorf("independent returns: got %v, %v, want no sign of memory", calm, err)
	}
	x := random(400, 0, false)
	for i := range x {
		if i/50%2 == 1 {
			x[i] *= 5
		}
	}
	if storms, err := ARCHLM(x, 5); err != nil || storms.P > 1e-3 {
		t.Errorf("calm and storms in turn: got %v, %v, want memory", storms, err)
	}
}

// TestADF: without constant and lags the slope of the changes (-1, 0, -1) on the levels (2, 1, 1) is -3/6, which leaves squares of 1/2;
// its standard error is the root of 1/2/2/6.
func TestADF(t *testing.T) {
	got, err := ADF([]float64{2, 1, 1, 0}, NoConstant, 0)
	if err != nil || math.Abs(got.Statistic+math.Sqrt(6)) > 1e-12 || got.N != 3 || got.Lags != 0 {
		t.Errorf("got %+v, %v, want the statistic -√6 of 3 rows", got, err)
	}
	walk := cumulated(random(500, 0, false))
	if unit, err := ADF(walk, ConstantOnly, -1); err != nil || unit.P < 0.05 {
		t.Errorf("a random walk: got %+v, %v, want a unit root", unit, err)
	}
	if stationary, err := ADF(random(500, 3, false), ConstantOnly, -1); err != nil || stationary.P > 0.001 {
		t.Errorf("noise: got %+v, %v, want no unit root", stationary, err)
	}
}

// TestLagsByAIC: one regression gives the same choice as one per number of lags.
func TestLagsByAIC(t *testing.T) {
	x := cumulated(random(200, 0, false))
	for i := 2; i < len(x); i++ {
		x[i] += 0.6 * (x[i-1] - x[i-2])
	}
	most := MaxLags(len(x), ConstantOnly)
	best, least := 0, math.Inf(1)
	for lags := range most + 1 {
		columns, target := dickeyFullerRows(x, ConstantOnly, most)
		fit := regress(columns[:2+lags], target)
		if aic := float64(len(target))*math.Log(fit.ssr[1+lags]) + float64(2*lags); aic < least {
			best, least = lags, aic
		}
	}
	if got := lagsByAIC(x, ConstantOnly, most); got != best {
		t.Errorf("got %d lags, want %d", got, best)
	}
}

// TestKPSS: the deviations of 1 to 4 add up to -1.5, -2, -1.5, 0, whose squares make 8.5; over 4² and a variance of 1.25.
func TestKPSS(t *testing.T) {
	got, err := KPSS([]float64{1, 2, 3, 4}, ConstantOnly, 0)
	if want := (Test{0.425, 0.10 - 0.05*(0.425-0.347)/(0.463-0.347)}); err != nil || cmp.Diff(want, got.Test, closely) != "" {
		t.Errorf("got %+v, %v, want %v", got, err, want)
	}
	if walk, err := KPSS(cumulated(random(500, 0, false)), ConstantOnly, -1); err != nil || walk.P != 0.01 || walk.Clipped != "<=" {
		t.Errorf("a random walk: got %+v, %v, want P <= 0.01", walk, err)
	}
	if noise, err := KPSS(random(500, 3, false), ConstantOnly, -1); err != nil || noise.P != 0.10 || noise.Clipped != ">=" {
		t.Errorf("noise: got %+v, %v, want P >= 0.10", noise, err)
	}
}

// TestEngleGranger: y is 1 + 2x but for deviations of which 9/10 remain from row to row.
func TestEngleGranger(t *testing.T) {
	x := cumulated(random(600, 0, false))
	g := rand.New(rand.NewPCG(3, 4))
	y, e := make([]float64, len(x)), 0.0
	for i := range x {
		e = 0.9*e + g.NormFloat64()
		y[i] = 1 + 2*x[i] + e
	}
	got, err := EngleGranger(y, x, ConstantOnly)
	if err != nil || got.P > 0.01 || math.Abs(got.HedgeRatio-2) > 0.1 || math.Abs(got.HalfLife.Number-math.Ln2/0.1) > 3 {
		t.Errorf("got %+v, %v, want cointegration with a ratio of 2 and a half-life of about 7", got, err)
	}
	for slope, e := range map[float64][]float64{-0.5: {8, 4, 2, 1}, 1: {1, 2, 4, 8}} {
		if back := reversion(e); math.Abs(back-slope) > 1e-12 || halfLife(back).Ok() != (slope < 0) {
			t.Errorf("%v: got a reversion of %v and a half-life of %v, want %v", e, back, halfLife(back), slope)
		}
	}
	if none, err := EngleGranger(cumulated(random(601, 0, false))[1:], x, ConstantOnly); err != nil || none.P < 0.05 {
		t.Errorf("two random walks: got %+v, %v, want no cointegration", none, err)
	}
	if _, err := EngleGranger(x, x, ConstantOnly); err != Singular {
		t.Errorf("a series and itself: got %v, want %v", err, Singular)
	}
}

// TestGranger: a follows b by one row.
func TestGranger(t *testing.T) {
	b, noise := random(300, 0, false), random(301, 0, false)
	a := make([]float64, len(b))
	for i := range a {
		if a[i] = 0.3 * noise[i]; i > 0 {
			a[i] += b[i-1]
		}
	}
	forward, err := Granger(a, b, 2)
	if err != nil || forward[0].P > 1e-10 || forward[1].P > 1e-10 {
		t.Errorf("b before a: got %v, %v, want it to help", forward, err)
	}
	if back, err := Granger(b, a, 2); err != nil || back[1].P < 0.01 {
		t.Errorf("a before b: got %v, %v, want it not to help", back, err)
	}
}

// TestHurst: a random walk is near 1/2 in all three ways, and moves that always continue are near 1.
func TestHurst(t *testing.T) {
	if sizes := blockSizes(8, 4, 2); cmp.Diff([]int{8, 16, 32}, sizes) != "" {
		t.Errorf("block sizes: got %v, want 8, 16, 32", sizes)
	}
	// In the block 1, -1, 1, -1 the deviations add up to 1, 0, 1, 0, and their standard deviation is 1.
	if got := rescaledRange([]float64{1, -1, 1, -1}, 4); got != 1 {
		t.Errorf("rescaled range: got %v, want 1", got)
	}
	h, err := HurstExponents(random(4000, 0, false))
	for name, v := range map[string]float64{"rescaled range": h.RescaledRange.Exponent, "DFA": h.DFA.Exponent, "generalised": h.Generalised} {
		if err != nil || math.Abs(v-0.5) > 0.1 {
			t.Errorf("a random walk, %s: got %v, %v, want about 0.5", name, v, err)
		}
	}
	x := random(4000, 0, false)
	for i := range x {
		x[i] = math.Copysign(math.Abs(x[i]), math.Sin(float64(i)/300))
	}
	if h, err := HurstExponents(x); err != nil || h.Generalised < 0.8 {
		t.Errorf("long trends: got %+v, %v, want more than 0.8", h.Generalised, err)
	}
}

func TestLeastSquares(t *testing.T) {
	// y = 1 + 2x on x = 0, 1, 2, 3, with residuals 1, -1, -1, 1, which are orthogonal to both columns.
	fit := regress([][]float64{constant(4), {0, 1, 2, 3}}, []float64{2, 2, 4, 8})
	if diff := cmp.Diff([]float64{1, 2}, fit.coefficients(2), closely); diff != "" {
		t.Errorf("coefficients (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{24, 4}, fit.ssr, closely); diff != "" {
		t.Errorf("squares left (-want +got):\n%s", diff)
	}
	if got := fit.spread(1, 2); math.Abs(got-0.2) > 1e-15 { // 1 over the squares of x about its mean, 5
		t.Errorf("spread of the slope: got %v, want 0.2", got)
	}
	if got := regress([][]float64{constant(4), {2, 2, 2, 2}}, []float64{1, 2, 3, 4}).rank; got != 1 {
		t.Errorf("two constants: got rank %d, want 1", got)
	}
}
