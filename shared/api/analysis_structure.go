package api

import (
	"math"

	"assay/shared/analysis"
	"assay/shared/market"
)

// structureKinds look into one series: memory, unit roots, seasons, breaks.
var structureKinds = []kind{
	each(kind{
		name: "autocorrelation", summary: "Memory of returns: autocorrelations and the tests on them", example: "series=BTC-USD&lags=20", most: 10, rows: 3, points: 100_000,
		definition: "acf with divisor n, pacf by Durbin's recursion, from lag 0; band is 1.96/sqrt(n); ljungBox and boxPierce of lags 1 to k for each k (Box, Jenkins, Reinsel and Ljung, §2.1 and §8.2.2); archLM is n R^2 (Engle 1982); jarqueBera of normality (1987); " +
			"varianceRatio over q periods, overlapping, with the robust z of Lo and MacKinlay (1988).",
	}, autocorrelation),
	each(kind{
		name: "adf", summary: "Augmented Dickey-Fuller test of a unit root", example: "series=BTC-USD&of=log-price&trend=c", most: 10, rows: 6, points: 20_000,
		definition: "The hypothesis is a unit root, a small p speaks for a stationary series (Said and Dickey 1984; p of MacKinnon 1994, critical values of 2010 at 1, 5 and 10 %). Without lags they are chosen by AIC, up to 12(n/100)^(1/4), as statsmodels does.",
	}, adf),
	each(kind{
		name: "kpss", summary: "KPSS test of stationarity", example: "series=BTC-USD&of=log-price&trend=c", most: 10, rows: 3, points: 100_000,
		definition: "The hypothesis is a stationary series, a small p speaks for a unit root (Kwiatkowski, Phillips, Schmidt and Shin 1992). p is read from a table that ends at 0.01 and 0.10: clipped is <= or >= there. Critical values are at 10, 5, 2.5 and 1 %. Without lags as Hobijn, Franses and Ooms (1998).",
	}, kpss),
	each(kind{
		name: "stl", summary: "Trend, season and remainder", example: "series=BTC-USD&period=7&robust=true", most: 5, rows: 4, points: 20_000,
		definition: "Cleveland, Cleveland, McRae and Terpenning (1990): degrees 1, no jumps, 5 inner loops, or 2 in each of 16 robust rounds. Rows are observations: a period counts those, whatever lies between. The strengths are Wang, Smith and Hyndman's (2006).",
	}, stl),
	each(kind{
		name: "seasonality", summary: "Returns by weekday, month or hour", example: "series=BTC-USD&by=weekday", most: 10, rows: 2,
		definition: "Log returns by the part of the calendar, UTC, in which their bar lies: weekdays from Monday 0, months from January 1, hours. t is the mean over its standard error. Kruskal and Wallis' test by ranks and an analysis of variance: a small p says that parts differ.",
	}, seasonality),
	each(kind{
		name: "changepoints", summary: "Where a series changes", example: "series=BTC-USD&of=log-returns&cost=variance", most: 5, rows: 4, points: 10_000,
		definition: "The exact minimum of the costs of all segments and a penalty for each change, by PELT (Killick, Fearnhead and Eckley 2012). cost=mean: squares about the mean; cost=variance: -2 log likelihood of a normal distribution. " +
			"Without penalty 2 s^2 ln n, s^2 the variance of first differences halved, and 3 ln n.",
	}, changePoints),
	each(kind{
		name: "hurst", summary: "How far a move reaches", example: "series=BTC-USD", most: 10, rows: 100, points: 100_000,
		definition: "Of log returns: rescaled range (Mandelbrot and Wallis 1969), detrended fluctuation analysis (Peng et al. 1994) and the generalised exponent of q=1 (Di Matteo 2007). 0.5 is a random walk, more where moves continue, less where they turn back.",
	}, func(_ *hurstParameters, o *observed) (analysis.Hurst, error) {
		return analysis.HurstExponents(analysis.Drop(valuesOf(o, "log-returns").Value))
	}),
}

type autocorrelationParameters struct {
	selection
	Of       string `query:"of" default:"log-returns" enum:"log-returns,simple-returns,price,log-price" doc:"What of the series"`
	Lags     int    `query:"lags" default:"20" minimum:"1" maximum:"1000" doc:"The most"`
	ARCHLags int    `query:"archLags" default:"5" minimum:"1" maximum:"50" doc:"Of archLM"`
	Periods  int    `query:"q" default:"2" minimum:"2" maximum:"1000" doc:"Of the variance ratio"`
}

