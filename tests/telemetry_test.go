package tests

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/config"
	"assay/shared/sim"
	"assay/shared/sim/simtest"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// flow fetches from a simulated market, cleans and loads, each in a process of its own, and returns what they logged.
func flow(t *testing.T, binary string, storage config.Storage, environment ...string) []map[string]any {
	t.Helper()
	_, url := simtest.Serve(t, sim.Options{Seed: 1})
	var records []map[string]any
	for _, name := range []string{"FetchKraken", "Clean", "Load"} {
		c := command(storage, binary, "invoke", name)
		c.Env = append(append(c.Env, "ASSAY_SOURCE_URL="+url, "ASSAY_WATCHLIST=BTC-USD"), environment...)
		out, err := c.Output()
		if err != nil {
			t.Fatalf("invoke %s: %v\n%s", name, err, out)
		}
		for line := range strings.Lines(string(out)) {
			var record map[string]any
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Errorf("invoke %s printed what is no JSON: %s", name, line)
			}
			records = append(records, record)
		}
	}
	return records
}

// loadedBars returns how many bars the storage's only receipt says were loaded.
func loadedBars(t *testing.T, storage config.Storage) int {
	t.Helper()
	receipts, err := storetest.Reopen(t, storage).Receipts(t.Context(), "kraken", time.Now().Add(-time.Hour).UnixMilli(), time.Now().UnixMilli())
	if err != nil || len(receipts) != 1 || receipts[0].State != store.Loaded || receipts[0].Bars == 0 {
		t.Fatalf("receipts %+v, %v: want one, loaded, with bars", receipts, err)
	}
	return receipts[0].Bars
}

