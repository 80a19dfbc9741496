package handlers

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

func TestFetchStoresOneBlob(t *testing.T) {
	for name, run := range map[string]func(*App) func(context.Context, []byte) error{
		"coinbase": func(a *App) func(context.Context, []byte) error { return a.FetchCoinbase },
		"kraken":   func(a *App) func(context.Context, []byte) error { return a.FetchKraken },
		"bitstamp": func(a *App) func(context.Context, []byte) error { return a.FetchBitstamp },
		"bitfinex": func(a *App) func(context.Context, []byte) error { return a.FetchBitfinex },
	} {
		t.Run(name, func(t *testing.T) {
			w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
			fetchOnce := run(w.App)
			if err := fetchOnce(t.Context(), slotAt(noon)); err != nil {
				t.Fatal(err)
			}
			blobs := w.rawNames(t, name)
			if len(blobs) != 1 {
				t.Fatalf("%d blobs, want 1; the turn says: %s", len(blobs), w.outcome(t, name))
			}
			records, err := w.Store.Blobs.Raw(t.Context(), blobs[0])
			if err != nil {
				t.Fatal(err)
			}
			if len(records) != len(w.market.asked) {
				t.Errorf("%d records of %d answers", len(records), len(w.market.asked))
			}
			receipt, err := w.Store.Receipt(t.Context(), blobs[0])
			if err != nil || receipt.State != store.Stored {
				t.Errorf("receipt %v, %v; want it stored", receipt, err)
			}
			want := []string{Pointer{Blob: blobs[0]}.Encode()}
			if diff := cmp.Diff(want, w.messages(t, store.RawPrices)); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}

			before := w.state(t, name)
			if err := fetchOnce(t.Context(), slotAt(noon)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, w.state(t, name)); diff != "" {
				t.Errorf("the same slot again changed (-first +second):\n%s", diff)
			}
			if again := w.messages(t, store.RawPrices); len(again) != 0 {
				t.Errorf("the same slot again queued %s", again)
			}
		})
	}
}

