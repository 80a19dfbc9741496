package telemetry

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Span begins a part of a trace; end ends it, with the error that it ended with. pairs are names and values of attributes.
func Span(ctx context.Context, name string, pairs ...string) (_ context.Context, end func(error)) {
	t := from(ctx)
	if t == nil {
		return ctx, func(error) {}
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(attributes(pairs)...))
	return ctx, func(err error) { finish(span, err) }
}

func finish(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

// The triggers, as OpenTelemetry names them in faas.trigger.
const (
	Timer = "timer"
	Queue = "pubsub"
	HTTP  = "http"
)

// Invocation begins the span of one invocation, which tells how many storage operations it took, each kind an attribute: one span for
// each of them would be hundreds. end takes more attributes; it also counts the invocation.
func Invocation(ctx context.Context, function, trigger, id string) (_ context.Context, end func(err error, pairs ...string)) {
	if t := from(ctx); t != nil {
		return t.invocation(ctx, function, trigger, id)
	}
	return ctx, func(error, ...string) {}
}

func (t *Telemetry) invocation(ctx context.Context, function, trigger, id string) (_ context.Context, end func(err error, pairs ...string)) {
	began := time.Now()
	ctx, tally := Tallied(ctx)
	kind := map[string]trace.SpanKind{Timer: trace.SpanKindInternal, Queue: trace.SpanKindConsumer, HTTP: trace.SpanKindServer}[trigger]
	options := []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(
		attribute.String("faas.name", function), attribute.String("faas.trigger", trigger), attribute.String("faas.invocation_id", id))}
	if caller, ok := ctx.Value(callerKey{}).(trace.SpanContext); ok {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: caller}))
	}
	ctx, span := t.tracer.Start(ctx, function, options...)
	return ctx, func(err error, pairs ...string) {
		outcome := "done"
		if err != nil {
			outcome = "failed"
		}
		if t.meters.invocations != nil {
			t.meters.invocations.Record(ctx, time.Since(began).Seconds(), metric.WithAttributes(
				attribute.String("function", function), attribute.String("trigger", trigger), attribute.String("outcome", outcome)))
		}
		span.SetAttributes(tally.attributes()...)
		span.SetAttributes(attributes(pairs)...)
		finish(span, err)
	}
}

// FromRequest returns a context that continues the trace of whoever sent a request. A trace that nobody keeps is none: the
// Functions host sends such a one with every proxied request while it sends no telemetry itself.
func FromRequest(ctx context.Context, header http.Header) context.Context {
	if from(ctx) == nil {
		return ctx
	}
	if sent := parse(header.Get("Traceparent")); sent.IsSampled() {
		return trace.ContextWithRemoteSpanContext(ctx, sent)
	}
	return ctx
}

// callerKey is of the trace that a message's own displaced.
type callerKey struct{}

// FromMessage returns a context that continues the trace of whoever sent a queue message, JSON with a traceparent. Where ctx
// continues the Functions host's, Invocation links that: a tree has one parent.
func FromMessage(ctx context.Context, message []byte) context.Context {
	if from(ctx) == nil {
		return ctx
	}
	var pointer struct {
		Traceparent string `json:"traceparent"`
	}
	if json.Unmarshal(message, &pointer) != nil {
		return ctx
	}
	sent := parse(pointer.Traceparent)
	if !sent.IsValid() {
		return ctx
	}
	if caller := trace.SpanContextFromContext(ctx); caller.IsValid() {
		ctx = context.WithValue(ctx, callerKey{}, caller)
	}
	return trace.ContextWithRemoteSpanContext(ctx, sent)
}

// Traceparent is what a message carries so that its receiver continues the trace (W3C Trace Context), empty outside of one.
func Traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// parse returns the zero SpanContext for what is no traceparent.
func parse(traceparent string) trace.SpanContext {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
	return trace.SpanContextFromContext(ctx)
}
