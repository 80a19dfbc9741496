package analysis

import "math"

// part says how a component enters an exponential smoothing model.
type part byte

const (
	none part = iota
	additive
	multiplicative
)

func (p part) String() string { return string("NAM"[p]) }

// etsForm is a model: its error, trend and season. The zero form is simple exponential smoothing with additive errors; a trend
// is additive, or damped.
type etsForm struct {
	relative bool // errors are multiplicative
	trend    bool
	damped   bool
	season   part
}

// short is as in AAdN, name as in ETS(A,Ad,N).
func (f etsForm) short() string { return f.write("") }
func (f etsForm) name() string  { return "ETS(" + f.write(",") + ")" }

func (f etsForm) write(comma string) string {
	errors, trend := additive, "N"
	if f.relative {
		errors = multiplicative
	}
	if f.trend {
		trend = "A"
	}
	if f.damped {
		trend = "Ad"
	}
	return errors.String() + comma + trend + comma + f.season.String()
}

// freedom counts smoothing parameters, initial states that are free, and the variance.
func (f etsForm) freedom(period int) int {
	k := 3
	if f.trend {
		k += 2
	}
	if f.damped {
		k++
	}
	if f.season != none {
		k += period
	}
	return k
}

// ETS is an exponential smoothing model in the innovations form, fitted.
type ETS struct {
	Model                   string  // ETS(error, trend, season)
	LogLikelihood           float64 // without the constants that all models share
	AICc                    float64
	Sigma2                  float64 // of the errors, relative ones where they are multiplicative
	Alpha, Beta, Gamma, Phi Value   // None where the model has no such part

	form                    etsForm
	period                  int
	alpha, beta, gamma, phi float64 // beta and gamma 0, phi 1 where the model has no such part
	etsState                        // after the last row; season begins with the phase of the next
}

// etsState is where a model stands: season is by phase, that of the first row of the series first.
type etsState struct {
	level, trend float64
	season       []float64
}

// etsErrors sums up a run: the squared errors, relative ones for multiplicative errors, and for these the logarithm of the
// product of the fitted values.
type etsErrors struct{ squares, logs float64 }

// run passes the model over x from a state, which it moves to the end.
func (m *ETS) run(x []float64, s *etsState) etsErrors {
	var sum etsErrors
	var product logSum
	phase := 0
	for _, v := range x {
		damped := float64(m.phi * s.trend)
		base := s.level + damped
		fitted, share := base, 1.0
		switch m.form.season {
		case additive:
			fitted += s.season[phase]
		case multiplicative:
			share = s.season[phase]
			fitted *= share
		}
		e := v - fitted
		s.level = base + float64(m.alpha*e)/share
		s.trend = damped + float64(m.beta*e)/share
		switch m.form.season {
		case additive:
			s.season[phase] += float64(m.gamma * e)
		case multiplicative:
			s.season[phase] += float64(m.gamma*e) / base
		}
		if phase++; phase == m.period {
			phase = 0
		}
		if m.form.relative {
			e /= fitted
			product.add(math.Abs(fitted))
		}
		sum.squares += float64(e * e)
	}
	sum.logs = product.sum()
	return sum
}

// deviance is -2 times the logarithm of the likelihood, without the constants that all models share.
func (m *ETS) deviance(x []float64, run etsErrors) float64 {
	return float64(float64(len(x))*math.Log(run.squares)) + 2*run.logs
}

// Forecast the next rows. Variances are those of Hyndman, Koehler, Ord and Snyder, Forecasting with Exponential Smoothing (2008),
// §6.3 and §6.4; with a multiplicative season they neglect that level and season move together.
func (m ETS) Forecast(horizon int) (Forecast, error) {
	mustAtLeast("horizon", horizon, 1)
	f := newForecast(m.Model, horizon)
	weight := make([]float64, horizon) // how far an error moves the value so many steps later
	second := make([]float64, horizon) // second moments of the value without its multiplicative season
	reach, power, variance := 0.0, 1.0, 1.0
	for h := range horizon {
		if h > 0 {
			weight[h] = m.alpha + float64(m.beta*reach)
			if m.form.season == additive && h%m.period == 0 {
				weight[h] += m.gamma
			}
			variance += float64(weight[h] * weight[h])
		}
		power = float64(power * m.phi)
		reach += power
		centre, share := m.level+float64(reach*m.trend), 1.0
		switch m.form.season {
		case additive:
			centre += m.season[h%m.period]
		case multiplicative:
			share = m.season[h%m.period]
		}
		f.Mean[h] = centre * share
		if !m.form.relative {
			f.SE[h] = math.Sqrt(m.Sigma2 * variance)
			continue
		}
		second[h] = float64(centre * centre)
		for j := 1; j <= h; j++ {
			second[h] += float64(m.Sigma2 * weight[j] * weight[j] * second[h-j])
		}
		moment := (1 + m.Sigma2) * second[h]
		if m.form.season == multiplicative {
			moment *= math.Pow(1+float64(m.gamma*m.gamma*m.Sigma2), float64(h/m.period))
		}
		f.SE[h] = math.Abs(share) * math.Sqrt(moment-float64(centre*centre))
	}
	return f.checked()
}
