package tests

import (
	"regexp"
	"slices"
	"testing"

	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"assay/shared/sim"
	"assay/shared/sim/simtest"
	"assay/shared/store/storetest"
)

var warningOfTelemetry = regexp.MustCompile(`(?mi)^\S+ \[Warning\] .*(telemetry|otel|otlp).*$`)

// TestFunctionsHostTelemetry: in its OpenTelemetry mode the Functions host begins the trace of a timer, and our functions continue
// it. Clean goes on in the trace of the message and names the host's own. The host warns of nothing in this mode.
func TestFunctionsHostTelemetry(t *testing.T) {
	t.Parallel()
	script, program := findFunc(t), build(t)
	_, url := simtest.Serve(t, sim.Options{Seed: 1})
	r := newReceiver(t)
	h := newFunctionsHost(t, script, stage(t, program), storetest.Azurite(t), "ASSAY_SOURCE_URL="+url, "ASSAY_WATCHLIST=BTC-USD",
		"AzureFunctionsJobHost__telemetryMode=OpenTelemetry", "OTEL_EXPORTER_OTLP_ENDPOINT="+r.url, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
		"OTEL_BSP_SCHEDULE_DELAY=200", "OTEL_SERVICE_NAME=assay-here")
	h.start()
	if err := h.invoke("FetchKraken"); err != nil {
		t.Fatal(err)
	}
	var load, clean *trace.Span
	eventually(t, "Load, Clean and FetchKraken are in one trace", func() bool {
		for _, load = range r.named("Load") {
			if clean = r.ofTrace("Clean", load); clean != nil && r.ofTrace("FetchKraken", load) != nil {
				return true
			}
		}
		return false
	})
	eventually(t, "FetchKraken is within the host's trace", func() bool {
		if slices.ContainsFunc(r.named("FetchKraken"), func(span *trace.Span) bool { return len(span.ParentSpanId) > 0 }) {
			return true
		}
		if err := h.invoke("FetchKraken"); err != nil { // the host does not trace yet when it has just started
			t.Fatal(err)
		}
		return false
	})
	h.stop()
	h.checkErrors()
	for _, span := range []*trace.Span{clean, load} {
		if len(span.Links) != 1 || string(span.Links[0].TraceId) == string(span.TraceId) {
			t.Errorf("%s has the links %v, want the host's trace", span.Name, span.Links)
		}
	}
	for _, line := range h.logged(warningOfTelemetry) {
		t.Errorf("the host warns: %s", line)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.services["assay-here"] {
		t.Errorf("services %v, want assay-here, which OTEL_SERVICE_NAME says", r.services)
	}
}
