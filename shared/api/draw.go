package api

import (
	"fmt"
	"math"

	"assay/shared/analysis"
	"assay/shared/chart"
)

func drawPrices(q chartRequest, list []observed, f chart.Frame) (chart.Picture, error) {
	f.Title = "Prices"
	if len(list) == 1 {
		f.Title = name(list[0].Entry)
	}
	prices, scale := all(list), chart.Linear
	switch q.scale {
	case "log":
		scale = chart.Log
		f.Unit += ", logarithmic"
	case "rebased":
		times, _ := analysis.InnerJoin(prices...)
		if len(times) == 0 {
			return chart.Picture{}, badRequest("scale=rebased: the series have no time in common in this range, at which each could be 100.")
		}
		for n, s := range prices {
			prices[n] = rebasedFrom(s, times[0])
		}
		f.Title += ", from 100"
		f.Unit = "100 at " + printed(times[0])
	}
	if q.scale != "rebased" {
		for n := range list {
			if of := list[n].conversion.to.Currency; of != list[0].conversion.to.Currency {
				return chart.Picture{}, badRequest("%s is in %s and %s in %s: want currency=EUR or USD, or scale=rebased.", list[0].ID, list[0].conversion.to.Currency, list[n].ID, of)
			}
		}
	}
	lines := make([]chart.Line, len(list))
	for n := range list {
		lines[n] = list[n].line(prices[n])
	}
	return chart.Lines(f, lines, scale, false), nil
}

// rebasedFrom makes a series an index that is 100 at a time at which it has a price. What came before is left out.
func rebasedFrom(s analysis.Series, at int64) analysis.Series {
	n := 0
	for s.Time[n] < at {
		n++
	}
	return analysis.Series{Time: s.Time[n:], Value: analysis.Rebase(s.Value[n:], 100)}
}

func drawDrawdowns(_ chartRequest, list []observed, f chart.Frame) (chart.Picture, error) {
	f.Title, f.Unit = "Drawdown", "% below the highest close so far in this range"
	lines := make([]chart.Line, len(list))
	for n, s := range all(list) {
		lines[n] = list[n].line(analysis.Series{Time: s.Time, Value: analysis.Drawdowns(s.Value)})
	}
	return chart.Lines(f, lines, chart.Percent, true), nil
}

func drawMonths(_ chartRequest, list []observed, f chart.Frame) (chart.Picture, error) {
	f.Title, f.Unit = name(list[0].Entry)+", month by month", "return in %"
	f.Notes = append(f.Notes, "A month's last close over the last before it; the first month counts from its first close.")
	return chart.Months(f, analysis.MonthlyReturns(list[0].closes())), nil
}

// correlated joins prices, then takes log returns, and correlates those.
func correlated(list []observed, method string) (matrix [][]float64, n int, err error) {
	_, returns := analysis.JoinReturns(analysis.PricesFirst, analysis.LogReturns, all(list)...)
	if n = len(returns[0]); n < 3 {
		return nil, n, badRequest("The series have %d returns between times that all of them have in this range: at least 3 are needed. Name fewer series or another range.", n)
	}
	if method == "spearman" {
		return analysis.SpearmanMatrix(returns), n, nil
	}
	return analysis.CorrelationMatrix(returns), n, nil
}

func drawCorrelations(q chartRequest, list []observed, f chart.Frame) (chart.Picture, error) {
	matrix, n, err := correlated(list, q.method)
	if err != nil {
		return chart.Picture{}, err
	}
	f.Title = "Correlation of log returns"
	f.Unit = fmt.Sprintf("%s, n = %d returns between common times", methodNames[q.method], n)
	return chart.Matrix(f, f.Series, matrix), nil
}

var methodNames = map[string]string{"pearson": "Pearson", "spearman": "Spearman"}

// clustered groups series by the correlations of their returns.
func clustered(list []observed, method string, linkage analysis.Linkage) (analysis.Dendrogram, [][]float64, int, error) {
	matrix, n, err := correlated(list, method)
	if err != nil {
		return analysis.Dendrogram{}, nil, n, err
	}
	for i, row := range matrix {
		for j, r := range row {
			if math.IsNaN(r) {
				return analysis.Dendrogram{}, nil, n, badRequest("%s and %s have no correlation in this range, because one of them never moves: leave it out.", list[i].ID, list[j].ID)
			}
		}
	}
	tree, err := analysis.Cluster(analysis.CorrelationDistance(matrix), linkage)
	return tree, matrix, n, err
}

