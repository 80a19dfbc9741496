package api

import (
	"slices"
	"strconv"
	"strings"

	"assay/shared/analysis"
)

// modelKinds fit a model, and foretell nothing by it: that is for forecastKinds, which test it too.
var modelKinds = []kind{
	each(kind{
		name: "fit", summary: "A model of one series: its coefficients and likelihood", example: "series=BTC-USD&of=log-price&model=arima&order=1,1,1", most: 5, rows: 20, points: mostFits,
		definition: "Coefficients are named as R names them: alpha, beta, gamma and phi of exponential smoothing; ar, ma, sar and sma of ARIMA, whose moving average terms are added, with the intercept or drift of the differenced series. " +
			"Likelihoods of exponential smoothing leave out the constants that its models share: AICc compares models of one kind. " + modelDefinitions,
	}, fit),
}

const modelDefinitions = "drift goes on from the first value to the last; seasonal-naive repeats the last season; ses is simple exponential smoothing, theta Assimakopoulos and Nikolopoulos' (2000), ets the exponential smoothing model of least AICc (Hyndman et al. 2002), " +
	"arima the given order by exact maximum likelihood, auto the one that Hyndman and Khandakar's search (2008) finds; all as R's forecast. What ets and auto choose has no season of more than 24 observations."

// mostFits bounds the work of fitted models: origins times observations, and times a weight where the model has a season.
const mostFits = 50_000

// fitted are the models that are searched for anew at every origin.
var fitted = []string{"ses", "theta", "ets", "arima", "auto"}

// modelled says which model, and of what.
type modelled struct {
	Of       string `query:"of" default:"price" enum:"price,log-price" doc:"What the model is fitted to; prices are foretold in either case"`
	Period   int    `query:"period" default:"1" minimum:"1" maximum:"400" doc:"Observations in a season, 1 for none"`
	Order    string `query:"order" default:"1,1,1" with:"model=arima" doc:"Of model=arima: p,d,q"`
	Seasonal string `query:"seasonal" default:"0,0,0" with:"model=arima" doc:"Of model=arima: P,D,Q over the period"`
	Drift    bool   `query:"drift" default:"false" enum:"false,true" with:"model=arima" doc:"Of model=arima, differenced once: with a drift. Where nothing is differenced there is always a mean"`
	Form     string `query:"form" default:"auto" enum:"auto,ANN,AAN,AAdN,ANA,AAA,AAdA,MNN,MAN,MAdN,MNA,MAA,MAdA,MNM,MAM,MAdM" with:"model=ets" doc:"Of model=ets: error, trend and season, each None, Additive, Additive and damped, or Multiplicative; auto: the one of least AICc"`
}

// bearable refuses more work than one answer may be.
func (m modelled) bearable(name string, n, fits int, o *observed) error {
	if !slices.Contains(fitted, name) {
		return nil
	}
	w, most := m.weight(name), mostFits*float64(max(1, o.patience))
	switch {
	case float64(n*fits)*w <= most:
		return nil
	case fits == 1:
		return badRequest("model=%s: %d values are more than the %.0f that it is fitted to: narrow from and to.", name, n, most/w)
	}
	return badRequest("model=%s is fitted at every origin, and %d origins over %d values are more than %.0f together: ask for fewer origins, or narrow from and to.", name, fits, n, most/w)
}

// named is the model of a name, for a series.
func (m modelled) named(name string, o *observed) (analysis.Forecaster, error) {
	switch name {
	case "drift":
		return analysis.Drift, nil
	case "seasonal-naive":
		return analysis.SeasonalNaive(m.Period), nil
	case "ses":
		return analysis.SES, nil
	case "theta":
		return analysis.Theta(m.Period), nil
	case "ets":
		return analysis.Fitted(func(x []float64) (analysis.ETS, error) { return m.ets(x, o) }), nil
	case "auto":
		return analysis.Fitted(func(x []float64) (analysis.ARIMA, error) { return analysis.ChooseARIMA(x, m.Period, o.stopped) }), nil
	case "arima":
		order, err := m.order()
		return analysis.Fitted(func(x []float64) (analysis.ARIMA, error) { return analysis.FitARIMA(x, order) }), err
	default:
		return analysis.Naive, nil
	}
}

// label is the name of a model, with what was said of it.
func (m modelled) label(name string) string {
	switch {
	case name == "arima":
		order, _ := m.order() // named has read it
		return order.String()
	case name == "ets" && m.Form != "auto":
		return "ets " + m.Form
	}
	return name
}

// weight is how much longer a fit takes for its season, as measured: with the square of the moving average's lags, or with the period.
func (m modelled) weight(name string) float64 {
	w := 1.0
	switch name {
	case "arima":
		plain, _ := orderOf("order", m.Order)
		seasonal, _ := orderOf("seasonal", m.Seasonal)
		lags := float64(plain[2] + 1 + m.Period*seasonal[2])
		w = lags * lags / 24
	case "auto": // a season makes the search longer, and each of its models
		if m.Period > 1 && m.Period <= 24 {
			w = max(16, float64(m.Period*m.Period)/24)
		}
	case "ets":
		w = float64(m.Period) * 3 / 4
	}
	return max(1, w)
}

// check refuses a season without its length, and an order that is none.
func (m modelled) check() error {
	if m.Form != "auto" && !strings.HasSuffix(m.Form, "N") && m.Period < 2 {
		return badRequest("form=%s needs the observations in a season: period, of at least 2.", m.Form)
	}
	_, err := m.order()
	return err
}

