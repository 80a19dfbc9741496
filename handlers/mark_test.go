package handlers

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// fetchFrom runs a turn of Kraken against a fake market, which stands in for the real one or for a simulated one.
func fetchFrom(t *testing.T, s *store.Store, simulated bool) (*fetchWorld, error) {
	t.Helper()
	w := newFetchWorld(t, s, &fakeMarket{})
	if simulated {
		w.Config.SourceURL = "http://127.0.0.1:1" // the client of the fake market asks that one
	}
	return w, w.FetchKraken(t.Context(), slotAt(noon))
}

// everything lists the sources that have raw blobs, and counts the messages for Clean.
func everything(t *testing.T, s *store.Store) (sources []string, messages int) {
	t.Helper()
	sources, err := s.Blobs.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	messages, err = s.Queues.Length(t.Context(), store.RawPrices)
	if err != nil {
		t.Fatal(err)
	}
	return sources, messages
}

func TestSimulatedStorageTakesNothingReal(t *testing.T) {
	s := storetest.Open(t)
	if _, err := fetchFrom(t, s, true); err != nil {
		t.Fatal(err)
	}
	const want = "this storage holds a simulated market, and real prices never go among made-up ones: MARKET=live make run keeps them in a storage of their own"
	w, err := fetchFrom(t, s, false)
	if err == nil || err.Error() != "fetch kraken: "+want {
		t.Errorf("live fetch: got %v, want it refused: %s", err, want)
	}
	if len(w.market.asked) > 0 {
		t.Errorf("live fetch asked %v, want nothing asked before it is refused", w.market.asked)
	}
	if _, err := w.RequestBackfill(t.Context(), "kraken", nil); err == nil || err.Error() != "request a backfill: "+want {
		t.Errorf("back-fill: got %v, want it refused: %s", err, want)
	}
	kraken, _ := source.Find("kraken")
	if err := w.Stream(t.Context(), kraken, StreamOptions{}); err == nil || err.Error() != "stream kraken: "+want {
		t.Errorf("stream: got %v, want it refused: %s", err, want)
	}
	for _, target := range []string{"/api/v1/ingest/BTC-USD.mine?interval=1d", "/api/v1/series"} {
		body, media := "time,close\n2024-01-14,42000\n", "text/csv"
		if target == "/api/v1/series" {
			body, media = copperDeclared, "application/json"
		}
		status, sentence := problem(t, post(t, w.App, target, strings.NewReader(body), "Content-Type", media, "Idempotency-Key", "a"))
		if status != http.StatusConflict || sentence != "This cannot be stored: "+want+"." {
			t.Errorf("POST %s: got %d %s, want 409 and %s", target, status, sentence, want)
		}
	}
	sources, messages := everything(t, s)
	if diff := cmp.Diff([]string{"kraken"}, sources); diff != "" || messages != 1 {
		t.Errorf("raw blobs of (-want +got):\n%s%d messages, want the 1 of the simulated fetch", diff, messages)
	}
	if rows, err := s.Tables.Query(t.Context(), store.TableSources, "mine", store.Range{}); err != nil || len(rows) > 0 {
		t.Errorf("the refused push left %v, %v; want nothing, its key neither", rows, err)
	}
}

func TestLiveStorageTakesNothingSimulated(t *testing.T) {
	for name, fill := range map[string]func(*testing.T, *store.Store){
		"fetched": func(t *testing.T, s *store.Store) {
			if _, err := fetchFrom(t, s, false); err != nil {
				t.Fatal(err)
			}
		},
		"pushed": func(t *testing.T, s *store.Store) {
			pushed(t, post(t, newFlow(s), "/api/v1/ingest/BTC-USD.mine?interval=1d", strings.NewReader("time,close\n2024-01-14,42000\n"), "Content-Type", "text/csv"))
		},
		"declared": func(t *testing.T, s *store.Store) { declare(t, newFlow(s), copperDeclared) },
	} {
		t.Run(name, func(t *testing.T) {
			s := storetest.Open(t)
			fill(t, s)
			before, _ := everything(t, s)
			w, err := fetchFrom(t, s, true)
			var refused *store.OtherMark
			if !errors.As(err, &refused) || refused.Holds != store.Live || len(w.market.asked) > 0 {
				t.Errorf("simulated fetch: got %v after %d calls, want it refused before any", err, len(w.market.asked))
			}
			if after, _ := everything(t, s); !cmp.Equal(before, after) {
				t.Errorf("raw blobs of %v, want %v as before", after, before)
			}
		})
	}
}

// The mark is written by the first payload: a turn that brought none leaves a storage that takes either.
func TestTurnWithoutAnswerLeavesNoMark(t *testing.T) {
	s := storetest.Open(t)
	w := newFetchWorld(t, s, &fakeMarket{answer: func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}})
	if err := w.FetchKraken(t.Context(), slotAt(noon)); err != nil {
		t.Fatal(err)
	}
	if mark, err := s.Mark(t.Context()); mark != "" || err != nil {
		t.Errorf("got mark %q, %v, want none", mark, err)
	}
}
