package api

import (
	"math"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"assay/shared/analysis"
	"assay/shared/market"
)

// The parameters of an analysis are a struct that embeds what it shares with others. Each field has the tags of the OpenAPI
// document: query, doc, default, minimum, maximum, enum. The same tags decide what is refused, and so does the tag with: a choice, such as
// statistic=quantile, without which the parameter means nothing; "alpha=" is the choice not to give alpha.

// selection is what every analysis takes.
type selection struct {
	Series   []string `query:"series" example:"BTC-USD" doc:"Instruments, or one source's view of them, separated by commas"`
	Interval string   `query:"interval" default:"1d" doc:"Of the bars: 1m, 1h and 1d are stored; every multiple of them, 1w and 1mo are computed"`
	From     moment   `query:"from" doc:"Bars that start at this time or later; without from and to the newest 5,000"`
	To       moment   `query:"to" doc:"Bars that start before this time"`
	Currency string   `query:"currency" enum:"EUR,USD" doc:"Convert prices with the last rate of the ECB published by the end of each bar, at most five days old"`
	Unit     string   `query:"unit" enum:"toz,g,kg" doc:"Of metals: what one price buys"`
}

// selected gives the parameters that every analysis takes.
func (s *selection) selected() *selection { return s }

// wanted is what the selection asks of its series.
func (s *selection) wanted() (q wanted, err error) {
	if q.interval, err = parseInterval(s.Interval); err != nil {
		return q, err
	}
	q.from, q.to, err = parseRange("from", "to", s.From, s.To)
	q.currency, q.unit = s.Currency, s.Unit
	return q, err
}

// annual is for what is stated per year.
type annual struct {
	PeriodsPerYear float64 `query:"periodsPerYear" minimum:"1" maximum:"1000000" doc:"By default the bars that the calendar has in a year: of days 365 for coins, 259 for spot metals, 253 for London's fixes" example:"252"`
}

func (y annual) perYear() float64 { return y.PeriodsPerYear }

// riskFree is for what is measured above the riskless rate.
type riskFree struct {
	RiskFree float64 `query:"riskFree" default:"0" minimum:"-0.5" maximum:"10" doc:"Rate per year, 0.02 for two per cent"`
}

// joining is for what compares series by their returns.
type joining struct {
	Join    string `query:"join" default:"inner" enum:"inner,ffill,returns-first" doc:"inner: prices at common times, then returns. The others are biased, and there to show by how much: ffill repeats prices, returns-first loses what happened while another market was closed"`
	Returns string `query:"returns" default:"log" enum:"log,simple" doc:"Between consecutive observations"`
	aligning
}

func (j *joining) joins() *joining { return j }

// aligning is for what compares a fix with what trades on.
type aligning struct {
	AlignAt string `query:"align_at" example:"15:00 Europe/London" doc:"A time and a time zone: what is no fix is sampled, from its hours, at this time on the fixes' dates"`
}

// clock reads align_at; nil where it is not given.
func (q aligning) clock() (*analysis.Clock, error) {
	if q.AlignAt == "" {
		return nil, nil
	}
	return parseClock("align_at", q.AlignAt)
}

// valued is for what can be asked of prices and of returns.
type valued struct {
	Of string `query:"of" default:"price" enum:"price,log-price,log-returns,simple-returns" doc:"What of the series"`
}

func (v valued) values(o *observed) analysis.Series { return valuesOf(o, v.Of) }

// valuesOf returns a series of prices, or what becomes of them; rows without a value are absent.
func valuesOf(o *observed, of string) analysis.Series {
	s := o.closes()
	switch of {
	case "log-returns":
		s.Value = analysis.LogReturns(s.Value)
	case "simple-returns":
		s.Value = analysis.SimpleReturns(s.Value)
	case "log-price":
		s.Value = logs(s.Value)
	}
	return s
}

// logs returns logarithms, absent of what is not positive.
func logs(prices []float64) []float64 {
	l := make([]float64, len(prices))
	for n, p := range prices {
		l[n] = market.Absent
		if p > 0 {
			l[n] = math.Log(p)
		}
	}
	return l
}

// checked is a struct of parameters of which some have to go together.
type checked interface{ check() error }

// read reads the parameters of a kind.
func (k kind) read(raw string) (any, error) {
	if err := checkQuery(raw, k.names()); err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, err
	}
	in := reflect.New(k.parameters)
	if err := bind(values, in.Elem()); err != nil {
		return nil, err
	}
	if err := refuseIdle(values, in.Elem()); err != nil {
		return nil, err
	}
	ids := in.Interface().(selector).selected().Series
	switch n := len(ids); {
	case n == 0:
		return nil, badRequest("The parameter series is missing: want what to analyse, such as series=BTC-USD.")
	case n < k.least || n > k.most:
		return nil, badRequest("series: %s takes %s, not %d.", k.name, k.takes(), n)
	}
	if c, ok := in.Interface().(checked); ok {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	return in.Interface(), nil
}

