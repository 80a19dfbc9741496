package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"assay/shared/telemetry"
)

// maxEnvelope bounds an invocation's body: a queue message is at most 64 KiB.
const maxEnvelope = 1 << 20

// ErrStopped is how CustomHandler ends when it was told to stop. The process must not exit with 0 then: the Functions host
// does not start such a handler again, and every later invocation fails.
var ErrStopped = errors.New("stopped")

// CustomHandler serves the Functions host on listener until ctx is done (ErrStopped) or the process that started this one is
// gone (nil). Nothing else ends it.
func (h *Host) CustomHandler(ctx context.Context, listener net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(watchParent(ctx)) }()
	server := h.server(h.handler())
	context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), errOrphan) {
			_ = server.Close() // nobody waits for an answer
		}
	})
	err := h.serve(ctx, server, listener)
	switch {
	case errors.Is(context.Cause(ctx), errOrphan):
		h.log.Info("the process that started this one is gone: ending")
		return nil
	case err == nil:
		return ErrStopped
	}
	return err
}

// handler answers the Functions host: a POST to /<FunctionName> without X-Forwarded-Host is an invocation, which no client
// can send since the Functions host sets that header on what it proxies; everything else is a client's request.
func (h *Host) handler() http.Handler {
	all, _ := h.choose(nil)
	clients := newRouter(all, h.guard)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := h.find(strings.TrimPrefix(r.URL.Path, "/"))
		_, proxied := r.Header["X-Forwarded-Host"]
		if r.Method != http.MethodPost || proxied || f == nil || f.Trigger == HTTP {
			clients.ServeHTTP(w, r)
			return
		}
		if err := h.invoked(w, r, f); err != nil {
			// Only the status counts for the Functions host; the body is for a person with curl.
			writeJSON(w, "application/json", http.StatusInternalServerError, map[string]string{"error": err.Error()})
			return
		}
		// An empty answer would hang until functionTimeout, and then the process is killed.
		writeJSON(w, "application/json", http.StatusOK, struct{}{})
	})
}

func (h *Host) invoked(w http.ResponseWriter, r *http.Request, f *function) error {
	ctx := telemetry.FromRequest(r.Context(), r.Header)
	e, payload, err := readInvocation(w, r, f)
	i := h.invocation(invocationID(r), payload)
	if err != nil {
		i.log.ErrorContext(ctx, "failed", "function", f.Name, "error", err)
		return err
	}
	if tries := e.tries(); tries > 0 {
		i.log = i.log.With("try", tries)
	}
	if f.Trigger == Queue {
		ctx = telemetry.FromMessage(ctx, payload)
		if inserted := e.inserted(); !inserted.IsZero() {
			telemetry.Waited(ctx, f.Queue, time.Since(inserted))
		}
	}
	return h.call(ctx, f, i)
}

func readInvocation(w http.ResponseWriter, r *http.Request, f *function) (envelope, []byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEnvelope))
	if err != nil {
		return envelope{}, nil, fmt.Errorf("read invocation: %w", err)
	}
	e, err := decodeEnvelope(body)
	if err != nil {
		return envelope{}, nil, err
	}
	value, err := e.value(f.Input)
	if err != nil {
		return envelope{}, nil, err
	}
	payload, err := payload(f, value)
	return e, payload, err
}

func payload(f *function, value json.RawMessage) ([]byte, error) {
	if f.Trigger == Queue {
		return message(value), nil
	}
	turn, err := turn(value, f.Schedule, time.Now())
	return turn.encode(), err
}

var errOrphan = errors.New("parent process is gone")

// watchParent returns errOrphan when this process got another parent, which is so when the first one died: a Functions host
// that was killed leaves its handler behind. It returns nil when ctx is done.
func watchParent(ctx context.Context) error {
	parent := os.Getppid()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if os.Getppid() != parent {
				return errOrphan
			}
		}
	}
}
