package analysis

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"assay/shared/market"
)

// columns are every function that keeps rows: one value per row, of one or two inputs.
var columnsOf = map[string]func(x, y []float64) [][]float64{
	"simple":      func(x, _ []float64) [][]float64 { return [][]float64{SimpleReturns(x)} },
	"log":         func(x, _ []float64) [][]float64 { return [][]float64{LogReturns(x)} },
	"rebase":      func(x, _ []float64) [][]float64 { return [][]float64{Rebase(x, 100)} },
	"ratio":       func(x, y []float64) [][]float64 { return [][]float64{Ratio(x, y)} },
	"z":           func(x, _ []float64) [][]float64 { return [][]float64{ZScores(x)} },
	"unit":        func(x, _ []float64) [][]float64 { return [][]float64{UnitRange(x)} },
	"sum":         func(x, _ []float64) [][]float64 { return [][]float64{RollingSum(x, 3)} },
	"mean":        func(x, _ []float64) [][]float64 { return [][]float64{RollingMean(x, 3)} },
	"variance":    func(x, _ []float64) [][]float64 { return [][]float64{RollingVariance(x, 1), RollingVariance(x, 3)} },
	"deviation":   func(x, _ []float64) [][]float64 { return [][]float64{RollingStdDev(x, 4)} },
	"rolling z":   func(x, _ []float64) [][]float64 { return [][]float64{RollingZScore(x, 3)} },
	"skew":        func(x, _ []float64) [][]float64 { return [][]float64{RollingSkew(x, 2), RollingSkew(x, 5)} },
	"kurtosis":    func(x, _ []float64) [][]float64 { return [][]float64{RollingKurtosis(x, 3), RollingKurtosis(x, 5)} },
	"median":      func(x, _ []float64) [][]float64 { return [][]float64{RollingMedian(x, 4), RollingQuantile(x, 3, 1)} },
	"extremes":    func(x, _ []float64) [][]float64 { return [][]float64{RollingMax(x, 3), RollingMin(x, 1)} },
	"correlation": func(x, y []float64) [][]float64 { return [][]float64{RollingCorrelation(x, y, 3)} },
	"covariance":  func(x, y []float64) [][]float64 { return [][]float64{RollingCovariance(x, y, 3), RollingBeta(x, y, 4)} },
	"ewm": func(x, _ []float64) [][]float64 {
		return [][]float64{EWMMean(x, 0.3), EWMMeanAdjusted(x, 0.3), EWMVariance(x, 0.3), EWMStdDev(x, 1)}
	},
	"ewm pairs": func(x, y []float64) [][]float64 {
		return [][]float64{EWMCovariance(x, y, 0.3), EWMCorrelation(x, y, 0.3), EWMBeta(x, y, 0.3)}
	},
	"ewm volatility": func(x, _ []float64) [][]float64 {
		variance, annualised := EWMVolatility(x, 0.94, 365)
		return [][]float64{variance, annualised}
	},
	"range volatility": func(x, y []float64) [][]float64 {
		v := RangeVolatility(barsOf(x, y), 3, 365)
		return [][]float64{v.Close, v.Parkinson, v.GarmanKlass, v.RogersSatchell, v.GKYZ, v.YangZhang}
	},
	"drawdowns": func(x, _ []float64) [][]float64 { return [][]float64{Drawdowns(x)} },
	"robust z":  func(x, _ []float64) [][]float64 { return [][]float64{RobustZScores(x, 3)} },
	"hampel": func(x, _ []float64) [][]float64 {
		_, cleaned := Hampel(Drop(x), 1, 3)
		return [][]float64{cleaned}
	},
	"indicators": func(x, y []float64) [][]float64 {
		var all [][]float64
		for _, i := range Indicators {
			var p []float64
			for _, parameter := range i.Parameters {
				p = append(p, max(parameter.Min, min(parameter.Default, 3)))
			}
			all = append(all, i.Compute(barsOf(x, y), p...)...)
		}
		return all
	},
	"matrix": func(x, y []float64) [][]float64 {
		x, y = bothPresent(x, y)
		return slices.Concat(CorrelationMatrix([][]float64{x, y}), CovarianceMatrix([][]float64{x, y}), SpearmanMatrix([][]float64{x, y}))
	},
}

