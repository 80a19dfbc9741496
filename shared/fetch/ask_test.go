package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// clock stands still until a test moves it. Waiting moves it too.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) wait(_ context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return nil
}

// client returns a client on the test's Azurite whose provider is the handler.
func client(t *testing.T, s *store.Store, clock *clock, provider http.HandlerFunc) *Client {
	t.Helper()
	c, err := New(s.Tables, Options{Now: clock.now, Wait: clock.wait, URL: serve(t, provider)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// candles is what Kraken answers: one finished minute and the one that is under way.
const candles = `{"error":[],"result":{"XXBTZUSD":[[1705319940,"42000.0","42010.0","41990.0","42005.0","42001.0","1.5",7],` +
	`[1705320000,"42005.0","42005.0","42005.0","42005.0","0.0","0.0",0]],"last":1705319940}}`

func answers(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, candles) }

// kraken returns the source with a budget of its own, and a question for it.
func kraken(t *testing.T, budget source.Budget) (source.Source, source.Request) {
	t.Helper()
	kraken, found := source.Find("kraken")
	bitcoin, known := market.Lookup("BTC-USD")
	if !found || !known {
		t.Fatal("no kraken or no BTC-USD")
	}
	kraken.Budget = budget
	return kraken, kraken.Requests(bitcoin, source.Ask{Now: noon.Unix()})[0]
}

// Eight clients want 80 calls together, and the budget has 30 for the hour: the provider sees 30.
func TestBudgetHoldsForAllClients(t *testing.T) {
	var seen atomic.Int64
	provider := func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		answers(w, r)
	}
	clock := &clock{at: noon}
	s := storetest.Open(t)
	src, request := kraken(t, source.Budget{Calls: 30, Per: time.Hour})
	var group errgroup.Group
	var paused atomic.Int64
	for range 8 {
		c := client(t, s, clock, provider)
		group.Go(func() error {
			for range 10 {
				_, err := c.Ask(t.Context(), src, request)
				if errors.Is(err, ErrPaused) {
					paused.Add(1)
				} else if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := [2]int64{seen.Load(), paused.Load()}; got != [2]int64{30, 50} {
		t.Errorf("%d calls made and %d refused, want 30 and 50", got[0], got[1])
	}
	clock.at = noon.Add(time.Hour)
	if _, err := client(t, s, clock, provider).Ask(t.Context(), src, request); err != nil {
		t.Errorf("an hour later: %v", err)
	}
}

func TestBudgetWaitsForAShortWhile(t *testing.T) {
	clock := &clock{at: noon}
	c := client(t, storetest.Open(t), clock, answers)
	src, request := kraken(t, source.Budget{Calls: 2, Per: time.Second})
	for range 5 {
		if _, err := c.Ask(t.Context(), src, request); err != nil {
			t.Fatal(err)
		}
	}
	if got := clock.at.Sub(noon); got != 2*time.Second {
		t.Errorf("5 calls at 2 a second took %s, want 2s: two at once, two after a second, one after two", got)
	}
}

func TestConditionalRequest(t *testing.T) {
	var asked []string
	var answer http.HandlerFunc
	c := client(t, storetest.Open(t), &clock{at: noon}, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("If-None-Match")+" "+r.Header.Get("If-Modified-Since"))
		answer(w, r)
	})
	src, request := kraken(t, source.Budget{Calls: 100, Per: time.Minute})
	request.Conditional = true
	request.URL += "&api_key=hush"

	answer = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Last-Modified", "Mon, 15 Jan 2024 11:00:00 GMT")
		answers(w, r)
	}
	first, err := c.Ask(t.Context(), src, request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ask(t.Context(), src, request); err != nil {
		t.Errorf("an answer that nobody stored was remembered: %v", err)
	}
	if err := c.Remember(t.Context(), src, request, first); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ask(t.Context(), src, request); !errors.Is(err, ErrUnchanged) {
		t.Errorf("the same body again: got %v, want ErrUnchanged", err)
	}
	answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }
	if _, err := c.Ask(t.Context(), src, request); !errors.Is(err, ErrUnchanged) {
		t.Errorf("304: got %v, want ErrUnchanged", err)
	}
	want := []string{" ", " ", `"v1" Mon, 15 Jan 2024 11:00:00 GMT`, `"v1" Mon, 15 Jan 2024 11:00:00 GMT`}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("validators (-want +got):\n%s", diff)
	}
	r, err := c.read(t.Context(), "kraken", conditionKey(first.Dataset, first.URI))
	if err != nil {
		t.Fatal(err)
	}
	if url := r.text("url"); !strings.HasSuffix(url, "&api_key=REDACTED") {
		t.Errorf("stored URL %q holds a key", url)
	}
}

// A provider with two addresses has failed when both have. Then one failure is counted, not two.
func TestTheOtherWay(t *testing.T) {
	clock := &clock{at: noon}
	var asked []string
	answering := map[string]bool{"/second": true}
	c := client(t, storetest.Open(t), clock, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		if !answering[r.URL.Path] {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answers(w, r)
	})
	src, request := kraken(t, source.Budget{Calls: 100, Per: time.Minute})
	request.URL = "https://api.kraken.com/first"
	second := request
	second.URL = "https://api.kraken.com/second"
	request.Else = &second

	record, err := c.Ask(t.Context(), src, request)
	if err != nil || record.URI != second.URL {
		t.Fatalf("got an answer from %q, %v; want the second way's", record.URI, err)
	}
	delete(answering, "/second")
	_, err = c.Ask(t.Context(), src, request)
	if !errors.Is(err, source.ErrUnavailable) || !strings.Contains(err.Error(), "/second") || !strings.Contains(err.Error(), "/first") {
		t.Errorf("both down: got %v, want both named", err)
	}
	if _, err := c.Ask(t.Context(), src, request); !errors.Is(err, ErrPaused) || !strings.Contains(err.Error(), "after 1 failures") {
		t.Errorf("got %v, want a pause after one failure", err)
	}
	clock.at = noon.Add(time.Hour)
	answering["/second"] = true
	if _, err := c.Ask(t.Context(), src, request); err != nil {
		t.Errorf("the first way still down: %v", err)
	}
	clock.at = noon.Add(2 * time.Hour)
	if _, err := c.Ask(t.Context(), src, request); err != nil {
		t.Errorf("the breaker is not closed: %v", err)
	}
	want := []string{"/first", "/second", "/first", "/second", "/first", "/second", "/first", "/second"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// An answer that makes its parser panic would be lost if it were not returned to be stored.
func TestPanickingParserLosesNothing(t *testing.T) {
	record := store.Record{URI: "https://api.kraken.com/", Status: 200, Dataset: "kraken-ohlc", Body: []byte(candles)}
	failure := guard(record, func(source.Payload, func(market.Row)) error { panic("index out of range") })
	if !errors.Is(failure, source.ErrFormat) {
		t.Errorf("got %v, want source.ErrFormat", failure)
	}
}
