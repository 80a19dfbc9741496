package analysis

import (
	"cmp"
	"math"
	"slices"
)

// HiddenRegimes is a model of returns that come from two states, calm and then wild, each with its own mean and variance.
type HiddenRegimes struct {
	LogLikelihood    float64       `doc:"Of all returns"`
	Mean             [2]float64    `doc:"Of a return, of the calm and of the wild state"`
	Variance         [2]float64    `doc:"Of a return, of the calm and of the wild state"`
	Transition       [2][2]float64 `doc:"Probabilities from a state, by row, to a state"`
	ExpectedDuration [2]float64    `doc:"Returns for which a state lasts"`
	Wild             []float64     `doc:"Probability of the wild state at each return, given all returns"`
}

// FitHiddenRegimes fits by maximum likelihood, from the best of many fixed starts; the first row's state has the long-run
// probabilities.
//
// Definition: Hamilton, Time Series Analysis, §22.4.
func FitHiddenRegimes(returns []float64) (HiddenRegimes, error) {
	x, err := sample(returns, 30)
	if err != nil {
		return HiddenRegimes{}, err
	}
	mean, sd := Mean(x), StdDev(x)
	scaled := make([]float64, len(x))
	for i, v := range x {
		scaled[i] = (v - mean) / sd
	}
	if !(sd > 0) || allFinite(scaled) != nil {
		return HiddenRegimes{}, Constant
	}
	filter := &hiddenFilter{x: scaled, filtered: make([]float64, len(x)), predicted: make([]float64, len(x))}
	starts := filter.starts()
	u, least := minimise(func(u []float64) float64 { return -filter.run(hiddenOf(u)) }, starts...)
	if u == nil {
		return HiddenRegimes{}, NotConverged
	}
	m := hiddenOf(u)
	if m.Variance[0] > m.Variance[1] {
		m = HiddenRegimes{
			Mean: [2]float64{m.Mean[1], m.Mean[0]}, Variance: [2]float64{m.Variance[1], m.Variance[0]},
			Transition: [2][2]float64{{m.Transition[1][1], m.Transition[1][0]}, {m.Transition[0][1], m.Transition[0][0]}},
		}
	}
	filter.run(m)
	m.Wild = filter.smoothed(m)
	m.LogLikelihood = -least - float64(float64(len(x))*math.Log(sd))
	for s := range 2 {
		m.Mean[s] = mean + float64(sd*m.Mean[s])
		m.Variance[s] *= sd * sd
		m.ExpectedDuration[s] = 1 / m.Transition[s][1-s]
	}
	return m, allFinite(m.Wild, m.Mean[:], m.Variance[:], m.ExpectedDuration[:], []float64{m.LogLikelihood})
}

// starts are where a search may begin. The likelihood has several tops: many models are improved for some rounds, those that came
// furthest for some more, and so on.
func (f *hiddenFilter) starts() [][]float64 {
	type place struct {
		model      HiddenRegimes
		likelihood float64
	}
	var places []place
	for _, spread := range [][4]float64{{0, 0, 0.3, 2}, {0, 0, 0.5, 4}, {0, 0, 0.05, 1.1}, {0.7, -0.7, 0.5, 0.5}, {-0.4, 0.1, 0.1, 1}} {
		for _, stay := range [][2]float64{{0.97, 0.9}, {0.6, 0.6}, {0.1, 0.85}, {0.1, 0.1}} {
			places = append(places, place{model: HiddenRegimes{
				Mean: [2]float64{spread[0], spread[1]}, Variance: [2]float64{spread[2], spread[3]},
				Transition: [2][2]float64{{stay[0], 1 - stay[0]}, {1 - stay[1], stay[1]}},
			}})
		}
	}
	for _, kept := range []int{8, 4} {
		for i := range places {
			p := &places[i]
			for range 8 {
				p.model = f.improve(p.model)
			}
			p.likelihood = f.run(p.model)
		}
		slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(b.likelihood, a.likelihood) })
		places = places[:kept]
	}
	var starts [][]float64
	for _, p := range places {
		starts = append(starts, p.model.unbounded())
	}
	return starts
}

