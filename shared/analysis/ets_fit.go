package analysis

import (
	"math"
	"slices"
)

// SES forecasts by simple exponential smoothing, ETS(A,N,N).
func SES(x []float64, horizon int) (Forecast, error) {
	m, err := FitETS(x, "ANN", 1)
	if err != nil {
		return Forecast{}, err
	}
	f, err := m.Forecast(horizon)
	f.Model = "ses"
	return f, err
}

// FitETS fits the model of a name such as "ANN", "AAdN" or "MAM": error, trend, season.
// It panics on a name that is no model of this family.
//
// Definition: Hyndman, Koehler, Snyder and Grose, International Journal of Forecasting 18 (2002). It follows ets of R's forecast, its
// starting values and its search included: the likelihood often has several tops, and this way both climb the same one.
func FitETS(x []float64, name string, period int) (ETS, error) {
	mustAtLeast("period", period, 1)
	x, err := sample(x, 4)
	if err != nil {
		return ETS{}, err
	}
	return fitETS(x, parseETS(name), period)
}

// ChooseETS fits the models without a multiplicative trend, and returns the one with the least AICc. A season of more than 24 rows is not
// modelled. stopped is asked before each model; an error of it is returned.
func ChooseETS(x []float64, period int, stopped Stopped) (ETS, error) {
	mustAtLeast("period", period, 1)
	x, err := sample(x, 4)
	if err != nil {
		return ETS{}, err
	}
	best, err := ETS{AICc: math.Inf(1)}, error(TooFew)
	for _, form := range candidates(x, period) {
		if err := stopped.why(); err != nil {
			return ETS{}, err
		}
		m, failure := fitETS(x, form, period)
		if failure == nil && m.AICc < best.AICc {
			best, err = m, nil
		} else if failure != nil && math.IsInf(best.AICc, 1) {
			err = failure
		}
	}
	return best, err
}

// candidates leaves out multiplicative seasons under additive errors, whose variance may be infinite, and every multiplicative
// part where a value is not positive.
func candidates(x []float64, period int) []etsForm {
	positive := slices.Min(x) > 0
	var forms []etsForm
	for _, season := range []part{none, additive, multiplicative} {
		if season != none && (period == 1 || period > 24) {
			continue
		}
		for _, relative := range []bool{false, true} {
			if relative && !positive || season == multiplicative && !relative {
				continue
			}
			forms = append(forms, etsForm{relative: relative, season: season}, etsForm{relative: relative, trend: true, season: season},
				etsForm{relative: relative, trend: true, damped: true, season: season})
		}
	}
	return forms
}

func parseETS(name string) etsForm {
	for _, relative := range []bool{false, true} {
		for _, season := range []part{none, additive, multiplicative} {
			for _, trend := range []string{"N", "A", "Ad"} {
				form := etsForm{relative: relative, trend: trend != "N", damped: trend == "Ad", season: season}
				if form.short() == name {
					return form
				}
			}
		}
	}
	panic("analysis: " + name + " is no exponential smoothing model")
}

// fitETS maximises the likelihood over the smoothing parameters and the initial states, from heuristic ones.
func fitETS(x []float64, form etsForm, period int) (ETS, error) {
	if form.season == none {
		period = 1
	}
	k := form.freedom(period)
	if len(x) <= k+1 || form.season != none && period < 2 {
		return ETS{}, TooFew
	}
	if centred(x) == nil {
		return ETS{}, Constant
	}
	if (form.relative || form.season == multiplicative) && slices.Min(x) <= 0 {
		return ETS{}, NonPositive
	}
	m := ETS{Model: form.name(), form: form, period: period, phi: 1}
	var state etsState
	objective := func(u []float64) float64 {
		if !m.set(u, &state) {
			return math.Inf(1)
		}
		return m.deviance(x, m.run(x, &state))
	}
	start := m.start(x)
	step := 0.0
	for _, v := range start {
		step = max(step, 0.1*math.Abs(v))
	}
	u, least := simplex(objective, start, step, rootEpsilon, 2000)
	if least >= 1e35 {
		return ETS{}, NotConverged
	}
	m.set(u, &m.etsState)
	m.report(len(x), k, least, m.run(x, &m.etsState))
	return m, allFinite([]float64{m.LogLikelihood, m.AICc, m.Sigma2, m.level, m.trend}, m.season)
}

func (m *ETS) report(n, k int, deviance float64, run etsErrors) {
	m.LogLikelihood = -deviance / 2
	m.AICc = deviance + float64(2*k) + float64(2*k*(k+1))/float64(n-k-1)
	m.Sigma2 = run.squares / float64(n-k+1)
	if m.form.season != none { // from the phase of the first row to that of the next
		first := n % m.period
		m.season = slices.Concat(m.season[first:], m.season[:first])
	}
	m.Alpha, m.Beta, m.Gamma, m.Phi = Of(m.alpha), None(NotInModel), None(NotInModel), None(NotInModel)
	if m.form.trend {
		m.Beta = Of(m.beta)
	}
	if m.form.season != none {
		m.Gamma = Of(m.gamma)
	}
	if m.form.damped {
		m.Phi = Of(m.phi)
	}
}
