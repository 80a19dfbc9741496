package handlers

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

// Reconcile asks each source once for what it has not answered for, whoever runs it and however often.
func TestReconcileFillsTheWatchlist(t *testing.T) {
	s := storetest.Open(t)
	clock := &clockAt{at: noon}
	e := newExchange(t, clock.now)
	w := newHistoryWorld(t, s, clock, e, "BTC-USD")
	w.knows(t, noon.Add(-3*time.Hour))
	var group errgroup.Group
	for range 3 {
		other := newHistoryWorld(t, s, clock, e, "BTC-USD")
		group.Go(func() error { return other.Reconcile(t.Context(), nil) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Queues.Length(t.Context(), store.Backfill); err != nil || n != len(venues) {
		t.Errorf("%d messages, %v; want one for each of %d sources", n, err, len(venues))
	}
	w.drain(t, 1)
	w.forward(30 * time.Minute)
	if err := w.Reconcile(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, job := range w.jobs(t) {
		for _, p := range job.Parts {
			got = append(got, fmt.Sprintf("%s %s %s %s to %s", job.ID, p.Series, p.State, hourOf(p.From), hourOf(p.To)))
		}
	}
	// What lay between 09:00 and 11:00 was answered. Half an hour later there is half an hour more that no turn of Fetch has asked for:
	// the same jobs begin anew.
	want := []string{
		"20240115-bitfinex-watchlist BTC-USD.bitfinex waiting 11:00 to 11:30",
		"20240115-bitstamp-watchlist BTC-USD.bitstamp waiting 11:00 to 11:30",
		"20240115-coinbase-watchlist BTC-USD.coinbase waiting 11:00 to 11:30",
		"20240115-kraken-watchlist BTC-USD.kraken waiting 11:00 to 11:30",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	w.drain(t, 1)
	before := w.jobs(t)
	if err := w.Reconcile(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(len(before), len(w.jobs(t))); diff != "" || !w.idle(t) {
		t.Errorf("what was answered is asked for again: %s", diff)
	}
}

func hourOf(t int64) string { return time.Unix(t, 0).UTC().Format("15:04") }

// A job that stands still is sent again after 30 minutes, then after an hour.
func TestReconcileWakesAJob(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	w.Config.Watchlist = nil
	job, err := w.RequestBackfill(t.Context(), "coinbase", []store.JobPart{minutesPart(10)})
	if err != nil {
		t.Fatal(err)
	}
	first := take(t, w.Store, store.Backfill)
	for _, step := range []struct {
		after time.Duration
		sent  int
	}{{29 * time.Minute, 0}, {30 * time.Minute, 1}, {31 * time.Minute, 0}, {89 * time.Minute, 0}, {90 * time.Minute, 1}} {
		w.reconcileAt(t, noon.Add(step.after))
		sent := take(t, w.Store, store.Backfill)
		if len(sent) != step.sent || len(sent) == 1 && string(sent[0]) != string(first[0]) {
			t.Errorf("after %s: sent %s, want %d times %s", step.after, sent, step.sent, first[0])
		}
	}
	if job, err = w.Store.Job(t.Context(), job.ID); err != nil || job.Step != 1 {
		t.Errorf("the job is at step %d, %v; want 1: sending it again moves nothing", job.Step, err)
	}
}

// A source that refuses is not asked again by Reconcile on the same day: each refusal closes it to the turns of Fetch too.
func TestReconcileGivesUpForADay(t *testing.T) {
	m := &fakeMarket{answer: func(rw http.ResponseWriter, _ *http.Request) bool {
		rw.WriteHeader(http.StatusUnavailableForLegalReasons)
		return true
	}}
	w := newFetchWorld(t, storetest.Open(t), m)
	w.Config.Watchlist, w.Config.AcceptTerms = []string{"XAU-USD-PM"}, []string{"lbma"}
	for _, step := range []struct {
		at    time.Time
		asked int // in all
	}{{noon, 1}, {noon.Add(8 * time.Hour), 1}, {noon.Add(13 * time.Hour), 2}} {
		w.reconcileAt(t, step.at)
		for _, message := range take(t, w.Store, store.Backfill) {
			if err := w.Backfill(t.Context(), message); err != nil {
				t.Fatal(err)
			}
		}
		if len(m.asked) != step.asked {
			t.Errorf("at %s the source was asked %d times, want %d", step.at.Format(time.DateTime), len(m.asked), step.asked)
		}
	}
}
