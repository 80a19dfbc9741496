package host

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestInvoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		var got []string
		work := func(_ context.Context, payload []byte) error {
			got = append(got, string(payload))
			if string(payload) == "fail" {
				return errors.New("as asked")
			}
			return nil
		}
		h := loopsHost(t, queues, work, work)
		for _, test := range []struct{ name, payload, want string }{
			{"Tick", "", ""},
			{"Tick", `{"slot":"2026-01-02T03:05:20Z"}`, ""},
			{"Echo", "one", ""},
			{"Echo", "fail", "as asked"},
			{"Nope", "", `no function is called "Nope": there are Echo, Tick`},
		} {
			var payload []byte
			if test.payload != "" {
				payload = []byte(test.payload)
			}
			if err := h.Invoke(t.Context(), test.name, payload); fmt.Sprint(err) != test.want && (err != nil || test.want != "") {
				t.Errorf("%s %s: %v, want %q", test.name, test.payload, err, test.want)
			}
		}
		want := []string{`{"slot":"1999-12-31T23:55:20Z","pastDue":false}`, `{"slot":"2026-01-02T03:05:20Z"}`, "one", "fail"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("payloads (-want +got):\n%s", diff)
		}
	})
}

// The schedule of Tick is 20 */5 * * * *, and the clock of synctest begins at midnight.
func TestAwaitSlot(t *testing.T) {
	for _, test := range []struct{ start, want string }{
		{"00:00:00", "00:00:20"},
		{"00:00:19", "00:00:20"},
		{"00:00:20", "00:00:20"}, // late, at once
		{"00:00:40", "00:00:40"},
		{"00:04:30", "00:04:30"}, // another minute
		{"00:05:03", "00:05:20"},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := loopsHost(t, &memoryQueues{}, nil, nil)
			start, err := time.Parse(time.TimeOnly, test.start)
			if err != nil {
				t.Fatal(err)
			}
			<-time.After(start.Sub(start.Truncate(24 * time.Hour)))
			if err := h.AwaitSlot(t.Context(), "Tick"); err != nil {
				t.Fatal(err)
			}
			if got := time.Now().UTC().Format(time.TimeOnly); got != test.want {
				t.Errorf("from %s: waited until %s, want %s", test.start, got, test.want)
			}
			if err := h.AwaitSlot(t.Context(), "Echo"); err == nil || err.Error() != "Echo has no schedule to wait for" {
				t.Errorf("a queue function: %v", err)
			}
		})
	}
}

func TestInvokeTakesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		var calls atomic.Int64
		h := loopsHost(t, queues, func(_ context.Context, payload []byte) error {
			calls.Add(1)
			if string(payload) == "7" {
				return errors.New("one of them")
			}
			return nil
		}, nil)
		for i := range 20 {
			send(t, queues, "echo", fmt.Sprint(i))
		}
		err := h.Invoke(t.Context(), "Echo", nil)
		if fmt.Sprint(err) != "Echo: 1 of 20 messages failed" || calls.Load() != 20 {
			t.Errorf("%v after %d calls, want one of 20 failed", err, calls.Load())
		}
		if diff := cmp.Diff([]string{"7"}, queues.texts("echo")); diff != "" {
			t.Errorf("left on the queue (-want +got):\n%s", diff)
		}
		queues.setDown(true)
		if err := h.Invoke(t.Context(), "Echo", nil); err == nil {
			t.Error("no error without storage")
		}
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queues := &memoryQueues{}
		var calls atomic.Int64
		h := loopsHost(t, queues, func(ctx context.Context, _ []byte) error {
			if calls.Add(1) < 10 {
				return queues.Send(ctx, "echo", "another", 0)
			}
			return nil
		}, nil)
		send(t, queues, "echo", "first")
		err := h.Drain(t.Context(), []string{"Echo"}, func(context.Context) (bool, error) { return calls.Load() == 10, nil })
		if err != nil || len(queues.texts("echo")) > 0 {
			t.Errorf("%v, left %q", err, queues.texts("echo"))
		}
		broken := errors.New("cannot tell")
		if err := h.Drain(t.Context(), []string{"Echo"}, func(context.Context) (bool, error) { return false, broken }); !errors.Is(err, broken) {
			t.Errorf("error %v, want that of the condition", err)
		}
		if err := h.Drain(t.Context(), []string{"Tick"}, nil); err == nil {
			t.Error("a timer was drained")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := h.Drain(ctx, []string{"Echo"}, func(context.Context) (bool, error) { return false, nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that the time is over", err)
		}
	})
}
