package store_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

// assertHolds checks that a store refuses a claim because it holds the other kind of prices.
func assertHolds(t *testing.T, s *store.Store, want store.Mark) {
	t.Helper()
	other := map[store.Mark]store.Mark{store.Live: store.Simulated, store.Simulated: store.Live}[want]
	for name, err := range map[string]error{"claim": s.Claim(t.Context(), other), "admit": s.Admit(t.Context(), other)} {
		var refused *store.OtherMark
		if !errors.As(err, &refused) || refused.Holds != want {
			t.Errorf("%s of %s: got %v, want it refused by storage that holds %s", name, other, err, want)
		}
	}
	if err := s.Claim(t.Context(), want); err != nil {
		t.Errorf("claim of %s, which it holds: %v", want, err)
	}
}

func TestMarkIsWrittenOnceAndRefusesTheOther(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		if mark, err := s.Mark(t.Context()); mark != "" || err != nil {
			t.Errorf("mark of an empty storage: got %q, %v, want none", mark, err)
		}
		if err := s.Admit(t.Context(), store.Live); err != nil {
			t.Errorf("an empty storage admits anything: got %v", err)
		}
		if err := s.Claim(t.Context(), store.Simulated); err != nil {
			t.Fatal(err)
		}
		assertHolds(t, s, store.Simulated)
	})
}

// A process that finds the mark asks for it once.
func TestMarkIsReadOncePerProcess(t *testing.T) {
	settings := storetest.Azurite(t)
	if err := storetest.Reopen(t, settings).Claim(t.Context(), store.Live); err != nil {
		t.Fatal(err)
	}
	requests := &storetest.Fail{First: 1000} // counts
	s := storetest.Reopen(t, settings, requests)
	for range 10 {
		assertHolds(t, s, store.Live)
	}
	if got := requests.Seen(); got != 1 {
		t.Errorf("%d requests for ten claims, want 1", got)
	}
}

func TestRaceOfMarksHasOneWinner(t *testing.T) {
	for range 10 {
		settings := storetest.Azurite(t)
		stores := []*store.Store{storetest.Reopen(t, settings), storetest.Reopen(t, settings), storetest.Reopen(t, settings), storetest.Reopen(t, settings)}
		marks := []store.Mark{store.Live, store.Simulated, store.Live, store.Simulated}
		errs := make([]error, len(stores))
		var all sync.WaitGroup
		for n, s := range stores {
			all.Go(func() { errs[n] = s.Claim(t.Context(), marks[n]) })
		}
		all.Wait()
		holds, err := storetest.Reopen(t, settings).Mark(t.Context())
		if err != nil || holds == "" {
			t.Fatalf("mark after the race: %q, %v", holds, err)
		}
		for n, err := range errs {
			if won := marks[n] == holds; won != (err == nil) {
				t.Errorf("the storage holds %s, and the claim of %s returned %v", holds, marks[n], err)
			}
			assertHolds(t, stores[n], holds)
		}
	}
}

// The insert takes effect and its answer is lost: the SDK sends it again and is told that the row is there.
func TestMarkWhoseAnswerIsLost(t *testing.T) {
	inserts := func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/sources")
	}
	lost := &storetest.Fail{Match: inserts, First: 2, After: true, Passes: true} // the first finds no table
	s := storetest.Open(t, lost)
	if err := s.Claim(t.Context(), store.Live); err != nil {
		t.Fatal(err)
	}
	if got := lost.Seen(); got != 3 {
		t.Errorf("%d inserts were sent, want 3", got)
	}
	assertHolds(t, s, store.Live)
}

func TestMarkThatNobodyWrote(t *testing.T) {
	s := storetest.Open(t)
	row := store.Entity{Partition: "operator", Row: "mark", Values: map[string]any{"mark": "dead"}}
	if _, err := s.Tables.Write(t.Context(), store.TableSources, store.Change{Action: store.Insert, Entity: row}); err != nil {
		t.Fatal(err)
	}
	want := `mark of the storage: "dead" in table sources, row operator mark: want live or simulated`
	if err := s.Claim(t.Context(), store.Live); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