// ets fits the form of exponential smoothing that was asked for.
func (m modelled) ets(x []float64, o *observed) (analysis.ETS, error) {
	if m.Form == "auto" {
		return analysis.ChooseETS(x, m.Period, o.stopped)
	}
	return analysis.FitETS(x, m.Form, m.Period)
}

// order is that of ARIMA.
func (m modelled) order() (o analysis.Order, err error) {
	plain, err := orderOf("order", m.Order)
	if err != nil {
		return o, err
	}
	seasonal, err := orderOf("seasonal", m.Seasonal)
	if err != nil {
		return o, err
	}
	o = analysis.Order{P: plain[0], D: plain[1], Q: plain[2], SeasonalP: seasonal[0], SeasonalD: seasonal[1], SeasonalQ: seasonal[2], Period: m.Period}
	o.Mean = o.D+o.SeasonalD == 0 || m.Drift
	switch {
	case seasonal != [3]int{} && m.Period < 2:
		return o, badRequest("seasonal=%s needs the observations in a season: period, of at least 2.", m.Seasonal)
	case m.Period*(seasonal[0]+seasonal[2]) > 60:
		return o, badRequest("seasonal=%s with period=%d: at most 60 lags of a season are fitted.", m.Seasonal, m.Period)
	case m.Drift && o.D+o.SeasonalD != 1:
		return o, badRequest("drift=true: order=%s and seasonal=%s difference %d times, and a drift is of what is differenced once.", m.Order, m.Seasonal, o.D+o.SeasonalD)
	}
	return o, nil
}

// orderOf reads three numbers of 0 to 5, of which the differences are at most 2.
func orderOf(name, text string) (order [3]int, err error) {
	parts := strings.Split(text, ",")
	ok := len(parts) == 3
	for n := 0; ok && n < 3; n++ {
		order[n], err = strconv.Atoi(parts[n])
		ok = err == nil && order[n] >= 0 && order[n] <= 5
	}
	if !ok || order[1] > 2 {
		return order, badRequest("%s=%s: want three numbers, such as 1,1,1: the first and last from 0 to 5, the middle from 0 to 2.", name, quoted(text))
	}
	return order, nil
}

type fitParameters struct {
	selection
	modelled
	Model string `query:"model" default:"auto" enum:"ses,ets,arima,auto" doc:"auto: the ARIMA model that the search finds"`
}

type fitResult struct {
	Model         string        `doc:"With the form or order that was chosen"`
	N             int           `doc:"Values that it is fitted to"`
	Coefficients  []coefficient `doc:"As R names them"`
	Sigma2        float64       `doc:"Variance of the one step errors, relative ones where they are multiplicative"`
	LogLikelihood float64       `doc:"The greater the better, for models of one kind"`
	AICc          float64       `doc:"Akaike's criterion, corrected for few values: the less the better"`
}

type coefficient struct {
	Name  string  `doc:"As R names it"`
	Value float64 `doc:"The estimate"`
}

// check refuses the length of a season of a model that has none: here nothing else is made of it.
func (in *fitParameters) check() error {
	seasonless := map[string]bool{"ses": true, "ets": strings.HasSuffix(in.Form, "N"), "arima": in.Seasonal == "0,0,0"}
	if in.Period > 1 && seasonless[in.Model] {
		return badRequest("period=%d: the model %s has no season.", in.Period, in.label(in.Model))
	}
	return in.modelled.check()
}

func fit(in *fitParameters, o *observed) (fitResult, error) {
	x := analysis.Drop(valuesOf(o, in.Of).Value)
	if err := in.bearable(in.Model, len(x), 1, o); err != nil {
		return fitResult{}, err
	}
	switch in.Model {
	case "ses":
		m, err := analysis.FitETS(x, "ANN", 1)
		return etsResult(m, len(x)), err
	case "ets":
		m, err := in.ets(x, o)
		return etsResult(m, len(x)), err
	case "arima":
		order, err := in.order()
		if err != nil {
			return fitResult{}, err
		}
		m, err := analysis.FitARIMA(x, order)
		return arimaResult(m, len(x)), err
	default:
		m, err := analysis.ChooseARIMA(x, in.Period, o.stopped)
		return arimaResult(m, len(x)), err
	}
}

func etsResult(m analysis.ETS, n int) fitResult {
	r := fitResult{Model: m.Model, N: n, Sigma2: m.Sigma2, LogLikelihood: m.LogLikelihood, AICc: m.AICc}
	r.add("alpha", m.Alpha)
	r.add("beta", m.Beta)
	r.add("gamma", m.Gamma)
	r.add("phi", m.Phi)
	return r
}

func arimaResult(m analysis.ARIMA, n int) fitResult {
	r := fitResult{Model: m.Order.String(), N: n, Sigma2: m.Sigma2, LogLikelihood: m.LogLikelihood, AICc: m.AICc}
	for _, part := range []struct {
		name   string
		values []float64
	}{{"ar", m.AR}, {"ma", m.MA}, {"sar", m.SeasonalAR}, {"sma", m.SeasonalMA}} {
		for k, v := range part.values {
			r.add(part.name+strconv.Itoa(k+1), analysis.Of(v))
		}
	}
	mean := "intercept"
	if m.Order.D+m.Order.SeasonalD > 0 {
		mean = "drift"
	}
	r.add(mean, m.Mean)
	return r
}

// add adds a coefficient that the model has.
func (r *fitResult) add(name string, v analysis.Value) {
	if v.Ok() {
		r.Coefficients = append(r.Coefficients, coefficient{name, v.Number})
	}
}
