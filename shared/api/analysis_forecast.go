package api

import (
	"math"
	"slices"

	"assay/shared/analysis"
)

// forecastKinds foretell, and say how well that went on the known past.
var forecastKinds = []kind{
	each(kind{
		name: "forecast", summary: "A forecast, with what it is worth", example: "series=BTC-USD&model=theta&horizon=10", most: 5, rows: 20, points: 100_000,
		definition: "The model is fitted to growing windows up to each origin and tested on what came (rolling origins), and the naive forecast, that the last value stays, from the same origins. " +
			"A model that does not beat it by MASE has no skill, and its forecast is withheld; the naive one never beats itself. coverage is the measured share of the truth within the 80 and 95 % intervals. " + modelDefinitions,
	}, forecast),
	each(kind{
		name: "backtest", summary: "How far forecasts were off", example: "series=BTC-USD&models=naive,drift,theta&horizon=5", most: 3, rows: 20, points: 100_000,
		definition: "Rolling origins (Tashman 2000): mae, rmse, smape (200|e|/(|a|+|p|)), mase (Hyndman and Koehler 2006, scaled by the seasonal naive error within each training window), the measured coverage of the 80 and 95 % intervals. " +
			"skill is the share of the naive forecast's error that the model avoids. " + modelDefinitions,
	}, backtest),
}

// tested is how models are tested.
type tested struct {
	modelled
	Horizon int `query:"horizon" default:"10" minimum:"1" maximum:"365" doc:"Observations ahead"`
	Origins int `query:"origins" default:"10" minimum:"2" maximum:"500" doc:"From which the past is foretold"`
	Step    int `query:"step" minimum:"1" maximum:"1000" doc:"Observations from one origin to the next; by default the horizon" example:"5"`
}

// options are those of a backtest over n values.
func (t tested) options(n int) (analysis.BacktestOptions, error) {
	step := t.Step
	if step == 0 {
		step = t.Horizon
	}
	initial := n - t.Horizon - (t.Origins-1)*step
	if least := max(10, 2*t.Period+1); initial < least {
		return analysis.BacktestOptions{}, badRequest("origins=%d, horizon=%d: of %d values that leaves %d before the first origin, want at least %d: ask for fewer origins, or a shorter horizon.", t.Origins, t.Horizon, n, max(0, initial), least)
	}
	return analysis.BacktestOptions{Initial: initial, Step: step, Horizon: t.Horizon, Period: t.Period}, nil
}

// model returns a model by its name, and refuses more work than is bearable. It stops at the next fit when nobody waits for it any more.
func (t tested) model(name string, n int, o *observed) (analysis.Forecaster, error) {
	if err := t.bearable(name, n, t.Origins, o); err != nil {
		return nil, err
	}
	model, err := t.named(name, o)
	return func(x []float64, horizon int) (analysis.Forecast, error) {
		if err := o.stopped(); err != nil {
			return analysis.Forecast{}, err
		}
		return model(x, horizon)
	}, err
}

type forecastParameters struct {
	selection
	tested
	Model string `query:"model" default:"theta" enum:"naive,drift,seasonal-naive,ses,theta,ets,arima,auto" doc:"What foretells"`
}

type forecastResult struct {
	Withheld      analysis.Reason   `doc:"no-skill: on the known past the model did no better than the naive forecast. null where the forecast is given"`
	Skill         analysis.Value    `doc:"Share of the naive forecast's error that the model avoids"`
	Forecast      attempt[fan]      `doc:"null where it is withheld"`
	Naive         fan               `doc:"That the last value stays, for comparison"`
	Backtest      analysis.Backtest `doc:"Of the model, on the known past"`
	NaiveBacktest analysis.Backtest `doc:"Of the naive forecast, from the same origins"`
}

