package api

import (
	"net/http"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// document is the frame of the OpenAPI document. Nothing of huma's own is served: its page loads scripts from another host, and
// its schema links would add a field to every body.
func document(version string) huma.Config {
	config := huma.DefaultConfig("assay", version)
	config.Info.Description = "Prices of cryptocurrencies and precious metals, with their receipts. All times are UTC, a bar is named by its start, " +
		"ranges are half-open, and what is absent is null. Every answer has a strong ETag; every error is a problem (RFC 9457). " +
		"Where reading needs a function key it goes into the header x-functions-key, or into the parameter code of any path."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", "", nil
	return config
}

// answers describes the answer of an operation.
func (a *api) answers(id string, answer reflect.Type) map[string]*huma.Response {
	schema := a.schema(answer)
	schema.Nullable = false
	a.mayBeStamped(answer)
	content := map[string]*huma.MediaType{jsonMedia: {Schema: schema}}
	if id == "get-bars" {
		rows := a.schema(reflect.TypeFor[BarsRows]())
		a.mayBeStamped(reflect.TypeFor[BarsRows]())
		content[jsonMedia] = &huma.MediaType{Schema: &huma.Schema{OneOf: []*huma.Schema{schema, rows}}}
		content["text/csv"] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}}
		content[parquetMedia] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	return map[string]*huma.Response{
		"200": {Description: "OK", Content: content, Headers: map[string]*huma.Param{
			simulatedHeader: {Description: simulatedDoc, Schema: &huma.Schema{Type: huma.TypeBoolean}},
		}},
		"304": {Description: "The ETag in If-None-Match is that of the answer"},
	}
}

// orNull lets a member that is an object be null too: huma cannot say that of one that it refers to.
func orNull(s *huma.Schema, members ...string) *huma.Schema {
	for _, member := range members {
		object := s.Properties[member]
		s.Properties[member] = &huma.Schema{AnyOf: []*huma.Schema{object, {Type: "null"}}, Description: object.Description}
	}
	return s
}

// neverNull takes back that an array may be null, which huma says of every one: none of ours is.
func neverNull(schemas map[string]*huma.Schema) {
	for _, s := range schemas {
		if s.Type == huma.TypeArray {
			s.Nullable = false
		}
		neverNull(s.Properties)
		if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
			neverNull(map[string]*huma.Schema{"": more})
		}
	}
}

// exemplify gives every parameter that has none an example: its default, or the first of its choices.
func exemplify(parameters []*huma.Param) {
	for _, p := range parameters {
		switch s := p.Schema; {
		case p.Example != nil || len(s.Examples) > 0:
		case s.Default != nil:
			s.Examples = []any{s.Default}
		case len(s.Enum) > 0:
			s.Examples = s.Enum[:1]
		}
	}
}

func (a *api) schema(t reflect.Type) *huma.Schema {
	return a.huma.OpenAPI().Components.Schemas.Schema(t, true, t.Name())
}

// openAPI serves the document. It is generated when it is first asked for.
func (a *api) openAPI() http.HandlerFunc {
	generated := sync.OnceValues(func() (reply, error) {
		a.describeAnalyses() // here, since a process that answers something else need not wait for it
		for _, path := range a.huma.OpenAPI().Paths {
			for _, o := range []*huma.Operation{path.Get, path.Post, path.Delete} {
				if o != nil {
					exemplify(o.Parameters)
				}
			}
		}
		schemas := a.huma.OpenAPI().Components.Schemas.Map()
		neverNull(schemas)
		for _, s := range schemas {
			describeMembers(s)
		}
		return marshalled(a.huma.OpenAPI())
	})
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := reply{}, checkQuery(r.URL.RawQuery, nil)
		if err == nil {
			answer, err = generated()
		}
		a.respond(w, r, answer, err)
	}
}
