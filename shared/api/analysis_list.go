package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// analyses mounts the list of the kinds, and each of them.
func (a *api) analyses() {
	get(a, route{
		analysisPath, "list-analyses", "What can be computed of series",
		"Each kind with its definition, its parameters and an example. Every answer says which observations it is made of.",
	}, reflect.TypeFor[AnalysisList](), a.listAnalyses)
	for _, k := range kinds {
		a.mux.HandleFunc("GET "+analysisPath+"/"+k.name, func(w http.ResponseWriter, r *http.Request) {
			answer, err := a.marked(r.Context(), func(ctx context.Context) (reply, error) { return a.analyse(ctx, k, r.URL.RawQuery) })
			a.respond(w, r, answer, err)
		})
	}
	a.mux.HandleFunc("GET "+analysisPath+"/{kind}", func(w http.ResponseWriter, r *http.Request) { fail(w, r, noKind(r.PathValue("kind"))) })
}

func noKind(name string) error {
	names := make([]string, len(kinds))
	for n, k := range kinds {
		names[n] = k.name
	}
	return notFound("There is no analysis %s: want %s. %s says what each is.", quoted(name), strings.Join(names, ", "), analysisPath)
}

// describeAnalyses adds the kinds to the document, each as a path of its own.
func (a *api) describeAnalyses() {
	for _, k := range kinds {
		o := huma.Operation{
			OperationID: "analyse-" + k.name, Method: http.MethodGet, Path: analysisPath + "/" + k.name, Summary: k.summary,
			Description: k.definition + " It takes " + k.takes() + ".", Responses: a.answers("", reflect.TypeFor[Analysed]()),
		}
		problem := &huma.MediaType{Schema: a.schema(reflect.TypeFor[huma.ErrorModel]())}
		for _, status := range []int{400, 404, 500, 503} {
			o.Responses[fmt.Sprint(status)] = &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/problem+json": problem}}
		}
		o.Responses["200"].Content[jsonMedia] = &huma.MediaType{Schema: a.answerSchema(k)}
		example, _ := url.ParseQuery(k.example)
		for _, f := range parameterFields(k.parameters) {
			name := f.Tag.Get("query")
			p := &huma.Param{Name: name, In: "query", Required: name == "series", Description: f.Tag.Get("doc"), Schema: k.parameterSchema(a.huma.OpenAPI().Components.Schemas, f)}
			if p.Schema.Type == huma.TypeArray {
				p.Explode = new(bool) // separated by commas
			}
			if text := example.Get(name); text != "" { // the examples together are one that works; others are in the schema
				p.Example = exampleOf(p.Schema, text)
			}
			o.Parameters = append(o.Parameters, p)
		}
		a.huma.OpenAPI().AddOperation(&o)
	}
}

// parameterSchema describes a parameter; one that is a pointer may be left out, as every other.
func (k kind) parameterSchema(schemas huma.Registry, f reflect.StructField) *huma.Schema {
	if f.Type.Kind() == reflect.Pointer {
		f.Type = f.Type.Elem()
	}
	s := huma.SchemaFromField(schemas, f, "")
	if s.Nullable = false; f.Tag.Get("query") == "series" {
		s.MinItems, s.MaxItems = &k.least, &k.most
	}
	return s
}

func exampleOf(s *huma.Schema, text string) any {
	var v any = text
	switch s.Type {
	case huma.TypeArray:
		return strings.Split(text, ",")
	case huma.TypeInteger, huma.TypeNumber, huma.TypeBoolean:
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			panic(err) // of an example that is compiled in
		}
	}
	return v
}

// answerSchema describes the answer of a kind.
func (a *api) answerSchema(k kind) *huma.Schema {
	a.schema(reflect.TypeFor[Analysed]())
	head := a.huma.OpenAPI().Components.Schemas.Map()["Analysed"]
	s := &huma.Schema{Type: huma.TypeObject, Properties: maps.Clone(head.Properties), Required: append(slices.Clone(head.Required), "result", "undefined"), AdditionalProperties: false}
	s.Properties["result"] = resultSchema(k.result)
	s.Properties["result"].Nullable = true
	if s.Properties["result"].Description = k.summary; k.eachSeries {
		s.Properties["result"] = &huma.Schema{Type: huma.TypeArray, Items: s.Properties["result"], Description: k.summary + ", of each series in the order of series"}
	}
	s.Properties["undefined"] = &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString}, Description: "Why a number is null: the reason, by the number's JSON pointer (RFC 6901)",
	}
	describeMembers(s)
	s.PrecomputeMessages()
	return s
}

// AnalysisList is the answer of /analysis.
type AnalysisList struct {
	Kinds []AnalysisKind `json:"kinds" doc:"Every analysis"`
}

// AnalysisKind is what there is to know of a kind.
type AnalysisKind struct {
	Kind         string              `json:"kind" doc:"Its name: the end of its path"`
	Summary      string              `json:"summary" doc:"In a few words"`
	Definition   string              `json:"definition" doc:"What is computed, by which convention and whose formula"`
	Series       string              `json:"series" doc:"How many it takes"`
	Observations AnalysisBounds      `json:"observations" doc:"Of each series"`
	Parameters   []AnalysisParameter `json:"parameters" doc:"What it can be asked with"`
	Example      string              `json:"example" doc:"A path of this API"`
}

// AnalysisBounds are the bounds of a number.
type AnalysisBounds struct {
	Minimum int `json:"minimum" doc:"The fewest"`
	Maximum int `json:"maximum" doc:"The most"`
}

// AnalysisParameter is one parameter of a kind.
type AnalysisParameter struct {
	Name    string   `json:"name" doc:"As in a query"`
	Type    string   `json:"type" enum:"string,number,integer,boolean,list" doc:"A list is separated by commas"`
	Doc     string   `json:"doc" doc:"What it means"`
	Default string   `json:"default,omitempty" doc:"Where it is not given"`
	Minimum string   `json:"minimum,omitempty" doc:"The least that is taken"`
	Maximum string   `json:"maximum,omitempty" doc:"The most that is taken"`
	Choices []string `json:"choices,omitempty" doc:"What is taken, where it is one of these"`
}

func (a *api) listAnalyses(context.Context, *struct{}) (reply, error) {
	r, err := marshalled(AnalysisList{Kinds()})
	r.unread = true
	return r, err
}

// Kinds lists the analyses.
func Kinds() []AnalysisKind {
	list := make([]AnalysisKind, len(kinds))
	for n, k := range kinds {
		list[n] = AnalysisKind{
			Kind: k.name, Summary: k.summary, Definition: k.definition, Series: k.takes(), Example: analysisPath + "/" + k.name + "?" + k.example,
			Observations: AnalysisBounds{max(k.rows, 1), k.points},
		}
		if k.points == 0 {
			list[n].Observations.Maximum = mostBars
		}
		for _, f := range parameterFields(k.parameters) {
			p := AnalysisParameter{Name: f.Tag.Get("query"), Type: typeName(f.Type), Doc: f.Tag.Get("doc"), Default: f.Tag.Get("default"), Minimum: f.Tag.Get("minimum"), Maximum: f.Tag.Get("maximum")}
			if enum := f.Tag.Get("enum"); enum != "" {
				p.Choices = strings.Split(enum, ",")
			}
			list[n].Parameters = append(list[n].Parameters, p)
		}
	}
	return list
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice:
		return "list"
	case reflect.Int:
		return "integer"
	case reflect.Float64, reflect.Pointer:
		return "number"
	case reflect.Bool:
		return "boolean"
	default:
		return "string"
	}
}
