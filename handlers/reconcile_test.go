package handlers

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
	"assay/shared/telemetry"
)

// putRaw stores a blob of kraken received at a moment, without a receipt.
func putRaw(t *testing.T, s *store.Store, received time.Time) store.RawName {
	t.Helper()
	blob, err := s.Blobs.PutRaw(t.Context(), "kraken", received.UnixMilli(), []store.Record{{
		URI: "https://api.kraken.com/0/public/OHLC", Date: received, Status: 200, Body: []byte("{}"), Dataset: "kraken-ohlc",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// putReceipt stores a blob and its receipt in a state, queued when it was received. No message is queued: it got lost.
func putReceipt(t *testing.T, s *store.Store, received time.Time, state store.State, spans ...market.Span) store.RawName {
	t.Helper()
	blob := putRaw(t, s, received)
	_, err := s.Advance(t.Context(), blob, state, func(r *store.Receipt) { r.Queued, r.Spans = received.UnixMilli(), spans })
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

func (w *fetchWorld) reconcileAt(t *testing.T, at time.Time) {
	t.Helper()
	w.at = at
	if err := w.Reconcile(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
}

// A message that got lost is sent again after 30 minutes, an hour, two hours; after four more the payload is dead.
func TestReconcileSendsAgain(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	blob := putReceipt(t, w.Store, noon, store.Stored)
	message := Pointer{Blob: blob}.Encode()
	for _, step := range []struct {
		after time.Duration // since noon
		sent  int
		tries int
		state store.State
	}{
		{29 * time.Minute, 0, 0, store.Stored},
		{30 * time.Minute, 1, 1, store.Stored},
		{30 * time.Minute, 0, 1, store.Stored},
		{89 * time.Minute, 0, 1, store.Stored},
		{90 * time.Minute, 1, 2, store.Stored},
		{209 * time.Minute, 0, 2, store.Stored},
		{210 * time.Minute, 1, 3, store.Stored},
		{449 * time.Minute, 0, 3, store.Stored},
		{450 * time.Minute, 0, 3, store.Dead},
		{48 * time.Hour, 0, 3, store.Dead},
	} {
		w.reconcileAt(t, noon.Add(step.after))
		sent := w.messages(t, store.RawPrices)
		if len(sent) != step.sent || len(sent) == 1 && sent[0] != message {
			t.Errorf("after %s: sent %s, want %d times %s", step.after, sent, step.sent, message)
		}
		receipt, err := w.Store.Receipt(t.Context(), blob)
		if err != nil {
			t.Fatal(err)
		}
		if receipt.State != step.state || receipt.Tries != step.tries {
			t.Errorf("after %s: %s with %d tries, want %s with %d", step.after, receipt.State, receipt.Tries, step.state, step.tries)
		}
	}
}

// What is due together comes back apart: a payload that kills the process would take the others along every time.
func TestReconcileSpreadsWhatItSends(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	first := putReceipt(t, w.Store, noon, store.Stored)
	for second := range 3 {
		putReceipt(t, w.Store, noon.Add(time.Duration(1+second)*time.Second), store.Stored)
	}
	for range 2 {
		w.reconcileAt(t, noon.Add(time.Hour))
	}
	if n, err := w.Store.Queues.Length(t.Context(), store.RawPrices); n != 4 || err != nil {
		t.Errorf("raw-prices holds %d messages, %v; want all 4", n, err)
	}
	want := []string{Pointer{Version: 1, Blob: first}.Encode()}
	if diff := cmp.Diff(want, w.messages(t, store.RawPrices)); diff != "" {
		t.Errorf("visible in raw-prices at once (-want +got):\n%s", diff)
	}
}

func TestReconcileSendsSpansToLoad(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	span := market.Span{
		Series: market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}, Interval: market.Minute,
		From: noon.Unix() - 60, To: noon.Unix(), Own: true,
	}
	blob := putReceipt(t, w.Store, noon, store.Cleaned, span)
	putReceipt(t, w.Store, noon.Add(time.Second), store.Loaded)
	putReceipt(t, w.Store, noon.Add(2*time.Second), store.Rejected)
	w.reconcileAt(t, noon.Add(time.Hour))
	want := []string{Pointer{Blob: blob, Spans: []market.Span{span}}.Encode()}
	if diff := cmp.Diff(want, w.messages(t, store.CleanPrices)); diff != "" {
		t.Errorf("clean-prices (-want +got):\n%s", diff)
	}
	if other := w.messages(t, store.RawPrices); len(other) != 0 {
		t.Errorf("raw-prices got %s, want nothing", other)
	}
}

func TestReconcileFindsBlobsWithoutReceipt(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	blob := putRaw(t, w.Store, noon)
	putRaw(t, w.Store, noon.AddDate(0, 0, -8)) // its receipt was there, and is not looked for any more
	w.reconcileAt(t, noon.Add(29*time.Minute))
	if sent := w.messages(t, store.RawPrices); len(sent) != 0 {
		t.Errorf("a blob of 29 minutes was sent: %s", sent)
	}
	for range 2 {
		w.reconcileAt(t, noon.Add(31*time.Minute))
	}
	if diff := cmp.Diff([]string{Pointer{Blob: blob}.Encode()}, w.messages(t, store.RawPrices)); diff != "" {
		t.Errorf("raw-prices (-want +got):\n%s", diff)
	}
	if receipt, err := w.Store.Receipt(t.Context(), blob); err != nil || receipt.State != store.Stored {
		t.Errorf("receipt %v, %v; want it stored", receipt, err)
	}
}

// Where nothing ran for days, what was left before is found when it runs again; and what was looked at is not listed each time.
func TestReconcileLooksSinceItLastDid(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	putReceipt(t, w.Store, noon, store.Loaded)
	w.reconcileAt(t, noon.Add(time.Hour))
	orphan := putRaw(t, w.Store, noon.Add(90*time.Minute)) // then everything stops
	w.reconcileAt(t, noon.AddDate(0, 0, 5))
	if diff := cmp.Diff([]string{Pointer{Blob: orphan}.Encode()}, w.messages(t, store.RawPrices)); diff != "" {
		t.Errorf("raw-prices (-want +got):\n%s", diff)
	}
	w.at = noon.AddDate(0, 0, 5).Add(30 * time.Minute)
	ctx, tally := telemetry.Tallied(t.Context())
	if err := w.Reconcile(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if n := tally.Counts()[telemetry.Kind{Service: "blob", Class: telemetry.List}]; n > 4 {
		t.Errorf("half an hour later %d listings, want the sources, the day, what to join and old pictures", n)
	}
}

func TestReconcileManyAtOnceSendsOnce(t *testing.T) {
	s := storetest.Open(t)
	lost := putReceipt(t, s, noon, store.Stored)
	orphan := putRaw(t, s, noon.Add(time.Second))
	var group errgroup.Group
	for range 6 {
		w := newFetchWorld(t, s, &fakeMarket{})
		w.at = noon.Add(time.Hour)
		group.Go(func() error { return w.Reconcile(t.Context(), nil) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	want := []string{Pointer{Blob: lost}.Encode(), Pointer{Blob: orphan}.Encode()}
	w := newFetchWorld(t, s, &fakeMarket{})
	if diff := cmp.Diff(want, w.messages(t, store.RawPrices)); diff != "" {
		t.Errorf("raw-prices (-want +got):\n%s", diff)
	}
}

// Finished receipts are kept for 30 days; unfinished ones until somebody looks after them.
func TestReconcilePrunes(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	old, young := noon.AddDate(0, 0, -31), noon.AddDate(0, 0, -29)
	at := func(day time.Time, second int) time.Time { return day.Add(time.Duration(second) * time.Second) }
	gone := []store.RawName{putReceipt(t, w.Store, at(old, 1), store.Loaded), putReceipt(t, w.Store, at(old, 2), store.Rejected)}
	kept := []store.RawName{
		putReceipt(t, w.Store, at(old, 3), store.Dead), putReceipt(t, w.Store, at(old, 4), store.Stored),
		putReceipt(t, w.Store, at(old, 5), store.Cleaned), putReceipt(t, w.Store, at(young, 6), store.Loaded),
		putReceipt(t, w.Store, at(young, 7), store.Rejected),
	}
	w.reconcileAt(t, noon)
	for _, blob := range gone {
		if _, err := w.Store.Receipt(t.Context(), blob); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("receipt %s: got %v, want ErrNotFound", blob, err)
		}
	}
	for _, blob := range kept {
		if _, err := w.Store.Receipt(t.Context(), blob); err != nil {
			t.Errorf("receipt %s: %v, want it kept", blob, err)
		}
	}
	before := w.state(t, "kraken")
	w.reconcileAt(t, noon)
	if diff := cmp.Diff(before, w.state(t, "kraken")); diff != "" {
		t.Errorf("running it again changed (-first +second):\n%s", diff)
	}
}

// A source whose receipts cannot be read does not keep the others from being looked at.
func TestReconcileGoesOnAfterTrouble(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	blob, err := w.Store.Blobs.PutRaw(t.Context(), "coinbase", noon.UnixMilli(), []store.Record{{
		URI: "https://api.exchange.coinbase.com/", Date: noon, Status: 200, Body: []byte("[]"), Dataset: "coinbase-candles",
	}})
	if err != nil {
		t.Fatal(err)
	}
	strange := store.Entity{Partition: "coinbase~20240115", Row: blob.Key(), Values: map[string]any{"state": "lost"}}
	if _, err := w.Store.Tables.Write(t.Context(), store.TableReceipts, store.Change{Action: store.Insert, Entity: strange}); err != nil {
		t.Fatal(err)
	}
	putReceipt(t, w.Store, noon, store.Stored)
	w.at = noon.Add(time.Hour)
	if err := w.Reconcile(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "reconcile coinbase") {
		t.Errorf("got %v, want an error that names coinbase", err)
	}
	if sent := w.messages(t, store.RawPrices); len(sent) != 1 {
		t.Errorf("sent %s, want kraken's one", sent)
	}
}

func TestReconcileOfNothing(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	w.reconcileAt(t, noon)
}
