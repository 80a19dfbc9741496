package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// loopsHost is a host with the program's own limits, one queue function Echo and one timer Tick (every five minutes).
func loopsHost(t *testing.T, queues Queues, echo, tick Work) *Host {
	t.Helper()
	settings := strings.NewReplacer("00:00:04", "02:00:00", `"visibilityTimeout": "00:00:01"`, `"visibilityTimeout": "00:00:30"`).Replace(hostJSON)
	files := fstest.MapFS{
		"host.json":                    {Data: []byte(settings)},
		"functions/Echo/function.json": {Data: []byte(`{"bindings":[` + queueBinding("echo") + `]}`)},
		"functions/Tick/function.json": {Data: []byte(`{"bindings":[` + timerBinding("20 */5 * * * *") + `]}`)},
	}
	if echo == nil {
		echo = func(context.Context, []byte) error { return nil }
	}
	if tick == nil {
		tick = func(context.Context, []byte) error { return nil }
	}
	h, err := New(files, Functions{Work: map[string]Work{"Echo": echo, "Tick": tick}}, Options{
		Queues: queues, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// running runs h until the test ends, and stop ends it before.
func running(t *testing.T, h *Host) (stop func()) {
	return runningWith(t, h, RunOptions{Grace: DefaultGrace})
}

func runningWith(t *testing.T, h *Host, options RunOptions) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, options) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func TestTimerOncePerSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock begins at 2000-01-01T00:00:00Z
		var turns []string
		h := loopsHost(t, &memoryQueues{}, nil, func(_ context.Context, payload []byte) error {
			turns = append(turns, string(payload))
			switch len(turns) {
			case 2:
				<-time.After(11 * time.Minute) // over two slots
			case 3:
				return errors.New("tried again at the next slot, not before")
			}
			return nil
		})
		stop := running(t, h)
		<-time.After(26 * time.Minute)
		stop()
		want := []string{
			`{"slot":"1999-12-31T23:55:20Z","pastDue":true}`,
			`{"slot":"2000-01-01T00:00:20Z","pastDue":false}`,
			`{"slot":"2000-01-01T00:15:20Z","pastDue":false}`,
			`{"slot":"2000-01-01T00:20:20Z","pastDue":false}`,
			`{"slot":"2000-01-01T00:25:20Z","pastDue":false}`,
		}
		if diff := cmp.Diff(want, turns); diff != "" {
			t.Errorf("turns (-want +got):\n%s", diff)
		}
	})
}

// TestLongWorkIsRenewed: an hour of work is done once, though a message in hand is hidden for ten minutes only.
func TestLongWorkIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		var calls atomic.Int64
		h := loopsHost(t, queues, func(context.Context, []byte) error {
			calls.Add(1)
			<-time.After(time.Hour)
			return nil
		}, nil)
		send(t, queues, "echo", "long")
		stop := running(t, h)
		<-time.After(61 * time.Minute)
		stop()
		if _, renewals := queues.counts(); calls.Load() != 1 || renewals != 11 && renewals != 12 || len(queues.texts("echo")) > 0 {
			t.Errorf("%d calls, %d renewals, left %q: want 1 call, one renewal each 5 minutes, nothing left",
				calls.Load(), renewals, queues.texts("echo"))
		}
	})
}

func TestRetriesAndPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		var tries []time.Duration
		began := time.Now()
		h := loopsHost(t, queues, func(context.Context, []byte) error {
			tries = append(tries, time.Since(began).Truncate(10*time.Second))
			return errors.New("never works")
		}, nil)
		send(t, queues, "echo", `{"v":1, "kept": "as it is"}`)
		stop := running(t, h)
		<-time.After(10 * time.Minute)
		stop()
		if diff := cmp.Diff([]time.Duration{0, 30 * time.Second, 60 * time.Second}, tries); diff != "" {
			t.Errorf("times of the tries (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{`{"v":1, "kept": "as it is"}`}, queues.texts("echo-poison")); diff != "" || len(queues.texts("echo")) > 0 {
			t.Errorf("poison queue (-want +got):\n%s\nleft: %q", diff, queues.texts("echo"))
		}
	})
}

// TestKilledTooOften: the tries of a message that killed its process count, and it does not get another.
func TestKilledTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		send(t, queues, "echo", "killer")
		for range 3 {
			if _, err := queues.Receive(t.Context(), "echo", 1, 0); err != nil {
				t.Fatal(err)
			}
		}
		h := loopsHost(t, queues, func(context.Context, []byte) error {
			t.Error("called again")
			return nil
		}, nil)
		stop := running(t, h)
		<-time.After(time.Minute)
		stop()
		if diff := cmp.Diff([]string{"killer"}, queues.texts("echo-poison")); diff != "" {
			t.Errorf("poison queue (-want +got):\n%s", diff)
		}
	})
}

func TestConcurrencyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		var now, most, calls atomic.Int64
		h := loopsHost(t, queues, func(context.Context, []byte) error {
			most.Store(max(most.Load(), now.Add(1)))
			<-time.After(time.Second)
			now.Add(-1)
			calls.Add(1)
			return nil
		}, nil)
		for i := range 50 {
			send(t, queues, "echo", fmt.Sprint(i))
		}
		stop := running(t, h)
		<-time.After(time.Minute)
		stop()
		if calls.Load() != 50 || most.Load() < 4 || most.Load() > 6 {
			t.Errorf("%d calls, at most %d at once: want 50, and 4 to 6 (batchSize 4, newBatchThreshold 2)", calls.Load(), most.Load())
		}
	})
}

func TestIdlePolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		taken := make(chan time.Time, 1)
		h := loopsHost(t, queues, func(context.Context, []byte) error { taken <- time.Now(); return nil }, nil)
		running(t, h)
		<-time.After(9 * time.Minute)
		synctest.Wait()
		if receives, _ := queues.counts(); receives < 540 || receives > 720 {
			t.Errorf("%d looks at an idle queue in 9 minutes, want about one each 0.8 to 1 s", receives)
		}
		send(t, queues, "echo", "x")
		sent := time.Now()
		h.wakeLoops()
		if wait := (<-taken).Sub(sent); wait != 0 {
			t.Errorf("taken %v after wakeLoops, want at once", wait)
		}
	})
}

// TestOutage: storage goes away for an hour, and work goes on when it is back.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		var calls atomic.Int64
		h := loopsHost(t, queues, func(context.Context, []byte) error {
			calls.Add(1)
			queues.setDown(true) // the message cannot be deleted: it comes back
			return nil
		}, nil)
		send(t, queues, "echo", "x")
		running(t, h)
		<-time.After(time.Hour)
		queues.setDown(false)
		<-time.After(time.Minute)
		if calls.Load() != 2 {
			t.Errorf("%d calls, want 2: before the outage, and after it", calls.Load())
		}
	})
}

// TestGrace: with ten minutes instead of 25 seconds, what is in hand ends by itself, and the stop with it.
func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		h := loopsHost(t, queues, func(ctx context.Context, _ []byte) error {
			select {
			case <-time.After(9 * time.Minute):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}, nil)
		send(t, queues, "echo", "long")
		stop := runningWith(t, h, RunOptions{Grace: 10 * time.Minute})
		<-time.After(time.Minute)
		began := time.Now()
		stop()
		if took := time.Since(began); took < 7*time.Minute || took > 8*time.Minute {
			t.Errorf("stopped after %v, want the eight minutes that were left", took)
		}
		if left := queues.texts("echo"); len(left) > 0 {
			t.Errorf("left on the queue: %v", left)
		}
	})
}

// TestStopFinishes: a stop takes nothing more, and what is in hand ends by itself when it can.
func TestStopFinishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		h := loopsHost(t, queues, func(ctx context.Context, payload []byte) error {
			limit := map[string]time.Duration{"short": 10 * time.Second, "long": time.Hour}[string(payload)]
			select {
			case <-time.After(limit):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}, nil)
		send(t, queues, "echo", "short")
		send(t, queues, "echo", "long")
		stop := running(t, h)
		<-time.After(time.Second)
		send(t, queues, "echo", "late")
		began := time.Now()
		stop()
		if took := time.Since(began); took != DefaultGrace-time.Second { // it is told a second before the end
			t.Errorf("stopped after %v, want the 24s that a function gets of 25s", took)
		}
		if diff := cmp.Diff([]string{"long", "late"}, queues.texts("echo")); diff != "" {
			t.Errorf("left on the queue (-want +got):\n%s", diff)
		}
		if again, err := queues.Receive(t.Context(), "echo", 32, time.Minute); err != nil || len(again) != 2 {
			t.Errorf("visible at once: %v, %v, want both", again, err)
		}
	})
}

// TestStopEndsInTime: what does not listen to its context, or does not any more past its deadline, is left to itself at the end of the
// grace, and its message is there for others at once. Without a grace that is at the stop.
func TestStopEndsInTime(t *testing.T) {
	for _, test := range []struct{ before, grace time.Duration }{
		{time.Second, DefaultGrace},
		{time.Second, 10 * time.Minute},
		{time.Second, 0},
		{2*time.Hour - 29*time.Second, 5 * time.Second}, // a second past the deadline
	} {
		synctest.Test(t, func(t *testing.T) {
			queues := &memoryQueues{}
			over := make(chan struct{})
			defer close(over)
			h := loopsHost(t, queues, func(context.Context, []byte) error { <-over; return nil }, nil)
			send(t, queues, "echo", "deaf")
			stop := runningWith(t, h, RunOptions{Grace: test.grace})
			<-time.After(test.before)
			began := time.Now()
			stop()
			if took := time.Since(began); took != test.grace {
				t.Errorf("stopped %v after the start: that took %v, want the grace of %v", test.before, took, test.grace)
			}
			if again, err := queues.Receive(t.Context(), "echo", 32, time.Minute); err != nil || len(again) != 1 {
				t.Errorf("visible at once: %v, %v, want the message", again, err)
			}
		})
	}
}

func send(t *testing.T, queues Queues, queue, text string) {
	t.Helper()
	if err := queues.Send(t.Context(), queue, text, 0); err != nil {
		t.Fatal(err)
	}
}
