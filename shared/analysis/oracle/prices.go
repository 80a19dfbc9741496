package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"assay/shared/analysis"
	"assay/shared/market"
)

// priceKinds are the kinds that prepare prices: returns, ratios, longer bars, rolling and weighted statistics.
var priceKinds = map[string]compute{
	"returns":   returns,
	"rolling":   rolling,
	"ewm":       ewm,
	"ewma_vol":  ewmaVolatility,
	"range_vol": rangeVolatility,
	"resample":  resample,
	"ratio":     ratio,
}

func returns(c *oracleCase) any {
	rows := c.rows("x")
	present := rows.Drop()
	growth := analysis.Grow(rows, c.number("periods_per_year"))
	return object{
		"simple":            analysis.SimpleReturns(rows.Value),
		"log":               analysis.LogReturns(rows.Value),
		"indexed":           analysis.Rebase(rows.Value, c.number("base")),
		"simple_skipna":     analysis.SimpleReturns(present.Value),
		"log_skipna":        analysis.LogReturns(present.Value),
		"skipna_timestamps": stamps(present.Time),
		"total_return":      growth.Total,
		"cagr":              growth.CAGR,
		"cagr_calendar":     growth.CAGRCalendar,
	}
}

func rolling(c *oracleCase) any {
	x, w := c.rows("x").Value, c.integer("window")
	deviations, scores := analysis.RollingStdDev(x, w), analysis.RollingZScore(x, w) // with the divisor w-1
	ddof, ok := c.Params["ddof"].(float64)
	if !ok {
		ddof = 1
	}
	ratio := math.Sqrt(float64(w-1) / (float64(w) - ddof))
	for i := range x {
		deviations[i] *= ratio
		scores[i] /= ratio
	}
	return object{
		"mean":   analysis.RollingMean(x, w),
		"std":    deviations,
		"min":    analysis.RollingMin(x, w),
		"max":    analysis.RollingMax(x, w),
		"median": analysis.RollingMedian(x, w),
		"q25":    analysis.RollingQuantile(x, w, 0.25),
		"sum":    analysis.RollingSum(x, w),
		"zscore": scores,
		"skew":   analysis.RollingSkew(x, w),
		"kurt":   analysis.RollingKurtosis(x, w),
	}
}

func ewm(c *oracleCase) any {
	x, alpha := c.rows("x").Value, c.number("alpha")
	return object{
		"ema_adjust_false":  analysis.EWMMean(x, alpha),
		"ema_adjust_true":   analysis.EWMMeanAdjusted(x, alpha),
		"ewstd_adjust_true": analysis.EWMStdDev(x, alpha),
	}
}

func ewmaVolatility(c *oracleCase) any {
	variance, annualised := analysis.EWMVolatility(c.series("r").Value, c.number("lambda"), c.number("periods_per_year"))
	return object{"variance": variance, "annualised": annualised}
}

func rangeVolatility(c *oracleCase) any {
	v := analysis.RangeVolatility(c.bars("bars"), c.integer("window"), c.number("periods_per_year"))
	return object{
		"close": v.Close, "parkinson": v.Parkinson, "garman_klass": v.GarmanKlass, "rogers_satchell": v.RogersSatchell,
		"gk_yz": v.GKYZ, "yang_zhang": v.YangZhang,
	}
}

func resample(c *oracleCase) any {
	bars, to := c.bars("bars"), interval(c.text("rule"))
	longer := analysis.Resample(bars, to)
	var made []int
	if c.text("fill") == "previous" {
		longer, made = analysis.FillPrevious(longer, to)
	}
	if n, ok := c.Params["take_first"].(float64); ok {
		longer = head(longer, int(n))
		made = slices.DeleteFunc(made, func(row int) bool { return row >= int(n) })
	}
	return object{
		"timestamps": stamps(longer.Time), "open": longer.Open, "high": longer.High, "low": longer.Low, "close": longer.Close,
		"volume": longer.Volume, "empty_count": len(made),
	}
}

// head returns the first bars, at most n.
func head(b analysis.Bars, n int) analysis.Bars {
	n = min(n, len(b.Time))
	return analysis.Bars{
		Time: b.Time[:n], Open: b.Open[:n], High: b.High[:n], Low: b.Low[:n], Close: b.Close[:n], Volume: b.Volume[:n],
	}
}

// interval reads a rule as pandas writes it.
func interval(rule string) market.Interval {
	unitAt := strings.IndexFunc(rule, unicode.IsLetter)
	n, err := strconv.Atoi(cmp.Or(rule[:max(0, unitAt)], "1"))
	units := map[string]market.Interval{
		"min": market.Minute, "T": market.Minute, "H": market.Hour, "h": market.Hour, "D": market.Day, "W-MON": market.Week,
		"MS": market.Month, "QS": 3 * market.Month, "AS": 12 * market.Month, "YS": 12 * market.Month,
	}
	unit, known := units[rule[max(0, unitAt):]]
	if err != nil || !known {
		panic(fmt.Errorf("unknown rule %q", rule))
	}
	return market.Interval(n) * unit
}

func ratio(c *oracleCase) any {
	a, b := c.prices("a"), c.prices("b")
	times, columns := analysis.InnerJoin(a, b)
	return object{
		"inner_timestamps": stamps(times), "inner": analysis.Ratio(columns[0], columns[1]),
		"asof_timestamps": stamps(a.Time), "asof": analysis.Ratio(a.Value, analysis.AsOf(a.Time, b, 5*int64(market.Day))),
	}
}
