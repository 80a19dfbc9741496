package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// marked is the API over storage with a mark.
func marked(t *testing.T, mark store.Mark) *world {
	t.Helper()
	s := storetest.Open(t)
	if err := s.Claim(t.Context(), mark); err != nil {
		t.Fatal(err)
	}
	return newWorld(t, s)
}

// assertSays checks that an answer, or each member of one that is a list, says that prices are made up, or does not.
func assertSays(t *testing.T, target string, recorder *httptest.ResponseRecorder, answer any, simulated bool) {
	t.Helper()
	header, member := "", any(nil)
	if simulated {
		header, member = "true", true
	}
	if got := recorder.Header().Get("Assay-Simulated"); got != header {
		t.Errorf("GET %s: header Assay-Simulated is %q, want %q", target, got, header)
	}
	objects, isList := answer.([]any)
	if !isList {
		objects = []any{answer}
	}
	if len(objects) == 0 {
		t.Errorf("GET %s: an empty list says nothing", target)
	}
	for _, object := range objects {
		if got := object.(map[string]any)["simulated"]; got != member {
			t.Errorf("GET %s: simulated is %v, want %v", target, got, member)
		}
	}
}

// What is no JSON object says it in the header, and the tag tells made-up bars from real ones of the same values.
func TestHeaderAndTagSayThatPricesAreMadeUp(t *testing.T) {
	simulated, live := marked(t, store.Simulated), marked(t, store.Live)
	for _, w := range []*world{simulated, live} {
		w.put("BTC-USD.kraken", market.Day, bar(monday, 100))
	}
	const bars = "/api/v1/series/BTC-USD/bars"
	for target, status := range map[string]int{
		bars: http.StatusOK, bars + "?format=csv": http.StatusOK, "/api/metrics/bitcoin": http.StatusOK,
		"/api/v1/series/BTC-EUR": http.StatusNotFound, "/api/v1/series?a=b": http.StatusBadRequest,
	} {
		made, real := simulated.get(target), live.get(target)
		got := fmt.Sprint(made.Code, " ", made.Header().Get("Assay-Simulated"), " ", real.Code, " ", real.Header().Get("Assay-Simulated"))
		if want := fmt.Sprint(status, " true ", status, " "); got != want {
			t.Errorf("GET %s: got %q, want %q", target, got, want)
		}
		if status == http.StatusOK && made.Header().Get("ETag") == real.Header().Get("ETag") {
			t.Errorf("GET %s: the ETag %s of made-up prices is that of real ones", target, made.Header().Get("ETag"))
		}
	}
	tag := simulated.get(bars).Header().Get("ETag")
	if again := simulated.get(bars, "If-None-Match", tag); again.Code != http.StatusNotModified || again.Header().Get("Assay-Simulated") != "true" {
		t.Errorf("with its tag: %d %v, want 304 with the header", again.Code, again.Header())
	}
}

// An answer without a mark would pass for one of real prices.
func TestMarkThatCannotBeReadIsNoAnswer(t *testing.T) {
	settings := storetest.Azurite(t)
	if err := storetest.Reopen(t, settings).Claim(t.Context(), store.Simulated); err != nil {
		t.Fatal(err)
	}
	for failing, want := range map[bool]int{false: http.StatusOK, true: http.StatusInternalServerError} {
		fail := &storetest.Fail{Count: -1, Match: func(r *http.Request) bool { return failing && strings.Contains(r.URL.Path, "RowKey='mark'") }}
		if got := newWorld(t, storetest.Reopen(t, settings, fail)).get("/api/v1/series"); got.Code != want {
			t.Errorf("mark fails %v: got %d %s, want %d", failing, got.Code, got.Body, want)
		}
	}
}
