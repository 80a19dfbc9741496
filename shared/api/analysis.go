package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"

	"assay/shared/analysis"
)

const analysisPath = "/api/v1/analysis"

// kind is one analysis. each and joint make them.
type kind struct {
	name       string
	summary    string
	definition string // what is computed, by which convention and whose formula
	example    string // a query
	most       int    // series
	least      int
	rows       int // observations that a series has to have
	points     int // observations that a series may have

	parameters reflect.Type
	result     reflect.Type
	eachSeries bool // the result is a list, of one for each series
	compute    func(in any, s *sheet) (any, error)
}

// kinds lists the analyses.
var kinds = slices.Concat(priceKinds, rollingKinds, volatilityKinds, riskKinds, dependenceKinds, groupKinds,
	indicatorKinds, structureKinds, outlierKinds, modelKinds, forecastKinds)

// sheet is the series of one analysis, and what becomes known of them while it is computed.
type sheet struct {
	series  []observed
	join    analysis.Alignment
	returns func([]float64) []float64
	perYear float64 // the smallest of the series'
	n       int     // common observations, or returns, where series were joined
	notes   []string
}

// selector is what every struct of parameters has, by embedding selection.
type selector interface{ selected() *selection }

// pointer is a *I that has what a struct of parameters needs.
type pointer[I any] interface {
	*I
	selector
}

// each makes a kind that is computed of each series by itself. An error is a reason, or a problem.
func each[I, R any, P pointer[I]](k kind, compute func(in *I, o *observed) (R, error)) kind {
	k.least, k.most = 1, max(k.most, 1)
	k.parameters, k.result, k.eachSeries = reflect.TypeFor[I](), reflect.TypeFor[R](), true
	k.compute = func(in any, s *sheet) (any, error) {
		results := make([]attempt[R], len(s.series))
		few := true
		for n := range s.series {
			if err := s.series[n].stopped(); err != nil {
				return nil, err
			}
			r, err := compute(in.(*I), &s.series[n])
			if why, ok := err.(analysis.Reason); err != nil && !ok {
				return nil, err
			} else if few = few && why == analysis.TooFew; why != "" {
				results[n].why = why
				continue
			}
			results[n].value = r
		}
		if few {
			return nil, analysis.TooFew
		}
		return results, nil
	}
	return k
}

// joint makes a kind that is computed of all its series together.
func joint[I, R any, P pointer[I]](k kind, compute func(in *I, s *sheet) (R, error)) kind {
	k.least, k.most = max(k.least, 2), max(k.most, 2)
	k.parameters, k.result = reflect.TypeFor[I](), reflect.TypeFor[R]()
	k.compute = func(in any, s *sheet) (any, error) {
		r, err := compute(in.(*I), s)
		if why, ok := err.(analysis.Reason); err != nil && (!ok || why == analysis.TooFew) {
			return nil, err
		}
		return tried(r, err), nil
	}
	return k
}

// analyse answers a request for one analysis.
func (a *api) analyse(ctx context.Context, k kind, raw string) (reply, error) {
	in, err := k.read(raw)
	if err != nil {
		return reply{}, err
	}
	s, head, err := a.sheet(ctx, k, in)
	if err != nil {
		return reply{}, err
	}
	before, err := json.Marshal(head)
	if err != nil {
		return reply{}, err
	}
	r := reply{key: []string{"analysis", string(before)}, media: jsonMedia}
	for _, o := range s.series {
		r.key = append(r.key, o.key...)
	}
	computed := a.etag(r, "computed") // of a body that has neither mark nor encoding
	body, ok := a.cache.get(computed)
	if !ok {
		if body, err = k.answer(in, s, head); err != nil {
			return reply{}, err
		}
		a.cache.put(computed, body)
	}
	r.body = func() []byte { return body }
	return r, nil
}

// Analyse computes one analysis for a caller that is not on HTTP, and returns the JSON that the API would answer. What it refuses
// is a *huma.ErrorModel.
func Analyse(ctx context.Context, o Options, name string, query url.Values) ([]byte, error) {
	return (&api{Options: o, cache: newCache(cacheBytes)}).analysis(ctx, name, query)
}

func (a *api) analysis(ctx context.Context, name string, query url.Values) ([]byte, error) {
	k, err := kindOf(name)
	if err != nil {
		return nil, err
	}
	return a.answer(ctx, func(ctx context.Context) (reply, error) { return a.analyse(ctx, k, query.Encode()) })
}

