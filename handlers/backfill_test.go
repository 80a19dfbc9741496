package handlers

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"assay/shared/config"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// minutesPart asks Coinbase for some minutes of bitcoin that end at noon.
func minutesPart(n int64) store.JobPart {
	from := noon.Unix() - n*60
	id := market.SeriesID{Instrument: "BTC-USD", Source: "coinbase"}
	return store.JobPart{Series: id, Interval: market.Minute, From: from, To: noon.Unix(), Cursor: from, State: store.Waiting}
}

// threeWindows are the minutes that Coinbase tells in three calls.
const threeWindows = 700

// backfillWorld is a history world two hours after noon, in which nothing but what is asked for is fetched.
func backfillWorld(t *testing.T, s *store.Store) *historyWorld {
	t.Helper()
	clock := &clockAt{at: noon.Add(2 * time.Hour)}
	return newHistoryWorld(t, s, clock, newExchange(t, clock.now))
}

// fetched prints what a job left behind: itself, what was answered, and the value hashes of all chunks.
func (w *historyWorld) fetched(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, job := range w.jobs(t) {
		fmt.Fprintf(&text, "job %s %s %.2f\n", job.ID, job.State, job.Progress())
		for _, p := range job.Parts {
			p.Requests = 0 // a window may have been asked for twice
			fmt.Fprintf(&text, "  %+v\n", p)
		}
	}
	answered, err := w.Fetch.AllAnswered(t.Context(), "coinbase")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&text, answered)
	for key, e := range rows(t, w.Store, minutesPart(1).Series) {
		if value, is := e.Values["value"]; is {
			fmt.Fprintf(&text, "%s %v\n", key, value)
		}
	}
	lines := strings.Split(text.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (w *historyWorld) request(t *testing.T, parts ...store.JobPart) store.Job {
	t.Helper()
	job, err := w.RequestBackfill(t.Context(), parts[0].Series.Source, parts)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// undisturbed is what three windows leave behind.
func undisturbed(t *testing.T) string {
	t.Helper()
	w := backfillWorld(t, storetest.Open(t))
	w.request(t, minutesPart(threeWindows))
	w.drain(t, 1)
	job := w.jobs(t)[0]
	if job.State != store.Done || job.Step != 4 || job.Parts[0].Requests != 3 {
		t.Fatalf("an undisturbed job is %s at step %d after %d calls, want done at step 4 after 3", job.State, job.Step, job.Parts[0].Requests)
	}
	truth := w.exchange.Bars("coinbase", "BTC-USD", market.Minute, noon.Unix()-threeWindows*60, noon.Unix())
	if len(truth) == 0 || job.Parts[0].Bars != len(truth) {
		t.Fatalf("the job counts %d bars, the market had %d", job.Parts[0].Bars, len(truth))
	}
	return w.fetched(t)
}

// Every message twice: the state is the same, and the job takes no more steps.
func TestBackfillDeliveredTwice(t *testing.T) {
	want := undisturbed(t)
	w := backfillWorld(t, storetest.Open(t))
	w.request(t, minutesPart(threeWindows))
	w.drain(t, 2)
	if diff := cmp.Diff(want, w.fetched(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if job := w.jobs(t)[0]; job.Step != 4 {
		t.Errorf("the job is at step %d, want 4", job.Step)
	}
}

// Two processes work on the same step at once: one of them moves the job, and one message follows.
func TestBackfillByTwoAtOnce(t *testing.T) {
	want := undisturbed(t)
	s := storetest.Open(t)
	w := backfillWorld(t, s)
	w.request(t, minutesPart(threeWindows))
	for steps := 0; ; steps++ {
		messages := take(t, s, store.Backfill)
		if len(messages) == 0 {
			if steps != 3 {
				t.Errorf("the job took %d steps, want 3", steps)
			}
			break
		}
		if len(messages) > 1 {
			t.Fatalf("%d messages of one job: it has forked", len(messages))
		}
		var group errgroup.Group
		for range 3 {
			other := newHistoryWorld(t, s, w.clockAt, w.exchange)
			group.Go(func() error { return other.Backfill(t.Context(), messages[0]) })
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	w.drain(t, 1)
	if diff := cmp.Diff(want, w.fetched(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The process dies before each of the storage requests of a step, or the answer to each gets lost. The message comes back, and
// Reconcile finds a job that stands still.
func TestBackfillKilledAnywhere(t *testing.T) {
	long(t)
	want := undisturbed(t)
	for name, fails := range map[string]func(n int) *storetest.Fail{
		"killed":      func(n int) *storetest.Fail { return &storetest.Fail{First: n, Count: -1} },
		"lost answer": func(n int) *storetest.Fail { return &storetest.Fail{First: n, After: true, Passes: true} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const few = 12 // a step makes more requests than this
			for n, more := 1, true; more; n++ {
				settings := storetest.Azurite(t)
				w := backfillWorld(t, storetest.Reopen(t, settings))
				w.request(t, minutesPart(threeWindows))
				message := take(t, w.Store, store.Backfill)[0]
				fail := fails(n)
				disturbed := newHistoryWorld(t, storetest.Reopen(t, settings, fail), w.clockAt, w.exchange)
				err := disturbed.Backfill(t.Context(), message)
				if more = fail.Seen() >= n; !more && n <= few {
					t.Errorf("a step makes %d requests, want more than %d", n-1, few)
				}
				if err != nil {
					if err := w.Backfill(t.Context(), message); err != nil {
						t.Fatal(err)
					}
				}
				w.drain(t, 1)
				w.forward(time.Hour)
				w.reconcile(t)
				if diff := cmp.Diff(want, w.fetched(t)); diff != "" {
					t.Fatalf("request %d (-want +got):\n%s", n, diff)
				}
			}
		})
	}
}

// What a failure of the provider does to a job.
func TestBackfillOfFailures(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		state  store.JobState // of the part
		delay  time.Duration  // at least, when it waits
	}{
		{"unknown", 404, `{"message":"NotFound"}`, store.Unknown, 0},
		{"refused", 451, `{"message":"Unavailable for legal reasons"}`, store.Refused, 0},
		{"out of order", 503, "", store.Waiting, time.Second},
		{"limited", 429, `{"message":"Public rate limit exceeded"}`, store.Waiting, time.Second},
		{"a page for people", 200, "<html><body>Maintenance</body></html>", store.Waiting, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newFetchWorld(t, storetest.Open(t), &fakeMarket{answer: func(rw http.ResponseWriter, _ *http.Request) bool {
				rw.WriteHeader(test.status)
				_, _ = io.WriteString(rw, test.body)
				return true
			}})
			w.at = noon.Add(time.Hour)
			job, err := w.RequestBackfill(t.Context(), "coinbase", []store.JobPart{minutesPart(10)})
			if err == nil {
				err = w.Backfill(t.Context(), take(t, w.Store, store.Backfill)[0])
			}
			if err != nil {
				t.Fatal(err)
			}
			if job, err = w.Store.Job(t.Context(), job.ID); err != nil {
				t.Fatal(err)
			}
			part := job.Parts[0]
			if part.State != test.state || part.Requests != 1 || part.Cursor != part.From {
				t.Errorf("the part is %+v, want %s after one call, the cursor where it was", part, test.state)
			}
			if waits := job.Until > 0; waits != (test.delay > 0) || waits && time.UnixMilli(job.Until).Sub(w.at) < test.delay {
				t.Errorf("the job waits until %d because of %q, want for %s at least", job.Until, job.Why, test.delay)
			}
			if n, err := w.Store.Queues.Length(t.Context(), store.Backfill); err != nil || (n == 1) != (test.delay > 0) {
				t.Errorf("%d messages are queued, %v; want one for a job that waits", n, err)
			}
			if test.delay == 0 && job.State != store.Done {
				t.Errorf("the job is %s, want done: nothing is left of it", job.State)
			}
		})
	}
}

// An answer that cannot be read is asked for again, five times in all; the same request later begins anew.
func TestBackfillGivesUpOnWhatItCannotRead(t *testing.T) {
	html := true
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{answer: func(rw http.ResponseWriter, _ *http.Request) bool {
		if html {
			_, _ = io.WriteString(rw, "<html></html>")
		}
		return html
	}})
	w.at = noon.Add(time.Hour)
	var job store.Job
	step := func() {
		t.Helper()
		m := jobMessage{1, job.ID, job.Step}.encode()
		err := w.Backfill(t.Context(), []byte(m))
		if err == nil {
			job, err = w.Store.Job(t.Context(), job.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	request := func() {
		t.Helper()
		var err error
		if job, err = w.RequestBackfill(t.Context(), "coinbase", []store.JobPart{minutesPart(10)}); err != nil {
			t.Fatal(err)
		}
	}
	request()
	id := job.ID
	for range maxUnreadable {
		step()
	}
	if job.State != store.Done || job.Parts[0].State != store.Changed || !strings.Contains(job.Parts[0].Why, "HTML page") {
		t.Errorf("the job is %s, its part %+v; want it ended by a changed format", job.State, job.Parts[0])
	}
	html = false
	w.at = w.at.Add(24 * time.Hour)
	request()
	step()
	if job.ID != id || job.State != store.Done || job.Parts[0].State != store.Done {
		t.Errorf("asked again it is %s, %s, its part %+v; want the same job, done", job.ID, job.State, job.Parts[0])
	}
}

func TestJobMessagesAreChecked(t *testing.T) {
	for message, want := range map[string]string{
		"{":                               "none of a job",
		`{"v":2}`:                         "reads version 1",
		`{"v":1,"job":"../x"}`:            "want a day and a name",
		`{"v":1,"job":"20240115-x y"}`:    "want a day and a name",
		`{"v":1,"job":"20249915-kraken"}`: "want a day and a name",
	} {
		w := &App{Config: config.Config{}}
		if err := w.Backfill(t.Context(), []byte(message)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", message, err, want)
		}
	}
}
