package host

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/shared/telemetry"
)

// drainPolling is the longest wait of an idle loop of Drain, and how often it asks whether it may end while others work.
const drainPolling = 250 * time.Millisecond

// Invoke runs one function once, with payload as a timer's or a queue message's payload. Without one (nil) a timer runs its
// latest slot, and a queue function takes waiting messages, as Run would, until none is left or three quarters of the deadline
// have passed. It fails when any invocation did. A message that failed is tried again by whoever takes it next.
func (h *Host) Invoke(ctx context.Context, name string, payload []byte) error {
	chosen, err := h.choose([]string{name})
	if err != nil {
		return err
	}
	f := chosen[0]
	switch {
	case f.Trigger == HTTP:
		return fmt.Errorf("%s answers HTTP: start it with assay run --only %s", name, name)
	case f.Trigger == Queue && payload == nil:
		return h.takeWaiting(ctx, f)
	case payload == nil:
		payload = Turn{f.Schedule.Last(time.Now()), false}.encode()
	}
	if f.Trigger == Queue {
		ctx = telemetry.FromMessage(ctx, payload)
	}
	return h.call(ctx, f, h.invocation(rand.Text(), payload))
}

// AwaitSlot waits until the schedule of a timer function occurs within this minute. It returns at once when that has passed, or
// is not in this minute. cron and Kubernetes start a program at second 0: without AwaitSlot, Invoke would run the slot before.
func (h *Host) AwaitSlot(ctx context.Context, name string) error {
	chosen, err := h.choose([]string{name})
	if err != nil {
		return err
	}
	f := chosen[0]
	if f.Trigger != Timer {
		return fmt.Errorf("%s has no schedule to wait for", name)
	}
	now := time.Now()
	next := f.Schedule.Next(now)
	if next.Truncate(time.Minute).Equal(now.Truncate(time.Minute)) && !waitUntil(ctx, next) {
		return fmt.Errorf("wait for %s: %w", next.Format(time.TimeOnly), context.Cause(ctx))
	}
	return nil
}

func (h *Host) takeWaiting(ctx context.Context, f *function) error {
	take, cancel := context.WithTimeout(ctx, h.settings.Deadline()*3/4)
	defer cancel()
	work, done := h.outlive(ctx)
	defer done()
	loop := h.newLoop(f)
	loop.once = true
	if err := loop.run(take, work); err != nil {
		return err
	}
	if failed := loop.failed.Load(); failed > 0 {
		return fmt.Errorf("%s: %d of %d messages failed", f.Name, failed, loop.taken.Load())
	}
	return nil
}

// Drain runs the loops of the named queue functions, looking often, until done says that it is enough or ctx ends. It is for
// a command that queues work and waits until it is done, by whomever: other processes may take messages meanwhile. done is
// asked whenever a function has ended here, and else four times a second. What is in hand is finished before Drain returns.
func (h *Host) Drain(ctx context.Context, names []string, done func(context.Context) (bool, error)) error {
	chosen, err := h.choose(names)
	if err != nil {
		return err
	}
	take, stop := context.WithCancel(ctx)
	defer stop()
	work, cancel := h.outlive(take)
	defer cancel()
	var group errgroup.Group
	for _, f := range chosen {
		if f.Trigger != Queue {
			return fmt.Errorf("%s takes no messages", f.Name)
		}
		loop := h.newLoop(f)
		loop.longest = drainPolling
		group.Go(func() error { return loop.run(take, work) })
	}
	group.Go(func() error {
		defer stop()
		return h.poll(ctx, done)
	})
	return group.Wait()
}

// poll asks until the answer is yes, an error, or ctx is done.
func (h *Host) poll(ctx context.Context, done func(context.Context) (bool, error)) error {
	tick := time.NewTicker(drainPolling)
	defer tick.Stop()
	for {
		if enough, err := done(ctx); enough || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-h.worked:
		case <-tick.C:
		}
	}
}