func kindOf(name string) (kind, error) {
	n := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if n < 0 {
		return kind{}, noKind(name)
	}
	return kinds[n], nil
}

func (k kind) takes() string {
	switch {
	case k.most == 1:
		return "one series"
	case k.least == k.most:
		return fmt.Sprintf("%d series, separated by a comma", k.most)
	}
	return fmt.Sprintf("%d to %d series, separated by commas", k.least, k.most)
}

func (k kind) names() []string {
	fields := parameterFields(k.parameters)
	names := make([]string, len(fields))
	for n, f := range fields {
		names[n] = f.Tag.Get("query")
	}
	return names
}

// sheet reads the series of an analysis, and says what is known of it before it is computed.
func (a *api) sheet(ctx context.Context, k kind, in any) (*sheet, Analysed, error) {
	head := Analysed{Kind: k.name, Definition: k.definition, Parameters: k.understood(in), Conventions: analysisConventions}
	chosen := in.(selector).selected()
	q, err := chosen.wanted()
	if err != nil {
		return nil, head, err
	}
	if aligned, ok := in.(interface {
		clock() (*analysis.Clock, error)
	}); ok {
		if q.alignAt, err = aligned.clock(); err != nil {
			return nil, head, err
		}
	}
	list, err := a.observe(ctx, chosen.Series, q)
	if err != nil {
		return nil, head, err
	}
	s := &sheet{series: list}
	s.settings(in)
	head.Interval = q.interval.String()
	if q.alignAt != nil {
		head.AlignAt = q.alignAt.String()
	}
	for n := range list {
		if err := k.checkRows(&list[n]); err != nil {
			return nil, head, err
		}
		head.Series = append(head.Series, list[n].describe())
		for _, note := range append(list[n].plan.notes, list[n].conversion.note()...) {
			if !slices.Contains(head.Notes, note) {
				head.Notes = append(head.Notes, note)
			}
		}
	}
	return s, head, nil
}

// understood lists the parameters that were given, or have a default, and mean something beside the others.
func (k kind) understood(in any) map[string]any {
	parameters, v := map[string]any{}, reflect.ValueOf(in).Elem()
	for _, f := range parameterFields(k.parameters) {
		if field := v.FieldByIndex(f.Index); !idle(f, v) && (!field.IsZero() || f.Tag.Get("default") != "") {
			parameters[f.Tag.Get("query")] = field.Interface()
		}
	}
	return parameters
}

// settings takes over the parameters that several kinds share.
func (s *sheet) settings(in any) {
	for n := range s.series {
		o := &s.series[n]
		if y, ok := in.(interface{ perYear() float64 }); ok && y.perYear() != 0 {
			o.perYear = y.perYear()
		}
		if n == 0 || o.perYear < s.perYear {
			s.perYear = o.perYear
		}
	}
	if j, ok := in.(interface{ joins() *joining }); ok {
		s.join, s.returns = analysis.Alignment(j.joins().Join), analysis.LogReturns
		if j.joins().Returns == "simple" {
			s.returns = analysis.SimpleReturns
		}
		if s.join != analysis.PricesFirst {
			s.notes = append(s.notes, fmt.Sprintf("join=%s is biased: it is there to show by how much.", s.join))
		}
		for n := range s.series {
			s.series[n].perYear = s.perYear // of several series the smaller number counts
		}
	}
}

// checkRows refuses a series of too few observations, or too many.
func (k kind) checkRows(o *observed) error {
	stored, _ := o.reach(o.plan.base)
	switch n := len(o.bars); {
	case n == 0 && len(o.leftOut) == 0:
		return badRequest("%s has no bars in this range: those that are stored are from %s to %s.", o.ID, printed(stored.from), printed(stored.to))
	case n < max(k.rows, 1):
		left := ""
		for _, why := range slices.Sorted(maps.Keys(o.leftOut)) {
			left += fmt.Sprintf(", %d left out: %s", o.leftOut[why], why)
		}
		return badRequest("%s needs at least %d observations of each series, and %s has %d from %s to %s%s.", k.name, max(k.rows, 1), o.ID, n, printed(o.plan.from), printed(o.plan.to), left)
	case k.points > 0 && n > k.points:
		return badRequest("%s takes at most %d observations of each series, and %s has %d: narrow from and to, or choose a longer interval.", k.name, k.points, o.ID, n)
	}
	return nil
}
