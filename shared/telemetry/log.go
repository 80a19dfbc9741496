package telemetry

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/trace"
)

// Logger logs one line of JSON for each record to out, with the ids of the span in its context, and sends the record where logs are sent.
// What goes wrong with the sending itself is logged to out as well, once a minute. It works on a nil Telemetry.
func (t *Telemetry) Logger(out io.Writer) *slog.Logger {
	lines := slog.Handler(traced{slog.NewJSONHandler(out, nil)})
	if t == nil {
		return slog.New(lines)
	}
	t.trouble(slog.New(lines))
	if t.logs == nil {
		return slog.New(lines)
	}
	return slog.New(slog.NewMultiHandler(lines, otelslog.NewHandler(scope, otelslog.WithLoggerProvider(t.logs))))
}

// traced adds the ids of the span.
type traced struct{ slog.Handler }

func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(attrs)} }

func (h traced) WithGroup(name string) slog.Handler { return traced{h.Handler.WithGroup(name)} }
