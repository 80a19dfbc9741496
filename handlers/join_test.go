package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"assay/shared/config"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// joinWorld has raw blobs of two days in January: three of the 14th in the states of which nothing follows by itself, one of
// the 15th.
func joinWorld(t *testing.T, settings config.Storage) (*App, []store.RawName) {
	t.Helper()
	s := storetest.Reopen(t, settings)
	app := newFlow(s)
	yesterday := noon.AddDate(0, 0, -1)
	names := []store.RawName{
		putReceipt(t, s, yesterday, store.Stored),
		putReceipt(t, s, yesterday.Add(time.Second), store.Dead),
		putReceipt(t, s, yesterday.Add(2*time.Second), store.Loaded),
		putReceipt(t, s, noon, store.Loaded),
	}
	return app, names
}

// joinedFile tells the file that a raw blob was joined into, empty when it was not.
func joinedFile(t *testing.T, s *store.Store, name store.RawName) string {
	t.Helper()
	_, joined, err := s.Blobs.FindRaw(context.WithoutCancel(t.Context()), name.Source, name.Received)
	if err != nil {
		t.Fatal(err)
	}
	return joined
}

// A day is joined when it ended 30 days ago. Whatever a receipt says, its pointer goes on working.
func TestReconcileJoinsOldRaw(t *testing.T) {
	app, names := joinWorld(t, storetest.Azurite(t))
	for _, step := range []struct {
		at   time.Time
		want []string
	}{
		{time.Date(2024, 2, 13, 23, 59, 59, 0, time.UTC), []string{"", "", "", ""}},
		{time.Date(2024, 2, 14, 0, 0, 0, 0, time.UTC), []string{"kraken/2024/01/14.warc.gz", "kraken/2024/01/14.warc.gz", "kraken/2024/01/14.warc.gz", ""}},
	} {
		app.Now = func() time.Time { return step.at }
		if err := app.Reconcile(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, name := range names {
			got = append(got, joinedFile(t, app.Store, name))
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", step.at, diff)
		}
	}
	if _, err := app.Store.Restart(t.Context(), names[1], 1); err != nil {
		t.Fatal(err)
	}
	for _, name := range names[:2] {
		if err := app.Clean(t.Context(), []byte(Pointer{Blob: name}.Encode())); err != nil {
			t.Errorf("Clean of %s, which is joined: %v", name, err)
		}
		if r := receipt(t, app.Store, name); r.State != store.Rejected {
			t.Errorf("%s is %s, want it rejected as the {} that it is", name, r.State)
		}
	}
}

// A program that did not run for months joins its old days one by one, and leaves no finished receipts behind.
func TestReconcileAfterALongPause(t *testing.T) {
	app, names := joinWorld(t, storetest.Azurite(t))
	app.Now = func() time.Time { return noon.AddDate(1, 0, 0) }
	for range 2 {
		if err := app.Reconcile(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	left := map[store.RawName]store.State{}
	for _, name := range names {
		if joinedFile(t, app.Store, name) == "" {
			t.Errorf("%s is not joined", name)
		}
		r, err := app.Store.Receipt(t.Context(), name)
		if err == nil {
			left[name] = r.State
		} else if !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[store.RawName]store.State{names[0]: store.Stored, names[1]: store.Dead}, left); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
}

// joinState says where each raw blob lies, and how far its receipt is; empty when it has none.
func joinState(t *testing.T, s *store.Store, names []store.RawName) []string {
	t.Helper()
	var state []string
	for _, name := range names {
		r, err := s.Receipt(t.Context(), name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
		if _, err := s.Blobs.Raw(t.Context(), name); err != nil {
			t.Error(err)
		}
		state = append(state, fmt.Sprintf("%s in %q, receipt %q", name.Key(), joinedFile(t, s, name), r.State))
	}
	return state
}

// Reconcile is killed before each of the requests with which it joins, and run again; or another one runs at the same time. The
// end is that of one which nobody disturbed.
func TestReconcileKilledWhileItJoins(t *testing.T) {
	long(t)
	later := func() time.Time { return noon.AddDate(1, 0, 0) }
	calm, names := joinWorld(t, storetest.Azurite(t))
	calm.Now = later
	for range 2 { // it joins a day at a time
		if err := calm.Reconcile(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	want := joinState(t, calm.Store, names)
	const requests = 15 // a list, receipts read, one deleted, 11 of Join, the catalogue
	for n := 1; n <= requests; n++ {
		var joins atomic.Bool
		dead := &storetest.Fail{First: n, Count: -1, Match: func(r *http.Request) bool {
			if r.URL.Query().Get("prefix") == "kraken/" {
				joins.Store(true)
			}
			return joins.Load()
		}}
		settings := storetest.Azurite(t)
		app, _ := joinWorld(t, settings)
		app.Now = later
		killed := newFlow(storetest.Reopen(t, settings, dead))
		killed.Now = later
		if err := killed.Reconcile(t.Context(), nil); err == nil || dead.Seen() < n {
			t.Errorf("killed before request %d: %v after %d requests", n, err, dead.Seen())
		}
		for range 2 {
			if err := app.Reconcile(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, joinState(t, app.Store, names)); diff != "" {
			t.Errorf("killed before request %d (-want +got):\n%s", n, diff)
		}
	}
	settings := storetest.Azurite(t)
	app, _ := joinWorld(t, settings)
	app.Now = later
	var group errgroup.Group
	for range 4 {
		group.Go(func() error { return app.Reconcile(t.Context(), nil) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := app.Reconcile(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, joinState(t, app.Store, names)); diff != "" {
		t.Errorf("four at once (-want +got):\n%s", diff)
	}
}

// What joining cannot do for one source it does for the next one, and says so.
func TestReconcileJoinsAfterTrouble(t *testing.T) {
	broken := &storetest.Fail{Count: -1, Match: func(r *http.Request) bool {
		return r.Method == http.MethodGet && r.URL.Query().Get("prefix") == "alpha/"
	}}
	settings := storetest.Azurite(t)
	app, names := joinWorld(t, settings)
	records, err := app.Store.Blobs.Raw(t.Context(), names[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Store.Blobs.PutRaw(t.Context(), "alpha", names[0].Received, records); err != nil {
		t.Fatal(err)
	}
	app.Store = storetest.Reopen(t, settings, broken)
	app.Now = func() time.Time { return noon.AddDate(0, 0, 35) }
	if err := app.Reconcile(t.Context(), nil); err == nil {
		t.Error("no error, where alpha cannot be listed")
	}
	if joinedFile(t, app.Store, names[0]) == "" {
		t.Error("kraken's day is not joined")
	}
}
