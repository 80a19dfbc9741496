package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

func receive(t *testing.T, s *store.Store, count int) []store.Message {
	t.Helper()
	messages, err := s.Queues.Receive(t.Context(), store.RawPrices, count, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

func TestQueueMessageFromSendToDelete(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		if n, err := s.Queues.Length(ctx, store.RawPrices); n != 0 || err != nil {
			t.Errorf("a missing queue has length %d, %v; want 0", n, err)
		}
		if got := receive(t, s, 1); len(got) != 0 {
			t.Errorf("a missing queue has messages %v", got)
		}
		text := `{"v":1,"blob":"kraken/ü <&> ` + "\t" + `"}`
		if err := s.Queues.Send(ctx, store.RawPrices, text, 0); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Queues.Length(ctx, store.RawPrices); n != 1 || err != nil {
			t.Errorf("length %d, %v; want 1", n, err)
		}
		got := receive(t, s, 40)
		if len(got) != 1 || got[0].Text != text || got[0].DequeueCount != 1 || got[0].Inserted.IsZero() {
			t.Fatalf("received %+v, want the message once, with its text", got)
		}
		if again := receive(t, s, 1); len(again) != 0 {
			t.Errorf("a message in hand was given out again: %v", again)
		}

		back, err := s.Queues.Renew(ctx, store.RawPrices, got[0], 0)
		if err != nil {
			t.Fatal(err)
		}
		second := receive(t, s, 1)
		if len(second) != 1 || second[0].Text != text || second[0].DequeueCount != 2 {
			t.Fatalf("received %+v, want the message given back, for the second time", second)
		}
		if err := s.Queues.Delete(ctx, store.RawPrices, back); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Delete with an old receipt: %v, want ErrNotFound", err)
		}
		if _, err := s.Queues.Renew(ctx, store.RawPrices, back, time.Minute); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Renew with an old receipt: %v, want ErrNotFound", err)
		}
		renewed, err := s.Queues.Renew(ctx, store.RawPrices, second[0], time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Queues.Delete(ctx, store.RawPrices, renewed); err != nil {
			t.Error(err)
		}
		if err := s.Queues.Delete(ctx, store.RawPrices, renewed); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Delete of a deleted message: %v, want ErrNotFound", err)
		}
	})
}

func TestDelayedMessageIsHiddenButCounted(t *testing.T) {
	s := storetest.Open(t)
	if err := s.Queues.Send(t.Context(), store.CleanPrices, "later", time.Hour); err != nil {
		t.Fatal(err)
	}
	messages, err := s.Queues.Receive(t.Context(), store.CleanPrices, 1, time.Minute)
	if err != nil || len(messages) != 0 {
		t.Errorf("received %v, %v; want nothing yet", messages, err)
	}
	if n, err := s.Queues.Length(t.Context(), store.CleanPrices); n != 1 || err != nil {
		t.Errorf("length %d, %v; want 1", n, err)
	}
}

func TestMessageTextsThatAQueueCannotHold(t *testing.T) {
	s := storetest.Open(t)
	for text, fits := range map[string]bool{
		"\x00": false, "a\x1Bb": false, "\xFF": false, "\xEF": false, "\uFFFE": false, strings.Repeat("a", 64<<10+1): false,
		"\t\n": true, strings.Repeat("a", 64<<10): true, "": true,
	} {
		err := s.Queues.Send(t.Context(), store.RawPrices, text, 0)
		if (err == nil) != fits {
			t.Errorf("Send %.20q: %v, want it to fit: %v", text, err, fits)
		}
	}
}

func TestPoisonName(t *testing.T) {
	if got, want := store.Poison(store.RawPrices), "raw-prices-poison"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