// TestTelemetry: one tree goes from Fetch through Clean and Load, which are three processes here.
func TestTelemetry(t *testing.T) {
	t.Parallel()
	r, storage := newReceiver(t), storetest.Azurite(t)
	records := flow(t, build(t), storage, "OTEL_EXPORTER_OTLP_ENDPOINT="+r.url)
	bars := loadedBars(t, storage)
	r.mu.Lock()
	defer r.mu.Unlock()
	want := `FetchKraken
  ask
  keep
    Clean
      Load
        settle
      merge
      open raw
    put raw
`
	if diff := cmp.Diff(want, r.tree(nil, "")); diff != "" {
		t.Errorf("tree of spans (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"assay": true}, r.services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	for name, want := range map[string][]string{
		"assay.bars.loaded":         {fmt.Sprintf("source=kraken: %d", bars)},
		"assay.freshness":           {"instrument=BTC-USD"},
		"assay.source.calls":        {"outcome=answered source=kraken: 3"},
		"assay.queue.wait":          {"queue=clean-prices: 1", "queue=raw-prices: 1"},
		"assay.invocation.duration": {"function=Clean outcome=done trigger=pubsub: 1", "function=FetchKraken outcome=done trigger=timer: 1", "function=Load outcome=done trigger=pubsub: 1"},
	} {
		if diff := cmp.Diff(want, r.points(name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(r.points("assay.storage.operations")) == 0 {
		t.Error("no storage operations are counted")
	}
	checkLogs(t, r, records)
}

// checkLogs wants the same three records on stdout and at the receiver, each in its invocation's span.
func checkLogs(t *testing.T, r *receiver, records []map[string]any) {
	t.Helper()
	spans := map[string]string{} // id of a span → function
	for _, s := range r.spans {
		if name := attribute(s.Attributes, "faas.name"); name != "" {
			spans[hex.EncodeToString(s.TraceId)+" "+hex.EncodeToString(s.SpanId)] = name + " " + attribute(s.Attributes, "faas.invocation_id")
		}
	}
	var printed, sent []string
	for _, record := range records {
		at := spans[fmt.Sprint(record["trace_id"], " ", record["span_id"])]
		if at != fmt.Sprint(record["function"], " ", record["invocation"]) {
			t.Errorf("record %v is of the span of %q", record, at)
		}
		printed = append(printed, fmt.Sprint(record["msg"], " ", at))
	}
	for _, record := range r.logs {
		at := spans[hex.EncodeToString(record.TraceId)+" "+hex.EncodeToString(record.SpanId)]
		sent = append(sent, record.Body.GetStringValue()+" "+at)
	}
	slices.Sort(printed)
	slices.Sort(sent)
	if diff := cmp.Diff(printed, sent); diff != "" || len(sent) != 3 {
		t.Errorf("%d log records (-printed +sent):\n%s", len(sent), diff)
	}
}

// TestTelemetryOfARequest: what a client sends with a traceparent goes on in the client's trace, until it is loaded.
func TestTelemetryOfARequest(t *testing.T) {
	t.Parallel()
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	r, port := newReceiver(t), freePort(t)
	c := command(storetest.Azurite(t), build(t), "run", "--port", port, "--only", "Ingest,Clean,Load")
	c.Env = append(c.Env, "OTEL_EXPORTER_OTLP_ENDPOINT="+r.url, "OTEL_BSP_SCHEDULE_DELAY=100")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	eventually(t, "a push is taken", func() bool {
		push, err := http.NewRequest("POST", "http://127.0.0.1:"+port+"/api/v1/ingest/BTC-USD.mine?interval=1d", strings.NewReader("time,close\n2024-01-15,42000\n"))
		if err != nil {
			t.Fatal(err)
		}
		push.Header.Set("Content-Type", "text/csv")
		push.Header.Set("Traceparent", "00-"+trace+"-"+parent+"-01")
		answer, err := http.DefaultClient.Do(push)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusAccepted
	})
	eventually(t, "the spans of all three functions have come", func() bool {
		return len(r.named("Ingest")) > 0 && len(r.named("Clean")) > 0 && len(r.named("Load")) > 0
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	caller, _ := hex.DecodeString(parent)
	want := "Ingest\n  keep\n    Clean\n      Load\n        settle\n      merge\n      open raw\n    put raw\n"
	if diff := cmp.Diff(want, r.tree(caller, "")); diff != "" {
		t.Errorf("tree of spans (-want +got):\n%s", diff)
	}
	for _, s := range r.spans {
		if id := hex.EncodeToString(s.TraceId); id != trace {
			t.Errorf("%s is of the trace %s, want %s", s.Name, id, trace)
		}
		if status := attribute(s.Attributes, "http.response.status_code"); s.Name == "Ingest" && status != "202" {
			t.Errorf("Ingest has the status %q, want 202", status)
		}
	}
}

// TestTelemetryOfNobody: a receiver that is not there, or that never answers, loses no price and fails nothing; one that is not
// named gets nothing.
func TestTelemetryOfNobody(t *testing.T) {
	t.Parallel()
	binary := build(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	off := newReceiver(t)
	t.Cleanup(func() { // when all have ended
		if len(off.services)+len(off.metrics)+len(off.logs) > 0 {
			t.Error("the receiver got what it should not")
		}
	})
	for name, environment := range map[string][]string{
		"not there": {"OTEL_EXPORTER_OTLP_ENDPOINT=http://user:hush@127.0.0.1:" + freePort(t)},
		"silent":    {"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + silent.Addr().String()},
		"not named": {"OTEL_EXPORTER_OTLP_ENDPOINT="},
		"off":       {"OTEL_EXPORTER_OTLP_ENDPOINT=" + off.url, "OTEL_SDK_DISABLED=true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storage := storetest.Azurite(t)
			records := flow(t, binary, storage, environment...)
			loadedBars(t, storage)
			told := 0
			for _, record := range records {
				if record["msg"] == "failed" || strings.Contains(fmt.Sprint(record), "hush") {
					t.Errorf("record %v", record)
				}
				if record["msg"] == "telemetry is not taken" {
					told++
				}
			}
			if want := map[string]int{"not there": 3, "silent": 3}[name]; told != want {
				t.Errorf("%d records say that the receiver takes nothing, want %d: one of each process", told, want)
			}
		})
	}
}

// TestTelemetryRefuses what it cannot do, before anything runs.
func TestTelemetryRefuses(t *testing.T) {
	binary := build(t)
	for setting, want := range map[string]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc":  `OTEL_EXPORTER_OTLP_PROTOCOL="grpc": want http/protobuf`,
		"OTEL_TRACES_EXPORTER=jaeger":       `OTEL_TRACES_EXPORTER="jaeger": want otlp or none`,
		"OTEL_RESOURCE_ATTRIBUTES=no-value": `OTEL_RESOURCE_ATTRIBUTES: `,
	} {
		c := exec.Command(binary, "invoke", "Clean")
		c.Env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", setting}
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, %s: want %s", setting, err, out, want)
		}
	}
}
