package main

import (
	"math"
	"strconv"

	"assay/shared/analysis"
)

// modelKinds are the kinds that test, group, model and forecast.
var modelKinds = map[string]compute{
	"adf":                 adf,
	"autocorrelation":     autocorrelation,
	"backtest":            backtest,
	"changepoints":        changePoints,
	"clustering":          clustering,
	"coint_engle_granger": engleGranger,
	"coint_johansen":      johansen,
	"forecast_arima":      arimaForecast,
	"forecast_ets":        etsForecast,
	"forecast_simple":     simpleForecast,
	"forecast_theta":      simpleForecast,
	"garch11":             garch,
	"hurst":               hurst,
	"kpss":                kpss,
	"regimes_hmm":         hiddenRegimes,
	"regimes_kmeans":      kmeans,
	"seasonality":         seasonality,
	"stl":                 stl,
}

// must returns a result that the case expects to be defined.
func must[T any](result T, err error) T {
	if err != nil {
		panic(err)
	}
	return result
}

func pair(t analysis.Test) []float64 { return []float64{t.Statistic, t.P} }

var trends = map[string]analysis.Trend{
	"n": analysis.NoConstant, "c": analysis.ConstantOnly, "ct": analysis.ConstantAndTrend,
}

func autocorrelation(c *oracleCase) any {
	x := c.series("r").Value
	a := must(analysis.Autocorrelation(x, c.integer("lags")))
	squares := make([]float64, len(x))
	for i, v := range x {
		squares[i] = v * v
	}
	ratios := object{}
	for name, q := range map[string]int{"2": 2, "5": 5, "10": 10} {
		v := must(analysis.VarianceRatio(x, q))
		ratios[name] = object{"vr": v.Ratio, "z_robust": v.Z}
	}
	out := object{
		"acf": a.ACF, "pacf_ywm": a.PACF, "variance_ratio": ratios,
		"jarque_bera": pair(must(analysis.JarqueBera(x))),
	}
	var lb, p, bp []float64
	for i, t := range a.LjungBox {
		lb, p, bp = append(lb, t.Statistic), append(p, t.P), append(bp, a.BoxPierce[i].Statistic)
	}
	out["lb_stat"], out["lb_p"], out["bp_stat"] = lb, p, bp
	squared := must(analysis.Autocorrelation(squares, 10)).LjungBox[9]
	out["lb10_squared_stat"], out["lb10_squared_p"] = squared.Statistic, squared.P
	arch := must(analysis.ARCHLM(x, 5))
	out["arch_lm_stat"], out["arch_lm_p"] = arch.Statistic, arch.P
	return out
}

func adf(c *oracleCase) any {
	x, trend := c.series("x").Value, trends[c.text("regression")]
	out := object{}
	for name, lags := range map[string]int{"aic": -1, "fixed": c.integer("fixed_lag")} {
		t := must(analysis.ADF(x, trend, lags))
		out[name] = object{
			"stat": t.Statistic, "p": t.P, "usedlag": t.Lags, "nobs": t.N,
			"crit": object{"1%": t.Critical[0], "5%": t.Critical[1], "10%": t.Critical[2]},
		}
	}
	return out
}

func kpss(c *oracleCase) any {
	x, trend := c.series("x").Value, trends[c.text("regression")]
	out := object{}
	for name, lags := range map[string]int{"auto": -1, "legacy": analysis.SchwertLags(len(x))} {
		t := must(analysis.KPSS(x, trend, lags))
		out[name] = object{"stat": t.Statistic, "p": t.P, "lags": t.Lags}
		out["crit"] = object{"10%": t.Critical[0], "5%": t.Critical[1], "2.5%": t.Critical[2], "1%": t.Critical[3]}
	}
	return out
}

// engleGranger has a half-life, below 0, where deviations grow too.
func engleGranger(c *oracleCase) any {
	both := c.joined("y", "x")
	t := must(analysis.EngleGranger(both[0], both[1], trends[c.text("trend")]))
	return object{
		"stat": t.Statistic, "p": t.P, "crit_1_5_10": t.Critical, "n": t.N,
		"intercept": t.Intercept, "hedge_ratio": t.HedgeRatio, "half_life": -math.Ln2 / t.Reversion,
	}
}

func hurst(c *oracleCase) any {
	h := must(analysis.HurstExponents(c.series("r").Value))
	points := func(s analysis.Scaling) (out [][]float64) {
		for _, p := range s.Points {
			out = append(out, []float64{float64(p.Size), p.Value})
		}
		return out
	}
	return object{
		"rs": h.RescaledRange.Exponent, "rs_points": points(h.RescaledRange),
		"dfa1": h.DFA.Exponent, "dfa1_points": points(h.DFA), "ghe_q1": h.Generalised,
	}
}

