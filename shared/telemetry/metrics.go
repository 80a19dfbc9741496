package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Counter is what is counted. Attributes are names that the program knows itself, never what somebody sent: each combination is a
// series in the receiver.
type Counter string

// The counters, each with its attributes.
const (
	BarsLoaded  Counter = "assay.bars.loaded"        // source
	Rejects     Counter = "assay.rejects"            // source
	SourceCalls Counter = "assay.source.calls"       // source, outcome: answered, unchanged or the kind of failure
	Poisoned    Counter = "assay.queue.poisoned"     // queue
	operations  Counter = "assay.storage.operations" // service, class
)

var descriptions = map[Counter]string{
	BarsLoaded:  "Bars of sources that reached the consensus",
	Rejects:     "Rows and fields that were refused",
	SourceCalls: "Calls to providers",
	Poisoned:    "Messages that failed too often",
	operations:  "Requests to storage, each try of them",
}

// inSeconds are the bounds of a histogram: from what an API answer takes to the time limit of a function.
var inSeconds = []float64{0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600}

// meters are the instruments, all nil where metrics are not sent.
type meters struct {
	counters    map[Counter]metric.Int64Counter
	invocations metric.Float64Histogram
	waits       metric.Float64Histogram
}

func newMeters(meter metric.Meter, observe metric.Float64Callback) (meters, error) {
	m := meters{counters: map[Counter]metric.Int64Counter{}}
	for counter, description := range descriptions {
		var err error
		if m.counters[counter], err = meter.Int64Counter(string(counter), metric.WithDescription(description)); err != nil {
			return m, err
		}
	}
	var err error
	if m.invocations, err = meter.Float64Histogram("assay.invocation.duration", metric.WithUnit("s"),
		metric.WithDescription("Invocations of functions"), metric.WithExplicitBucketBoundaries(inSeconds...)); err != nil {
		return m, err
	}
	if m.waits, err = meter.Float64Histogram("assay.queue.wait", metric.WithUnit("s"),
		metric.WithDescription("How long a message was on its queue when it was taken"), metric.WithExplicitBucketBoundaries(inSeconds...)); err != nil {
		return m, err
	}
	_, err = meter.Float64ObservableGauge("assay.freshness", metric.WithUnit("s"),
		metric.WithDescription("Age of the newest bar of the consensus that this process settled"), metric.WithFloat64Callback(observe))
	return m, err
}

// Add counts. pairs are names and values of attributes.
func Add(ctx context.Context, counter Counter, n int, pairs ...string) {
	if t := from(ctx); t != nil && t.meters.counters != nil && n > 0 {
		t.meters.counters[counter].Add(ctx, int64(n), metric.WithAttributes(attributes(pairs)...))
	}
}

// Waited says how long a message has been on its queue.
func Waited(ctx context.Context, queue string, wait time.Duration) {
	if t := from(ctx); t != nil && t.meters.waits != nil {
		t.meters.waits.Record(ctx, max(wait, 0).Seconds(), metric.WithAttributes(attribute.String("queue", queue)))
	}
}

// Fresh says that an instrument has a consensus up to end.
func Fresh(ctx context.Context, instrument string, end time.Time) {
	t := from(ctx)
	if t == nil {
		return
	}
	t.freshMu.Lock()
	defer t.freshMu.Unlock()
	if t.fresh == nil {
		t.fresh = map[string]time.Time{}
	}
	if end.After(t.fresh[instrument]) {
		t.fresh[instrument] = end
	}
}

// observe tells the age of each instrument's newest bar.
func (t *Telemetry) observe(_ context.Context, to metric.Float64Observer) error {
	t.freshMu.Lock()
	defer t.freshMu.Unlock()
	for instrument, end := range t.fresh {
		to.Observe(time.Since(end).Seconds(), metric.WithAttributes(attribute.String("instrument", instrument)))
	}
	return nil
}

func attributes(pairs []string) []attribute.KeyValue {
	var list []attribute.KeyValue
	for n := 0; n+1 < len(pairs); n += 2 {
		list = append(list, attribute.String(pairs[n], pairs[n+1]))
	}
	return list
}