type autocorrelationResult struct {
	analysis.Autocorrelations
	Band          float64                          `doc:"Of acf and pacf: 1.96/sqrt(n), within which 95 % lie of a series without memory"`
	ArchLM        attempt[analysis.Test]           `doc:"n R^2 of squared deviations on their last archLags: that volatility has no memory"`
	JarqueBera    attempt[analysis.Test]           `doc:"That the values are normal"`
	VarianceRatio attempt[analysis.VarianceRatios] `doc:"That the values are the steps of a random walk"`
}

func autocorrelation(in *autocorrelationParameters, o *observed) (autocorrelationResult, error) {
	x := analysis.Drop(valuesOf(o, in.Of).Value)
	if in.Lags >= len(x) {
		return autocorrelationResult{}, badRequest("lags=%d: %s has %d values in the range.", in.Lags, o.ID, len(x))
	}
	if in.Periods >= len(x) {
		return autocorrelationResult{}, badRequest("q=%d: %s has %d values in the range.", in.Periods, o.ID, len(x))
	}
	a, err := analysis.Autocorrelation(x, in.Lags)
	if err != nil {
		return autocorrelationResult{}, err
	}
	return autocorrelationResult{
		a, 1.96 / math.Sqrt(float64(a.N)), tried(analysis.ARCHLM(x, in.ARCHLags)), tried(analysis.JarqueBera(x)), tried(analysis.VarianceRatio(x, in.Periods)),
	}, nil
}

type adfParameters struct {
	selection
	valued
	Trend string `query:"trend" default:"c" enum:"n,c,ct" doc:"What to allow for: nothing, a constant, or a constant and a trend"`
	Lags  int    `query:"lags" default:"-1" minimum:"-1" maximum:"200" doc:"Lagged differences; -1 chooses them"`
}

func adf(in *adfParameters, o *observed) (analysis.UnitRoot, error) {
	x := analysis.Drop(in.values(o).Value)
	if most := max(0, analysis.MaxLags(len(x), trends[in.Trend])); in.Lags > most {
		return analysis.UnitRoot{}, badRequest("lags=%d: %s has %d values in the range, for which at most %d are tried.", in.Lags, o.ID, len(x), most)
	}
	return analysis.ADF(x, trends[in.Trend], in.Lags)
}

type kpssParameters struct {
	selection
	valued
	trended
	Lags int `query:"lags" default:"-1" minimum:"-1" maximum:"1000" doc:"Of the long-run variance; -1 chooses them"`
}

func kpss(in *kpssParameters, o *observed) (analysis.Stationarity, error) {
	x := analysis.Drop(in.values(o).Value)
	if in.Lags >= len(x) {
		return analysis.Stationarity{}, badRequest("lags=%d: %s has %d values in the range.", in.Lags, o.ID, len(x))
	}
	return analysis.KPSS(x, trends[in.Trend], in.Lags)
}

type stlParameters struct {
	selection
	Of       string `query:"of" default:"log-price" enum:"log-price,price" doc:"What of the series"`
	Period   int    `query:"period" default:"7" minimum:"2" maximum:"5000" doc:"Observations in a season"`
	Seasonal int    `query:"seasonal" default:"7" minimum:"3" maximum:"9999" doc:"Window over the same phase of the seasons, odd"`
	Robust   bool   `query:"robust" default:"false" enum:"false,true" doc:"Let outliers weigh less"`
}

func (in *stlParameters) check() error {
	if in.Seasonal%2 == 0 {
		return badRequest("seasonal=%d: want an odd number.", in.Seasonal)
	}
	return nil
}

// mostLoess bounds the work of STL: the values in all windows over a season, and over one phase of the seasons.
const mostLoess = 4_000_000

type stlResult struct {
	Time []int64
	analysis.STL
}

func stl(in *stlParameters, o *observed) (stlResult, error) {
	s := valuesOf(o, in.Of).Drop()
	if windows := in.Period + min(in.Seasonal, len(s.Value)/in.Period); len(s.Value)*windows > mostLoess {
		return stlResult{}, badRequest("period=%d, seasonal=%d: over %d values those windows hold more than %d values together: narrow from and to, or choose shorter ones.", in.Period, in.Seasonal, len(s.Value), mostLoess)
	}
	if len(s.Value) < 2*in.Period {
		return stlResult{}, badRequest("period=%d: %s has %d values in the range, want at least two seasons.", in.Period, o.ID, len(s.Value))
	}
	d, err := analysis.Decompose(s.Value, analysis.STLOptions{Period: in.Period, Seasonal: in.Seasonal, Robust: in.Robust})
	return stlResult{s.Time, d}, err
}

