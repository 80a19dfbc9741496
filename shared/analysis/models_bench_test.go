package analysis

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// BenchmarkModels is named after the baselines of the reference's bench_pandas.py. With its folder in BENCH_DIR both fit the same
// series; without, similar ones.
func BenchmarkModels(b *testing.B) {
	day, month, hour := benchSeries(b, "day_1000.csv", 1000), benchSeries(b, "month_240.csv", 240), benchSeries(b, "hour_8760.csv", 8760)
	logs := make([]float64, len(day))
	for i, v := range day {
		logs[i] = math.Log(v)
	}
	returns := LogReturns(day)[1:]
	for i := range returns {
		returns[i] *= 100
	}
	rolled := append([]float64{day[len(day)-1]}, day[:len(day)-1]...)
	for _, c := range []struct {
		name string
		run  func() (any, error)
	}{
		{"stl_hourly_8760_p24", func() (any, error) { return either(Decompose(hour, STLOptions{Period: 24})) }},
		{"stl_hourly_8760_p24_robust", func() (any, error) { return either(Decompose(hour, STLOptions{Period: 24, Robust: true})) }},
		{"adf_1000_aic", func() (any, error) { return either(ADF(day, ConstantOnly, -1)) }},
		{"engle_granger_1000", func() (any, error) { return either(EngleGranger(day, rolled, ConstantOnly)) }},
		{"r_arima_111_log_day_1000", func() (any, error) { return either(FitARIMA(logs, Order{P: 1, D: 1, Q: 1})) }},
		{"r_auto_arima_exact_day_1000", func() (any, error) { return either(ChooseARIMA(logs, 1)) }},
		{"r_auto_arima_month_240", func() (any, error) { return either(ChooseARIMA(month, 12)) }},
		{"r_ets_day_1000", func() (any, error) { return either(FitETS(day, "", 1)) }},
		{"r_ets_month_240", func() (any, error) { return either(FitETS(month, "", 12)) }},
		{"r_theta_month_240", func() (any, error) { return either(Theta(12)(month, 12)) }},
		{"r_garch11_999", func() (any, error) { return either(FitGARCH(returns, false)) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchSeries(b *testing.B, file string, n int) []float64 {
	dir := os.Getenv("BENCH_DIR")
	if dir == "" {
		return walk(n)
	}
	f, err := os.Open(filepath.Join(dir, file))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		b.Fatal(err)
	}
	var x []float64
	for _, record := range records[1:] {
		v, err := strconv.ParseFloat(record[1], 64)
		if err != nil {
			b.Fatal(err)
		}
		x = append(x, v)
	}
	return x
}
