package handlers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/shared/config"
	"assay/shared/fetch"
	"assay/shared/history"
	"assay/shared/store"
)

// fakeMarket answers in every provider's place, in the formats that they document: always the same few bars.
type fakeMarket struct {
	mu     sync.Mutex
	asked  []string                                          // host, path and query of each call
	answer func(w http.ResponseWriter, r *http.Request) bool // answers instead when it returns true
}

func (m *fakeMarket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, r.Host+r.URL.String())
	if m.answer != nil && m.answer(w, r) {
		return
	}
	switch r.Host {
	case "api.exchange.coinbase.com":
		io.WriteString(w, `[[1705319940,41990.1,42010,42000,42005.5,1.5],[1705319880,41980,42001,41990,42000,2]]`)
	case "api.kraken.com":
		key := map[string]string{"XBTUSD": "XXBTZUSD", "ETHUSD": "XETHZUSD", "LTCUSD": "XLTCZUSD"}[r.URL.Query().Get("pair")]
		fmt.Fprintf(w, `{"error":[],"result":{%q:[[1705319940,"42000.0","42010.0","41990.0","42005.0","42001.0","1.5",7],`+
			`[1705320000,"42005.0","42005.0","42005.0","42005.0","0.0","0.0",0]],"last":1705319940}}`, key)
	case "www.bitstamp.net":
		io.WriteString(w, `{"data":{"ohlc":[{"timestamp":"1705319940","open":"42000","high":"42010","low":"41990",`+
			`"close":"42004","volume":"1.5"}],"pair":"BTC/USD"}}`)
	case "api-pub.bitfinex.com":
		io.WriteString(w, `[[1705319880000,41990,42003,42004,41985,2.5],[1705319940000,42003,42006,42011,41991,1.5]]`)
	case "api.gold-api.com":
		fmt.Fprintf(w, `{"currency":"USD","name":"Gold","price":2050.4,"symbol":%q,"updatedAt":"2024-01-15T11:59:55Z"}`, path.Base(r.URL.Path))
	case "forex-data-feed.swissquote.com":
		io.WriteString(w, `[{"spreadProfilePrices":[{"spreadProfile":"standard","bid":2050.1,"ask":2050.6}],"ts":1705319998123}]`)
	case "data-api.ecb.europa.eu":
		io.WriteString(w, "FREQ,CURRENCY,TIME_PERIOD,OBS_VALUE\nD,USD,2024-01-12,1.0942\n")
	case "www.ecb.europa.eu":
		io.WriteString(w, "<Envelope><Cube><Cube time='2024-01-12'><Cube currency='USD' rate='1.0942'/></Cube></Cube></Envelope>")
	case "api.nbp.pl":
		io.WriteString(w, `[{"data":"2024-01-12","cena":261.17},{"data":"2024-01-15","cena":262.05}]`)
	case "data-api.binance.vision":
		io.WriteString(w, `[[1705319940000,"42010.1","42020","42000","42015.5","3",1705319999999,"126046.5",9,"1","42015.5","0"]]`)
	case "api.coingecko.com":
		io.WriteString(w, `{"bitcoin":{"usd":42001.5,"last_updated_at":1705319990},"ethereum":{"usd":2520.25,"last_updated_at":1705319991}}`)
	default:
		http.Error(w, "no such provider: "+r.Host, http.StatusNotFound)
	}
}

// noon is 2024-01-15 12:00:00 UTC, a minute after the start of the last finished bar of the fake market.
var noon = time.Date(2024, 1, 15, 12, 0, 0, 0, time.UTC)

// fetchWorld is a program that fetches from a fake market.
type fetchWorld struct {
	*App
	market *fakeMarket
	mu     sync.Mutex
	at     time.Time
}

// newFetchWorld uses a store and a market, which may be those of another world, as another process would.
func newFetchWorld(t *testing.T, s *store.Store, m *fakeMarket) *fetchWorld {
	t.Helper()
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	w := &fetchWorld{market: m, at: noon}
	client, err := fetch.New(s.Tables, fetch.Options{Now: w.now, Wait: w.wait, URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	w.App = &App{
		Config: config.Config{Watchlist: []string{"BTC-USD"}, ResendAfter: 30 * time.Minute},
		Store:  s, History: history.New(s.Tables, w.now), Fetch: client, Now: w.now,
	}
	return w
}

func (w *fetchWorld) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

// wait moves the clock instead.
func (w *fetchWorld) wait(_ context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
	return nil
}

func slotAt(t time.Time) []byte {
	return fmt.Appendf(nil, `{"slot":%q,"pastDue":false}`, t.Format(time.RFC3339))
}

// state prints what lies in storage of one source: raw blobs with their records, receipts, messages, rows.
func (w *fetchWorld) state(t *testing.T, name string) string {
	t.Helper()
	var text strings.Builder
	blobs, err := w.Store.Blobs.ListRaw(t.Context(), name, 0, noon.AddDate(1, 0, 0).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	for _, blob := range blobs {
		records, err := w.Store.Blobs.Raw(t.Context(), blob)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "blob %s\n", blob)
		for _, record := range records {
			fmt.Fprintf(&text, "  %d %s %s\n", record.Status, record.URI, record.Body)
		}
	}
	receipts, err := w.Store.Receipts(t.Context(), name, noon.AddDate(0, 0, -1).UnixMilli(), noon.AddDate(0, 0, 1).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	for _, receipt := range receipts {
		fmt.Fprintf(&text, "receipt %s %s, queued %s, %d tries\n", receipt.Name.Key(), receipt.State,
			time.UnixMilli(receipt.Queued).UTC().Format("15:04:05"), receipt.Tries)
	}
	rows, err := w.Store.Tables.Query(t.Context(), store.TableSources, name, store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		delete(row.Values, "claim") // random
		fmt.Fprintf(&text, "row %s %v\n", row.Row, row.Values)
	}
	return text.String()
}

// messages takes all that is on a queue, sorted.
func (w *fetchWorld) messages(t *testing.T, queue string) []string {
	t.Helper()
	var texts []string
	for {
		page, err := w.Store.Queues.Receive(t.Context(), queue, 32, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			slices.Sort(texts)
			return texts
		}
		for _, message := range page {
			texts = append(texts, message.Text)
		}
	}
}

// rawNames returns the source's blobs.
func (w *fetchWorld) rawNames(t *testing.T, name string) []store.RawName {
	t.Helper()
	blobs, err := w.Store.Blobs.ListRaw(t.Context(), name, 0, noon.AddDate(1, 0, 0).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	return blobs
}

// outcome returns what the last turn says of itself.
func (w *fetchWorld) outcome(t *testing.T, name string) string {
	t.Helper()
	row, err := w.Store.Tables.Get(t.Context(), store.TableSources, name, "turn")
	if err != nil {
		t.Fatal(err)
	}
	if row.Values["done"] != true {
		t.Errorf("the turn of %s is not done", name)
	}
	text, _ := row.Values["outcome"].(string)
	return text
}