type seasonalityParameters struct {
	selection
	By string `query:"by" default:"weekday" enum:"weekday,month,hour" doc:"Which part of the calendar"`
}

type seasonalityResult struct {
	Buckets []analysis.SeasonBucket `doc:"In order, without those that no return falls into"`
	Kruskal attempt[analysis.Test]  `doc:"That no part differs, by ranks"`
	ANOVA   attempt[analysis.Test]  `doc:"That no part differs, by means"`
	Monthly analysis.Series         `doc:"The return of every month, simple, at its start"`
}

func seasonality(in *seasonalityParameters, o *observed) (seasonalityResult, error) {
	longest := map[string]market.Interval{"hour": market.Hour, "weekday": market.Day, "month": market.Month}[in.By]
	if i := o.plan.interval; i.Next(0) > longest.Next(0) {
		return seasonalityResult{}, badRequest("by=%s wants bars of %s or less, and these are of %s.", in.By, longest, i)
	}
	by := map[string]analysis.Season{"weekday": analysis.ByWeekday, "month": analysis.ByMonth, "hour": analysis.ByHour}[in.By]
	s, err := analysis.Seasonal(valuesOf(o, "log-returns"), by)
	if err != nil {
		return seasonalityResult{}, err
	}
	r := seasonalityResult{s.Buckets, attempt[analysis.Test]{s.Kruskal.Test, s.Kruskal.Reason}, attempt[analysis.Test]{s.ANOVA.Test, s.ANOVA.Reason}, analysis.MonthlyReturns(o.closes())}
	return r, nil
}

type changePointParameters struct {
	selection
	Of      string   `query:"of" default:"log-returns" enum:"log-returns,simple-returns,price,log-price" doc:"What of the series"`
	Cost    string   `query:"cost" default:"variance" enum:"mean,variance" doc:"What a segment is measured by: squares about its mean, or the likelihood of its mean and variance"`
	Penalty *float64 `query:"penalty" minimum:"0" maximum:"1e12" doc:"For each change" example:"20"`
	MinSize int      `query:"minSize" default:"10" minimum:"2" maximum:"5000" doc:"Of a segment, in values"`
}

type changePointResult struct {
	N         int       `doc:"Values"`
	Penalty   float64   `doc:"For each change"`
	Objective float64   `doc:"Costs of all segments and a penalty for each change"`
	Changes   []int64   `doc:"Times at which a new segment begins"`
	Segments  []segment `doc:"In order"`
}

type segment struct {
	From int64          `doc:"Time of its first value"`
	To   int64          `doc:"Time of its last value"`
	N    int            `doc:"Values"`
	Mean float64        `doc:"Of its values"`
	SD   analysis.Value `doc:"Standard deviation (n-1)"`
}

func changePoints(in *changePointParameters, o *observed) (changePointResult, error) {
	s := valuesOf(o, in.Of).Drop()
	n := float64(len(s.Value))
	cost, penalty := analysis.ChangeInVariance, 3*math.Log(n)
	if in.Cost == "mean" {
		cost, penalty = analysis.ChangeInMean, 2*math.Log(n)*analysis.Variance(differences(s.Value))/2
	}
	if in.Penalty != nil {
		penalty = *in.Penalty
	}
	if market.IsAbsent(penalty) || math.IsInf(penalty, 0) {
		return changePointResult{}, analysis.NotFinite
	}
	found, err := analysis.ChangePoints(s.Value, analysis.SegmentOptions{Cost: cost, Penalty: penalty, MinSize: in.MinSize, Stopped: o.stopped})
	r := changePointResult{N: found.N, Penalty: penalty, Objective: found.Objective}
	if err != nil {
		return r, err
	}
	for n, from := range append([]int{0}, found.Changes...) {
		to := len(s.Value)
		if n < len(found.Changes) {
			to = found.Changes[n]
		}
		if from > 0 {
			r.Changes = append(r.Changes, s.Time[from])
		}
		part := s.Value[from:to]
		one := segment{From: s.Time[from], To: s.Time[to-1], N: len(part), Mean: analysis.Mean(part), SD: analysis.None(analysis.TooFew)}
		if len(part) > 1 {
			one.SD = analysis.Of(analysis.StdDev(part))
		}
		r.Segments = append(r.Segments, one)
	}
	return r, nil
}

func differences(x []float64) []float64 {
	d := make([]float64, max(0, len(x)-1))
	for n := range d {
		d[n] = x[n+1] - x[n]
	}
	return d
}

type hurstParameters struct{ selection }
