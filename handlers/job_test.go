package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"assay/shared/api"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// newJobWorld is a world with 200 days of three coins.
func newJobWorld(t *testing.T, s *store.Store) *fetchWorld {
	t.Helper()
	w := againJobWorld(t, s)
	for n, coin := range []string{"BTC-USD", "ETH-USD", "LTC-USD"} {
		var bars []market.Bar
		for day := range int64(200) {
			b := market.Empty(noon.Unix()/86400*86400 - (200-day)*86400)
			b.Close, b.Received = 100+float64(day*day*int64(n+2)%23)+float64(day), 1
			bars = append(bars, b)
		}
		span, err := w.History.Merge(t.Context(), market.SeriesID{Instrument: coin, Source: "kraken"}, market.Day, 1, bars)
		if err == nil {
			_, err = w.History.Settle(t.Context(), []market.Span{span}, 1000)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// againJobWorld is another process on the same storage.
func againJobWorld(t *testing.T, s *store.Store) *fetchWorld {
	t.Helper()
	w := newFetchWorld(t, s, &fakeMarket{})
	w.Config.Watchlist = nil // Reconcile asks nobody for history
	return w
}

var (
	coins      = []string{"BTC-USD", "ETH-USD", "LTC-USD"}
	clustering = api.JobRequest{Kind: "clustering", Series: coins}
)

// submitted submits a job with a key, so that every world gives it the same id.
func (w *fetchWorld) submitted(t *testing.T, r api.JobRequest) store.Job {
	t.Helper()
	job, err := w.SubmitJob(t.Context(), r, "once")
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// finish runs Job on every message, as often as said, until none is left.
func (w *fetchWorld) finish(t *testing.T, times int) {
	t.Helper()
	for messages := take(t, w.Store, store.JobSteps); len(messages) > 0; messages = take(t, w.Store, store.JobSteps) {
		for _, m := range messages {
			for range times {
				if err := w.Job(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// kept prints what jobs left behind: their rows, and a hash of every file.
func (w *fetchWorld) kept(t *testing.T) string {
	t.Helper()
	jobs, err := w.Store.Jobs(t.Context(), noon.AddDate(0, 0, -1), noon.AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, job := range jobs {
		fmt.Fprintf(&text, "%s %s step %d, %d of %d files %s\n", job.ID, job.State, job.Step, job.Made, job.Files, job.Why)
		var r api.JobRequest
		if err := json.Unmarshal([]byte(job.Request), &r); err != nil {
			t.Fatal(err)
		}
		for _, file := range r.Files() {
			content, err := w.Store.Blobs.JobFile(t.Context(), job.ID, file)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(content)
			fmt.Fprintf(&text, "  %s %s\n", file, hex.EncodeToString(sum[:8]))
		}
	}
	return text.String()
}

// clusteredOnce is what an undisturbed clustering leaves behind.
func clusteredOnce(t *testing.T) string {
	t.Helper()
	w := newJobWorld(t, storetest.Open(t))
	w.submitted(t, clustering)
	w.finish(t, 1)
	kept := w.kept(t)
	if !strings.Contains(kept, "done step 6, 5 of 5 files") || strings.Count(kept, "\n") != 6 {
		t.Fatalf("an undisturbed job leaves:\n%s\nwant it done after 5 steps with 5 files", kept)
	}
	return kept
}

func TestJobDeliveredTwice(t *testing.T) {
	want := clusteredOnce(t)
	w := newJobWorld(t, storetest.Open(t))
	w.submitted(t, clustering)
	w.finish(t, 2)
	if diff := cmp.Diff(want, w.kept(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Two submit the same job at once, and two work on each step: one job, and one message after each step.
func TestJobByTwoAtOnce(t *testing.T) {
	want := clusteredOnce(t)
	s := storetest.Open(t)
	worlds := []*fetchWorld{newJobWorld(t, s), againJobWorld(t, s)}
	both := func(do func(w *fetchWorld) error) {
		t.Helper()
		var group errgroup.Group
		for _, w := range worlds {
			group.Go(func() error { return do(w) })
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	both(func(w *fetchWorld) error {
		_, err := w.SubmitJob(t.Context(), clustering, "once")
		return err
	})
	messages := take(t, s, store.JobSteps)
	for steps := 0; len(messages) > 0; steps++ {
		both(func(w *fetchWorld) error { return w.Job(t.Context(), messages[0]) })
		if messages = take(t, s, store.JobSteps); len(messages) > 1 {
			t.Fatalf("%d messages after step %d: the job has forked", len(messages), steps+1)
		}
	}
	if diff := cmp.Diff(want, worlds[0].kept(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The process dies before each storage request of submitting and of the first and last step, or the answer to each gets lost. Who
// submitted asks again, the message comes back, and Reconcile finds a job that stands still.
func TestJobKilledAnywhere(t *testing.T) {
	long(t)
	want := clusteredOnce(t)
	for name, fails := range map[string]func(n int) *storetest.Fail{
		"killed":      func(n int) *storetest.Fail { return &storetest.Fail{First: n, Count: -1} },
		"lost answer": func(n int) *storetest.Fail { return &storetest.Fail{First: n, After: true, Passes: true} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const few = 12 // they make more requests than this
			for n, more := 1, true; more; n++ {
				settings := storetest.Azurite(t)
				w := newJobWorld(t, storetest.Reopen(t, settings))
				fail := fails(n)
				more = disturbedJob(t, againJobWorld(t, storetest.Reopen(t, settings, fail)), w, fail, n)
				if !more && n <= few {
					t.Errorf("they make %d requests, want more than %d", n-1, few)
				}
				w.finish(t, 1)
				w.at = noon.Add(time.Hour)
				if err := w.Reconcile(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				w.finish(t, 1)
				if diff := cmp.Diff(want, w.kept(t)); diff != "" {
					t.Fatalf("request %d (-want +got):\n%s", n, diff)
				}
			}
		})
	}
}

// disturbedJob submits a job and makes its first file with a storage that fails; where that fails the sound world does it again. It
// reports whether a request failed.
func disturbedJob(t *testing.T, disturbed, sound *fetchWorld, fail *storetest.Fail, n int) bool {
	t.Helper()
	if _, err := disturbed.SubmitJob(t.Context(), clustering, "once"); err != nil {
		sound.submitted(t, clustering)
	}
	for _, m := range take(t, sound.Store, store.JobSteps) {
		if err := disturbed.Job(t.Context(), m); err != nil {
			if err := sound.Job(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	return fail.Seen() >= n
}

// A job that is cancelled while a file is made: the file is not counted, and no message follows.
func TestCancelJob(t *testing.T) {
	w := newJobWorld(t, storetest.Open(t))
	job := w.submitted(t, clustering)
	first := take(t, w.Store, store.JobSteps)[0]
	if err := w.Job(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second := take(t, w.Store, store.JobSteps)[0]
	for range 2 {
		cancelled, err := w.CancelJob(t.Context(), job.ID)
		if err != nil || cancelled.State != store.Cancelled || cancelled.Made != 1 {
			t.Fatalf("cancelled: %+v, %v", cancelled, err)
		}
	}
	if err := w.Job(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	w.at = noon.Add(time.Hour)
	if err := w.Reconcile(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if messages := take(t, w.Store, store.JobSteps); len(messages) > 0 {
		t.Errorf("%d messages follow a cancelled job", len(messages))
	}
	if kept := w.kept(t); !strings.Contains(kept, "cancelled step 2, 1 of 5 files") {
		t.Errorf("kept:\n%s", kept)
	}
}

// A step that is at work stops when the job is cancelled: here it waits for an answer of the storage that comes only then.
func TestCancelWhileAtWork(t *testing.T) {
	settings := storetest.Azurite(t)
	w := newJobWorld(t, storetest.Reopen(t, settings))
	job := w.submitted(t, clustering)
	stuck := &stuckRead{cancel: func() {
		if _, err := w.CancelJob(t.Context(), job.ID); err != nil {
			t.Error(err)
		}
	}}
	if err := againJobWorld(t, storetest.Reopen(t, settings, stuck)).Job(t.Context(), take(t, w.Store, store.JobSteps)[0]); err != nil {
		t.Fatal(err)
	}
	if kept := w.kept(t); !stuck.met || !strings.Contains(kept, "cancelled step 1, 0 of 5 files") {
		t.Errorf("stuck %t, kept:\n%s", stuck.met, kept)
	}
}

// stuckRead is a storage whose first answer about chunks does not come before who asked gives up.
type stuckRead struct {
	cancel func()
	once   sync.Once
	met    bool
}

func (s *stuckRead) Do(request *policy.Request) (*http.Response, error) {
	if strings.Contains(request.Raw().URL.Path, "chunks1d") {
		s.once.Do(func() { s.cancel(); s.met = true })
		<-request.Raw().Context().Done()
		return nil, context.Cause(request.Raw().Context())
	}
	return request.Next()
}

// A job fails with its reason when what it needs went away after it was submitted; and one whose step never ends is given up.
func TestJobFails(t *testing.T) {
	w := newJobWorld(t, storetest.Open(t))
	job, err := w.SubmitJob(t.Context(), clustering, "")
	if err == nil {
		_, _, err = w.Store.ChangeJob(t.Context(), job.ID, func(j *store.Job) bool {
			j.Request = strings.Replace(j.Request, "LTC-USD", "XPD-USD", 1)
			return true
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	w.finish(t, 2)
	if job, err = w.Store.Job(t.Context(), job.ID); err != nil || job.State != store.Failed || !strings.Contains(job.Why, "No price of XPD-USD is stored") {
		t.Errorf("a series that is gone: %s, %q, %v", job.State, job.Why, err)
	}

	stuck, err := w.SubmitJob(t.Context(), clustering, "stuck")
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for range 6 {
		sent += len(take(t, w.Store, store.JobSteps))
		w.at = w.at.Add(24 * time.Hour)
		if err := w.Reconcile(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if stuck, err = w.Store.Job(t.Context(), stuck.ID); err != nil || stuck.State != store.Failed || sent != 1+maxResends {
		t.Errorf("a job that nobody finishes: %s, %q, sent %d times, %v; want it failed after %d", stuck.State, stuck.Why, sent, err, 1+maxResends)
	}
}

// Every kind makes the files that it promises, and they are served.
func TestJobKinds(t *testing.T) {
	w := newJobWorld(t, storetest.Open(t))
	serve := w.Api()
	for _, test := range []struct {
		request api.JobRequest
		file    string
		media   string
		holds   string
	}{
		{clustering, "result.json", "application/json", `"clusters":[`},
		{clustering, "dendrogram.svg", "image/svg+xml", "Which series move together"},
		{api.JobRequest{Kind: "cointegration", Series: coins}, "result.json", "application/json", `"hedgeRatio":`},
		{api.JobRequest{Kind: "garch", Series: coins}, "result.json", "application/json", `"persistence":`},
		{api.JobRequest{Kind: "backtest", Series: coins[:1], Parameters: map[string]string{"models": "drift,ets", "form": "AAN", "origins": "20", "step": "5"}}, "result.json", "application/json", `"origins":20`},
		{api.JobRequest{Kind: "export", Series: coins[:2]}, "ETH-USD-1d.csv", "text/csv; charset=utf-8; header=present", "time,open,high,low,close,volume,flags\r\n"},
		{api.JobRequest{Kind: "export", Series: coins[:2], Parameters: map[string]string{"format": "parquet"}}, "ETH-USD-1d.parquet", "application/vnd.apache.parquet", "PAR1"},
		{api.JobRequest{Kind: "images", Series: coins, Charts: []string{"prices.svg", "drawdown.png"}, Parameters: map[string]string{"scale": "log"}}, "prices.svg", "image/svg+xml", "logarithmic"},
	} {
		job, err := w.SubmitJob(t.Context(), test.request, "")
		if err != nil {
			t.Errorf("%s: %v", test.request.Kind, err)
			continue
		}
		w.finish(t, 1)
		answer := httptest.NewRecorder()
		serve.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/api/v1/jobs/"+job.ID, nil))
		var described api.Job
		if err := json.Unmarshal(answer.Body.Bytes(), &described); err != nil || described.State != "done" || described.Progress != 1 {
			t.Errorf("%s: %s, %v", test.request.Kind, answer.Body, err)
		}
		if !slices.Contains(described.Files, "/api/v1/jobs/"+job.ID+"/"+test.file) {
			t.Errorf("%s made %v; want %s among them", test.request.Kind, described.Files, test.file)
		}
		for _, path := range described.Files {
			answer = httptest.NewRecorder()
			serve.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
			if answer.Code != http.StatusOK {
				t.Errorf("%s: %d %s", path, answer.Code, answer.Body)
			}
			if strings.HasSuffix(path, "/"+test.file) && (answer.Header().Get("Content-Type") != test.media || !strings.Contains(answer.Body.String(), test.holds)) {
				t.Errorf("%s is %s:\n%.1000s\nwant %s that holds %s", path, answer.Header().Get("Content-Type"), answer.Body, test.media, test.holds)
			}
		}
	}
}
