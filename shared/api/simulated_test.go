package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

func marked(t *testing.T, mark store.Mark) *world {
	t.Helper()
	s := storetest.Open(t)
	if err := s.Claim(t.Context(), mark); err != nil {
		t.Fatal(err)
	}
	return answeredWorld(t, s)
}

// says returns the member simulated of an answer, of each member of a list.
func says(t *testing.T, body []byte) (all []any) {
	t.Helper()
	var object map[string]any
	var list []map[string]any
	if err := json.Unmarshal(body, &object); err == nil {
		return append(all, object["simulated"])
	}
	if err := json.Unmarshal(body, &list); err != nil || len(list) == 0 {
		t.Fatalf("no object and no list with members: %s", body)
	}
	for _, member := range list {
		all = append(all, member["simulated"])
	}
	return all
}

func TestEveryAnswerSaysThatItsPricesAreMadeUp(t *testing.T) {
	simulated, live := marked(t, store.Simulated), marked(t, store.Live)
	for target := range asked {
		made, real := simulated.get(target), live.get(target)
		if got := says(t, made.Body.Bytes()); slices.ContainsFunc(got, func(v any) bool { return v != true }) || made.Header().Get("Assay-Simulated") != "true" {
			t.Errorf("GET %s: simulated %v, header %q; want true", target, got, made.Header().Get("Assay-Simulated"))
		}
		if got := says(t, real.Body.Bytes()); slices.ContainsFunc(got, func(v any) bool { return v != nil }) || real.Header().Get("Assay-Simulated") != "" {
			t.Errorf("GET %s of real prices: simulated %v, header %q; want none", target, got, real.Header().Get("Assay-Simulated"))
		}
		if made.Header().Get("ETag") == real.Header().Get("ETag") {
			t.Errorf("GET %s: the ETag %s of made-up prices is that of real ones", target, made.Header().Get("ETag"))
		}
	}
	for target, status := range map[string]int{
		"/api/v1/series/BTC-USD/bars?format=csv": http.StatusOK, "/api/v1/series/BTC-EUR": http.StatusNotFound, "/api/v1/series?a=b": http.StatusBadRequest,
	} {
		made := simulated.get(target)
		if made.Code != status || made.Header().Get("Assay-Simulated") != "true" {
			t.Errorf("GET %s: %d, header %q; want %d and true", target, made.Code, made.Header().Get("Assay-Simulated"), status)
		}
	}
}

// A resource that is added has to be asked here too.
func TestEveryPathIsAsked(t *testing.T) {
	w := newWorld(t, nil)
	w.get("/api/openapi.json")
	for path, item := range w.handler.(*api).huma.OpenAPI().Paths {
		if item.Get != nil && !slices.Contains(slices.Collect(maps.Values(asked)), path) {
			t.Errorf("nothing in asked is a question to %s", path)
		}
	}
}

// An answer without a mark would pass for one of real prices.
func TestMarkThatCannotBeReadIsNoAnswer(t *testing.T) {
	settings := storetest.Azurite(t)
	s := storetest.Reopen(t, settings)
	if err := s.Claim(t.Context(), store.Simulated); err != nil {
		t.Fatal(err)
	}
	answeredWorld(t, s)
	for _, failing := range []bool{false, true} {
		fail := &storetest.Fail{Count: -1, Match: func(r *http.Request) bool { return failing && strings.Contains(r.URL.Path, "mark") }}
		w := newWorld(t, storetest.Reopen(t, settings, fail))
		got := fmt.Sprint(w.get("/api/v1/series").Code, " ", w.get("/api/v1/status").Code)
		if want := map[bool]string{false: "200 200", true: "500 500"}[failing]; got != want {
			t.Errorf("mark fails %v: got %s, want %s", failing, got, want)
		}
	}
}
