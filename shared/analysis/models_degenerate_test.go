package analysis

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"assay/shared/market"
)

// modelsOf are every function that tests, groups, models or forecasts, of one or two series of a length.
var modelsOf = map[string]func(x, y []float64) (any, error){
	"autocorrelation": func(x, _ []float64) (any, error) { return either(Autocorrelation(x, 3)) },
	"ARCH":            func(x, _ []float64) (any, error) { return either(ARCHLM(x, 2)) },
	"Jarque-Bera":     func(x, _ []float64) (any, error) { return either(JarqueBera(x)) },
	"variance ratio":  func(x, _ []float64) (any, error) { return either(VarianceRatio(x, 2)) },
	"ADF":             func(x, _ []float64) (any, error) { return either(ADF(x, ConstantAndTrend, -1)) },
	"ADF, no terms":   func(x, _ []float64) (any, error) { return either(ADF(x, NoConstant, 1)) },
	"KPSS":            func(x, _ []float64) (any, error) { return either(KPSS(x, ConstantOnly, -1)) },
	"KPSS, trend":     func(x, _ []float64) (any, error) { return either(KPSS(x, ConstantAndTrend, 4)) },
	"Engle-Granger":   func(x, y []float64) (any, error) { return either(EngleGranger(x, y, ConstantAndTrend)) },
	"Granger":         func(x, y []float64) (any, error) { return either(Granger(x, y, 2)) },
	"Hurst":           func(x, _ []float64) (any, error) { return either(HurstExponents(x)) },
	"STL":             func(x, _ []float64) (any, error) { return either(Decompose(x, STLOptions{Period: 3})) },
	"STL, robust":     func(x, _ []float64) (any, error) { return either(Decompose(x, STLOptions{Period: 4, Robust: true})) },
	"weekdays":        func(x, _ []float64) (any, error) { return either(Seasonal(seriesOf(x), ByWeekday)) },
	"months":          func(x, _ []float64) (any, error) { return either(Seasonal(seriesOf(x), ByMonth)) },
	"monthly":         func(x, _ []float64) (any, error) { return MonthlyReturns(seriesOf(x)).Drop(), nil },
	"PCA":             func(x, y []float64) (any, error) { return either(PCA(matrixOf(x, y))) },
	"clustering": func(x, y []float64) (any, error) {
		return either(Cluster(CorrelationDistance(matrixOf(x, y)), Ward))
	},
	"k-means": func(x, _ []float64) (any, error) { return either(KMeans(x, 2)) },
	"regimes": func(x, _ []float64) (any, error) { return either(VolatilityRegimes(x, 3, 2, 365)) },
	"Johansen": func(x, y []float64) (any, error) {
		return either(Johansen([][]float64{x, y}, 1))
	},
	"hidden regimes": func(x, _ []float64) (any, error) { return either(FitHiddenRegimes(x)) },
	"change in mean": func(x, _ []float64) (any, error) {
		return either(ChangePoints(x, SegmentOptions{Cost: ChangeInMean, Penalty: 1, MinSize: 2}))
	},
	"change in variance": func(x, _ []float64) (any, error) {
		return either(ChangePoints(x, SegmentOptions{Cost: ChangeInVariance, Penalty: 10, MinSize: 5}))
	},
	"GARCH":   func(x, _ []float64) (any, error) { return either(FitGARCH(x, false)) },
	"GARCH-t": func(x, _ []float64) (any, error) { return either(FitGARCH(x, true)) },
	"naive":   forecast(Naive), "drift": forecast(Drift), "seasonal naive": forecast(SeasonalNaive(3)), "SES": forecast(SES),
	"theta": forecast(Theta(3)), "ETS": forecast(Fitted(func(x []float64) (ETS, error) { return ChooseETS(x, 3, nil) })),
	"ARIMA": forecast(Fitted(func(x []float64) (ARIMA, error) { return ChooseARIMA(x, 1, nil) })),
	"MAM":   func(x, _ []float64) (any, error) { return either(FitETS(x, "MAM", 3)) },
	"seasonal ARIMA": func(x, _ []float64) (any, error) {
		return either(FitARIMA(x, Order{P: 1, Q: 1, SeasonalD: 1, SeasonalQ: 1, Period: 3}))
	},
	"ARMA with mean": func(x, _ []float64) (any, error) { return either(FitARIMA(x, Order{P: 2, Q: 1, Mean: true})) },
	"backtest": func(x, _ []float64) (any, error) {
		return either(Foretell(x, Theta(1), 3, BacktestOptions{Initial: 5, Step: 40, Horizon: 2, Period: 1}))
	},
}

