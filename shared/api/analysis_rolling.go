package api

import (
	"math"

	"assay/shared/analysis"
)

// rollingKinds are statistics of a moving window, or with weights that fade.
var rollingKinds = []kind{
	each(kind{
		name: "rolling", summary: "A statistic of a moving window", example: "series=BTC-USD&statistic=mean&window=30", most: 20,
		definition: "Over the last window observations, all of which have to be there. sd, variance and z-score have the divisor window-1; skew and kurtosis are bias-corrected (Joanes and Gill 1998); quantiles are type 7.",
	}, rolling),
	each(kind{
		name: "ewm", summary: "A statistic with weights that fade", example: "series=BTC-USD&statistic=mean&span=20", most: 20,
		definition: "mean: y_0=x_0, y_t=(1-a)y_{t-1}+a*x_t with a=2/(span+1), or alpha. mean-adjusted: the weighted mean of all so far. sd and variance: unbiased. TA-Lib's EMA is seeded otherwise: it is an indicator.",
	}, ewm),
	joint(kind{
		name: "ewm-correlation", summary: "Correlation, covariance or beta with weights that fade", example: "series=BTC-USD,XAU-USD-PM&span=60", rows: 2,
		definition: "Of returns, weighted as in ewm, mean-adjusted and unbiased; beta is the slope of the first series on the second.",
	}, ewmCorrelation),
}

type rollingParameters struct {
	selection
	valued
	Statistic string  `query:"statistic" default:"mean" enum:"mean,sd,variance,min,max,median,quantile,sum,z-score,skew,kurtosis" doc:"Of the values in the window"`
	Window    int     `query:"window" default:"30" minimum:"2" maximum:"50000" doc:"Observations"`
	Quantile  float64 `query:"q" default:"0.5" minimum:"0" maximum:"1" with:"statistic=quantile" doc:"Of statistic=quantile"`
}

// windowed are the statistics of a window.
var windowed = map[string]func([]float64, int) []float64{
	"mean": analysis.RollingMean, "sd": analysis.RollingStdDev, "variance": analysis.RollingVariance, "min": analysis.RollingMin, "max": analysis.RollingMax,
	"median": analysis.RollingMedian, "sum": analysis.RollingSum, "z-score": analysis.RollingZScore, "skew": analysis.RollingSkew, "kurtosis": analysis.RollingKurtosis,
}

func rolling(in *rollingParameters, o *observed) (analysis.Series, error) {
	s := in.values(o)
	if err := fits(in.Window, o); err != nil {
		return s, err
	}
	if in.Statistic == "quantile" {
		s.Value = analysis.RollingQuantile(s.Value, in.Window, in.Quantile)
	} else {
		s.Value = windowed[in.Statistic](s.Value, in.Window)
	}
	return s, nil
}

// fits refuses a window that is longer than the series.
func fits(window int, o *observed) error {
	if window > len(o.bars) {
		return badRequest("window=%d: %s has %d observations in the range, and a window has to be full.", window, o.ID, len(o.bars))
	}
	return nil
}

// fading is how fast weights fade.
type fading struct {
	Span  float64 `query:"span" default:"20" minimum:"1" maximum:"1000000" with:"alpha=" doc:"Observations: alpha is 2/(span+1)"`
	Alpha float64 `query:"alpha" minimum:"0.000001" maximum:"1" doc:"Instead of span" example:"0.1"`
}

func (f fading) alpha() float64 {
	if f.Alpha != 0 {
		return f.Alpha
	}
	return analysis.Span(f.Span)
}

type ewmParameters struct {
	selection
	valued
	fading
	Statistic string `query:"statistic" default:"mean" enum:"mean,mean-adjusted,sd,variance" doc:"Of the values so far"`
}

func ewm(in *ewmParameters, o *observed) (analysis.Series, error) {
	s := in.values(o)
	statistic := map[string]func([]float64, float64) []float64{
		"mean": analysis.EWMMean, "mean-adjusted": analysis.EWMMeanAdjusted, "sd": analysis.EWMStdDev, "variance": analysis.EWMVariance,
	}[in.Statistic]
	s.Value = statistic(s.Value, in.alpha())
	return s, nil
}

type ewmPairParameters struct {
	selection
	joining
	fading
	Statistic string `query:"statistic" default:"correlation" enum:"correlation,covariance,beta" doc:"Of the two series"`
}