// improve is a round of expectation and maximisation (Hamilton, §22.4), which leaves out what the first row's state says.
func (f *hiddenFilter) improve(m HiddenRegimes) HiddenRegimes {
	f.run(m)
	wild := f.smoothed(m)
	var weight, sum, square, from, leave [2]float64
	for t, v := range f.x {
		for s, w := range [2]float64{1 - wild[t], wild[t]} {
			weight[s] += w
			sum[s] += float64(w * v)
			square[s] += float64(w * v * v)
		}
		if t+1 == len(f.x) {
			break
		}
		from[0] += 1 - wild[t]
		from[1] += wild[t]
		if before := f.predicted[t+1]; before > 0 && before < 1 {
			leave[0] += (1 - f.filtered[t]) * m.Transition[0][1] * wild[t+1] / before
			leave[1] += f.filtered[t] * m.Transition[1][0] * (1 - wild[t+1]) / (1 - before)
		}
	}
	for s := range 2 {
		m.Mean[s] = sum[s] / weight[s]
		m.Variance[s] = max(square[s]/weight[s]-float64(m.Mean[s]*m.Mean[s]), leastVariance)
		m.Transition[s][1-s] = leave[s] / from[s]
		m.Transition[s][s] = 1 - m.Transition[s][1-s]
	}
	return m
}

// leastVariance of a state is a ten thousandth of that of all returns: the likelihood has no bound where a state shrinks to one row.
const leastVariance = 1e-4

// unbounded is the inverse of hiddenOf, a little inside the bounds.
func (m HiddenRegimes) unbounded() []float64 {
	const inside = 1e-6
	inner := func(p float64) float64 { return unbelow(min(max(p, inside), 1-inside), 1) }
	scale := func(v float64) float64 { return math.Log(max(v-leastVariance, inside)) }
	return []float64{
		m.Mean[0], m.Mean[1], scale(m.Variance[0]), scale(m.Variance[1]), inner(m.Transition[0][0]), inner(m.Transition[1][1]),
	}
}

// hiddenOf takes means, logarithms of variances and chances to stay from any numbers.
func hiddenOf(u []float64) HiddenRegimes {
	calm, wild := below(u[4], 1), below(u[5], 1)
	return HiddenRegimes{
		Mean: [2]float64{u[0], u[1]}, Variance: [2]float64{leastVariance + math.Exp(u[2]), leastVariance + math.Exp(u[3])},
		Transition: [2][2]float64{{calm, 1 - calm}, {1 - wild, wild}},
	}
}

// hiddenFilter passes over standardised returns and keeps, by row, the probability of the wild state before and after its return.
type hiddenFilter struct{ x, predicted, filtered []float64 }

// run returns the logarithm of the likelihood.
func (f *hiddenFilter) run(m HiddenRegimes) float64 {
	toWild, toCalm := m.Transition[0][1], m.Transition[1][0]
	if !(toWild+toCalm > 0) {
		return math.Inf(-1)
	}
	wild := toWild / (toWild + toCalm)
	factor := [2]float64{1 / math.Sqrt(2*math.Pi*m.Variance[0]), 1 / math.Sqrt(2*math.Pi*m.Variance[1])}
	total := 0.0
	for t, v := range f.x {
		f.predicted[t] = wild
		calmE, wildE := v-m.Mean[0], v-m.Mean[1]
		a := float64((1 - wild) * factor[0] * math.Exp(-0.5*calmE*calmE/m.Variance[0]))
		b := float64(wild * factor[1] * math.Exp(-0.5*wildE*wildE/m.Variance[1]))
		if !(a+b > 0) {
			return math.Inf(-1)
		}
		total += math.Log(a + b)
		f.filtered[t] = b / (a + b)
		wild = float64(f.filtered[t]*m.Transition[1][1]) + float64((1-f.filtered[t])*toWild)
	}
	return total
}

// smoothed goes back over the rows (Kim, Journal of Econometrics 60 (1994)).
func (f *hiddenFilter) smoothed(m HiddenRegimes) []float64 {
	wild := make([]float64, len(f.x))
	last := len(wild) - 1
	wild[last] = f.filtered[last]
	for t := last - 1; t >= 0; t-- {
		after, before := wild[t+1], f.predicted[t+1]
		stay, leave := 0.0, 0.0
		if before > 0 {
			stay = m.Transition[1][1] * after / before
		}
		if before < 1 {
			leave = m.Transition[1][0] * (1 - after) / (1 - before)
		}
		wild[t] = f.filtered[t] * (stay + leave)
	}
	return wild
}
