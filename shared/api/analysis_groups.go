package api

import (
	"assay/shared/analysis"
)

// groupKinds find what moves together, and what moves first.
var groupKinds = []kind{
	joint(kind{
		name: "pca", summary: "Principal components of the correlations", example: "series=BTC-USD,XAU-USD-PM,XAG-USD-FIX", most: 50, rows: 2,
		definition: "Of the correlation matrix of returns on common times, the largest first (Jolliffe, Principal Component Analysis, §2.3). Loadings are by series, then by component; the largest of a component by size is positive.",
	}, components),
	joint(kind{
		name: "clustering", summary: "Which series move alike, as a tree", example: "series=BTC-USD,XAU-USD-PM,XAG-USD-FIX&linkage=average&clusters=2", most: 50, rows: 2,
		definition: "Hierarchical (Lance and Williams 1967) on the distance sqrt((1-rho)/2) of correlated returns (Mantegna 1999). Merge i makes cluster n+i of two earlier ones, below n are the series. Clusters are numbered from 1 in the order of the leaves.",
	}, clusters),
	joint(kind{
		name: "lead-lag", summary: "Which of two series moves first", example: "series=BTC-USD,XAU-USD-PM&maxLag=10", rows: 3, points: 100_000,
		definition: "ccf(k)=corr(a_{t+k},b_t) of returns, divisor n; where k is positive the second leads the first. band is 1.96/sqrt(n). A fix against a later close leads by construction: align_at.",
	}, leadLag),
	joint(kind{
		name: "granger", summary: "Whether the past of one series helps to foretell another", example: "series=BTC-USD,XAU-USD-PM&lags=5", rows: 3, points: 50_000,
		definition: "For each number of lags, whether the past of the second series foretells returns of the first beyond the first's own past: the F test on sums of squared residuals, with a constant (Granger 1969). A small p says that it does.",
	}, granger),
	joint(kind{
		name: "cointegration", summary: "Whether two prices are tied (Engle-Granger)", example: "series=XAU-USD-PM,XAG-USD-FIX&trend=c", rows: 3, points: 20_000,
		definition: "The log price of the first regressed on that of the second, then a Dickey-Fuller test without a constant on what that leaves, lags by AIC (Engle and Granger 1987; MacKinnon's probabilities for two series). " +
			"A small p speaks for a tie, and depends on the trend allowed for. halfLife is in observations.",
	}, cointegration),
	joint(kind{
		name: "johansen", summary: "How many ties there are between prices", example: "series=XAU-USD-PM,XAG-USD-FIX,XPT-USD-PM&lags=1", most: 12, rows: 10, points: 50_000,
		definition: "Of log prices, with a constant and lags lagged differences (Johansen 1991). At entry r the hypothesis is at most r ties; a statistic beyond its critical values, at 10, 5 and 1 %, speaks for more. first is the most stationary combination.",
	}, johansen),
}

type pcaParameters struct {
	selection
	joining
}

type pcaResult struct {
	Series []string `doc:"In the order asked for"`
	analysis.Components
}

func components(_ *pcaParameters, s *sheet) (pcaResult, error) {
	correlations, err := s.correlations()
	if err != nil {
		return pcaResult{}, err
	}
	c, err := analysis.PCA(correlations)
	return pcaResult{ids(s.series), c}, err
}

type clusteringParameters struct {
	selection
	joining
	Linkage  string `query:"linkage" default:"average" enum:"single,complete,average,ward" doc:"Distance of two clusters: of their nearest series, the farthest, the average of all, or by the spread within"`
	Clusters int    `query:"clusters" default:"2" minimum:"1" maximum:"50" doc:"How many to cut the tree into"`
}

type clusteringResult struct {
	Series []string `doc:"In the order asked for"`
	analysis.Dendrogram
	Clusters   []int       `doc:"Of each series, in the order of series"`
	Cophenetic []float64   `doc:"Height at which each pair of series meets: (0,1), (0,2) ... (n-2,n-1)"`
	Matrix     [][]float64 `doc:"The correlations"`
}

func (in *clusteringParameters) check() error {
	if in.Clusters > len(in.Series) {
		return badRequest("clusters=%d: there are %d series.", in.Clusters, len(in.Series))
	}
	return nil
}

