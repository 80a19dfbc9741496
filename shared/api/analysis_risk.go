package api

import (
	"assay/shared/analysis"
)

// riskKinds say what a price did, and how far it fell.
var riskKinds = []kind{
	each(kind{
		name: "performance", summary: "Return per unit of risk", example: "series=BTC-USD,XAU-USD-PM&riskFree=0.02", most: 20, rows: 2,
		definition: performanceDefinition,
	}, func(in *performanceParameters, o *observed) (analysis.Performance, error) {
		return analysis.Perform(o.closes(), in.RiskFree, o.perYear), nil
	}),
	each(kind{
		name: "tear-sheet", summary: "Performance, tail risk, the deepest falls and every month", example: "series=BTC-USD,XAU-USD-PM,XAG-USD-FIX,XPT-USD-PM", most: 20, rows: 2,
		definition: "performance: " + performanceDefinition + " tail: as var. falls: as drawdowns. months: the last price of a month over the last before it.",
	}, tearSheet),
	each(kind{
		name: "drawdowns", summary: "Falls from a peak", example: "series=BTC-USD&top=5", most: 20, rows: 2,
		definition: "P_t/max(P_0..P_t)-1. A fall lasts from the last observation at its peak to the first at or above it; the deepest first.",
	}, drawdowns),
	each(kind{
		name: "var", summary: "Value at risk and expected shortfall of one period", example: "series=BTC-USD,XAU-USD-PM&confidence=0.99", most: 20, rows: 2,
		definition: "Of simple returns, as positive losses. Historical: the type 7 quantile, and the mean of the returns at or below it. Gauss: with mean and population deviation. Cornish-Fisher: with skewness and kurtosis too; " +
			"its shortfall is Boudt, Peterson and Croux's (2008), operational the greater of that and its VaR. Warnings say where the expansion leaves its domain (Maillard 2012).",
	}, func(in *varParameters, o *observed) (analysis.TailRisk, error) {
		return analysis.Tail(valuesOf(o, "simple-returns").Value, in.Confidence), nil
	}),
}

const performanceDefinition = "Of simple returns r, e being r less the riskless rate per period (1+riskFree)^(1/periodsPerYear)-1: Sharpe mean(e)/sd(e), Sortino mean(e)/sqrt(sum(min(e,0)^2)/n) over all n, " +
	"both annualised; Calmar cagr/|maxDrawdown|; Omega sum of e above zero over that below (Keating and Shadwick 2002); Ulcer the root mean square drawdown; skew and kurtosis of population moments."

type performanceParameters struct {
	selection
	annual
	riskFree
}

type tearSheetParameters struct {
	selection
	annual
	riskFree
	Confidence float64 `query:"confidence" default:"0.95" minimum:"0.5" maximum:"0.9999" doc:"Of the tail: share of the returns that are not in it"`
	Top        int     `query:"top" default:"5" minimum:"1" maximum:"100" doc:"How many falls"`
}

type tearSheetResult struct {
	Performance analysis.Performance `doc:"Return per unit of risk"`
	Tail        analysis.TailRisk    `doc:"Value at risk and expected shortfall"`
	Falls       attempt[[]fall]      `doc:"The deepest first"`
	Months      analysis.Series      `doc:"Returns, at the start of each month"`
}

func tearSheet(in *tearSheetParameters, o *observed) (tearSheetResult, error) {
	prices := o.closes()
	return tearSheetResult{
		Performance: analysis.Perform(prices, in.RiskFree, o.perYear),
		Tail:        analysis.Tail(analysis.SimpleReturns(prices.Value), in.Confidence),
		Falls:       falls(prices, in.Top),
		Months:      analysis.MonthlyReturns(prices),
	}, nil
}

type drawdownParameters struct {
	selection
	Top int `query:"top" default:"10" minimum:"1" maximum:"1000" doc:"How many falls"`
}

type drawdownResult struct {
	Max   analysis.Value  `doc:"The deepest, a negative fraction"`
	Falls attempt[[]fall] `doc:"The deepest first"`
	Time  []int64
	Value []float64 `doc:"Drawdown at each time"`
}

func drawdowns(in *drawdownParameters, o *observed) (drawdownResult, error) {
	prices := o.closes()
	return drawdownResult{analysis.MaxDrawdown(prices.Value), falls(prices, in.Top), prices.Time, analysis.Drawdowns(prices.Value)}, nil
}

// fall is one drawdown, with times.
type fall struct {
	Depth        float64        `doc:"At the trough, a negative fraction"`
	Peak         int64          `doc:"Time of the last observation at the peak"`
	Trough       int64          `doc:"Time of the lowest observation"`
	Recovery     attempt[int64] `doc:"null, for the reason not-recovered, while there is none"`
	Observations int            `doc:"From the peak to the recovery, or to the last"`
}

const notRecovered analysis.Reason = "not-recovered"

func falls(prices analysis.Series, top int) attempt[[]fall] {
	table, err := analysis.DrawdownTable(prices.Value, top)
	list := make([]fall, len(table))
	for n, d := range table {
		list[n] = fall{Depth: d.Depth, Peak: prices.Time[d.Peak], Trough: prices.Time[d.Trough], Observations: d.Last - d.Peak}
		if d.Recovery < 0 {
			list[n].Recovery = attempt[int64]{why: notRecovered}
		} else {
			list[n].Recovery = attempt[int64]{value: prices.Time[d.Recovery]}
		}
	}
	return tried(list, err)
}

type varParameters struct {
	selection
	Confidence float64 `query:"confidence" default:"0.95" minimum:"0.5" maximum:"0.9999" doc:"Share of the returns that are not in the tail"`
}
