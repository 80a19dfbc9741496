package main

import (
	"fmt"

	"assay/shared/analysis"
	"assay/shared/market"
)

// priceJobs are the statistics of prices, returns and bars, for every size of input.
func priceJobs(dir string) ([]job, error) {
	found, err := sizes(dir, "close_*.f64")
	if err != nil {
		return nil, err
	}
	var jobs []job
	for _, n := range found {
		closes, err := floats(dir, fmt.Sprintf("close_%d.f64", n))
		if err != nil {
			return nil, err
		}
		table, err := columns(dir, fmt.Sprintf("bars_%d.csv", n))
		if err != nil {
			return nil, err
		}
		bars := analysis.Bars{Open: table[1], High: table[2], Low: table[3], Close: table[4], Volume: table[5]}
		for _, t := range table[0] {
			bars.Time = append(bars.Time, int64(t))
		}
		for _, j := range sized(closes, bars) {
			jobs = append(jobs, job{fmt.Sprintf("%s_%d", j.name, n), j.call})
		}
	}
	panels, err := sizes(dir, "panel10_*.f64")
	if err != nil {
		return nil, err
	}
	for _, n := range panels {
		rows, err := floats(dir, fmt.Sprintf("panel10_%d.f64", n))
		if err != nil {
			return nil, err
		}
		panel := make([][]float64, 10)
		for i, v := range rows {
			panel[i%10] = append(panel[i%10], v)
		}
		correlate := func() { analysis.CorrelationMatrix(panel) }
		jobs = append(jobs, job{fmt.Sprintf("corr_matrix_10x_%d", n), correlate}, job{fmt.Sprintf("corr_matrix_10x_%d_numpy_blas", n), correlate})
		jobs = append(jobs, job{fmt.Sprintf("spearman_matrix_10x_%d", n), func() { analysis.SpearmanMatrix(panel) }})
	}
	return jobs, nil
}

// sized are the jobs on one series of closes and its bars. Their names lack the size.
func sized(x []float64, bars analysis.Bars) []job {
	returns := analysis.LogReturns(x)
	n := len(returns)
	y := append(append([]float64{}, returns[n-3:]...), returns[:n-3]...)
	var halves, thirds analysis.Series
	for i, t := range bars.Time {
		if i%2 == 0 {
			halves.Time, halves.Value = append(halves.Time, t), append(halves.Value, x[i])
		}
		if i%3 == 0 {
			thirds.Time, thirds.Value = append(thirds.Time, t), append(thirds.Value, x[i])
		}
	}
	return []job{
		{"log_returns", func() { analysis.LogReturns(x) }},
		{"rolling_mean_60", func() { analysis.RollingMean(x, 60) }},
		{"rolling_std_60", func() { analysis.RollingStdDev(x, 60) }},
		{"rolling_std_1440", func() { analysis.RollingStdDev(x, 1440) }},
		{"rolling_median_60", func() { analysis.RollingMedian(x, 60) }},
		{"rolling_max_60", func() { analysis.RollingMax(x, 60) }},
		{"rolling_corr_1440", func() { analysis.RollingCorrelation(returns, y, 1440) }},
		{"ewm_mean_60", func() { analysis.EWMMean(x, analysis.Span(60)) }},
		{"ewm_std_60", func() { analysis.EWMStdDev(x, analysis.Span(60)) }},
		{"resample_1d_ohlcv", func() { analysis.Resample(bars, market.Day) }},
		{"resample_1h_ohlcv", func() { analysis.Resample(bars, market.Hour) }},
		{"drawdown", func() { analysis.MaxDrawdown(x) }},
		{"var_cvar_hist", func() { analysis.HistoricalTail(returns[1:], 0.95) }},
		{"inner_join", func() { analysis.InnerJoin(halves, thirds) }},
		{"asof_join", func() { analysis.AsOf(halves.Time, thirds, 1<<40) }},
		{"ttr_sma_20", func() { analysis.RollingMean(x, 20) }},
		{"ttr_rsi_14", func() { analysis.RSI(x, 14) }},
		{"ttr_macd", func() { analysis.MACD(x, 12, 26, 9) }},
		{"ttr_bbands", func() { analysis.Bollinger(x, 20, 2, 2) }},
		{"ttr_atr_14", func() { analysis.ATR(bars.High, bars.Low, bars.Close, 14) }},
		{"ttr_yang_zhang_60", func() { analysis.RangeVolatility(bars, 60, 365) }},
	}
}
