package analysis

import "math"

// BacktestOptions say from where a model is made to forecast what is known already.
type BacktestOptions struct {
	Initial int // values of the first training window, which grows; at least one more than Period
	Step    int // values from one origin to the next
	Horizon int // steps ahead
	Period  int // rows in a season, 1 for none: the errors are scaled by those of the seasonal naive forecast within the window
}

// Backtest is how far forecasts were off, over all origins and steps ahead.
type Backtest struct {
	Origins    int   `doc:"Points of the past from which it was foretold"`
	N          int   `doc:"Forecasts: origins times steps ahead"`
	MAE        Value `doc:"Mean absolute error, in units of what was foretold"`
	RMSE       Value `doc:"Root mean square error, in units of what was foretold"`
	SMAPE      Value `doc:"Per cent of the mean of the sizes of forecast and truth"`
	MASE       Value `doc:"Mean absolute error in units of that of the seasonal naive forecast in the training window"`
	Coverage80 Value `doc:"Share of the truth within the intervals of 80 %"`
	Coverage95 Value `doc:"Share of the truth within the intervals of 95 %"`
	Width95    Value `doc:"Mean width of the intervals of 95 %"`

	MAEByStep        []float64 `doc:"Of one step ahead, two steps, ..."`
	MASEByStep       []float64 `doc:"The same; empty where it is undefined"`
	Coverage95ByStep []float64 `doc:"The same"`
}

// RunBacktest fits a model to growing windows of x, without what is absent, and compares its forecasts with what came.
//
// Definition: Tashman, International Journal of Forecasting 16 (2000); MASE is Hyndman and Koehler's, ibid. 22 (2006).
func RunBacktest(x []float64, model Forecaster, o BacktestOptions) (Backtest, error) {
	mustAtLeast("initial, step, horizon and period", min(o.Initial, o.Step, o.Horizon, o.Period), 1)
	x, err := sample(x, max(o.Initial, o.Period+1)+o.Horizon)
	if err != nil {
		return Backtest{}, err
	}
	sums := make([]backtestSums, o.Horizon)
	for origin := max(o.Initial, o.Period+1); origin+o.Horizon <= len(x); origin += o.Step {
		f, err := model(x[:origin], o.Horizon)
		if err != nil {
			return Backtest{}, err
		}
		scale := 0.0
		for i := o.Period; i < origin; i++ {
			scale += math.Abs(x[i] - x[i-o.Period])
		}
		scale /= float64(origin - o.Period)
		low80, high80 := f.Interval(0.80)
		low95, high95 := f.Interval(0.95)
		for h, truth := range x[origin : origin+o.Horizon] {
			sums[h].add(truth, f.Mean[h], scale)
			sums[h].cover(truth, low80[h], high80[h], low95[h], high95[h])
		}
	}
	return summarise(sums), nil
}

// backtestSums are over the origins, for one step ahead.
type backtestSums struct {
	n                              int
	absolute, squares, smape, mase float64
	within80, within95, width      float64
}

func (s *backtestSums) add(truth, forecast, scale float64) {
	e := truth - forecast
	s.n++
	s.absolute += math.Abs(e)
	s.squares += float64(e * e)
	s.smape += 200 * math.Abs(e) / (math.Abs(truth) + math.Abs(forecast))
	s.mase += math.Abs(e) / scale
}

func (s *backtestSums) cover(truth, low80, high80, low95, high95 float64) {
	if low80 <= truth && truth <= high80 {
		s.within80++
	}
	if low95 <= truth && truth <= high95 {
		s.within95++
	}
	s.width += high95 - low95
}

func summarise(steps []backtestSums) Backtest {
	b := Backtest{Origins: steps[0].n, N: steps[0].n * len(steps)}
	var all backtestSums
	for _, s := range steps {
		n := float64(s.n)
		b.MAEByStep = append(b.MAEByStep, s.absolute/n)
		b.MASEByStep = append(b.MASEByStep, s.mase/n)
		b.Coverage95ByStep = append(b.Coverage95ByStep, s.within95/n)
		all.absolute += s.absolute
		all.squares += s.squares
		all.smape += s.smape
		all.mase += s.mase
		all.within80 += s.within80
		all.within95 += s.within95
		all.width += s.width
	}
	n := float64(b.N)
	b.MAE, b.RMSE, b.Width95 = Of(all.absolute/n), Of(math.Sqrt(all.squares/n)), Of(all.width/n)
	b.Coverage80, b.Coverage95 = Of(all.within80/n), Of(all.within95/n)
	b.SMAPE, b.MASE = defined(all.smape/n), defined(all.mase/n)
	if allFinite(b.MAEByStep) != nil {
		b.MAEByStep = nil
	}
	if allFinite(b.MASEByStep) != nil {
		b.MASEByStep = nil
	}
	return b
}

// defined is a mean of ratios, one of which may have been over zero.
func defined(x float64) Value {
	if x-x != 0 {
		return None(ZeroDenominator)
	}
	return Value{Number: x}
}

// Outlook is a forecast with what it is worth.
type Outlook struct {
	Forecast      Forecast // empty where Withheld says why
	Withheld      Reason
	Backtest      Backtest
	Naive         Forecast // that the last value stays, for comparison
	NaiveBacktest Backtest
	Skill         Value // as Skill has it
}

// Foretell forecasts with a model, tests it and the naive forecast from the same origins, and withholds the forecast if the model
// is not the better of the two. The naive forecast itself therefore never has skill.
func Foretell(x []float64, model Forecaster, horizon int, o BacktestOptions) (Outlook, error) {
	var out Outlook
	var err error
	if out.Naive, err = Naive(x, horizon); err != nil {
		return Outlook{}, err
	}
	if out.NaiveBacktest, err = RunBacktest(x, Naive, o); err != nil {
		return Outlook{}, err
	}
	if out.Backtest, err = RunBacktest(x, model, o); err != nil {
		return Outlook{}, err
	}
	if out.Skill = Skill(out.Backtest, out.NaiveBacktest); !(out.Skill.Number > 0) {
		out.Withheld = NoSkill
		return out, nil
	}
	out.Forecast, err = model(x, horizon)
	return out, err
}

// Skill is the share of the naive forecast's error that a model avoids, both tested from the same origins. It compares by MASE, or by
// the mean absolute error where a training window without a move leaves nothing to scale by.
func Skill(model, naive Backtest) Value {
	a, b := model.MASE, naive.MASE
	if !a.Ok() || !b.Ok() {
		a, b = model.MAE, naive.MAE
	}
	ratio := divide(a.Number, b.Number, ZeroDenominator)
	if !ratio.Ok() {
		return ratio
	}
	return Of(1 - ratio.Number)
}
