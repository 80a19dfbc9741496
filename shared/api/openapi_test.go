package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/store"
)

func TestOpenAPIDescribesEveryPath(t *testing.T) {
	w := newWorld(t, nil)
	var document struct {
		OpenAPI string
		Info    struct{ Title, Version string }
		Paths   map[string]map[string]struct {
			Parameters []struct {
				Name, In string
				Example  any
				Schema   struct{ Examples []any }
			}
			Responses map[string]any
		}
	}
	if err := json.Unmarshal(w.get("/api/openapi.json").Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.1") || document.Info.Version != "v1.2.3" {
		t.Errorf("OpenAPI %s of version %s; want 3.1, v1.2.3", document.OpenAPI, document.Info.Version)
	}
	want := []string{
		"/api/metrics/{name}", "/api/v1/analysis", "/api/v1/charts/{picture}", "/api/v1/expensive-things", "/api/v1/ingest/{series}", "/api/v1/jobs", "/api/v1/jobs/{id}", "/api/v1/jobs/{id}/{file}", "/api/v1/receipts", "/api/v1/rejects", "/api/v1/series", "/api/v1/series/{id}",
		"/api/v1/series/{id}/bars", "/api/v1/series/{id}/explain", "/api/v1/series/{id}/gaps", "/api/v1/status",
	}
	for _, k := range kinds {
		want = append(want, "/api/v1/analysis/"+k.name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(document.Paths))); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	for _, path := range []string{"/api/v1/ingest/{series}", "/api/v1/series", "/api/v1/jobs"} {
		if _, has := document.Paths[path]["post"].Responses["202"]; !has {
			t.Errorf("the document says nothing of POST %s", path)
		}
	}
	var names []string
	for _, p := range document.Paths["/api/v1/series/{id}/bars"]["get"].Parameters {
		names = append(names, p.In+" "+p.Name)
	}
	if diff := cmp.Diff([]string{"path id", "query interval", "query from", "query to", "query source", "query maxPoints", "query fill", "query currency", "query unit", "query format"}, names); diff != "" {
		t.Errorf("parameters of bars (-want +got):\n%s", diff)
	}
	for path, operations := range document.Paths {
		for _, o := range operations {
			for _, p := range o.Parameters {
				if p.Example == nil && len(p.Schema.Examples) == 0 {
					t.Errorf("%s: the parameter %s has no example", path, p.Name)
				}
			}
		}
		if _, reads := operations["get"]; !reads {
			continue
		}
		if diff := cmp.Diff([]string{"200", "304", "400", "404", "500", "503"}, slices.Sorted(maps.Keys(operations["get"].Responses))); diff != "" {
			t.Errorf("answers of %s (-want +got):\n%s", path, diff)
		}
	}
}

// Every answer is what the document says of it, and says whether its prices are made up.
func TestAnswersAreAsDocumented(t *testing.T) {
	for _, mark := range []store.Mark{store.Live, store.Simulated} {
		t.Run(string(mark), func(t *testing.T) { answersAreAsDocumented(t, marked(t, mark), mark == store.Simulated) })
	}
}

func answersAreAsDocumented(t *testing.T, w *world, simulated bool) {
	w.put("BTC-USD.kraken", market.Day, bar(monday, 100), bar(monday+2*86400, 102))
	w.put("XAU-USD.workshop", market.Day, fix(monday-20*86400, 1190), fix(monday, 1200))
	w.put("EUR-USD.ecb", market.Day, fix(monday, 1.25))
	w.get("/api/openapi.json")
	a := w.handler.(*api)
	for target, path := range map[string]string{
		"/api/v1/series":                                                       "/api/v1/series",
		"/api/v1/series/XAU-USD":                                               "/api/v1/series/{id}",
		"/api/v1/series/XAU-USD.workshop":                                      "/api/v1/series/{id}",
		"/api/v1/series/BTC-USD/bars?fill=previous":                            "/api/v1/series/{id}/bars",
		"/api/v1/series/BTC-USD/bars?to=1970-01-01":                            "/api/v1/series/{id}/bars",
		"/api/v1/series/XAU-USD.workshop/bars?maxPoints=2":                     "/api/v1/series/{id}/bars",
		"/api/v1/series/XAU-USD.workshop/bars?format=rows":                     "/api/v1/series/{id}/bars",
		"/api/v1/series/BTC-USD/explain?t=2024-01-15":                          "/api/v1/series/{id}/explain",
		"/api/v1/series/BTC-USD/explain?t=2020-01-15":                          "/api/v1/series/{id}/explain",
		"/api/v1/series/BTC-USD/gaps":                                          "/api/v1/series/{id}/gaps",
		"/api/v1/series/XAU-USD.workshop/gaps?from=2024-01-10":                 "/api/v1/series/{id}/gaps",
		"/api/v1/series/XAU-USD.workshop/bars?currency=EUR":                    "/api/v1/series/{id}/bars",
		"/api/v1/series/XAU-USD.workshop/bars?currency=EUR&unit=g&format=rows": "/api/v1/series/{id}/bars",
		"/api/v1/analysis":                                                     "/api/v1/analysis",
		"/api/v1/analysis/tear-sheet?series=BTC-USD":                           "/api/v1/analysis/tear-sheet",
		"/api/v1/jobs":             "/api/v1/jobs",
		"/api/v1/expensive-things": "/api/v1/expensive-things",
		"/api/v1/expensive-things?from=2000-01-01&maxPoints=2": "/api/v1/expensive-things",
		"/api/v1/rejects?series=BTC-USD.kraken":                "/api/v1/rejects",
		"/api/v1/receipts":                                     "/api/v1/receipts",
		"/api/v1/status":                                       "/api/v1/status",
		"/api/metrics/gold":                                    "/api/metrics/{name}",
	} {
		recorder := w.get(target)
		if recorder.Code != http.StatusOK {
			t.Errorf("GET %s: %d %s", target, recorder.Code, recorder.Body)
			continue
		}
		var value any
		if err := json.Unmarshal(recorder.Body.Bytes(), &value); err != nil {
			t.Errorf("GET %s: %v", target, err)
			continue
		}
		assertSays(t, target, recorder, value, simulated)
		schema := a.huma.OpenAPI().Paths[path].Get.Responses["200"].Content["application/json"].Schema
		result := huma.ValidateResult{}
		huma.Validate(a.huma.OpenAPI().Components.Schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, &result)
		for _, err := range result.Errors {
			t.Errorf("GET %s: %v", target, err)
		}
	}
}