// bind fills in the fields of a struct of parameters from a query whose names are known.
func bind(values url.Values, into reflect.Value) error {
	for _, f := range parameterFields(into.Type()) {
		text := values.Get(f.Tag.Get("query"))
		if text == "" {
			text = f.Tag.Get("default")
		}
		if text == "" {
			continue
		}
		if err := set(into.FieldByIndex(f.Index), f, text); err != nil {
			return err
		}
	}
	return nil
}

// idle reports whether a parameter means nothing beside what was chosen.
func idle(f reflect.StructField, in reflect.Value) bool {
	name, values, conditional := strings.Cut(f.Tag.Get("with"), "=")
	if !conditional {
		return false
	}
	for _, other := range parameterFields(in.Type()) {
		if query := other.Tag.Get("query"); query != name && query != name+"s" {
			continue
		}
		switch chosen := in.FieldByIndex(other.Index); {
		case chosen.Kind() == reflect.Slice:
			return !slices.Contains(chosen.Interface().([]string), values)
		case values == "":
			return !chosen.IsZero()
		default:
			return chosen.String() != values
		}
	}
	panic("api: " + f.Name + " goes with a parameter that there is not")
}

// givenIdly lists the parameters that a query gives, and that mean nothing beside what it chooses.
func givenIdly(values url.Values, in reflect.Value) []reflect.StructField {
	return slices.DeleteFunc(parameterFields(in.Type()), func(f reflect.StructField) bool { return values.Get(f.Tag.Get("query")) == "" || !idle(f, in) })
}

// refuseIdle refuses a parameter that would be ignored.
func refuseIdle(values url.Values, in reflect.Value) error {
	fields := givenIdly(values, in)
	if len(fields) == 0 {
		return nil
	}
	name, with := fields[0].Tag.Get("query"), fields[0].Tag.Get("with")
	if other, without := strings.CutSuffix(with, "="); without {
		return badRequest("%s and %s say the same thing in two ways: want one of them.", name, other)
	}
	return badRequest("%s=%s goes with %s only.", name, quoted(values.Get(name)), with)
}

// idle names the parameters of a query that are refused because they would be ignored; none where it cannot be read.
func (k kind) idle(values url.Values) (names []string) {
	in := reflect.New(k.parameters).Elem()
	if bind(values, in) != nil {
		return nil
	}
	for _, f := range givenIdly(values, in) {
		names = append(names, f.Tag.Get("query"))
	}
	return names
}

// parameterFields lists the fields that are parameters, those of embedded structs too.
func parameterFields(t reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.Tag.Get("query") == "" })
}

// set reads the text of a parameter into its field.
func set(into reflect.Value, f reflect.StructField, text string) error {
	name, enum, list := f.Tag.Get("query"), f.Tag.Get("enum"), []string{text}
	if into.Kind() == reflect.Slice {
		list = strings.Split(text, ",")
	}
	for _, one := range list {
		if enum != "" && !slices.Contains(strings.Split(enum, ","), one) {
			return badRequest("%s=%s: want %s.", name, quoted(one), strings.ReplaceAll(enum, ",", " or "))
		}
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(text)
	case reflect.Slice:
		into.Set(reflect.ValueOf(list))
	case reflect.Bool:
		into.SetBool(text == "true")
	case reflect.Int:
		v, err := strconv.Atoi(text)
		if err != nil || !within(f, float64(v)) {
			return badRequest("%s=%s: want a whole number from %s to %s.", name, quoted(text), f.Tag.Get("minimum"), f.Tag.Get("maximum"))
		}
		into.SetInt(int64(v))
	case reflect.Pointer:
		into.Set(reflect.New(f.Type.Elem()))
		return setNumber(into.Elem(), f, text)
	default:
		return setNumber(into, f, text)
	}
	return nil
}

func setNumber(into reflect.Value, f reflect.StructField, text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !within(f, v) {
		return badRequest("%s=%s: want a number from %s to %s.", f.Tag.Get("query"), quoted(text), f.Tag.Get("minimum"), f.Tag.Get("maximum"))
	}
	into.SetFloat(v)
	return nil
}

// within reports whether a number lies within the bounds of a field, both of which it has.
func within(f reflect.StructField, v float64) bool {
	least, _ := strconv.ParseFloat(f.Tag.Get("minimum"), 64)
	most, _ := strconv.ParseFloat(f.Tag.Get("maximum"), 64)
	return v >= least && v <= most
}
