package store_test

import (
	"errors"
	"testing"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

// Somebody who looks at a receipt and calls it dead is too late when the payload has moved meanwhile.
func TestBury(t *testing.T) {
	s := storetest.Open(t)
	name := store.RawName{Source: "kraken", Received: 1705320000123, Sum: "0123abcd"}
	seen, err := s.Advance(t.Context(), name, store.Stored, nil)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := s.Advance(t.Context(), name, store.Cleaned, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		seen store.Receipt
		want store.State
	}{{seen, store.Cleaned}, {moved, store.Dead}, {moved, store.Dead}} {
		if err := s.Bury(t.Context(), test.seen); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Receipt(t.Context(), name); err != nil || got.State != test.want {
			t.Errorf("buried as seen %s: now %s, %v; want %s", test.seen.State, got.State, err, test.want)
		}
	}
}

func TestForget(t *testing.T) {
	s := storetest.Open(t)
	name := store.RawName{Source: "kraken", Received: 1705320000123, Sum: "0123abcd"}
	for _, state := range []store.State{store.Stored, store.Cleaned, store.Loaded} {
		receipt, err := s.Advance(t.Context(), name, state, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Forget(t.Context(), receipt); (err == nil) != (state == store.Loaded) {
			t.Errorf("forget a %s receipt: %v", state, err)
		}
	}
	if _, err := s.Receipt(t.Context(), name); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if err := s.Forget(t.Context(), store.Receipt{Name: name, State: store.Loaded}); err != nil {
		t.Errorf("forget one that is gone: %v", err)
	}
}
