package api

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"assay/shared/analysis"
	"assay/shared/chart"
	"assay/shared/market"
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
func clustered(list []observed, method string, linkage analysis.Linkage) (tree analysis.Dendrogram, n int, err error) {
	matrix, n, err := correlated(list, method)
	if err != nil {
		return tree, n, err
	}
	for i, row := range matrix {
		for j, r := range row {
			if math.IsNaN(r) {
				return tree, n, badRequest("%s and %s have no correlation in this range, because one of them never moves: leave it out.", list[i].ID, list[j].ID)
			}
		}
	}
	tree, err = analysis.Cluster(analysis.CorrelationDistance(matrix), linkage)
	return tree, n, err
}

func drawDendrogram(q chartRequest, list []observed, f chart.Frame) (chart.Picture, error) {
	tree, n, err := clustered(list, q.method, q.linkage)
	if err != nil {
		return chart.Picture{}, err
	}
	f.Title = "Which series move together"
	f.Unit = fmt.Sprintf("distance √((1−ρ)/2), %s ρ, %s linkage, n = %d", methodNames[q.method], q.linkage, n)
	return chart.Tree(f, f.Series, tree, tree.Cut(q.clusters)), nil
}

// forecastOrigins is from how many times of the past a model that is drawn was tested.
const forecastOrigins = 10

func drawForecast(q chartRequest, list []observed, f chart.Frame) (chart.Picture, error) {
	o := &list[0]
	test := tested{modelled: modelled{Period: 1, Form: "auto"}, Horizon: q.horizon, Origins: forecastOrigins}
	past := o.closes()
	options, err := test.options(len(past.Value))
	if err != nil {
		return chart.Picture{}, err
	}
	model, err := test.model(q.model, len(past.Value), o)
	if err != nil {
		return chart.Picture{}, err
	}
	outlook, err := analysis.Foretell(past.Value, model, q.horizon, options)
	if stopped := o.stopped(); stopped != nil {
		return chart.Picture{}, stopped
	}
	if err != nil {
		return chart.Picture{}, badRequest("model=%s: there is no forecast of %s in this range: %v.", q.model, o.ID, err)
	}
	f.Title = name(o.Entry) + ", forecast"
	f.Notes = append(f.Notes, fmt.Sprintf("%s was fitted to %d closes, and tested from %d origins of the past.", q.model, len(past.Value), outlook.Backtest.Origins))
	shown := newest(past, max(100, 5*q.horizon))
	f.From = shown.Time[0]
	if outlook.Withheld != "" {
		f.Notes = append(f.Notes, fmt.Sprintf("No forecast is shown: it was no better than that the last close stays (%s).", outlook.Withheld))
		return chart.Lines(f, []chart.Line{o.line(shown)}, chart.Linear, false), nil
	}
	fan := fanOf(outlook.Forecast, o.next(past.Time[len(past.Time)-1], q.horizon), "price")
	f.To = o.plan.interval.Next(fan.Time[q.horizon-1])
	f.Notes = append(f.Notes, fmt.Sprintf("There its error was %.0f %% less than that of the last close, and %.0f %% of what came lay within the 95 %% interval.",
		100*outlook.Skill.Number, 100*outlook.Backtest.Coverage95.Number))
	return chart.Fan(f, o.line(shown), chart.Outlook{
		Model: fan.Model, Time: fan.Time, Mean: fan.Mean, Bands: []chart.Band{{Probability: 0.95, Low: fan.Low95, High: fan.High95}, {Probability: 0.8, Low: fan.Low80, High: fan.High80}},
	}, chart.Linear), nil
}

func newest(s analysis.Series, most int) analysis.Series {
	n := max(0, len(s.Time)-most)
	return analysis.Series{Time: s.Time[n:], Value: s.Value[n:]}
}

// frameOf fills in what a picture says of its series.
func frameOf(f *chart.Frame, list []observed) {
	var units, sources, voters []string
	for n := range list {
		o := &list[n]
		f.Series = append(f.Series, o.ID.String())
		if n == 0 || o.plan.from < f.From {
			f.From = o.plan.from
		}
		f.To, f.Interval = max(f.To, o.plan.to), o.plan.interval
		units = append(units, unitOf(o))
		for _, s := range o.voters() {
			if o.ID.Source == "" {
				voters = append(voters, s.Source)
			} else {
				sources = append(sources, s.Source)
			}
		}
		for _, note := range o.plan.notes {
			if !slices.Contains(f.Notes, note) {
				f.Notes = append(f.Notes, note)
			}
		}
		if o.conversion.rates != nil {
			sources = append(sources, "rates of "+rateSeries.String())
		}
	}
	f.Unit = strings.Join(distinct(units), ", ")
	if len(voters) > 0 {
		sources = append([]string{"consensus of " + strings.Join(sortedDistinct(voters), ", ")}, sources...)
	}
	f.Prices = strings.Join(distinct(sources), "; ")
	if note := leftOut(list); note != "" {
		f.Notes = append(f.Notes, note)
	}
}

func unitOf(o *observed) string { return o.conversion.to.Currency + " per " + o.conversion.to.Unit }

// leftWords says for people why a bar is no observation.
var leftWords = map[string]string{
	leftStub: "of days that hardly traded", leftUnfinished: "that go on", leftNoRate: "without an exchange rate", leftNoPrice: "without a close",
}

// leftOut says how many bars are no observations, and why.
func leftOut(list []observed) string {
	counts := map[string]int{}
	for _, o := range list {
		for reason, n := range o.leftOut {
			counts[reason] += n
		}
	}
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[reason], leftWords[reason]))
	}
	if len(parts) == 0 {
		return ""
	}
	return "Bars left out: " + strings.Join(parts, ", ") + "."
}

// distinct keeps the first of equal texts.
func distinct(texts []string) []string {
	var out []string
	for _, text := range texts {
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

func sortedDistinct(texts []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(texts)))
}

// line is a series with its gaps.
func (o *observed) line(s analysis.Series) chart.Line {
	calendar := o.Instrument.Calendar
	if o.sampled {
		calendar = market.London
	}
	expected := func(start int64) bool { return expects(calendar, o.plan.interval, start) }
	return chart.Line{Name: o.ID.String(), Series: chart.WithGaps(s, o.plan.interval, expected)}
}