// fan is a forecast with its intervals, in prices.
type fan struct {
	Model  string    `doc:"With the form or order that was chosen"`
	Time   []int64   `doc:"Starts of the next bars that the calendar expects"`
	Mean   []float64 `doc:"With of=log-price the median"`
	Low80  []float64 `doc:"Lower end of the 80 % interval"`
	High80 []float64 `doc:"Upper end of the 80 % interval"`
	Low95  []float64 `doc:"Lower end of the 95 % interval"`
	High95 []float64 `doc:"Upper end of the 95 % interval"`
}

func forecast(in *forecastParameters, o *observed) (forecastResult, error) {
	s := valuesOf(o, in.Of).Drop()
	options, err := in.options(len(s.Value))
	if err != nil {
		return forecastResult{}, err
	}
	model, err := in.model(in.Model, len(s.Value), o)
	if err != nil {
		return forecastResult{}, err
	}
	out, err := analysis.Foretell(s.Value, model, in.Horizon, options)
	if err != nil {
		return forecastResult{}, err
	}
	times := o.next(s.Time[len(s.Time)-1], in.Horizon)
	r := forecastResult{Withheld: out.Withheld, Skill: out.Skill, Naive: fanOf(out.Naive, times, in.Of), Backtest: out.Backtest, NaiveBacktest: out.NaiveBacktest}
	if r.Forecast = (attempt[fan]{why: out.Withheld}); out.Withheld == "" {
		r.Forecast = attempt[fan]{value: fanOf(out.Forecast, times, in.Of)}
	}
	return r, nil
}

// next lists the starts of the next bars that the calendar expects after a bar.
func (o *observed) next(start int64, n int) []int64 {
	times := make([]int64, 0, n)
	for at := o.plan.interval.Next(start); len(times) < n; at = o.plan.interval.Next(at) {
		if expects(o.Instrument.Calendar, o.plan.interval, at) {
			times = append(times, at)
		}
	}
	return times
}

func fanOf(f analysis.Forecast, times []int64, of string) fan {
	r := fan{Model: f.Model, Time: times, Mean: slices.Clone(f.Mean)}
	r.Low80, r.High80 = f.Interval(0.8)
	r.Low95, r.High95 = f.Interval(0.95)
	if of == "log-price" {
		for _, column := range [][]float64{r.Mean, r.Low80, r.High80, r.Low95, r.High95} {
			for n := range column {
				column[n] = analysis.Of(math.Exp(column[n])).Number
			}
		}
	}
	return r
}

type backtestParameters struct {
	selection
	tested
	Models []string `query:"models" default:"naive,drift,theta" enum:"naive,drift,seasonal-naive,ses,theta,ets,arima,auto" doc:"Separated by commas"`
}

type backtestResult struct {
	Model    string                     `doc:"As it was asked for"`
	Skill    analysis.Value             `doc:"Share of the naive forecast's error that the model avoids"`
	Backtest attempt[analysis.Backtest] `doc:"On the known past"`
}

func (in *backtestParameters) check() error {
	for n, name := range in.Models {
		if slices.Contains(in.Models[:n], name) {
			return badRequest("models: %s is named twice.", name)
		}
	}
	return in.modelled.check()
}

func backtest(in *backtestParameters, o *observed) ([]backtestResult, error) {
	x := analysis.Drop(valuesOf(o, in.Of).Value)
	options, err := in.options(len(x))
	if err != nil {
		return nil, err
	}
	models := make([]analysis.Forecaster, len(in.Models))
	for n, name := range in.Models { // what is too much work is refused before any is done
		if models[n], err = in.model(name, len(x), o); err != nil {
			return nil, err
		}
	}
	naive, err := analysis.RunBacktest(x, analysis.Naive, options)
	if err != nil {
		return nil, err
	}
	var results []backtestResult
	for n, name := range in.Models {
		test, err := analysis.RunBacktest(x, models[n], options)
		if stopped := o.stopped(); stopped != nil {
			return nil, stopped
		}
		r := backtestResult{Model: in.label(name), Backtest: tried(test, err), Skill: analysis.Skill(test, naive)}
		if err != nil {
			r.Skill = analysis.None(r.Backtest.why)
		}
		results = append(results, r)
	}
	return results, nil
}
