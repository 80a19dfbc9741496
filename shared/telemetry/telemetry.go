// Package telemetry tells what the program does in OpenTelemetry's words: traces, metrics and logs, by OTLP over HTTP.
//
// Start it once, in main, and put it into the context of everything with In. Whoever works within that context calls Span, Add,
// Waited, Fresh and Operation; host begins an Invocation. Without OTEL_EXPORTER_OTLP_ENDPOINT there is no Telemetry (nil): then
// nothing is sent, no goroutine runs, and each of these calls looks into its context and returns.
//
// The variables are OpenTelemetry's own: OTEL_EXPORTER_OTLP_*, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER,
// OTEL_BSP_*, OTEL_BLRP_*, OTEL_METRIC_EXPORT_INTERVAL, OTEL_SDK_DISABLED, and none for OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER and
// OTEL_LOGS_EXPORTER. What a receiver does not take in time is dropped: work never waits for it.
package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

const (
	scope     = "assay"
	stopLimit = 3 * time.Second // for what is not sent yet at the end
	quiet     = time.Minute     // between two records about a receiver that does not take what it is sent
)

// Telemetry is where traces, metrics and logs go. A nil Telemetry is none.
type Telemetry struct {
	tracer trace.Tracer
	meters meters
	logs   *sdklog.LoggerProvider // nil: logs are not sent
	stops  []func(context.Context) error
	told   atomic.Int64 // Unix nanoseconds of the last record in the log about the receiver

	freshMu sync.Mutex
	fresh   map[string]time.Time // end of each instrument's newest bar
}

// Start starts sending, or returns nil where getenv names no receiver. version is the program's.
func Start(ctx context.Context, getenv func(string) string, version string) (*Telemetry, error) {
	if getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" || getenv("OTEL_SDK_DISABLED") == "true" {
		return nil, nil
	}
	if p := getenv("OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && p != "http/protobuf" {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=%q: want http/protobuf, the only one that assay speaks", p)
	}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "assay"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t := &Telemetry{tracer: noop.NewTracerProvider().Tracer(scope)}
	for _, signal := range []struct {
		name  string
		start func(context.Context, *resource.Resource) error
	}{{"TRACES", t.traces}, {"METRICS", t.metrics}, {"LOGS", t.logging}} {
		switch exporter := getenv("OTEL_" + signal.name + "_EXPORTER"); exporter {
		case "", "otlp":
			if err := signal.start(ctx, about); err != nil {
				return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_*: %w", err)
			}
		case "none":
		default:
			return nil, fmt.Errorf("OTEL_%s_EXPORTER=%q: want otlp or none", signal.name, exporter)
		}
	}
	return t, nil
}

func (t *Telemetry) traces(ctx context.Context, about *resource.Resource) error {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithResource(about), sdktrace.WithBatcher(exporter))
	t.tracer, t.stops = provider.Tracer(scope), append(t.stops, provider.Shutdown)
	return nil
}

func (t *Telemetry) metrics(ctx context.Context, about *resource.Resource) error {
	exporter, err := otlpmetrichttp.New(ctx)
	if err != nil {
		return err
	}
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithResource(about), sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
	t.stops = append(t.stops, provider.Shutdown)
	t.meters, err = newMeters(provider.Meter(scope), t.observe)
	return err
}

func (t *Telemetry) logging(ctx context.Context, about *resource.Resource) error {
	exporter, err := otlploghttp.New(ctx)
	if err != nil {
		return err
	}
	t.logs = sdklog.NewLoggerProvider(sdklog.WithResource(about), sdklog.WithProcessor(sdklog.NewBatchProcessor(exporter)))
	t.stops = append(t.stops, t.logs.Shutdown)
	return nil
}

// Stop sends what is not sent yet, for three seconds at most.
func (t *Telemetry) Stop(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	var stopping sync.WaitGroup
	for _, stop := range t.stops {
		stopping.Go(func() {
			if err := stop(ctx); err != nil {
				otel.Handle(err)
			}
		})
	}
	stopping.Wait()
}

type contextKey struct{}

// In returns a context whose work is told of.
func (t *Telemetry) In(ctx context.Context) context.Context {
	if t == nil {
		return ctx
	}
	return context.WithValue(ctx, contextKey{}, t)
}

func from(ctx context.Context) *Telemetry {
	t, _ := ctx.Value(contextKey{}).(*Telemetry)
	return t
}

// trouble logs what OpenTelemetry says of the receiver, not more often than once a minute.
func (t *Telemetry) trouble(log *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		now, last := time.Now().UnixNano(), t.told.Load()
		if now-last > int64(quiet) && t.told.CompareAndSwap(last, now) {
			log.Warn("telemetry is not taken", "error", err)
		}
	}))
}