func stl(c *oracleCase) any {
	in := c.input("x")
	prices := c.prices("x")
	if from := len(prices.Value) - in.TakeLast; in.TakeLast > 0 && from > 0 {
		prices = analysis.Series{Time: prices.Time[from:], Value: prices.Value[from:]}
	}
	d := must(analysis.Decompose(in.transform(prices).Value, analysis.STLOptions{
		Period: c.integer("period"), Seasonal: c.integer("seasonal"), Robust: need[bool](c, "robust"),
	}))
	return object{
		"trend": d.Trend, "seasonal": d.Seasonal, "resid": d.Residual, "weights": d.Weights,
		"strength_trend": d.TrendStrength, "strength_seasonal": d.SeasonalStrength,
	}
}

func seasonality(c *oracleCase) any {
	if c.Params["table"] == "calendar" {
		m := analysis.MonthlyReturns(c.series("p"))
		return object{"timestamps": stamps(m.Time), "returns": m.Value}
	}
	by := map[string]analysis.Season{"weekday": analysis.ByWeekday, "month": analysis.ByMonth, "hour": analysis.ByHour}
	s := must(analysis.Seasonal(c.series("r"), by[c.text("by")]))
	var table []object
	for _, b := range s.Buckets {
		table = append(table, object{
			"bucket": b.Bucket, "n": b.N, "mean": b.Mean, "median": b.Median, "std": b.SD, "t_stat": b.T,
			"positive_share": b.PositiveShare,
		})
	}
	return object{"table": table, "kruskal": pair(s.Kruskal.Test), "anova": pair(s.ANOVA.Test)}
}

// joined returns several inputs on their common times, transformed after the join.
func (c *oracleCase) joined(names ...string) [][]float64 {
	var prices []analysis.Series
	for _, name := range names {
		prices = append(prices, c.prices(name))
	}
	times, columns := analysis.InnerJoin(prices...)
	for i, name := range names {
		in := c.input(name)
		columns[i] = in.finish(in.transform(analysis.Series{Time: times, Value: columns[i]})).Value
	}
	return columns
}

func garch(c *oracleCase) any {
	g := must(analysis.FitGARCH(c.series("r").Value, c.text("dist") == "std"))
	out := object{
		"mu": g.Mu, "omega": g.Omega, "alpha": g.Alpha, "beta": g.Beta, "loglik": g.LogLikelihood, "persistence": g.Persistence,
		"cond_sd": g.ConditionalSD, "forecast_sd": g.Forecast(c.integer("horizon")),
	}
	if g.Shape.Ok() {
		out["shape"] = g.Shape.Number
	}
	return out
}

// bounds writes a forecast with its intervals of 80 and 95 %.
func bounds(f analysis.Forecast) object {
	out := object{"mean": f.Mean}
	out["lo80"], out["hi80"] = f.Interval(0.80)
	out["lo95"], out["hi95"] = f.Interval(0.95)
	return out
}

// forecaster is the model that a case names.
func (c *oracleCase) forecaster() analysis.Forecaster {
	period := c.integer("period")
	return map[string]analysis.Forecaster{
		"naive": analysis.Naive, "drift": analysis.Drift, "snaive": analysis.SeasonalNaive(period), "ses": analysis.SES,
		"theta": analysis.Theta(period),
	}[c.text("model")]
}

func simpleForecast(c *oracleCase) any {
	return bounds(must(c.forecaster()(c.series("x").Value, c.integer("horizon"))))
}

func etsForecast(c *oracleCase) any {
	x, name, period := c.series("x").Value, c.text("model"), c.integer("period")
	var m analysis.ETS
	switch {
	case name == "auto":
		m = must(analysis.ChooseETS(x, period, nil))
	case c.Params["damped"] == true:
		m = must(analysis.FitETS(x, name[:2]+"d"+name[2:], period))
	default:
		m = must(analysis.FitETS(x, name, period))
	}
	out := bounds(must(m.Forecast(c.integer("horizon"))))
	params := object{}
	for key, v := range map[string]analysis.Value{"alpha": m.Alpha, "beta": m.Beta, "gamma": m.Gamma, "phi": m.Phi} {
		if v.Ok() {
			params[key] = v.Number
		}
	}
	out["method"], out["loglik"], out["aicc"], out["sigma2"], out["params"] = m.Model, m.LogLikelihood, m.AICc, m.Sigma2, params
	return out
}