func clusters(in *clusteringParameters, s *sheet) (clusteringResult, error) {
	correlations, err := s.correlations()
	if err != nil {
		return clusteringResult{}, err
	}
	tree, err := analysis.Cluster(analysis.CorrelationDistance(correlations), analysis.Linkage(in.Linkage))
	if err != nil {
		return clusteringResult{}, err
	}
	return clusteringResult{ids(s.series), tree, tree.Cut(in.Clusters), tree.Cophenetic(), correlations}, nil
}

type leadLagParameters struct {
	selection
	joining
	MaxLag int `query:"maxLag" default:"10" minimum:"1" maximum:"1000" doc:"Observations, in both directions"`
}

func leadLag(in *leadLagParameters, s *sheet) (analysis.LeadLag, error) {
	_, r, err := s.joined()
	if err != nil {
		return analysis.LeadLag{}, err
	}
	if in.MaxLag >= len(r[0]) {
		return analysis.LeadLag{}, badRequest("maxLag=%d: the series have %d returns in common.", in.MaxLag, len(r[0]))
	}
	return analysis.CrossCorrelate(r[0], r[1], in.MaxLag)
}

type grangerParameters struct {
	selection
	joining
	Lags int `query:"lags" default:"5" minimum:"1" maximum:"20" doc:"The most"`
}

type grangerTest struct {
	Lags int `doc:"Of both series"`
	analysis.Test
}

func granger(in *grangerParameters, s *sheet) ([]grangerTest, error) {
	_, r, err := s.joined()
	if err != nil {
		return nil, err
	}
	tests, err := analysis.Granger(r[0], r[1], in.Lags)
	results := make([]grangerTest, len(tests))
	for n, t := range tests {
		results[n] = grangerTest{n + 1, t}
	}
	return results, err
}

// trended is for tests that allow for a trend.
type trended struct {
	Trend string `query:"trend" default:"c" enum:"c,ct" doc:"What to allow for: a constant, or a constant and a trend"`
}

var trends = map[string]analysis.Trend{"n": analysis.NoConstant, "c": analysis.ConstantOnly, "ct": analysis.ConstantAndTrend}

type cointegrationParameters struct {
	selection
	aligning
	trended
}

type cointegrationResult struct {
	TrendAllowed string `doc:"c: a constant; ct: a constant and a trend"`
	N            int    `doc:"Times that both have"`
	Lags         int    `doc:"Lagged differences in the regression on what is left"`
	analysis.Test
	Critical   [3]float64     `doc:"At 1, 5 and 10 %"`
	Intercept  float64        `doc:"Of the regression of logarithms"`
	HedgeRatio float64        `doc:"Of logarithms: the first series moves by so many per cent with one of the second"`
	HalfLife   analysis.Value `doc:"Observations in which half of a deviation is gone"`
}

func cointegration(in *cointegrationParameters, s *sheet) (cointegrationResult, error) {
	prices, err := s.logPrices()
	if err != nil {
		return cointegrationResult{}, err
	}
	c, err := analysis.EngleGranger(prices[0], prices[1], trends[in.Trend])
	return cointegrationResult{in.Trend, c.N, c.Lags, c.Test, c.Critical, c.Intercept, c.HedgeRatio, c.HalfLife}, err
}

// logPrices are the logarithms of the prices at common times.
func (s *sheet) logPrices() ([][]float64, error) {
	_, columns, err := s.prices()
	for n := range columns {
		columns[n] = logs(columns[n])
	}
	return columns, err
}

type johansenParameters struct {
	selection
	aligning
	Lags int `query:"lags" default:"1" minimum:"0" maximum:"20" doc:"Lagged differences"`
}

type johansenResult struct {
	Series []string `doc:"In the order asked for"`
	analysis.CointegrationRank
}

func johansen(in *johansenParameters, s *sheet) (johansenResult, error) {
	prices, err := s.logPrices()
	if err != nil {
		return johansenResult{}, err
	}
	rank, err := analysis.Johansen(prices, in.Lags)
	return johansenResult{ids(s.series), rank}, err
}