func TestFetchTwiceAtOnce(t *testing.T) {
	s, m := storetest.Open(t), &fakeMarket{}
	var group errgroup.Group
	worlds := make([]*fetchWorld, 4)
	for i := range worlds {
		worlds[i] = newFetchWorld(t, s, m)
		group.Go(func() error { return worlds[i].FetchKraken(t.Context(), slotAt(noon)) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if blobs := worlds[0].rawNames(t, "kraken"); len(blobs) != 1 {
		t.Errorf("%d blobs, want 1: one of four does the turn", len(blobs))
	}
	if asked := slices.Compact(slices.Sorted(slices.Values(m.asked))); len(asked) != len(m.asked) {
		t.Errorf("the provider was asked twice for one thing: %s", m.asked)
	}
}

// The first turn of a day asks two days more and the hours and days; the next asks minutes from the watermark less 15 minutes.
func TestFetchAsksFromTheWatermark(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	bitcoin := market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}
	bar := market.Bar{Start: noon.Unix() - 60, Open: 1, High: 1, Low: 1, Close: 1, Volume: 1, Authority: market.Own, Received: noon.UnixMilli()}
	span, err := w.History.Merge(t.Context(), bitcoin, market.Minute, 1, []market.Bar{bar})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.History.Settle(t.Context(), []market.Span{span}, 100); err != nil {
		t.Fatal(err)
	}
	src, _ := source.Find("kraken")
	instrument, _ := market.Lookup("BTC-USD")
	for i, want := range []source.Ask{
		{From: noon.Add(-15*time.Minute - 48*time.Hour).Unix(), Now: noon.Unix(), Full: true},
		{From: noon.Add(-15 * time.Minute).Unix(), Now: noon.Unix()},
	} {
		var urls []string
		for _, r := range src.Requests(instrument, want) {
			urls = append(urls, strings.TrimPrefix(r.URL, "https://"))
		}
		w.market.asked = nil
		if err := w.FetchKraken(t.Context(), slotAt(noon.Add(time.Duration(i)*time.Second))); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(urls, w.market.asked); diff != "" {
			t.Errorf("turn %d (-want +got):\n%s", i+1, diff)
		}
		w.at = noon
	}
}

// A provider that fails is not an error of the function. What came before is stored, what only a person can change too.
func TestFetchFromAFailingProvider(t *testing.T) {
	second := func(status int, body string) func(http.ResponseWriter, *http.Request) bool {
		calls := 0
		return func(w http.ResponseWriter, _ *http.Request) bool {
			if calls++; calls == 2 {
				w.WriteHeader(status)
				io.WriteString(w, body)
			}
			return calls == 2
		}
	}
	for name, test := range map[string]struct {
		answer  func(http.ResponseWriter, *http.Request) bool
		records int    // of the blob
		outcome string // what the turn says
	}{
		"down":           {second(503, "<html>"), 1, "unavailable"},
		"limited":        {second(200, `{"error":["EGeneral:Too many requests"]}`), 1, "rate limited"},
		"refusing":       {second(451, "not where you are"), 1, "refused"},
		"another format": {second(200, "<html>We have moved</html>"), 3, "3 asked, 3 stored"},
		"unknown symbol": {second(200, `{"error":["EQuery:Unknown asset pair"]}`), 3, "3 asked, 3 stored"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newFetchWorld(t, storetest.Open(t), &fakeMarket{answer: test.answer})
			if err := w.FetchKraken(t.Context(), slotAt(noon)); err != nil {
				t.Fatal(err)
			}
			blobs := w.rawNames(t, "kraken")
			if len(blobs) != 1 {
				t.Fatalf("%d blobs, want 1", len(blobs))
			}
			records, err := w.Store.Blobs.Raw(t.Context(), blobs[0])
			if err != nil {
				t.Fatal(err)
			}
			if len(records) != test.records {
				t.Errorf("%d records, want %d", len(records), test.records)
			}
			if got := w.outcome(t, "kraken"); !strings.Contains(got, test.outcome) {
				t.Errorf("outcome %q, want it to contain %q", got, test.outcome)
			}
		})
	}
}

func TestFetchWithoutTermsDoesNothing(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	w.Config.Watchlist = []string{"XAU-USD-AM", "XAU-USD-PM"}
	if err := w.FetchLBMA(t.Context(), slotAt(noon)); err != nil {
		t.Fatal(err)
	}
	if len(w.market.asked) != 0 || w.state(t, "lbma") != "" {
		t.Errorf("asked %s and left %q, want nothing", w.market.asked, w.state(t, "lbma"))
	}
}

// The files of the London fixes change once a day: the answer that was stored is not stored again.
func TestFetchOfUnchangedFixesStoresNothing(t *testing.T) {
	w := newFixWorld(t, storetest.Open(t))
	for i := range 3 {
		if err := w.FetchLBMA(t.Context(), slotAt(noon.Add(time.Duration(i)*15*time.Second))); err != nil {
			t.Fatal(err)
		}
	}
	if blobs := w.rawNames(t, "lbma"); len(blobs) != 1 || len(w.market.asked) != 6 {
		t.Errorf("%d blobs after %d calls, want 1 after 6: %s", len(blobs), len(w.market.asked), w.market.asked)
	}
	if got := w.outcome(t, "lbma"); got != "2 asked, 0 stored" {
		t.Errorf("outcome %q", got)
	}
}

func TestFetchRefuses(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	for _, payload := range []string{"", "{}", `{"slot":"soon"}`, `{"slot":"2030-01-01T00:00:00Z"}`} {
		if err := w.FetchKraken(t.Context(), []byte(payload)); err == nil {
			t.Errorf("payload %q: no error", payload)
		}
	}
	w.Config.Watchlist = []string{"BTC-USD", "DOGE"}
	if err := w.FetchKraken(t.Context(), slotAt(noon)); err == nil || !strings.Contains(err.Error(), `"DOGE"`) {
		t.Errorf("a watchlist with DOGE: got %v, want an error that names it", err)
	}
	if len(w.market.asked) != 0 {
		t.Errorf("asked %s", w.market.asked)
	}
}