func either[T any](result T, err error) (any, error) { return result, err }

func forecast(model Forecaster) func(x, _ []float64) (any, error) {
	return func(x, _ []float64) (any, error) { return either(model(x, 3)) }
}

func matrixOf(x, y []float64) [][]float64 {
	x, y = bothPresent(x, y)
	return CorrelationMatrix([][]float64{x, y})
}

// checkModels looks for an error that is no reason, and for a number that is none.
func checkModels(t *testing.T, x, y []float64) {
	t.Helper()
	for name, f := range modelsOf {
		result, err := f(x, y)
		if err != nil {
			if reason := Reason(""); !errors.As(err, &reason) {
				t.Errorf("%s of %v and %v: got %v, want a reason", name, x, y, err)
			}
		} else if at := unsound(reflect.ValueOf(result)); at != "" {
			t.Errorf("%s of %v and %v: %s is no number", name, x, y, at)
		}
	}
}

// unsound names the first number of a result that is none, unless a reason beside it says why.
func unsound(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Float64:
		if x := v.Float(); x-x != 0 {
			return fmt.Sprint(x)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if at := unsound(v.Index(i)); at != "" {
				return fmt.Sprintf("[%d] %s", i, at)
			}
		}
	case reflect.Struct:
		if reason := v.FieldByName("Reason"); reason.IsValid() && reason.String() != "" {
			return ""
		}
		for i := range v.NumField() {
			if name := v.Type().Field(i); name.IsExported() {
				if at := unsound(v.Field(i)); at != "" {
					return name.Name + " " + at
				}
			}
		}
	}
	return ""
}

func TestDegenerateModels(t *testing.T) {
	nan := market.Absent
	for name, x := range map[string][]float64{
		"none":      {},
		"one":       {42},
		"two":       {100, 110},
		"three":     {100, 110, 105},
		"constant":  {100},
		"tenths":    {0.1, 0.1},
		"absent":    {nan, nan, nan, nan},
		"edges":     {nan, nan, 10, 11, nan, 12.1, 9, nan},
		"up":        {1, 1.01, 1.04, 1.05, 1.1, 1.11, 1.2, 1.26},
		"zero":      {5, 2, 0, -1, 4, 5, 0, 0},
		"huge":      {1e15, 1e15 + 1, 1e15 + 3, 1e15 + 2, 1e15 + 7},
		"overflow":  {1e308, 1, 1.7e308, -1e308, 1e308, 2, 1e-308, 1e308},
		"large":     {1e200, 2e200, 1.5e200, 3e200, 1.1e200},
		"tiny":      {1e-9, 1.2e-9, 9e-10, 1.1e-9, 1.05e-9},
		"denormal":  {5e-324, 1e-323, 5e-324, 1e-320, 5e-324, 1e-310},
		"infinite":  {1, math.Inf(1), 2, 3, math.Inf(-1), 4, 5, 6},
		"tick":      {1e5, 1e5 + 1, 1e9, 1e5, 1e5 + 2, 1e5 + 1, 1e5, 1e5 + 1},
		"alternate": {1, -1},
		"line":      ramp(90),
		"squares":   cumulated(ramp(90)),
		"noise":     random(90, 0, true),
		"walk":      cumulated(random(90, 0, false)),
		"one jump":  append(make([]float64, 45), constant(45)...),
	} {
		t.Run(name, func(t *testing.T) {
			checkModels(t, x, x)
			if len(x) == 0 {
				return
			}
			for len(x) < 90 { // the same over and over
				x = slices.Concat(x, x)
			}
			checkModels(t, x, x)
			checkModels(t, x, random(len(x), 0, false))
		})
	}
}

func FuzzModels(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, uint8(1))
	f.Add([]byte{0, 0, 0, 255, 255, 128, 7, 7, 7, 7, 7, 7, 250, 251, 252, 253}, uint8(9))
	f.Fuzz(func(t *testing.T, text []byte, times uint8) {
		x := fromBytes(text[:min(len(text), 64)])
		x = slices.Repeat(x, min(int(times), 90/max(len(x), 1)))
		y := slices.Clone(x)
		slices.Reverse(y)
		checkModels(t, x, y)
	})
}
