package analysis

import (
	"math"
	"slices"
)

// The bounds of the smoothing parameters, and of phi.
const (
	leastSmoothing, mostSmoothing = 1e-4, 0.9999
	leastPhi, mostPhi             = 0.8, 0.98
)

// set takes parameters and initial states from what the search tries: alpha, beta, gamma, phi, level, trend, seasons from the last
// phase to the second, as far as the model has them. The season of the first phase follows: additive ones add up to 0,
// multiplicative ones to the period. It is false outside the bounds and where the model would not forget its beginning.
func (m *ETS) set(u []float64, s *etsState) bool {
	next := func() float64 {
		v := u[0]
		u = u[1:]
		return v
	}
	m.alpha = next()
	ok := m.alpha >= leastSmoothing && m.alpha <= mostSmoothing
	if m.form.trend {
		m.beta = next()
		ok = ok && m.beta >= leastSmoothing && m.beta <= m.alpha && m.beta <= mostSmoothing
	}
	if m.form.season != none {
		m.gamma = next()
		ok = ok && m.gamma >= leastSmoothing && m.gamma <= 1-m.alpha && m.gamma <= mostSmoothing
	}
	if m.form.damped {
		m.phi = next()
		ok = ok && m.phi >= leastPhi && m.phi <= mostPhi
	}
	s.level, s.trend = next(), 0
	if m.form.trend {
		s.trend = next()
	}
	if m.form.season == none || !ok {
		return ok
	}
	if s.season == nil {
		s.season = make([]float64, m.period)
	}
	rest := 0.0
	if m.form.season == multiplicative {
		rest = float64(m.period)
	}
	for p := m.period - 1; p > 0; p-- {
		s.season[p] = next()
		rest -= s.season[p]
	}
	s.season[0] = rest
	if m.form.season == multiplicative && slices.Min(s.season) < 0 {
		return false
	}
	return m.admissible()
}

// admissible reports whether the discount matrix of a seasonal model has no root beyond the unit circle (Hyndman et al. 2008, §10.2).
func (m *ETS) admissible() bool {
	a := make([]float64, m.period+1)
	both := m.alpha + m.beta - float64(m.alpha*m.phi)
	for i := 1; i < m.period-1; i++ {
		a[i] = -both
	}
	a[0] -= m.alpha + m.beta - m.phi
	a[m.period-1] -= both + m.gamma - 1
	a[m.period] -= float64(m.phi * (1 - m.alpha - m.gamma))
	return stable(a, 1/(1+1e-6))
}

// stable reports whether 1 - Σ a_j (rz)^(j+1) has no root within the unit circle, by stepping down through its partial
// autocorrelations (Monahan, Biometrika 71 (1984)).
func stable(a []float64, r float64) bool {
	phi, next, power := slices.Clone(a), make([]float64, len(a)), 1.0
	for i := range phi {
		power *= r
		phi[i] *= power
	}
	for k := len(phi) - 1; k >= 0; k-- {
		last := phi[k]
		if !(math.Abs(last) < 1) {
			return false
		}
		d := 1 - float64(last*last)
		for i := range k {
			next[i] = (phi[i] + float64(last*phi[k-1-i])) / d
		}
		phi, next = next[:k], phi
	}
	return true
}

// start is where the search begins: slow smoothing, the season of classical decomposition, and a line through the first values
// without it.
func (m *ETS) start(x []float64) []float64 {
	const room = mostSmoothing - leastSmoothing
	alpha := leastSmoothing + 0.2*room/float64(m.period)
	u := []float64{alpha}
	if m.form.trend {
		u = append(u, leastSmoothing+float64(0.1*(min(mostSmoothing, alpha)-leastSmoothing)))
	}
	if m.form.season != none {
		u = append(u, leastSmoothing+float64(0.05*(min(mostSmoothing, 1-alpha)-leastSmoothing)))
	}
	if m.form.damped {
		u = append(u, leastPhi+0.99*(mostPhi-leastPhi))
	}
	season, adjusted := m.startSeason(x)
	adjusted = adjusted[:min(max(10, 2*m.period), len(x))]
	level := Mean(adjusted)
	if m.form.trend {
		rise := slope(ramp(len(adjusted)), adjusted)
		level -= float64(rise * float64(len(adjusted)+1) / 2)
		if math.Abs(level+rise) < 1e-8 {
			level, rise = level*1.001, rise*0.999
		}
		u = append(u, level, rise)
	} else {
		u = append(u, level)
	}
	for p := m.period - 1; p > 0; p-- {
		u = append(u, season[p])
	}
	if m.form.season == multiplicative {
		tameSeason(u[len(u)-m.period+1:], m.period)
	}
	return u
}

// tameSeason keeps multiplicative indices positive, and leaves some for the one that follows from them.
func tameSeason(season []float64, period int) {
	sum := 0.0
	for i, s := range season {
		season[i] = max(s, 0.01)
		sum += season[i]
	}
	if sum > float64(period) {
		scale(season, 1/(sum+float64(0.01*float64(len(season)))))
	}
}

// startSeason returns the season by phase, nil for a model without, and the series without it. A season needs three periods to be
// decomposed; of fewer it is what a line, fitted along with one wave, leaves of the first one.
func (m *ETS) startSeason(x []float64) (season, adjusted []float64) {
	if m.form.season == none {
		return nil, x
	}
	if len(x) < 3*m.period {
		adjusted = line(x, m.period)
		season = slices.Clone(x[:m.period])
		for i := range season {
			if m.form.season == multiplicative {
				season[i] /= adjusted[i]
			} else {
				season[i] -= adjusted[i]
			}
		}
		return season, adjusted
	}
	adjusted = slices.Clone(x)
	if m.form.season == multiplicative {
		season = multiplicativeSeason(x, m.period)
		for i := range adjusted {
			adjusted[i] /= max(season[i%m.period], 0.01)
		}
		return season, adjusted
	}
	season = additiveSeason(x, m.period)
	for i := range adjusted {
		adjusted[i] -= season[i%m.period]
	}
	return season, adjusted
}

// line is the straight part of a regression on a line and one wave of a period.
func line(x []float64, period int) []float64 {
	sine, cosine := make([]float64, len(x)), make([]float64, len(x))
	for i := range x {
		sine[i], cosine[i] = math.Sincos(2 * math.Pi * float64(i+1) / float64(period))
	}
	columns := [][]float64{constant(len(x)), ramp(len(x)), cosine, sine}
	if period == 2 {
		columns = columns[:3] // the sine is 0 throughout
	}
	beta := regress(columns, slices.Clone(x)).coefficients(len(columns))
	trend := ramp(len(x))
	for i, t := range trend {
		trend[i] = beta[0] + float64(beta[1]*t)
	}
	return trend
}
