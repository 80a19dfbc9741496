package main

import "assay/shared/analysis"

// riskKinds are the kinds of performance and risk, and the degenerate inputs.
var riskKinds = map[string]compute{
	"performance": performance,
	"drawdowns":   drawdowns,
	"var_cvar":    tailRisk,
	"edge":        edge,
}

func performance(c *oracleCase) any {
	p := analysis.Perform(c.series("p"), c.number("rf_annual"), c.number("periods_per_year"))
	return object{
		"n_returns": p.N, "mean": p.Mean, "vol_annual": p.Volatility, "cagr": p.Growth.CAGR, "total_return": p.Growth.Total,
		"sharpe": p.Sharpe, "sortino": p.Sortino, "downside_dev_annual": p.DownsideDeviation, "max_drawdown": p.MaxDrawdown,
		"calmar": p.Calmar, "ulcer_index": p.Ulcer, "omega": p.Omega, "hit_ratio": p.HitRatio, "skew": p.Skew,
		"excess_kurtosis": p.Kurtosis, "best": p.Best, "worst": p.Worst,
	}
}

func drawdowns(c *oracleCase) any {
	p := c.series("p")
	table, err := analysis.DrawdownTable(p.Value, c.integer("top"))
	if err != nil {
		panic(err)
	}
	rows := []object{}
	for _, d := range table {
		row := object{
			"peak": stamp(p.Time[d.Peak]), "trough": stamp(p.Time[d.Trough]), "depth": d.Depth, "bars_to_trough": d.Trough - d.Peak,
			"bars_total": d.Last - d.Peak, "recovery": nil, "bars_to_recovery": nil,
		}
		if d.Recovery >= 0 {
			row["recovery"], row["bars_to_recovery"] = stamp(p.Time[d.Recovery]), d.Recovery-d.Trough
		}
		rows = append(rows, row)
	}
	return object{"series": analysis.Drawdowns(p.Value), "table": rows}
}

func tailRisk(c *oracleCase) any {
	t := analysis.Tail(c.series("r").Value, c.number("confidence"))
	return object{
		"var_hist": t.VaR, "cvar_hist": t.CVaR, "var_gauss": t.GaussVaR, "cvar_gauss": t.GaussCVaR, "var_cf": t.CornishFisherVaR,
		"cvar_cf": t.CornishFisherCVaR, "cvar_cf_operational": t.OperationalCVaR, "skew": t.Skew, "excess_kurtosis": t.Kurtosis,
		"z_cf": t.CornishFisherPoint,
	}
}

func edge(c *oracleCase) any {
	if c.Params["on"] != nil {
		a := analysis.Associate(c.inline("x"), c.inline("y"))
		return object{"pearson": a.Pearson.Value, "n": a.N}
	}
	prices, w := c.inline("close"), c.integer("window")
	present := analysis.Drop(prices)
	simple, log := []float64{}, []float64{}
	if len(present) > 0 {
		simple, log = analysis.SimpleReturns(present)[1:], analysis.LogReturns(present)[1:]
	}
	p := analysis.Perform(analysis.Series{Time: make([]int64, len(prices)), Value: prices}, c.number("rf_annual"), c.number("periods_per_year"))
	return object{
		"simple": simple, "log": log, "rolling_mean": analysis.RollingMean(prices, w), "rolling_std": analysis.RollingStdDev(prices, w),
		"zscore": analysis.RollingZScore(prices, w), "total_return": p.Growth.Total, "cagr": p.Growth.CAGR, "vol_annual": p.Volatility,
		"sharpe": p.Sharpe, "sortino": p.Sortino, "max_drawdown": p.MaxDrawdown, "calmar": p.Calmar,
		"var_hist_95": analysis.Tail(simple, 0.95).VaR,
	}
}
