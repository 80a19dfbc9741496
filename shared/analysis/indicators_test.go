package analysis

import (
	"math"
	"testing"

	"assay/shared/market"

	"github.com/google/go-cmp/cmp"
)

func TestIndicators(t *testing.T) {
	bars := Bars{
		Time: make([]int64, 5), Close: []float64{2, 4, 3, 5, 5}, High: []float64{3, 5, 4, 6, 5}, Low: []float64{1, 3, 2, 4, 5},
		Volume: []float64{10, 20, 30, 40, 50},
	}
	for _, c := range []struct {
		name       string
		parameters []float64
		want       []float64 // the first output
	}{
		{"SMA", []float64{2}, []float64{nan, 3, 3.5, 4, 5}},
		{"EMA", []float64{3}, []float64{nan, nan, 3, 4, 4.5}},                  // the mean of 2, 4, 3, then half of the way
		{"WMA", []float64{2}, []float64{nan, 10.0 / 3, 10.0 / 3, 13.0 / 3, 5}}, // (2+2*4)/3
		{"LINEARREG_SLOPE", []float64{3}, []float64{nan, nan, 0.5, 0.5, 1}},
		{"STDDEV", []float64{2, 1}, []float64{nan, 1, 0.5, 1, 0}},
		{"BBANDS", []float64{2, 2, 2}, []float64{nan, 5, 4.5, 6, 5}}, // the mean and two deviations
		{"ROC", []float64{2}, []float64{nan, nan, 50, 25, 200.0 / 3}},
		{"ROC", []float64{1}, []float64{nan, 100, -25, 200.0 / 3, 0}},
		{"MOM", []float64{1}, []float64{nan, 2, -1, 2, 0}},
		{"SMA", []float64{1}, nil},                                                  // a period of at least 2
		{"RSI", []float64{2}, []float64{nan, nan, 200.0 / 3, 600.0 / 7, 600.0 / 7}}, // rises 2, 0, 2, 0 and falls 0, 1, 0, 0: 1/1.5, 1.5/1.75, 0.75/0.875
		{"MAX", []float64{2}, []float64{nan, 5, 5, 6, 6}},
		{"MIN", []float64{2}, []float64{nan, 1, 2, 2, 4}},
		{"TRANGE", nil, []float64{nan, 3, 2, 3, 0}},
		{"ATR", []float64{2}, []float64{nan, nan, 2.5, 2.75, 1.375}},
		{"STOCH", []float64{2, 1, 1}, []float64{nan, 75, 100.0 / 3, 75, 50}},
		{"WILLR", []float64{2}, []float64{nan, -25, -200.0 / 3, -25, -50}},
		{"AROON", []float64{2}, []float64{nan, nan, 0, 50, 0}}, // the lowest low of three bars is two bars, one and two bars old
		{"CCI", []float64{2}, []float64{nan, 1 / 0.015, -1 / 0.015, 1 / 0.015, 0}},
		{"OBV", nil, []float64{10, 30, 0, 40, 40}},
		{"AD", nil, []float64{0, 0, 0, 0, 0}}, // every close lies in the middle
		{"MFI", []float64{2}, []float64{nan, nan, 100 * 80.0 / 170, 100 * 200.0 / 290, 100}},
	} {
		func() {
			defer func() {
				if refused := recover(); (refused != nil) != (c.want == nil) {
					t.Errorf("%s: got the panic %v", c.name, refused)
				}
			}()
			if d := cmp.Diff(c.want, IndicatorOf(c.name).Compute(bars, c.parameters...)[0], closely); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, d)
			}
		}()
	}
}

// TestIndicatorsSkipGaps leaves a bar out: it has no value, and the others are as if it were not there.
func TestIndicatorsSkipGaps(t *testing.T) {
	whole := random(60, 100, false)
	gappy := append(append(append([]float64{}, whole[:30]...), nan), whole[30:]...)
	for _, i := range Indicators {
		var p []float64
		for _, parameter := range i.Parameters {
			p = append(p, max(parameter.Min, min(parameter.Default, 5)))
		}
		want, got := i.Compute(barsOf(whole, whole), p...), i.Compute(barsOf(gappy, gappy), p...)
		for k := range want {
			joined := append(append([]float64{}, got[k][:30]...), got[k][31:]...)
			if d := cmp.Diff(want[k], joined, same); d != "" || !market.IsAbsent(got[k][30]) {
				t.Errorf("%s around a gap, which has %v (-want +got):\n%s", i.Name, got[k][30], d)
			}
		}
	}
}

// TestIndicatorsSettle lets 60 bars follow a rise of 1: with a period of 2 every bar halves what is left of it, to less than 1e-14.
func TestIndicatorsSettle(t *testing.T) {
	closes := []float64{100, 101}
	for range 60 {
		closes = append(closes, 101)
	}
	for _, name := range []string{"RSI", "PLUS_DI"} {
		got := IndicatorOf(name).Compute(barsOf(closes, closes), 2)[0]
		if got[2] != 100 || got[40] != 100 || got[61] != 0 {
			t.Errorf("%s: got %v, %v and %v, want 100 after the rise and after 40 bars, and 0 at the end", name, got[2], got[40], got[61])
		}
	}
}

// TestRangeVolatility takes bars that open and close in the middle of a range of e^0.1, each a twentieth above the one before.
func TestRangeVolatility(t *testing.T) {
	var bars Bars
	for i := range 5 {
		middle := 100 * math.Exp(0.05*float64(i))
		bars.add(int64(i)*day, middle, middle*math.Exp(0.05), middle*math.Exp(-0.05), middle, 1)
	}
	v := RangeVolatility(bars, 3, 4)
	for _, c := range []struct {
		name string
		got  []float64
		want float64
	}{
		{"close", v.Close, 0}, // every return is the same
		{"Parkinson", v.Parkinson, 2 * math.Sqrt(0.01/(4*math.Ln2))},
		{"Garman-Klass", v.GarmanKlass, 2 * math.Sqrt(0.005)},
		{"Rogers-Satchell", v.RogersSatchell, 2 * math.Sqrt(0.005)},
		{"with the gap", v.GKYZ, 2 * math.Sqrt(0.005+0.0025)},
	} {
		if got := c.got[4]; math.Abs(got-c.want) > 1e-8 {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
