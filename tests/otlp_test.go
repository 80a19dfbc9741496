package tests

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collectorlogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// receiver takes OTLP over HTTP, as a collector does.
type receiver struct {
	t        *testing.T
	url      string
	mu       sync.Mutex
	services map[string]bool
	spans    []*trace.Span
	metrics  map[string][]*metrics.Metric
	logs     []*logs.LogRecord
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, services: map[string]bool{}, metrics: map[string][]*metrics.Metric{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(request.Body)
	if err == nil {
		err = r.take(request.URL.Path, body)
	}
	if err != nil || request.Header.Get("Content-Type") != "application/x-protobuf" {
		r.t.Errorf("%s of %s: %v", request.URL.Path, request.Header.Get("Content-Type"), err)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func (r *receiver) take(path string, body []byte) error {
	switch path {
	case "/v1/traces":
		var sent collectortrace.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &sent); err != nil {
			return err
		}
		for _, resource := range sent.ResourceSpans {
			r.services[attribute(resource.Resource.Attributes, "service.name")] = true
			for _, scope := range resource.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
	case "/v1/metrics":
		var sent collectormetrics.ExportMetricsServiceRequest
		if err := proto.Unmarshal(body, &sent); err != nil {
			return err
		}
		for _, resource := range sent.ResourceMetrics {
			for _, scope := range resource.ScopeMetrics {
				for _, m := range scope.Metrics {
					r.metrics[m.Name] = append(r.metrics[m.Name], m)
				}
			}
		}
	case "/v1/logs":
		var sent collectorlogs.ExportLogsServiceRequest
		if err := proto.Unmarshal(body, &sent); err != nil {
			return err
		}
		for _, resource := range sent.ResourceLogs {
			for _, scope := range resource.ScopeLogs {
				r.logs = append(r.logs, scope.LogRecords...)
			}
		}
	default:
		return fmt.Errorf("nobody sends there")
	}
	return nil
}

func attribute(attributes []*common.KeyValue, key string) string {
	for _, a := range attributes {
		if a.Key == key {
			return a.Value.GetStringValue()
		}
	}
	return ""
}

// tree prints the spans below a parent, indented, each name once among its siblings.
func (r *receiver) tree(parent []byte, indent string) string {
	below := map[string]string{}
	for _, s := range r.spans {
		if string(s.ParentSpanId) == string(parent) {
			below[s.Name] += r.tree(s.SpanId, indent+"  ")
		}
	}
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(below)) {
		text.WriteString(indent + name + "\n" + below[name])
	}
	return text.String()
}

// points prints the attributes of a metric's points, with the value of a counter and the count of a histogram.
func (r *receiver) points(name string) []string {
	var points []string
	add := func(attributes []*common.KeyValue, value string) {
		var pairs []string
		for _, a := range attributes {
			pairs = append(pairs, a.Key+"="+a.Value.GetStringValue())
		}
		slices.Sort(pairs)
		points = append(points, strings.Join(pairs, " ")+value)
	}
	for _, m := range r.metrics[name] {
		for _, p := range m.GetSum().GetDataPoints() {
			add(p.Attributes, fmt.Sprintf(": %d", p.GetAsInt()))
		}
		for _, p := range m.GetHistogram().GetDataPoints() {
			add(p.Attributes, fmt.Sprintf(": %d", p.Count))
		}
		for _, p := range m.GetGauge().GetDataPoints() {
			add(p.Attributes, "")
		}
	}
	slices.Sort(points)
	return points
}

// named returns the spans of a name so far.
func (r *receiver) named(name string) []*trace.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.spans), func(s *trace.Span) bool { return s.Name != name })
}

// ofTrace returns the span of a name in the trace of another, or nil.
func (r *receiver) ofTrace(name string, other *trace.Span) *trace.Span {
	for _, s := range r.named(name) {
		if string(s.TraceId) == string(other.TraceId) {
			return s
		}
	}
	return nil
}
