package main

import (
	"math"

	"assay/shared/analysis"
)

// outlierKinds are the kinds that find what is unusual.
var outlierKinds = map[string]compute{
	"anomalies": anomalies,
	"hampel":    hampel,
}

func hampel(c *oracleCase) any {
	rows, cleaned := analysis.Hampel(c.series("x").Value, c.integer("half_window"), c.number("threshold"))
	return object{"indices": rows, "cleaned": cleaned}
}

func anomalies(c *oracleCase) any {
	r := c.series("r").Value
	z := analysis.RobustZScores(r, c.integer("window"))
	flags := []int{}
	for i, v := range z {
		if math.Abs(v) > c.number("threshold") {
			flags = append(flags, i)
		}
	}
	e := must(analysis.ExtremeDeviations(r, c.integer("esd_max"), c.number("esd_alpha")))
	return object{
		"robust_z": z, "robust_flags": flags, "esd_R": e.Statistics, "esd_lambda": e.Critical, "esd_count": len(e.Rows),
		"esd_indices": e.Rows,
	}
}
