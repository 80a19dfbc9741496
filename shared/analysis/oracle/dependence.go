package main

import (
	"fmt"

	"assay/shared/analysis"
)

// dependenceKinds are the kinds that compare series.
var dependenceKinds = map[string]compute{
	"beta_alpha":  betaAlpha,
	"correlation": correlation,
	"corr_matrix": correlationMatrix,
	"lead_lag":    leadLag,
}

// commonReturns returns the returns of two inputs on their common times, prices joined first.
func (c *oracleCase) commonReturns(returns func([]float64) []float64, names ...string) (times []int64, columns [][]float64) {
	var prices []analysis.Series
	for _, name := range names {
		prices = append(prices, c.prices(name))
	}
	return analysis.JoinReturns(analysis.PricesFirst, returns, prices...)
}

func betaAlpha(c *oracleCase) any {
	_, r := c.commonReturns(referenceSimpleReturns, "asset", "benchmark")
	m, err := analysis.Regress(r[0], r[1], c.number("rf_annual"), c.number("periods_per_year"))
	if err != nil {
		panic(err)
	}
	return object{
		"n": m.N, "alpha": m.Alpha.Value, "beta": m.Beta.Value, "alpha_annual": m.AlphaAnnual, "se_alpha": m.Alpha.StdError,
		"se_beta": m.Beta.StdError, "t_alpha": m.Alpha.T, "t_beta": m.Beta.T, "p_alpha": m.Alpha.P, "p_beta": m.Beta.P, "r2": m.R2,
		"se_beta_hac5": m.Beta.HACError, "tracking_error": m.TrackingError, "information_ratio": m.InformationRatio,
		"rolling_beta": analysis.RollingBeta(r[1], r[0], c.integer("rolling_window")),
	}
}

func correlation(c *oracleCase) any {
	times, r := c.commonReturns(c.returns(), "a", "b")
	a := analysis.Associate(r[0], r[1])
	return object{
		"n": a.N, "pearson": a.Pearson.Value, "pearson_p": a.Pearson.P, "pearson_ci95": []any{a.Pearson.Low, a.Pearson.High},
		"spearman": a.Spearman.Value, "spearman_p": a.Spearman.P, "kendall": a.Kendall.Value,
		"rolling_timestamps": stamps(times), "rolling_pearson": analysis.RollingCorrelation(r[0], r[1], c.integer("window")),
	}
}

// returns is the function that the parameter of this name asks for.
func (c *oracleCase) returns() func([]float64) []float64 {
	switch kind := c.text("returns"); kind {
	case "log":
		return referenceLogReturns
	case "simple":
		return referenceSimpleReturns
	default:
		panic(fmt.Errorf("unknown returns %q", kind))
	}
}

// order names the inputs in the order of rows and columns.
func (c *oracleCase) order() []string {
	var names []string
	for _, name := range need[[]any](c, "order") {
		names = append(names, name.(string))
	}
	return names
}

func correlationMatrix(c *oracleCase) any {
	if c.text("join") == "pairwise" {
		var prices []analysis.Series
		for _, name := range c.order() {
			prices = append(prices, c.prices(name))
		}
		return object{"pearson": analysis.PairwiseCorrelations(c.returns(), prices...)}
	}
	times, r := c.commonReturns(c.returns(), c.order()...)
	correlations := analysis.CorrelationMatrix(r)
	components := must(analysis.PCA(correlations))
	return object{
		"n": len(times), "pearson": correlations, "spearman": analysis.SpearmanMatrix(r), "cov": analysis.CovarianceMatrix(r),
		"pca_eigenvalues": components.Eigenvalues, "pca_loadings": components.Loadings,
	}
}

func leadLag(c *oracleCase) any {
	_, r := c.commonReturns(c.returns(), "a", "b")
	l := must(analysis.CrossCorrelate(r[0], r[1], c.integer("max_lag")))
	var granger [][]float64
	for _, test := range must(analysis.Granger(r[0], r[1], 5)) {
		granger = append(granger, []float64{test.Statistic, test.P})
	}
	return object{
		"lags": l.Lags, "ccf": l.CCF, "band95": l.Band, "best_lag": l.Best, "granger_b_causes_a_ssr_f": granger,
	}
}
