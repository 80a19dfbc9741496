package handlers

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/config"
	"assay/shared/fetch"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// fixes answers as LBMA does, with a validator: what was remembered is not sent again.
func fixes(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("ETag", `"v1"`)
	if r.Header.Get("If-None-Match") == `"v1"` {
		w.WriteHeader(http.StatusNotModified)
	} else {
		io.WriteString(w, `[{"is_cms_locked":0,"d":"2024-01-12","v":[2040.2,1600.1,1860.3]}]`)
	}
	return true
}

// newFixWorld is a world that gathers two London fixes.
func newFixWorld(t *testing.T, s *store.Store) *fetchWorld {
	t.Helper()
	w := newFetchWorld(t, s, &fakeMarket{answer: fixes})
	w.Config.AcceptTerms = []string{"lbma"}
	w.Config.Watchlist = []string{"XAU-USD-AM", "XAU-USD-PM"}
	return w
}

// A turn is killed before each of its storage requests, which is after the one before it; run again when its claim is free;
// and followed by Reconcile. Everything that the provider said is stored, has a receipt and a message; the turn is done.
func TestFetchKilledAnywhere(t *testing.T) {
	long(t)
	everyRequest(t, func(t *testing.T, kill int, settings config.Storage) bool {
		dead := &storetest.Fail{First: kill, Count: -1}
		killed := newFixWorld(t, storetest.Reopen(t, settings, dead))
		_ = killed.FetchLBMA(t.Context(), slotAt(noon)) // nobody is there to see its error

		w := newFixWorld(t, storetest.Reopen(t, settings))
		w.at = noon.Add(fetch.TurnLimit)
		if err := w.FetchLBMA(t.Context(), slotAt(noon)); err != nil {
			t.Fatalf("run again: %v", err)
		}
		return dead.Seen() >= kill
	})
}

// The answer to each storage request gets lost after it took effect: the turn goes on and ends as if nothing had been.
func TestFetchWithLostAnswers(t *testing.T) {
	long(t)
	everyRequest(t, func(t *testing.T, lose int, settings config.Storage) bool {
		lost := &storetest.Fail{First: lose, After: true, Passes: true}
		w := newFixWorld(t, storetest.Reopen(t, settings, lost))
		if err := w.FetchLBMA(t.Context(), slotAt(noon)); err != nil {
			t.Fatal(err)
		}
		return lost.Seen() >= lose
	})
}

// everyRequest runs a disturbed turn on empty storage for n = 1, 2, … until it made fewer than n requests, and compares what
// it leaves behind with an undisturbed one.
func everyRequest(t *testing.T, disturbed func(t *testing.T, n int, settings config.Storage) bool) {
	t.Helper()
	want := newFixWorld(t, storetest.Open(t))
	if err := want.FetchLBMA(t.Context(), slotAt(noon)); err != nil {
		t.Fatal(err)
	}
	want.reconcileAt(t, noon.Add(time.Hour))
	const few = 15 // a turn makes more requests than this
	for n, more := 1, true; more; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			settings := storetest.Azurite(t)
			if more = disturbed(t, n, settings); !more && n <= few {
				t.Errorf("the turn made fewer than %d requests", n)
			}
			w := newFixWorld(t, storetest.Reopen(t, settings))
			w.reconcileAt(t, noon.Add(time.Hour))
			if diff := cmp.Diff(want.stored(t, "lbma"), w.stored(t, "lbma")); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.rows(t, "lbma"), w.rows(t, "lbma")); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			w.allOnTheirWay(t)
		})
		if t.Failed() {
			return
		}
	}
}

// stored returns what the provider said, each thing once, whichever blob holds it.
func (w *fetchWorld) stored(t *testing.T, name string) []string {
	t.Helper()
	var said []string
	for _, blob := range w.rawNames(t, name) {
		records, err := w.Store.Blobs.Raw(t.Context(), blob)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			said = append(said, fmt.Sprintf("%s %s %v %d %s %s", r.Dataset, r.URI, r.Series, r.Status, r.Header.Get("Etag"), r.Body))
		}
	}
	slices.Sort(said)
	return slices.Compact(said)
}

// rows returns the source's rows, without the columns that differ from run to run: who claimed, until when, which calls were
// made, and what the last turn found new.
func (w *fetchWorld) rows(t *testing.T, name string) []string {
	t.Helper()
	rows, err := w.Store.Tables.Query(t.Context(), store.TableSources, name, store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, row := range rows {
		for _, column := range []string{"claim", "until", "calls", "outcome"} {
			delete(row.Values, column)
		}
		texts = append(texts, fmt.Sprintf("%s %v", row.Row, row.Values))
	}
	return texts
}

// allOnTheirWay checks that every blob has a receipt and a message, and that there is no receipt or message without a blob.
func (w *fetchWorld) allOnTheirWay(t *testing.T) {
	t.Helper()
	var blobs, receipts []string
	for _, blob := range w.rawNames(t, "lbma") {
		blobs = append(blobs, Pointer{Blob: blob}.Encode())
	}
	stored, err := w.Store.Receipts(t.Context(), "lbma", noon.Add(-time.Hour).UnixMilli(), noon.Add(time.Hour).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	for _, receipt := range stored {
		if receipt.State != store.Stored {
			t.Errorf("receipt %s is %s", receipt.Name, receipt.State)
		}
		receipts = append(receipts, Pointer{Blob: receipt.Name}.Encode())
	}
	if diff := cmp.Diff(blobs, receipts); diff != "" {
		t.Errorf("receipts (-blobs +receipts):\n%s", diff)
	}
	if diff := cmp.Diff(blobs, slices.Compact(w.messages(t, store.RawPrices))); diff != "" {
		t.Errorf("messages (-blobs +messages):\n%s", diff)
	}
}
