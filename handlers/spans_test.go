package handlers

import (
	"fmt"
	"slices"
	"testing"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// coinsOf is one payload of a bar of each of many coins, as a turn with a long watchlist stores it.
func coinsOf(count int) []store.Record {
	records := make([]store.Record, count)
	for n := range records {
		id := market.SeriesID{Instrument: fmt.Sprintf("C%04d-USD", n), Source: "mine"}
		records[n] = file(received, "push-csv", market.Day, "time,close\n2024-01-15,1\n", id)
	}
	return records
}

// Neither a receipt's first column nor a message has room for so many spans. All are loaded, with every message delivered twice.
func TestPayloadOfManySpans(t *testing.T) {
	const coins = 450
	app := newFlow(storetest.Open(t))
	name, message := keep(t, app, "mine", received, coinsOf(coins)...)
	if err := app.Clean(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	if got := receipt(t, app.Store, name); got.State != store.Cleaned || len(got.Spans) != coins {
		t.Fatalf("after Clean the receipt is %s with %d spans, want cleaned with %d", got.State, len(got.Spans), coins)
	}
	for messages := take(t, app.Store, store.CleanPrices); len(messages) > 0; messages = take(t, app.Store, store.CleanPrices) {
		for range 2 {
			if err := app.Load(t.Context(), messages[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if state := receipt(t, app.Store, name).State; state != store.Loaded {
		t.Errorf("the receipt is %s, want loaded", state)
	}
	entries, err := app.History.EntriesNow(t.Context())
	if err != nil || len(entries) != coins {
		t.Errorf("%d series are known, %v; want %d", len(entries), err, coins)
	}
}

// What a receipt has no room for is refused as a whole, before anything of it is merged.
func TestPayloadOfTooManySpans(t *testing.T) {
	app := newFlow(storetest.Open(t))
	name, message := keep(t, app, "mine", received, coinsOf(store.MaxSpans+1)...)
	if loads := cleanAndLoad(t, app, message); len(loads) > 0 {
		t.Errorf("%d messages for Load, want none", len(loads))
	}
	const want = "the payload may touch 3001 series and intervals: at most 3000 fit on a receipt; send it in parts"
	if got := receipt(t, app.Store, name); got.State != store.Rejected || got.Reason != want {
		t.Errorf("the receipt is %s: %s; want rejected: %s", got.State, got.Reason, want)
	}
	if rejects, err := app.Store.Rejects(t.Context(), "mine", 0); err != nil || len(rejects) != 1 || rejects[0].Reason != want {
		t.Errorf("rejects %v, %v; want the one", rejects, err)
	}
	if chunk := bars(t, app, market.SeriesID{Instrument: "C0000-USD", Source: "mine"}, market.Day); chunk != "" {
		t.Errorf("bars of the first coin: %s; want none", chunk)
	}
}

// A turn leaves to the next one what its receipt would have no room for.
func TestTurnOfTooManySpans(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	src, _ := source.Find("coinbase")
	in, _ := market.Lookup("BTC-USD")
	requests := src.Requests(in, source.Ask{From: noon.Unix() - 600, Now: noon.Unix(), Full: true})
	if len(requests) < 2 {
		t.Fatalf("%d requests, want minutes and more", len(requests))
	}
	requests[0].Series = slices.Repeat(requests[0].Series, store.MaxSpans)
	got, err := w.gather(t.Context(), src, requests)
	if want := "1 asked, 1 stored; stopped: more than 3000 series and intervals in one turn"; err != nil || got.outcome() != want {
		t.Errorf("the turn says %q, %v; want %q", got.outcome(), err, want)
	}
}