func drawDendrogram(q chartRequest, list []observed, f chart.Frame) (chart.Picture, error) {
	tree, _, n, err := clustered(list, q.method, q.linkage)
	if err != nil {
		return chart.Picture{}, err
	}
	f.Title = "Which series move together"
	f.Unit = fmt.Sprintf("distance √((1−ρ)/2), %s ρ, %s linkage, n = %d", methodNames[q.method], q.linkage, n)
	return chart.Tree(f, f.Series, tree, tree.Cut(q.clusters)), nil
}

// models are the forecasters that a client can choose.
var models = map[string]analysis.Forecaster{
	"theta": analysis.Theta(1), "drift": analysis.Drift, "ets": analysis.ExponentialSmoothing(1), "arima": analysis.AutoARIMA(1),
}

// mostFitted is how many of the newest closes a model is fitted to: the fit is repeated from every origin of the backtest.
const mostFitted = 1000

// leastFitted is how many it takes: half of them are for the test.
func leastFitted(horizon int) int { return 2*horizon + 20 }

func newest(s analysis.Series, most int) analysis.Series {
	n := max(0, len(s.Time)-most)
	return analysis.Series{Time: s.Time[n:], Value: s.Value[n:]}
}

func drawForecast(q chartRequest, list []observed, f chart.Frame) (chart.Picture, error) {
	o := &list[0]
	past := newest(o.closes(), mostFitted)
	if least := leastFitted(q.horizon); len(past.Time) < least {
		return chart.Picture{}, badRequest("horizon=%d: %s has %d closes in this range, and a forecast that is tested on the past needs %d.", q.horizon, o.ID, len(past.Time), least)
	}
	outlook, err := foretold(past.Value, q.model, q.horizon, 10)
	if err != nil {
		return chart.Picture{}, badRequest("model=%s: there is no forecast of %s in this range: %v.", q.model, o.ID, err)
	}
	f.Title = name(o.Entry) + ", forecast"
	f.From = past.Time[0]
	drawn := chart.Outlook{Model: q.model}
	if outlook.Withheld != "" {
		f.Notes = append(f.Notes, fmt.Sprintf("No forecast is shown: from %d origins of the past %s was no better than that the last close stays (%s).", outlook.Backtest.Origins, q.model, outlook.Withheld))
		return chart.Lines(f, []chart.Line{o.line(past)}, chart.Linear, false), nil
	}
	drawn.Mean, drawn.Time = outlook.Forecast.Mean, comingStarts(o, past.Time[len(past.Time)-1], q.horizon)
	for _, p := range []float64{0.95, 0.8} {
		low, high := outlook.Forecast.Interval(p)
		drawn.Bands = append(drawn.Bands, chart.Band{Probability: p, Low: low, High: high})
	}
	f.To = o.plan.interval.Next(drawn.Time[q.horizon-1])
	f.Notes = append(f.Notes, fmt.Sprintf("From %d origins of the past: error %.0f %% less than that of the last close; %.0f %% of what came lay within the 95 %% interval.",
		outlook.Backtest.Origins, 100*outlook.Skill.Number, 100*outlook.Backtest.Coverage95.Number))
	return chart.Fan(f, o.line(past), drawn, chart.Linear), nil
}

// foretold forecasts, and tests the model from some origins in the newer half of the past.
func foretold(x []float64, model string, horizon, origins int) (analysis.Outlook, error) {
	initial := len(x) / 2
	step := max(1, (len(x)-initial-horizon)/origins)
	return analysis.Foretell(x, models[model], horizon, analysis.BacktestOptions{Initial: initial, Step: step, Horizon: horizon, Period: 1})
}

// comingStarts lists the starts of the bars that the calendar expects after one.
func comingStarts(o *observed, last int64, n int) []int64 {
	var starts []int64
	for at := o.plan.interval.Next(last); len(starts) < n; at = o.plan.interval.Next(at) {
		if i := o.plan.interval; !i.IsStored() || o.Instrument.Calendar.Expects(at, i) {
			starts = append(starts, at)
		}
	}
	return starts
}
