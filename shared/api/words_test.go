package api

import (
	"maps"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// The document says of everything in it what it is: of an operation, of a parameter, for which it has an example too, and of every
// member of an answer and of a body.
func TestTheDocumentDescribesEverything(t *testing.T) {
	w := newWorld(t, nil)
	w.get("/api/openapi.json")
	document := w.handler.(*api).huma.OpenAPI()
	unused := maps.Clone(words)
	for path, item := range document.Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Delete} {
			if o != nil {
				operationIsDescribed(t, path, o, unused)
			}
		}
	}
	for name, s := range document.Components.Schemas.Map() {
		membersAreDescribed(t, name, s, unused)
	}
	for word := range unused {
		t.Errorf("words has %q, which no member needs", word)
	}
}

func operationIsDescribed(t *testing.T, path string, o *huma.Operation, unused map[string]string) {
	if o.Summary == "" || o.Description == "" {
		t.Errorf("%s %s: summary %q, description %q; want both", o.Method, path, o.Summary, o.Description)
	}
	for _, p := range o.Parameters {
		if p.Description == "" {
			t.Errorf("%s %s: the parameter %s has no description", o.Method, path, p.Name)
		}
		if s := p.Schema; p.Example == nil && s.Default == nil && len(s.Examples)+len(s.Enum) == 0 {
			t.Errorf("%s %s: the parameter %s has no example", o.Method, path, p.Name)
		}
	}
	if o.RequestBody != nil && o.RequestBody.Description == "" {
		t.Errorf("%s %s: the body has no description", o.Method, path)
	}
	for status, r := range o.Responses {
		if r.Description == "" {
			t.Errorf("%s %s: the answer %s has no description", o.Method, path, status)
		}
		for _, content := range r.Content {
			membersAreDescribed(t, path, content.Schema, unused)
		}
	}
}

func membersAreDescribed(t *testing.T, at string, s *huma.Schema, unused map[string]string) {
	if s == nil {
		return
	}
	for name, member := range s.Properties {
		if member.Description == "" {
			t.Errorf("%s: the member %s has no description: give it a tag doc, or words an entry", at, name)
		}
		if member.Description == unused[name] {
			delete(unused, name)
		}
		membersAreDescribed(t, at+"."+name, member, unused)
	}
	membersAreDescribed(t, at+"[]", s.Items, unused)
	for _, one := range append(s.OneOf, s.AnyOf...) {
		membersAreDescribed(t, at, one, unused)
	}
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok {
		membersAreDescribed(t, at+"{}", more, unused)
	}
}