// valuesOf are every function that reduces series to numbers.
var valuesOf = map[string]func(x, y []float64) []Value{
	"growth": func(x, _ []float64) []Value {
		g := Grow(seriesOf(x), 365)
		return []Value{g.Total, g.CAGR, g.CAGRCalendar}
	},
	"performance": func(x, _ []float64) []Value {
		p := Perform(seriesOf(x), 0.02, 365)
		return []Value{
			p.Mean, p.Volatility, p.Sharpe, p.Sortino, p.DownsideDeviation, p.MaxDrawdown, p.Calmar, p.Ulcer, p.Omega, p.HitRatio, p.Skew,
			p.Kurtosis, p.Best, p.Worst,
		}
	},
	"drawdown": func(x, _ []float64) []Value { return []Value{MaxDrawdown(x)} },
	"tail": func(x, _ []float64) []Value {
		t := Tail(x, 0.95)
		return []Value{
			t.VaR, t.CVaR, t.GaussVaR, t.GaussCVaR, t.CornishFisherVaR, t.CornishFisherCVaR, t.OperationalCVaR, t.Skew, t.Kurtosis,
			t.CornishFisherPoint,
		}
	},
	"association": func(x, y []float64) []Value {
		var all []Value
		a := Associate(x, y)
		for _, c := range []Association{a.Pearson, a.Spearman, a.Kendall} {
			all = append(all, c.Value, c.P, c.Low, c.High)
		}
		return all
	},
	"regression": func(x, y []float64) []Value {
		m, err := Regress(x, y, 0.02, 365)
		if err != nil {
			return []Value{None(err.(Reason))}
		}
		numbers := []Value{m.R2, m.InformationRatio, m.Alpha.T, m.Alpha.P, m.Beta.T, m.Beta.P}
		for _, v := range []float64{m.AlphaAnnual, m.TrackingError, m.Alpha.Value, m.Alpha.Low, m.Alpha.High, m.Beta.Value, m.Beta.HACError, m.Beta.Low} {
			numbers = append(numbers, Value{Number: v})
		}
		return numbers
	},
	"lead and lag": func(x, y []float64) []Value {
		l, err := CrossCorrelate(x, y, 1)
		if err != nil {
			return []Value{None(err.(Reason))}
		}
		return []Value{{Number: l.CCF[0]}, {Number: l.CCF[1]}, {Number: l.CCF[2]}, {Number: l.Band}}
	},
	"extreme deviations": func(x, _ []float64) []Value {
		e, err := ExtremeDeviations(Drop(x), 3, 0.05)
		if err != nil {
			return []Value{None(err.(Reason))}
		}
		return []Value{{Number: e.Statistics[0]}, {Number: e.Critical[0]}}
	},
	"drawdown table": func(x, _ []float64) []Value {
		table, err := DrawdownTable(Drop(x), 3)
		if err != nil {
			return []Value{None(err.(Reason))}
		}
		var all []Value
		for _, d := range table {
			all = append(all, Value{Number: d.Depth})
		}
		return all
	},
}

func seriesOf(x []float64) Series {
	s := Series{Value: x}
	for i := range x {
		s.Time = append(s.Time, int64(i)*int64(market.Day))
	}
	return s
}

// barsOf makes bars between two prices.
func barsOf(x, y []float64) Bars {
	b := Bars{Time: seriesOf(x).Time, Open: x, Close: y, Volume: x}
	for i := range x {
		b.High, b.Low = append(b.High, max(x[i], y[i])), append(b.Low, min(x[i], y[i]))
	}
	return b
}

// check looks for what no result may hold: an infinity, or a number that is none without a reason.
func check(t *testing.T, x, y []float64) {
	t.Helper()
	for name, f := range columnsOf {
		for _, column := range f(x, y) {
			for _, v := range column {
				if math.IsInf(v, 0) {
					t.Errorf("%s of %v and %v: got %v, want no infinity", name, x, y, column)
					break
				}
			}
		}
	}
	for name, f := range valuesOf {
		for i, v := range f(x, y) {
			if v.Ok() == (v.Number-v.Number != 0) {
				t.Errorf("%s of %v and %v: number %d is %v with the reason %q", name, x, y, i, v.Number, v.Reason)
			}
		}
	}
}

func TestDegenerateSeries(t *testing.T) {
	nan := market.Absent
	series := map[string][]float64{
		"none":      {},
		"one":       {42},
		"two":       {100, 110},
		"three":     {100, 110, 105},
		"constant":  {100, 100, 100, 100, 100, 100, 100, 100},
		"tenths":    {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1},
		"absent":    {nan, nan, nan, nan},
		"edges":     {nan, nan, 10, 11, nan, 12.1, 9, nan},
		"up":        {1, 1.01, 1.04, 1.05, 1.1, 1.11, 1.2, 1.26},
		"down":      {1, 0.97, 0.96, 0.9, 0.81, 0.8, 0.5},
		"zero":      {5, 2, 0, -1, 4, 5, 0, 0},
		"huge":      {1e15, 1e15 + 1, 1e15 + 3, 1e15 + 2, 1e15 + 7},
		"overflow":  {1e308, 1, 1.7e308, -1e308, 1e308, 2, 1e-308, 1e308},
		"tiny":      {1e-9, 1.2e-9, 9e-10, 1.1e-9, 1.05e-9},
		"denormal":  {5e-324, 1e-323, 5e-324, 1e-320, 5e-324, 1e-310},
		"infinite":  {1, math.Inf(1), 2, 3, math.Inf(-1), 4, 5, 6},
		"tick":      {1e5, 1e5 + 1, 1e9, 1e5, 1e5 + 2, 1e5 + 1, 1e5, 1e5 + 1},
		"alternate": {1, -1, 1, -1, 1, -1, 1, -1},
	}
	for a, x := range series {
		for b, y := range series {
			n := min(len(x), len(y))
			t.Run(fmt.Sprintf("%s and %s", a, b), func(t *testing.T) { check(t, x[:n], y[:n]) })
		}
	}
}

// FuzzAnySeries reads two series from bytes, with what is absent, equal and extreme among them.
func FuzzAnySeries(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	f.Add([]byte{0, 0, 0, 255, 255, 128, 7, 7, 7, 7, 7, 7, 250, 251, 252, 253})
	f.Fuzz(func(t *testing.T, text []byte) {
		values := fromBytes(text[:min(len(text), 64)])
		half := len(values) / 2
		check(t, values[:half], values[half:2*half])
	})
}

func fromBytes(text []byte) []float64 {
	values := make([]float64, len(text))
	for i, b := range text {
		switch {
		case b >= 250:
			values[i] = []float64{market.Absent, 0, 1e308, 5e-324, -1e300, math.Inf(1)}[b-250]
		case b >= 200:
			values[i] = math.Pow(10, float64(b)-225)
		default:
			values[i] = float64(b) - 20
		}
	}
	return values
}
