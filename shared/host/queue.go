package host

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/shared/store"
	"assay/shared/telemetry"
)

const (
	minPolling = 100 * time.Millisecond // first wait of an idle loop, as the Functions host has it
	maxOutage  = 30 * time.Second       // longest wait of a loop whose storage does not answer, if an idle one does not wait longer
	opLimit    = 30 * time.Second       // for one request about a message
)

// queueLoop takes messages for one function as the Functions host's queue listener does: batches, retries after the
// visibility timeout, the poison queue after the last try.
type queueLoop struct {
	*Host
	f       *function
	wake    <-chan struct{}
	longest time.Duration // between two looks at an idle queue
	once    bool          // end when no message is visible and none is in hand
	failed  atomic.Int64  // invocations that ended with an error
	taken   atomic.Int64  // messages taken
}

func (h *Host) newLoop(f *function) *queueLoop {
	return &queueLoop{Host: h, f: f, wake: h.wakes[f.Name], longest: h.settings.Queues.MaxPollingInterval}
}

// run takes messages until take is done, then waits for those in hand. work is the context of what is in hand: it ends later.
// A storage outage is logged and waited for; with once it is the error.
func (l *queueLoop) run(take, work context.Context) error {
	limits := l.settings.Queues
	var hands errgroup.Group
	hands.SetLimit(limits.BatchSize + limits.NewBatchThreshold)
	defer hands.Wait() //nolint:errcheck // no hand returns one
	freed := make(chan struct{}, limits.BatchSize+limits.NewBatchThreshold)
	inHand := 0
	idle := backoff{longest: l.longest}
	outage := backoff{longest: max(maxOutage, l.longest)}
	for take.Err() == nil {
		inHand -= waiting(freed)
		if inHand > limits.NewBatchThreshold {
			select {
			case <-freed:
				inHand--
			case <-take.Done():
			}
			continue
		}
		messages, err := l.receive(work)
		for _, m := range messages {
			inHand++
			hands.Go(func() error {
				defer func() { freed <- struct{}{} }()
				l.handle(work, m)
				return nil
			})
		}
		switch {
		case err != nil && l.once:
			return err
		case err != nil:
			l.log.Warn("queue does not answer", "function", l.f.Name, "queue", l.f.Queue, "error", err)
			l.pause(take, outage.next())
		case len(messages) > 0:
			idle.reset()
			outage.reset()
		case l.once && inHand == 0:
			return nil
		default:
			outage.reset()
			if l.pause(take, idle.next()) {
				idle.reset()
			}
		}
	}
	return nil
}

// receive is not stopped with the loop: what the service had already handed out would stay hidden for ten minutes.
func (l *queueLoop) receive(work context.Context) ([]store.Message, error) {
	ctx, cancel := context.WithTimeout(work, opLimit)
	defer cancel()
	messages, err := l.queues.Receive(ctx, l.f.Queue, l.settings.Queues.BatchSize, l.hidden)
	l.taken.Add(int64(len(messages)))
	return messages, err
}

// handle runs the function on one message and ends the message: deleted, visible again later, or moved to the poison queue.
// Where storage refuses that, the message comes back by itself when its ten minutes are over.
func (l *queueLoop) handle(work context.Context, m store.Message) {
	i := l.invocation(rand.Text(), []byte(m.Text), "message", m.ID, "try", m.DequeueCount)
	work = telemetry.FromMessage(work, i.payload)
	telemetry.Waited(work, l.f.Queue, time.Since(m.Inserted))
	limits := l.settings.Queues
	var err error
	if m.DequeueCount > limits.MaxDequeueCount { // its earlier tries ended with their process
		err = l.poison(work, m, i.log)
	} else {
		err = l.try(work, m, i)
	}
	if err != nil {
		i.log.WarnContext(work, "message stays hidden for a while", "function", l.f.Name, "queue", l.f.Queue, "error", err)
	}
}

func (l *queueLoop) try(work context.Context, m store.Message, i invocation) error {
	release := l.hold(work, m, i.log)
	failure := l.call(work, l.f, i)
	m = release()
	if failure != nil {
		l.failed.Add(1)
	}
	ctx, cancel := ending(work)
	defer cancel()
	limits := l.settings.Queues
	switch {
	case failure == nil:
		err := l.queues.Delete(ctx, l.f.Queue, m)
		if errors.Is(err, store.ErrNotFound) {
			i.log.WarnContext(work, "message went back to the queue meanwhile: it runs again", "function", l.f.Name)
			return nil
		}
		return err
	case work.Err() != nil: // we stopped it: for others at once
		_, err := l.queues.Renew(ctx, l.f.Queue, m, 0)
		return err
	case m.DequeueCount >= limits.MaxDequeueCount:
		return l.poison(work, m, i.log)
	default:
		_, err := l.queues.Renew(ctx, l.f.Queue, m, limits.VisibilityTimeout)
		return err
	}
}

// poison copies a message to the poison queue, unchanged, before it deletes it: killed in between, it is there twice.
func (l *queueLoop) poison(work context.Context, m store.Message, log *slog.Logger) error {
	ctx, cancel := ending(work)
	defer cancel()
	if err := l.queues.Send(ctx, store.Poison(l.f.Queue), m.Text, 0); err != nil {
		return err
	}
	telemetry.Add(work, telemetry.Poisoned, 1, "queue", l.f.Queue)
	log.ErrorContext(work, "message moved to the poison queue", "function", l.f.Name, "queue", store.Poison(l.f.Queue))
	err := l.queues.Delete(ctx, l.f.Queue, m)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// hold hides a message for as long as it is in hand, renewing at half-life. release ends that and returns the message with
// its newest receipt.
func (l *queueLoop) hold(work context.Context, m store.Message, log *slog.Logger) (release func() store.Message) {
	let, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(l.hidden / 2)
		defer tick.Stop()
		for {
			select {
			case <-let:
				return
			case <-tick.C:
			}
			ctx, cancel := ending(work)
			renewed, err := l.queues.Renew(ctx, l.f.Queue, m, l.hidden)
			cancel()
			if err != nil { // somebody else may take it meanwhile: harmless, since every function may run twice
				log.WarnContext(work, "message not renewed", "function", l.f.Name, "queue", l.f.Queue, "error", err)
				continue
			}
			m = renewed
		}
	}()
	return func() store.Message {
		close(let)
		<-ended
		return m
	}
}

// pause waits, until the loop stops or is woken at the latest, and reports whether it was woken.
func (l *queueLoop) pause(take context.Context, wait time.Duration) (woken bool) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-take.Done():
		return false
	case <-timer.C:
		return false
	case <-l.wake:
		return true
	}
}

// ending is the context of the last requests about a message in hand: a stop does not cut them off.
func ending(work context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(work), opLimit)
}

// waiting takes what is in the channel and counts it.
func waiting(freed <-chan struct{}) int {
	for n := 0; ; n++ {
		select {
		case <-freed:
		default:
			return n
		}
	}
}

// backoff is the wait of an idle loop: minPolling, doubled each time up to longest, a fifth more or less by chance.
type backoff struct{ last, longest time.Duration }

func (b *backoff) next() time.Duration {
	b.last = min(max(2*b.last, minPolling), b.longest)
	return min(time.Duration(float64(b.last)*(0.8+0.4*mathrand.Float64())), b.longest)
}

func (b *backoff) reset() { b.last = 0 }