func arimaForecast(c *oracleCase) any {
	x, period := c.series("x").Value, c.integer("period")
	var m analysis.ARIMA
	if c.text("model") == "auto" {
		m = must(analysis.ChooseARIMA(x, period, nil))
	} else {
		orders := func(name string) (n [3]int) {
			list, _ := c.Params[name].([]any)
			for i, v := range list {
				n[i] = int(v.(float64))
			}
			return n
		}
		o, s := orders("order"), orders("seasonal")
		shift := "mean" // which differences take away
		if o[1]+s[1] > 0 {
			shift = "drift"
		}
		m = must(analysis.FitARIMA(x, analysis.Order{
			P: o[0], D: o[1], Q: o[2], SeasonalP: s[0], SeasonalD: s[1], SeasonalQ: s[2], Period: period, Mean: c.Params[shift] == true,
		}))
	}
	out := bounds(must(m.Forecast(c.integer("horizon"))))
	coefficients := object{}
	for name, list := range map[string][]float64{"ar": m.AR, "ma": m.MA, "sar": m.SeasonalAR, "sma": m.SeasonalMA} {
		for i, v := range list {
			coefficients[name+strconv.Itoa(i+1)] = v
		}
	}
	switch {
	case m.Mean.Ok() && m.Order.D+m.Order.SeasonalD == 0:
		coefficients["intercept"] = m.Mean
	case m.Mean.Ok() && m.Order.SeasonalD > 0: // a season's rise, of which the reference states a row's
		coefficients["drift"] = m.Mean.Number / float64(period)
	case m.Mean.Ok():
		coefficients["drift"] = m.Mean
	}
	out["coef"], out["loglik"], out["aicc"], out["sigma2"] = coefficients, m.LogLikelihood, m.AICc, m.Sigma2
	out["order"], out["has_drift"] = []int{m.Order.P, m.Order.D, m.Order.Q}, m.Order.Mean && m.Order.D > 0
	return out
}

func backtest(c *oracleCase) any {
	b := must(analysis.RunBacktest(c.series("x").Value, c.forecaster(), analysis.BacktestOptions{
		Initial: c.integer("initial"), Step: c.integer("step"), Horizon: c.integer("horizon"), Period: c.integer("period"),
	}))
	return object{
		"origins": b.Origins, "mae": b.MAE, "rmse": b.RMSE, "smape": b.SMAPE, "mase": b.MASE, "coverage80": b.Coverage80,
		"coverage95": b.Coverage95, "width95": b.Width95, "mae_by_horizon": b.MAEByStep, "mase_by_horizon": b.MASEByStep,
		"coverage95_by_horizon": b.Coverage95ByStep,
	}
}

// clustering cuts as the reference does, whose search for at most k clusters never leaves the first merge undone.
func clustering(c *oracleCase) any {
	_, r := c.commonReturns(analysis.LogReturns, c.order()...)
	d := analysis.CorrelationDistance(analysis.CorrelationMatrix(r))
	tree := must(analysis.Cluster(d, analysis.Linkage(c.text("method"))))
	return object{
		"distance": d, "merges": tree.Merges, "heights": tree.Heights, "sizes": tree.Sizes, "labels": tree.Cut(max(1, min(c.integer("k"), len(d)-2))),
		"cophenetic": tree.Cophenetic(),
	}
}

func kmeans(c *oracleCase) any {
	k := must(analysis.VolatilityRegimes(c.series("r").Value, c.integer("window"), c.integer("k"), c.number("periods_per_year")))
	labels := []int{}
	for _, label := range k.Labels {
		if label >= 0 {
			labels = append(labels, label)
		}
	}
	return object{"centres": k.Centres, "inertia": k.Inertia, "labels": labels}
}

func johansen(c *oracleCase) any {
	j := must(analysis.Johansen(c.joined(c.order()...), c.integer("k_ar_diff")))
	return object{
		"eig": j.Eigenvalues, "trace": j.Trace, "max_eig": j.MaxEigen, "trace_crit_90_95_99": j.TraceCritical,
		"max_eig_crit_90_95_99": j.MaxEigenCritical, "first_vector_normalised": j.First, "n": j.N,
	}
}

func hiddenRegimes(c *oracleCase) any {
	h := must(analysis.FitHiddenRegimes(c.series("r").Value))
	return object{
		"loglik": h.LogLikelihood, "mean": h.Mean, "variance": h.Variance, "transition": h.Transition,
		"expected_duration": h.ExpectedDuration, "prob_high_vol": h.Wild,
	}
}

func changePoints(c *oracleCase) any {
	cost := map[string]analysis.SegmentCost{"l2": analysis.ChangeInMean, "normal_meanvar": analysis.ChangeInVariance}
	s := must(analysis.ChangePoints(c.series("x").Value, analysis.SegmentOptions{Cost: cost[c.text("cost")], Penalty: c.number("penalty"), MinSize: c.integer("min_size")}))
	return object{"changepoints": s.Changes, "objective": s.Objective, "n": s.N}
}
