package handlers

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

// An old blob, whose receipt was removed, is replayed twice. Its receipt stays until who asked has seen how it ended.
func TestReplayOfAnOldBlob(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	blob := putRaw(t, w.Store, noon.AddDate(0, 0, -40))
	for range 2 {
		if err := w.Replay(t.Context(), blob); err != nil {
			t.Fatal(err)
		}
	}
	message := Pointer{Blob: blob}.Encode()
	if diff := cmp.Diff(slices.Repeat([]string{message}, 2), w.messages(t, store.RawPrices)); diff != "" {
		t.Errorf("raw-prices (-want +got):\n%s", diff)
	}
	w.reconcileAt(t, noon.Add(time.Minute))
	for range 2 {
		if err := w.Clean(t.Context(), []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	w.reconcileAt(t, noon.Add(time.Hour))
	r := receipt(t, w.Store, blob)
	if r.State != store.Rejected {
		t.Errorf("the receipt is %s, want it rejected as the {} that it is", r.State)
	}
	for range 2 {
		if err := w.ForgetReplayed(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Store.Receipt(t.Context(), blob); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the receipt is still there, %v", err)
	}
}

// A kill between the receipt and the message loses nothing, and neither does one before a person looks at the end of an old blob.
func TestReplayThatWasKilled(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	blob := putReceipt(t, w.Store, noon, store.Dead)
	old := putReceipt(t, w.Store, noon.AddDate(0, 0, -31), store.Loaded)
	for _, blob := range []store.RawName{blob, old} {
		if _, err := w.Store.Restart(t.Context(), blob, noon.UnixMilli()); err != nil {
			t.Fatal(err)
		}
	}
	w.reconcileAt(t, noon.Add(31*time.Minute))
	for _, blob := range []store.RawName{blob, old} {
		if r := receipt(t, w.Store, blob); r.State != store.Stored || r.Tries != 1 {
			t.Errorf("%s is %s after %d tries, want it stored, and sent again once", blob, r.State, r.Tries)
		}
	}
	if _, err := w.Store.Advance(t.Context(), old, store.Loaded, nil); err != nil {
		t.Fatal(err)
	}
	w.reconcileAt(t, noon.Add(26*time.Hour))
	if _, err := w.Store.Receipt(t.Context(), old); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a day later the old receipt is still there, %v", err)
	}
}
