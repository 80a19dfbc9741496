package commands

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"assay/handlers"
	"assay/shared/config"
	"assay/shared/fetch"
)

// TestMarketIsChosen plays the providers: which of them answers decides, and whether real prices are stored.
func TestMarketIsChosen(t *testing.T) {
	html := func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>Log in to the hotel's network</html>") }
	down := func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }
	good := func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, `{"data":{"ohlc":[{"timestamp":"1705319940","open":"42000","high":"42010","low":"41990","close":"42004","volume":"1.5"}],"pair":"BTC/USD"}}`)
	}
	for _, test := range []struct {
		name, market string
		stored       bool
		bitstamp     func(http.ResponseWriter) // every other provider is down
		simulated    bool
		why          string
	}{
		{"one answers", "auto", false, good, false, "Live market: bitstamp answers"},
		{"none answers", "auto", false, down, true, "Simulated market: the prices are made up, because no provider answers; MARKET=live make run waits for real ones"},
		{"something else answers", "auto", false, html, true, "Simulated market: the prices are made up, because no provider answers; MARKET=live make run waits for real ones"},
		{"none answers in time", "auto", false, nil, true, "Simulated market: the prices are made up, because no provider answers; MARKET=live make run waits for real ones"},
		{"none answers, with real prices", "auto", true, down, false, "Live market: no provider answers now, but real prices are stored; more are gathered when one does"},
		{"live is forced", "live", false, down, false, "Live market"},
		{"sim is forced", "sim", true, good, true, "Simulated market: the prices are made up"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Host != "www.bitstamp.net":
					down(w)
				case test.bitstamp == nil:
					<-r.Context().Done()
				default:
					test.bitstamp(w)
				}
			}))
			t.Cleanup(server.Close)
			l := local{market: test.market, data: t.TempDir()}
			if test.stored {
				if err := os.MkdirAll(filepath.Join(l.data, "__blobstorage__", "a raw blob"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			ctx := t.Context()
			if test.bitstamp == nil {
				deadline, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
				ctx = deadline
			}
			simulated, why, err := programAt(t, server.URL).chooseMarket(ctx, l)
			if err != nil || simulated != test.simulated || why != test.why {
				t.Errorf("got %v, %q, %v, want %v, %q", simulated, why, err, test.simulated, test.why)
			}
		})
	}
}

// programAt asks a server as if it were the providers themselves, and has no storage.
func programAt(t *testing.T, url string) *Program {
	t.Helper()
	client, err := fetch.New(nil, fetch.Options{Now: time.Now, URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return &Program{App: &handlers.App{Config: config.Config{Watchlist: []string{"BTC-USD", "XAU-USD"}}, Fetch: client, Now: time.Now}}
}
