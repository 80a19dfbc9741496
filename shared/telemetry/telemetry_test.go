package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// The traces of these tests, as W3C's Trace Context writes them.
const (
	sampled   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	message   = `{"v":1,"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}`
)

// recording is a Telemetry whose spans a test reads.
func recording() (*Telemetry, *tracetest.InMemoryExporter) {
	spans := tracetest.NewInMemoryExporter()
	return &Telemetry{tracer: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer(scope)}, spans
}

// Without a receiver nothing runs, nothing is allocated, and messages carry nothing.
func TestNothingWithoutAReceiver(t *testing.T) {
	before := runtime.NumGoroutine()
	none, err := Start(t.Context(), func(string) string { return "" }, "v1")
	if none != nil || err != nil {
		t.Fatalf("Start: %v, %v, want nothing", none, err)
	}
	if n := runtime.NumGoroutine(); n != before {
		t.Errorf("%d goroutines more", n-before)
	}
	ctx := none.In(t.Context())
	none.Stop(ctx)
	body := []byte(message)
	header := http.Header{"Traceparent": {sampled}}
	if n := testing.AllocsPerRun(100, func() {
		ctx, end := Invocation(FromMessage(FromRequest(ctx, header), body), "Clean", Queue, "1")
		ctx, endSpan := Span(ctx, "merge", "series", "BTC-USD.kraken")
		Add(ctx, Rejects, 1, "source", "kraken")
		Waited(ctx, "raw-prices", time.Second)
		Fresh(ctx, "BTC-USD", time.Time{})
		Operation(ctx, Kind{"blob", Read})
		endSpan(nil)
		end(nil)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	if got := Traceparent(FromRequest(ctx, header)); got != "" {
		t.Errorf("traceparent %q, want none", got)
	}
}

func TestWhoseTraceIsContinued(t *testing.T) {
	tests := []struct {
		name, header, message string
		parent, link          string // span ids
	}{
		{"nobody's", "", "", "0000000000000000", ""},
		{"the Functions host's", sampled, "", "b7ad6b7169203331", ""},
		{"one that the Functions host does not keep", unsampled, "", "0000000000000000", ""},
		{"the message's", "", message, "00f067aa0ba902b7", ""},
		{"the message's before the Functions host's", sampled, message, "00f067aa0ba902b7", "b7ad6b7169203331"},
		{"a message that names none", sampled, `{"v":1}`, "b7ad6b7169203331", ""},
		{"a message that names nonsense", sampled, `{"traceparent":"00-1-2-01"}`, "b7ad6b7169203331", ""},
		{"what is no message", sampled, `"`, "b7ad6b7169203331", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			telemetry, spans := recording()
			ctx := FromRequest(telemetry.In(t.Context()), http.Header{"Traceparent": {test.header}})
			_, end := Invocation(FromMessage(ctx, []byte(test.message)), "Clean", Queue, "1")
			end(nil)
			span := spans.GetSpans()[0]
			link := ""
			for _, l := range span.Links {
				link += l.SpanContext.SpanID().String()
			}
			if parent := span.Parent.SpanID().String(); parent != test.parent || link != test.link {
				t.Errorf("parent %s, link %q, want %s, %q", parent, link, test.parent, test.link)
			}
		})
	}
}

// An invocation's span says what it cost and how it ended, and what it sends on names its spans.
func TestInvocation(t *testing.T) {
	telemetry, spans := recording()
	ctx, end := Invocation(telemetry.In(t.Context()), "Clean", Queue, "7")
	for range 3 {
		Operation(ctx, Kind{"table", Write})
	}
	inner, endInner := Span(ctx, "merge", "series", "BTC-USD.kraken")
	carried := Traceparent(inner)
	endInner(nil)
	end(errors.New("the storage is busy"))
	merge, clean := spans.GetSpans()[0], spans.GetSpans()[1]
	if want := "00-" + merge.SpanContext.TraceID().String() + "-" + merge.SpanContext.SpanID().String() + "-01"; carried != want {
		t.Errorf("traceparent %s, want %s", carried, want)
	}
	if merge.Parent.SpanID() != clean.SpanContext.SpanID() {
		t.Error("merge is not within Clean")
	}
	got := map[string]any{}
	for _, a := range clean.Attributes {
		got[string(a.Key)] = a.Value.AsInterface()
	}
	want := map[string]any{"faas.name": "Clean", "faas.trigger": "pubsub", "faas.invocation_id": "7", "assay.storage.table.write": int64(3)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if clean.Status.Description != "the storage is busy" {
		t.Errorf("status %+v, want the error", clean.Status)
	}
}

// A line of the log names the span that it was written in; an instrument's newest bar never goes back.
func TestLogAndFreshness(t *testing.T) {
	telemetry, _ := recording()
	var out bytes.Buffer
	ctx, end := Span(telemetry.In(context.Background()), "keep")
	defer end(nil)
	telemetry.Logger(&out).With("invocation", "7").InfoContext(ctx, "done", slog.String("function", "Clean"))
	var record map[string]any
	if err := json.Unmarshal(out.Bytes(), &record); err != nil {
		t.Fatal(err)
	}
	if got, want := "00-"+record["trace_id"].(string)+"-"+record["span_id"].(string)+"-01", Traceparent(ctx); got != want || record["invocation"] != "7" {
		t.Errorf("record %v, want invocation 7 and the ids of %s", record, want)
	}
	for _, unix := range []int64{100, 300, 200} {
		Fresh(ctx, "BTC-USD", time.Unix(unix, 0))
	}
	if got := telemetry.fresh["BTC-USD"].Unix(); got != 300 {
		t.Errorf("newest bar ends at %d, want 300", got)
	}
}
