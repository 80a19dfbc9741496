package api

import (
	"slices"

	"assay/shared/analysis"
)

// dependenceKinds compare series: all join prices first, unless asked otherwise.
var dependenceKinds = []kind{
	joint(kind{
		name: "correlation", summary: "Pearson, Spearman and Kendall of each pair, with intervals", example: "series=BTC-USD,XAU-USD-PM", most: 10, rows: 2,
		definition: "Of the returns of each pair on its own common times. Pearson with Fisher's z interval; Spearman of average ranks with the interval of Bonett and Wright (2000); Kendall's tau-b with that of Fieller, Hartley and Pearson (1957). " +
			"p is two-sided, of no association; intervals are of 95 %.",
	}, correlation),
	joint(kind{
		name: "correlation-matrix", summary: "Correlations or covariances of many series", example: "series=BTC-USD,XAU-USD-PM,XAG-USD-FIX&method=pearson", most: 50, rows: 2,
		definition: "Of the returns on the times that all have in common, divisor n-1; with rows=pairwise each pair on its own, whose matrix may not be positive semidefinite.",
	}, correlationMatrix),
	joint(kind{
		name: "beta", summary: "Alpha and beta against a benchmark", example: "series=BTC-USD,XAU-USD-PM&returns=simple", most: 10, rows: 2,
		definition: "The last series is the benchmark, and every other is regressed on it: least squares of returns above the riskless rate, alpha per period and per year. stdError is of least squares, and so are t, p and the 95 % interval; " +
			"hacError is Newey and West's with 5 lags. trackingError and informationRatio are annualised. Simple returns are usual.",
	}, beta),
	joint(kind{
		name: "rolling-correlation", summary: "Correlation, covariance or beta in a moving window", example: "series=BTC-USD,XAU-USD-PM&window=90", rows: 2,
		definition: "Over the last window returns. covariance has the divisor window-1; beta is the slope of the first series on the second.",
	}, rollingCorrelation),
}

type correlationParameters struct {
	selection
	joining
}

type pair[T any] struct {
	A      string `doc:"One series"`
	B      string `doc:"The other, or the benchmark"`
	Result T      `doc:"Of the two"`
}

func correlation(_ *correlationParameters, s *sheet) ([]pair[analysis.Associations], error) {
	var pairs []pair[analysis.Associations]
	most := 0
	for i, a := range s.series {
		for _, b := range s.series[i+1:] {
			if err := a.stopped(); err != nil {
				return nil, err
			}
			_, r, err := s.joinedOf(a, b)
			if err != nil {
				return nil, err
			}
			most = max(most, s.n)
			pairs = append(pairs, pair[analysis.Associations]{a.ID.String(), b.ID.String(), analysis.Associate(r[0], r[1])})
		}
	}
	if s.n = most; most < 2 {
		return nil, analysis.TooFew
	}
	return pairs, nil
}

type matrixParameters struct {
	selection
	joining
	Method string `query:"method" default:"pearson" enum:"pearson,spearman,covariance" doc:"What stands for a pair of series"`
	Rows   string `query:"rows" default:"common" enum:"common,pairwise" doc:"pairwise, of method=pearson and join=inner: every pair on its own common times"`
}

type matrix struct {
	Series []string    `doc:"In the order asked for"`
	Matrix [][]float64 `doc:"By row, in the order of series"`
	N      [][]int     `doc:"Returns that each pair is correlated over"`
}

func (in *matrixParameters) check() error {
	if in.Rows == "pairwise" && (in.Method != "pearson" || in.Join != string(analysis.PricesFirst)) {
		return badRequest("rows=pairwise goes with method=pearson and join=inner only.")
	}
	return nil
}

func correlationMatrix(in *matrixParameters, s *sheet) (matrix, error) {
	m := matrix{Series: ids(s.series)}
	if in.Rows == "pairwise" {
		m.Matrix = analysis.PairwiseCorrelations(s.returns, all(s.series)...)
		s.notes = append(s.notes, "Each pair has its own common times: the matrix may not be positive semidefinite.")
		m.N = s.pairwise()
		return m, nil
	}
	_, columns, err := s.joined()
	if err != nil {
		return m, err
	}
	if s.n < 2 {
		return m, analysis.TooFew
	}
	for range columns {
		m.N = append(m.N, slices.Repeat([]int{s.n}, len(columns)))
	}
	switch in.Method {
	case "spearman":
		m.Matrix = analysis.SpearmanMatrix(columns)
	case "covariance":
		m.Matrix = analysis.CovarianceMatrix(columns)
	default:
		m.Matrix = analysis.CorrelationMatrix(columns)
	}
	return m, nil
}

// pairwise counts the returns that each pair of series has in common; n is then the most of any pair.
func (s *sheet) pairwise() [][]int {
	counts := make([][]int, len(s.series))
	for i, a := range s.series {
		for j, b := range s.series {
			times, _ := analysis.InnerJoin(a.closes(), b.closes())
			counts[i] = append(counts[i], max(0, len(times)-1))
			if i != j {
				s.n = max(s.n, counts[i][j])
			}
		}
	}
	return counts
}

func ids(list []observed) []string {
	names := make([]string, len(list))
	for n := range list {
		names[n] = list[n].ID.String()
	}
	return names
}

type betaParameters struct {
	selection
	joining
	annual
	riskFree
}

func beta(in *betaParameters, s *sheet) ([]pair[attempt[analysis.MarketModel]], error) {
	last := len(s.series) - 1
	benchmark := s.series[last]
	results, most := make([]pair[attempt[analysis.MarketModel]], last), 0
	for n, asset := range s.series[:last] {
		_, r, err := s.joinedOf(asset, benchmark)
		if err != nil {
			return nil, err
		}
		most = max(most, s.n)
		m, err := analysis.Regress(r[0], r[1], in.RiskFree, s.perYear)
		results[n] = pair[attempt[analysis.MarketModel]]{asset.ID.String(), benchmark.ID.String(), tried(m, err)}
	}
	if s.n = most; most < 3 {
		return nil, analysis.TooFew
	}
	return results, nil
}

type rollingPairParameters struct {
	selection
	joining
	Statistic string `query:"statistic" default:"correlation" enum:"correlation,covariance,beta" doc:"Of the two series"`
	Window    int    `query:"window" default:"90" minimum:"2" maximum:"50000" doc:"Returns"`
}

func rollingCorrelation(in *rollingPairParameters, s *sheet) (analysis.Series, error) {
	times, r, err := s.joined()
	if err != nil {
		return analysis.Series{}, err
	}
	if in.Window > len(times) {
		return analysis.Series{}, badRequest("window=%d: the series have %d returns in common.", in.Window, len(times))
	}
	switch in.Statistic {
	case "covariance":
		return analysis.Series{Time: times, Value: analysis.RollingCovariance(r[0], r[1], in.Window)}, nil
	case "beta":
		return analysis.Series{Time: times, Value: analysis.RollingBeta(r[1], r[0], in.Window)}, nil
	default:
		return analysis.Series{Time: times, Value: analysis.RollingCorrelation(r[0], r[1], in.Window)}, nil
	}
}
