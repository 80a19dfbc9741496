package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/config"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

func TestStatus(t *testing.T) {
	s := storetest.Open(t)
	w := newWorld(t, s)
	ctx := context.Background()
	w.put("BTC-USD.kraken", market.Day, bar(monday, 100))
	for _, queue := range []string{"raw-prices", "raw-prices", "clean-prices-poison", "jobs-poison"} {
		if err := s.Queues.Send(ctx, queue, "{}", 0); err != nil {
			t.Fatal(err)
		}
	}
	for row, values := range map[string]map[string]any{
		"breaker": {"failures": int64(3), "until": monday * 1000, "reason": "503", "kind": "unavailable"},
		"turn":    {"slot": "2024-01-15T00:00:00Z", "until": monday * 1000, "done": true, "outcome": "12 bars"},
		"cond~1":  {"etag": "x"},
	} {
		change := store.Change{Action: store.Insert, Entity: store.Entity{Partition: "kraken", Row: row, Values: values}}
		if _, err := s.Tables.Write(ctx, store.TableSources, change); err != nil {
			t.Fatal(err)
		}
	}
	got := into[Status](w, "/api/v1/status")
	if !got.Storage.Reachable || got.Version != "v1.2.3" || len(got.Sources) != len(source.All) {
		t.Errorf("got %+v; want reachable storage, v1.2.3, %d sources", got, len(source.All))
	}
	queues := map[string]int{
		"raw-prices": 2, "raw-prices-poison": 0, "clean-prices": 0, "clean-prices-poison": 1, "backfill": 0, "backfill-poison": 0, "jobs": 0, "jobs-poison": 1,
	}
	if diff := cmp.Diff(queues, got.Queues); diff != "" {
		t.Errorf("queues (-want +got):\n%s", diff)
	}
	if last := got.Series["BTC-USD"]["1d"]; last != "2024-01-15T00:00:00Z" {
		t.Errorf("last day of BTC-USD: %q, want 2024-01-15T00:00:00Z", last)
	}
	for _, one := range got.Sources {
		src, _ := source.Find(one.Source)
		if off := src.OptIn || src.Key.Setting != ""; off == one.On || off && !strings.Contains(one.Off, "ASSAY_") {
			t.Errorf("%s is on: %v, %q; want one that needs terms or a key off, and how to turn it on", one.Source, one.On, one.Off)
		}
		if one.Source != "kraken" {
			continue
		}
		want := SourceStatus{
			Source: "kraken", Title: one.Title, On: true, Turn: &Turn{"2024-01-15T00:00:00Z", true, "2024-01-15T00:00:00.000Z", "12 bars"},
			Breaker: &Breaker{"unavailable", 3, "2024-01-15T00:00:00.000Z", "503"},
		}
		if diff := cmp.Diff(want, one); diff != "" {
			t.Errorf("kraken (-want +got):\n%s", diff)
		}
	}
}

// Without storage the status is an answer that says so, and everything else a 503.
func TestNoStorage(t *testing.T) {
	nowhere := config.Storage{Connection: "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YXNzYXk=;" +
		"BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a"}
	s, err := store.Open(nowhere, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, s)
	status := into[Status](w, "/api/v1/status")
	if status.Storage.Reachable || !strings.Contains(status.Storage.Error, "does not answer") || status.Version != "v1.2.3" {
		t.Errorf("status: %+v; want storage that does not answer", status)
	}
	recorder := w.get("/api/v1/series/BTC-USD/bars")
	code, detail := problemOf(t, recorder)
	if code != http.StatusServiceUnavailable || !strings.Contains(detail, "The storage cannot be read: ") || !strings.Contains(detail, "127.0.0.1:1 does not answer") {
		t.Errorf("bars: %d %s; want 503 and a sentence that names the storage", code, detail)
	}
	if recorder.Header().Get("Retry-After") == "" || recorder.Header().Get("ETag") != "" {
		t.Errorf("headers %v; want Retry-After, no ETag", recorder.Header())
	}
}
