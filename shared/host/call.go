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

	"assay/shared/telemetry"
)

var errDeadline = errors.New("its deadline passed")

// invocation is one run of a timer or queue function.
type invocation struct {
	id      string
	log     *slog.Logger // carries what the caller knows of it
	payload []byte
}

// invocation makes an invocation; known are names and values that its records in the log carry.
func (h *Host) invocation(id string, payload []byte, known ...any) invocation {
	return invocation{id, h.log.With("invocation", id).With(known...), payload}
}

// call runs a timer or queue function once and logs how it ended. It returns soon after the function's deadline, or after work ends, at
// the latest, even if the function does not: then the call is a failure, and what it still does must be harmless when it runs again.
func (h *Host) call(work context.Context, f *function, i invocation) error {
	ctx, end := telemetry.Invocation(work, f.Name, f.Trigger.faas(), i.id)
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
		ended <- f.work(ctx, i.payload)
	}()
	err := h.await(work, ctx, ended)
	log := i.log.With("function", f.Name, "seconds", time.Since(began).Seconds())
	if err != nil {
		log.ErrorContext(ctx, "failed", "error", err)
	} else {
		log.InfoContext(ctx, "done")
	}
	end(err)
	h.wakeLoops() // it may have queued something
	return err
}

// await returns how a function ended. One that goes on when ctx is done is given a little longer: the grace of the settings, and once
// work is done, from which ctx follows, no more than the notice of a stop.
func (h *Host) await(work, ctx context.Context, ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.settings.grace())
	defer cancel()
	defer context.AfterFunc(work, func() { time.AfterFunc(h.notice(), cancel) })()
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, context.Cause(ctx)) {
			err = fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		}
		return err
	case <-patience.Done():
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

// wakeLoops makes the idle queue loops of this process look at once.
func (h *Host) wakeLoops() {
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