func ewmCorrelation(in *ewmPairParameters, s *sheet) (analysis.Series, error) {
	times, r, err := s.joined()
	if err != nil {
		return analysis.Series{}, err
	}
	out := analysis.Series{Time: times}
	switch in.Statistic {
	case "covariance":
		out.Value = analysis.EWMCovariance(r[0], r[1], in.alpha())
	case "beta":
		out.Value = analysis.EWMBeta(r[1], r[0], in.alpha())
	default:
		out.Value = analysis.EWMCorrelation(r[0], r[1], in.alpha())
	}
	return out, nil
}

// volatilityKinds say how much a price moves.
var volatilityKinds = []kind{
	each(kind{
		name: "volatility", summary: "Realised volatility of a moving window, from closes and from ranges", example: "series=BTC-USD&window=20", most: 10, rows: 2,
		definition: "Annualised. close: sd of the last window-1 log returns; Parkinson (1980), Garman and Klass (1980), Rogers and Satchell (1991), Garman-Klass with the gap before (gkyz), Yang and Zhang (2000), as TTR defines them. What has a close only, a fix, has the first.",
	}, volatility),
	each(kind{
		name: "ewma-volatility", summary: "RiskMetrics volatility", example: "series=BTC-USD&lambda=0.94", most: 20, rows: 2,
		definition: "Of log returns: s_0=r_0^2, s_t=lambda*s_{t-1}+(1-lambda)*r_t^2, the forecast for the next return (RiskMetrics Technical Document, 1996, §5.2).",
	}, ewmaVolatility),
	each(kind{
		name: "garch", summary: "GARCH(1,1) and its forecast", example: "series=BTC-USD&distribution=t&horizon=10", most: 5, rows: 100, points: 20_000,
		definition: "Of 100 times the log returns, with a constant mean: h_t=omega+alpha*e_{t-1}^2+beta*h_{t-1} by maximum likelihood, alpha+beta<1 (Bollerslev 1986; Student's t of unit variance: 1987). doubt says that the persistence came to that bound.",
	}, garch),
}

type volatilityParameters struct {
	selection
	annual
	Window int `query:"window" default:"20" minimum:"3" maximum:"1000" doc:"Bars"`
}

type volatilityResult struct {
	Time []int64
	analysis.Volatilities
}

func volatility(in *volatilityParameters, o *observed) (volatilityResult, error) {
	if err := fits(in.Window, o); err != nil {
		return volatilityResult{}, err
	}
	return volatilityResult{starts(o.bars), analysis.RangeVolatility(o.columns(), in.Window, o.perYear)}, nil
}

type ewmaParameters struct {
	selection
	annual
	Lambda float64 `query:"lambda" default:"0.94" minimum:"0" maximum:"0.9999" doc:"Weight of the variance so far"`
}

type ewmaResult struct {
	Time       []int64
	Variance   []float64 `doc:"Per period"`
	Annualised []float64 `doc:"Standard deviation per year"`
}

func ewmaVolatility(in *ewmaParameters, o *observed) (ewmaResult, error) {
	s := valuesOf(o, "log-returns").Drop()
	variance, annualised := analysis.EWMVolatility(s.Value, in.Lambda, o.perYear)
	return ewmaResult{s.Time, variance, annualised}, nil
}

type garchParameters struct {
	selection
	annual
	Distribution string `query:"distribution" default:"normal" enum:"normal,t" doc:"Of the shocks"`
	Horizon      int    `query:"horizon" default:"10" minimum:"1" maximum:"1000" doc:"Returns ahead"`
}

type garchResult struct {
	analysis.GARCH
	Time       []int64   `doc:"Of conditionalSD"`
	Forecast   []float64 `doc:"Standard deviation of each return ahead, per cent"`
	Annualised []float64 `doc:"The same per year, a fraction"`
}

func garch(in *garchParameters, o *observed) (garchResult, error) {
	s := valuesOf(o, "log-returns").Drop()
	percent := make([]float64, len(s.Value))
	for n, r := range s.Value {
		percent[n] = 100 * r
	}
	g, err := analysis.FitGARCH(percent, in.Distribution == "t")
	if err != nil {
		return garchResult{}, err
	}
	result := garchResult{GARCH: g, Time: s.Time, Forecast: g.Forecast(in.Horizon)}
	for _, sd := range result.Forecast {
		result.Annualised = append(result.Annualised, sd/100*math.Sqrt(o.perYear))
	}
	return result, nil
}
