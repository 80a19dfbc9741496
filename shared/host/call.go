package host

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

var errDeadline = errors.New("its deadline passed")

// call runs a timer or queue function once and logs how it ended. It returns at the function's deadline at the latest, even
// if the function does not: then the call is a failure, and what it still does must be harmless when it runs again.
// log carries what the caller knows of this invocation.
func (h *Host) call(ctx context.Context, f *function, log *slog.Logger, payload []byte) error {
	ctx, cancel := h.withDeadline(ctx)
	defer cancel()
	began := time.Now()
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				ended <- panicked(p)
			}
		}()
		ended <- f.work(ctx, payload)
	}()
	err := h.await(ctx, ended)
	log = log.With("function", f.Name, "seconds", time.Since(began).Seconds())
	if err != nil {
		log.Error("failed", "error", err)
	} else {
		log.Info("done")
	}
	h.Wake() // it may have queued something
	return err
}

func (h *Host) await(ctx context.Context, ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, context.Cause(ctx)) {
			err = fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		}
		return err
	case <-time.After(h.settings.grace()):
		return fmt.Errorf("did not end in time: %w", context.Cause(ctx))
	}
}

func (h *Host) withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, h.settings.Deadline(), errDeadline)
}

// panicked is a recovered panic as an error, with the stack of who panicked.
func panicked(p any) error { return fmt.Errorf("panic: %v\n%s", p, debug.Stack()) }

// invocationID is the Functions host's name for this invocation, or one of our own.
func invocationID(r *http.Request) string {
	if id := r.Header.Get("X-Azure-Functions-Invocationid"); id != "" {
		return id
	}
	return rand.Text()
}

// Wake makes idle queue loops of this process look at once. Call it after putting a message on a queue.
func (h *Host) Wake() {
	for _, wake := range h.wakes {
		nudge(wake)
	}
	nudge(h.worked)
}

func nudge(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default: // it will look anyway
	}
}
