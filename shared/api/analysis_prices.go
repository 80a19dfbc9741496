package api

import (
	"strings"

	"assay/shared/analysis"
	"assay/shared/market"
)

// priceKinds prepare prices: returns, indices, ratios.
var priceKinds = []kind{
	each(kind{
		name: "resample", summary: "Bars of a longer interval", example: "series=BTC-USD&to_interval=1mo", most: 10,
		definition: "First open, highest high, lowest low, last close, sum of the volumes of the observations in each longer bar; days are UTC, weeks start on Monday, months by the calendar. " +
			"A longer bar without any observation is left out, or with fill=previous made up: flat at the close before, with a volume of 0, and named in made.",
	}, resample),
	each(kind{
		name: "returns", summary: "Returns", example: "series=BTC-USD,XAU-USD-PM&method=log", most: 20,
		definition: "Between consecutive observations: simple P_t/P_{t-1}-1, log ln(P_t/P_{t-1}).",
	}, returnsOf),
	each(kind{
		name: "growth", summary: "Growth from the first price to the last", example: "series=BTC-USD,XAU-USD-PM", most: 20, rows: 2,
		definition: "total is P_T/P_0-1; cagr (P_T/P_0)^(periodsPerYear/n)-1 with n returns; cagrCalendar by the days between, of 365.25 in a year.",
	}, func(_ *growthParameters, o *observed) (analysis.Growth, error) {
		return analysis.Grow(o.closes(), o.perYear), nil
	}),
	each(kind{
		name: "rebased", summary: "Prices as an index", example: "series=BTC-USD,XAU-USD-PM&base=100", most: 20,
		definition: "base*P_t/P_first, P_first being the first observation in the range.",
	}, func(in *rebasedParameters, o *observed) (analysis.Series, error) {
		s := o.closes()
		s.Value = analysis.Rebase(s.Value, in.Base)
		return s, nil
	}),
	each(kind{
		name: "normalise", summary: "Values on a common scale", example: "series=BTC-USD,XAU-USD-PM&method=z-score", most: 20,
		definition: "z-score: (x-mean)/sd over the range, sd with divisor n-1. unit: (x-min)/(max-min), from 0 to 1. index: 100*x_t/x_first.",
	}, normalise),
	joint(kind{
		name: "ratio", summary: "One price in units of another", example: "series=XAU-USD-PM,XAG-USD-FIX",
		definition: "a/b: gold over silver, or bitcoin in ounces of gold. join=inner takes the times that both have; as-of takes every observation of the first, and the last of the second at or before it, at most five days old.",
	}, ratio),
	each(kind{
		name: "decompose", summary: "A return in another currency, taken apart", example: "series=XAU-USD-PM&currency=EUR", most: 10, rows: 2,
		definition: "The log return of the converted price is the sum of that of the price in its own currency and that of the exchange rate. It needs currency, one that the series is not in.",
	}, decompose),
}

type resampleParameters struct {
	selection
	Longer string `query:"to_interval" default:"1mo" doc:"A longer interval, such as 1w or 1mo"`
	Fill   string `query:"fill" default:"none" enum:"none,previous" doc:"What becomes of a longer bar without any observation"`
}

type resampled struct {
	Interval                       string `doc:"Of the longer bars"`
	Time                           []int64
	Open, High, Low, Close, Volume []float64
	Made                           []int `doc:"Positions in time of bars that are made up"`
}

func resample(in *resampleParameters, o *observed) (resampled, error) {
	to, err := market.ParseInterval(in.Longer)
	if err != nil || !holdsWhole(to, o.plan.interval) {
		return resampled{}, badRequest("to_interval=%s: want a multiple of interval=%s that holds whole bars of it, such as %s.", quoted(in.Longer), o.plan.interval, 2*o.plan.interval)
	}
	bars, made := analysis.Resample(o.columns(), to), []int(nil)
	if in.Fill == "previous" {
		bars, made = analysis.FillPrevious(bars, to)
	}
	return resampled{to.String(), bars.Time, bars.Open, bars.High, bars.Low, bars.Close, bars.Volume, made}, nil
}

// holdsWhole reports whether every bar of an interval is made of whole ones of a shorter interval, as a month is not of weeks.
func holdsWhole(long, short market.Interval) bool {
	switch {
	case short < 0:
		return long < 0 && long%short == 0
	case long < 0:
		return market.Day%short == 0
	}
	start := long.Floor(0)
	return long > short && long%short == 0 && short.Floor(start) == start
}

type returnsParameters struct {
	selection
	Method string `query:"method" default:"log" enum:"log,simple" doc:"How a return is measured"`
}

func returnsOf(in *returnsParameters, o *observed) (analysis.Series, error) {
	return valuesOf(o, in.Method+"-returns"), nil
}

type growthParameters struct {
	selection
	annual
}

type rebasedParameters struct {
	selection
	Base float64 `query:"base" default:"100" minimum:"1e-6" maximum:"1e9" doc:"The first value"`
}

type normaliseParameters struct {
	selection
	valued
	Method string `query:"method" default:"z-score" enum:"z-score,unit,index" doc:"The scale"`
}

func (in *normaliseParameters) check() error {
	if in.Method == "index" && strings.HasSuffix(in.Of, "returns") {
		return badRequest("method=index, of=%s: an index is of prices, and a return may be 0 or less.", in.Of)
	}
	return nil
}

func normalise(in *normaliseParameters, o *observed) (analysis.Series, error) {
	s := in.values(o)
	switch in.Method {
	case "unit":
		s.Value = analysis.UnitRange(s.Value)
	case "index":
		s.Value = analysis.Rebase(s.Value, 100)
	default:
		s.Value = analysis.ZScores(s.Value)
	}
	return s, nil
}

type ratioParameters struct {
	selection
	aligning
	Join string `query:"join" default:"inner" enum:"inner,as-of" doc:"Which times are compared"`
}

func ratio(in *ratioParameters, s *sheet) (analysis.Series, error) {
	if in.Join == "inner" {
		times, columns, err := s.prices()
		if err != nil {
			return analysis.Series{}, err
		}
		return analysis.Series{Time: times, Value: analysis.Ratio(columns[0], columns[1])}, nil
	}
	const maxAge = 5 * int64(market.Day)
	a := s.series[0].closes()
	a.Value = analysis.Ratio(a.Value, analysis.AsOf(a.Time, s.series[1].closes(), maxAge))
	s.join, s.n = "as-of", len(a.Drop().Time)
	return a, s.overlap()
}

type decomposed struct {
	Time     []int64
	Return   []float64 `doc:"Of the converted price: the sum of the two"`
	Price    []float64 `doc:"Of the price in its own currency"`
	Currency []float64 `doc:"Of the exchange rate"`
}

type decomposeParameters struct{ selection }

func decompose(_ *decomposeParameters, o *observed) (decomposed, error) {
	if o.rate == nil {
		return decomposed{}, badRequest("decompose needs currency, one that %s is not in: it is in %s.", o.ID, o.Instrument.Currency)
	}
	own := analysis.Series{Time: starts(o.bars), Value: o.original}
	converted := analysis.Converted{Series: o.closes(), Rate: o.rate}
	price, currency := analysis.SplitReturns(own, converted, o.conversion.multipliers())
	return decomposed{own.Time, analysis.LogReturns(converted.Value), price, currency}, nil
}
