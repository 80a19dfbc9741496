package main

import (
	"math"

	"assay/shared/analysis"
)

// modelJobs fit the script's daily, monthly and hourly series.
func modelJobs(dir string) ([]job, error) {
	series := map[string][]float64{}
	for _, name := range []string{"day_1000", "month_240", "hour_8760"} {
		table, err := columns(dir, name+".csv")
		if err != nil {
			return nil, err
		}
		series[name] = table[1]
	}
	day, month, hour := series["day_1000"], series["month_240"], series["hour_8760"]
	logs, rolled := make([]float64, len(day)), append([]float64{day[len(day)-1]}, day[:len(day)-1]...)
	for i, v := range day {
		logs[i] = math.Log(v)
	}
	returns := analysis.LogReturns(day)[1:]
	for i := range returns {
		returns[i] *= 100
	}
	stl := analysis.STLOptions{Period: 24}
	robust := analysis.STLOptions{Period: 24, Robust: true}
	arima := fit(func() error { _, err := analysis.FitARIMA(logs, analysis.Order{P: 1, D: 1, Q: 1}); return err })
	return []job{
		{"stl_hourly_8760_p24", fit(func() error { _, err := analysis.Decompose(hour, stl); return err })},
		{"stl_hourly_8760_p24_robust", fit(func() error { _, err := analysis.Decompose(hour, robust); return err })},
		{"adf_1000_aic", fit(func() error { _, err := analysis.ADF(day, analysis.ConstantOnly, -1); return err })},
		{"engle_granger_1000", fit(func() error { _, err := analysis.EngleGranger(day, rolled, analysis.ConstantOnly); return err })},
		{"sm_arima_111_1000", arima},
		{"r_arima_111_log_day_1000", arima},
		{"r_auto_arima_exact_day_1000", fit(func() error { _, err := analysis.ChooseARIMA(logs, 1, nil); return err })},
		{"r_auto_arima_month_240", fit(func() error { _, err := analysis.ChooseARIMA(month, 12, nil); return err })},
		{"sm_holt_winters_240", fit(func() error { _, err := analysis.FitETS(month, "AAA", 12); return err })},
		{"r_ets_day_1000", fit(func() error { _, err := analysis.ChooseETS(day, 1, nil); return err })},
		{"r_ets_month_240", fit(func() error { _, err := analysis.ChooseETS(month, 12, nil); return err })},
		{"r_theta_month_240", fit(func() error { _, err := analysis.Theta(12)(month, 12); return err })},
		{"r_garch11_999", fit(func() error { _, err := analysis.FitGARCH(returns, false); return err })},
	}, nil
}

// fit makes a call of one that must succeed: the time of a failure means nothing.
func fit(call func() error) func() {
	return func() {
		if err := call(); err != nil {
			panic(err)
		}
	}
}
