package main

import "assay/shared/analysis"

// priceKinds are the kinds that prepare prices: returns, ratios, longer bars, rolling and weighted statistics.
var priceKinds = map[string]compute{
	"returns": returns,
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
