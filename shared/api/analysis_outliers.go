package api

import (
	"math"

	"assay/shared/analysis"
	"assay/shared/market"
)

// outlierKinds find what is out of the ordinary, and which state a market is in.
var outlierKinds = []kind{
	each(kind{
		name: "hampel", summary: "Values far from the median around them", example: "series=BTC-USD&half=5&threshold=3", most: 10, rows: 3, points: 100_000,
		definition: "Further than threshold times 1.4826 times the median absolute deviation from the median of half observations on either side and itself; the first and last half are never flagged (Pearson 1999). What is flagged is shown, and nothing is changed.",
	}, hampel),
	each(kind{
		name: "anomalies", summary: "Returns far from those before them", example: "series=BTC-USD&window=60&threshold=5", most: 10, rows: 3, points: 100_000,
		definition: "z is how many deviations (1.4826 times the median absolute one) a log return lies from the median of the window returns before it, which do not include it. extremes is the generalised test for up to most outliers at level alpha (Rosner 1983).",
	}, anomalies),
	each(kind{
		name: "regimes-hmm", summary: "Calm and wild states of returns", example: "series=BTC-USD", most: 5, rows: 20, points: 20_000,
		definition: "Log returns of two normal states, each with its own mean and variance, by maximum likelihood from several deterministic starts (Hamilton, Time Series Analysis, §22.4). wild is the probability of the state of greater variance, given all returns.",
	}, hiddenRegimes),
	each(kind{
		name: "regimes-kmeans", summary: "Times grouped by their volatility", example: "series=BTC-USD&window=20&k=3", most: 10, rows: 3, points: 20_000,
		definition: "The logarithm of the annualised volatility over the last window log returns in k groups of least squares, the exact optimum in one dimension (Wang and Song 2011). Centres are logarithms, ascending; labels count from 0.",
	}, volatilityRegimes),
}

type hampelParameters struct {
	selection
	valued
	Half      int     `query:"half" default:"5" minimum:"1" maximum:"500" doc:"Observations on either side"`
	Threshold float64 `query:"threshold" default:"3" minimum:"0" maximum:"1000" doc:"In deviations"`
}

type hampelResult struct {
	N       int            `doc:"Values"`
	Flagged []flaggedValue `doc:"In order of time"`
}

type flaggedValue struct {
	Time   int64   `doc:"Start of the bar"`
	Value  float64 `doc:"What is flagged"`
	Median float64 `doc:"Of its window"`
}

func hampel(in *hampelParameters, o *observed) (hampelResult, error) {
	s := in.values(o).Drop()
	if window := 2*in.Half + 1; window > len(s.Value) {
		return hampelResult{}, badRequest("half=%d: that is a window of %d values, and %s has %d in the range.", in.Half, window, o.ID, len(s.Value))
	}
	rows, cleaned := analysis.Hampel(s.Value, in.Half, in.Threshold)
	r := hampelResult{N: len(s.Value)}
	for _, row := range rows {
		r.Flagged = append(r.Flagged, flaggedValue{s.Time[row], s.Value[row], cleaned[row]})
	}
	return r, nil
}

type anomalyParameters struct {
	selection
	Window    int     `query:"window" default:"60" minimum:"3" maximum:"1000" doc:"Returns"`
	Threshold float64 `query:"threshold" default:"5" minimum:"0" maximum:"1000" doc:"Of z, by size"`
	Most      int     `query:"most" default:"10" minimum:"1" maximum:"100" doc:"Of extremes"`
	Alpha     float64 `query:"alpha" default:"0.05" minimum:"0.0001" maximum:"0.5" doc:"Of extremes"`
}

type anomalyResult struct {
	Time     []int64
	Z        []float64          `doc:"Robust, of each return"`
	Flagged  []anomaly          `doc:"Returns whose z is beyond the threshold"`
	Extremes attempt[[]anomaly] `doc:"By the test over all returns; z is of the mean and deviation of all returns"`
}

type anomaly struct {
	Time   int64          `doc:"Start of the bar"`
	Return float64        `doc:"Log return"`
	Z      analysis.Value `doc:"Deviations from the middle"`
}

func anomalies(in *anomalyParameters, o *observed) (anomalyResult, error) {
	s := valuesOf(o, "log-returns").Drop()
	if in.Window >= len(s.Value) {
		return anomalyResult{}, badRequest("window=%d: %s has %d returns in the range.", in.Window, o.ID, len(s.Value))
	}
	r := anomalyResult{Time: s.Time, Z: analysis.RobustZScores(s.Value, in.Window)}
	for n, z := range r.Z {
		if math.Abs(z) > in.Threshold {
			r.Flagged = append(r.Flagged, anomaly{s.Time[n], s.Value[n], analysis.Of(z)})
		}
	}
	tests, err := analysis.ExtremeDeviations(s.Value, min(in.Most, len(s.Value)-2), in.Alpha)
	var extremes []anomaly
	mean, sd := analysis.Mean(s.Value), analysis.StdDev(s.Value)
	for _, row := range tests.Rows {
		extremes = append(extremes, anomaly{s.Time[row], s.Value[row], analysis.Of((s.Value[row] - mean) / sd)})
	}
	r.Extremes = tried(extremes, err)
	return r, nil
}

type hmmParameters struct{ selection }

type hmmResult struct {
	Time []int64
	analysis.HiddenRegimes
}

func hiddenRegimes(_ *hmmParameters, o *observed) (hmmResult, error) {
	s := valuesOf(o, "log-returns").Drop()
	h, err := analysis.FitHiddenRegimes(s.Value)
	return hmmResult{s.Time, h}, err
}

type kmeansParameters struct {
	selection
	annual
	Window int `query:"window" default:"20" minimum:"2" maximum:"1000" doc:"Returns"`
	K      int `query:"k" default:"2" minimum:"1" maximum:"10" doc:"Groups"`
}

type kmeansResult struct {
	Time       []int64
	Labels     []float64 `doc:"Positions in centres; null within the first window, and where nothing moved in one"`
	Centres    []float64 `doc:"Logarithms of volatility, ascending"`
	Volatility []float64 `doc:"Of each centre, per year"`
	Inertia    float64   `doc:"Sum of squared distances to the centres"`
}

func volatilityRegimes(in *kmeansParameters, o *observed) (kmeansResult, error) {
	s := valuesOf(o, "log-returns").Drop()
	if in.Window > len(s.Value) {
		return kmeansResult{}, badRequest("window=%d: %s has %d returns in the range.", in.Window, o.ID, len(s.Value))
	}
	g, err := analysis.VolatilityRegimes(s.Value, in.Window, in.K, o.perYear)
	r := kmeansResult{Time: s.Time, Centres: g.Centres, Inertia: g.Inertia}
	for _, label := range g.Labels {
		group := market.Absent
		if label >= 0 {
			group = float64(label)
		}
		r.Labels = append(r.Labels, group)
	}
	for _, centre := range g.Centres {
		r.Volatility = append(r.Volatility, math.Exp(centre))
	}
	return r, err
}
