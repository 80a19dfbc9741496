package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"assay/shared/analysis"
)

// Analysed is what an answer of an analysis says before the result.
type Analysed struct {
	Kind        string              `json:"kind" doc:"Of analysis"`
	Definition  string              `json:"definition" doc:"What is computed, by which convention and whose formula"`
	Parameters  map[string]any      `json:"parameters" doc:"As they were understood, defaults filled in"`
	Interval    string              `json:"interval" doc:"Length of the bars"`
	Join        string              `json:"join,omitempty" doc:"How the series came to common times; absent where each is taken by itself"`
	AlignAt     string              `json:"alignAt,omitempty" doc:"With align_at: the time of day and time zone at which what is no fix was sampled"`
	N           int                 `json:"n" doc:"Observations: those common to all series where they are joined, else the most of one"`
	Series      []AnalysedSeries    `json:"series" doc:"What was read, in the order asked for"`
	Notes       []string            `json:"notes,omitempty" doc:"What one should know about this answer, in sentences"`
	Conventions AnalysisConventions `json:"conventions" doc:"How to read the numbers"`
}

// AnalysedSeries is one series of an analysis.
type AnalysedSeries struct {
	Series         string         `json:"series"`
	Name           string         `json:"name" doc:"For people"`
	Unit           string         `json:"unit" doc:"What one price buys"`
	Currency       string         `json:"currency"`
	Calendar       string         `json:"calendar"`
	From           int64          `json:"from" doc:"Epoch seconds: the range that was read"`
	To             int64          `json:"to" doc:"Epoch seconds, not included"`
	N              int            `json:"n" doc:"Observations"`
	First          *string        `json:"first" format:"date-time" doc:"Start of the first observation"`
	Last           *string        `json:"last" format:"date-time" doc:"Start of the last observation"`
	LeftOut        map[string]int `json:"leftOut" doc:"Bars that are no observations, by reason: stub, unfinished, no-price, no-rate"`
	PeriodsPerYear float64        `json:"periodsPerYear" doc:"By which to annualise"`
	SampledFrom    string         `json:"sampledFrom,omitempty" doc:"With align_at: the interval of the bars that were sampled"`
	Freshness      Freshness      `json:"freshness" doc:"How far the stored bars reach"`
	Sources        []BarSource    `json:"sources" doc:"Whom the prices come from: of a consensus those that can vote"`
	Conversion     *Conversion    `json:"conversion,omitempty" doc:"With currency or unit: how the prices were converted"`
}

// AnalysisConventions say how to read the numbers.
type AnalysisConventions struct {
	Time      string `json:"time" doc:"What the times are"`
	Returns   string `json:"returns" doc:"What returns are between"`
	Undefined string `json:"undefined" doc:"How a number that is not defined is said"`
	Risk      string `json:"risk" doc:"The signs of losses"`
}

var analysisConventions = AnalysisConventions{
	Time: "start of the bar, epoch seconds UTC", Returns: "between consecutive observations: from Friday to Monday is one",
	Undefined: "null, with the reason in undefined under its JSON pointer; in columns null without more", Risk: "losses are positive in VaR and CVaR, drawdowns negative fractions",
}

func (o *observed) describe() AnalysedSeries {
	in := o.conversion.to
	d := AnalysedSeries{
		Series: o.ID.String(), Name: name(o.Entry), Unit: in.Unit, Currency: in.Currency, Calendar: string(in.Calendar), From: o.plan.from, To: o.plan.to,
		N: len(o.bars), LeftOut: o.leftOut, PeriodsPerYear: o.perYear, Freshness: o.freshness(o.plan.base), Sources: o.voters(),
		Conversion: o.conversion.used(o.rate),
	}
	if o.sampled {
		d.SampledFrom = "1h"
	}
	if len(o.bars) > 0 {
		d.First, d.Last = printedOrNull(&o.bars[0].Start), printedOrNull(&o.bars[len(o.bars)-1].Start)
	}
	return d
}

// answer computes and prints.
func (k kind) answer(in any, s *sheet, head Analysed) ([]byte, error) {
	result, err := k.compute(in, s)
	if errors.Is(err, analysis.TooFew) {
		return nil, badRequest("%s has too few observations in this range for these parameters: %s.", k.name, s.counts())
	}
	if err != nil {
		return nil, err
	}
	if head.N, head.Join = s.n, string(s.join); k.eachSeries {
		for _, o := range head.Series {
			head.N = max(head.N, o.N)
		}
	}
	head.Notes = append(head.Notes, s.notes...)
	front, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	p := &printer{out: append(front[:len(front)-1], `,"result":`...), pointer: []byte("/result"), undefined: map[string]analysis.Reason{}}
	p.print(reflect.ValueOf(result))
	undefined, err := json.Marshal(p.undefined)
	if err != nil {
		return nil, err
	}
	return append(append(append(p.out, `,"undefined":`...), undefined...), '}'), nil
}

// counts says how many observations there are, in words.
func (s *sheet) counts() string {
	if s.n > 0 {
		return fmt.Sprintf("the series have %d in common", s.n)
	}
	list := make([]string, len(s.series))
	for n, o := range s.series {
		list[n] = fmt.Sprintf("%s has %d", o.ID, len(o.bars))
	}
	return strings.Join(list, ", ")
}
