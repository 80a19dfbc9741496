package tests

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/handlers"
	"assay/shared/config"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// payloadStart is when the bars of payload 0 begin. Payload n holds the first five minutes of hour n.
var payloadStart = time.Date(2024, 1, 15, 0, 0, 0, 0, time.UTC)

// coinbasePayload is Coinbase's answer for hour n: newest first; time, low, high, open, close, volume.
func coinbasePayload(n int) store.Record {
	var rows []string
	for minute := 4; minute >= 0; minute-- {
		price := 42_000 + 10*n + minute
		rows = append(rows, fmt.Sprintf("[%d,%d,%d,%d,%d.5,%d.25]", payloadMinute(n, minute), price-3, price+4, price, price, n+1))
	}
	return store.Record{
		URI:    fmt.Sprintf("https://api.exchange.coinbase.com/products/BTC-USD/candles?granularity=60&start=%d", payloadMinute(n, 0)),
		Status: http.StatusOK, Body: []byte("[" + strings.Join(rows, ",") + "]"),
		Dataset: "coinbase-candles", Series: []market.SeriesID{otherVenue}, Interval: market.Minute, Authority: market.Own,
	}
}

// krakenPayload is Kraken's answer for hour n: oldest first; time, open, high, low, close, vwap, volume, count.
func krakenPayload(n int) store.Record {
	var rows []string
	for minute := range 5 {
		price := 42_001 + 10*n + minute
		rows = append(rows, fmt.Sprintf(`[%d,"%d.0","%d.0","%d.0","%d.1","%d.0","%d.5",7]`,
			payloadMinute(n, minute), price, price+4, price-3, price, price, n+2))
	}
	return store.Record{
		URI:     fmt.Sprintf("https://api.kraken.com/0/public/OHLC?pair=XBTUSD&interval=1&since=%d", payloadMinute(n, 0)),
		Status:  http.StatusOK,
		Body:    fmt.Appendf(nil, `{"error":[],"result":{"XXBTZUSD":[%s],"last":%d}}`, strings.Join(rows, ","), payloadMinute(n, 4)),
		Dataset: "kraken-ohlc", Series: []market.SeriesID{killedVenue}, Interval: market.Minute, Authority: market.Own,
	}
}

func payloadMinute(n, minute int) int64 {
	return payloadStart.Add(time.Duration(n)*time.Hour + time.Duration(minute)*time.Minute).Unix()
}

// noProvider is a server in the place of all providers that does not answer.
const noProvider = "http://127.0.0.1:1"

// newApp is the program's functions in this process. What it keeps is simulated, as what the host is given.
func newApp(t *testing.T, storage config.Storage) *handlers.App {
	t.Helper()
	s := storetest.Reopen(t, storage)
	return &handlers.App{Config: config.Config{SourceURL: noProvider}, Store: s, History: history.New(s.Tables, time.Now), Now: time.Now}
}

// keepEach keeps every record as a raw blob of its own, as a Fetch function does, received a millisecond after the one before.
func keepEach(t *testing.T, app *handlers.App, source string, received time.Time, records []store.Record) []store.RawName {
	t.Helper()
	names := make([]store.RawName, len(records))
	var group errgroup.Group
	group.SetLimit(8)
	for n, record := range records {
		group.Go(func() (err error) {
			names[n], err = app.Keep(t.Context(), source, received.Add(time.Duration(n)*time.Millisecond), []store.Record{record})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return names
}

// states counts the receipts of a source by their state.
func states(t *testing.T, app *handlers.App, source string, received time.Time) map[store.State]int {
	t.Helper()
	receipts, err := app.Store.Receipts(t.Context(), source, received.UnixMilli(), received.Add(time.Hour).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	counts := map[store.State]int{}
	for _, r := range receipts {
		counts[r.State]++
	}
	return counts
}

// work runs a queue function in this process on the messages that wait, until none is left.
func work(t *testing.T, app *handlers.App, queue string, function func(message []byte) error) {
	t.Helper()
	for {
		messages, err := app.Store.Queues.Receive(t.Context(), queue, 1, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if len(messages) == 0 {
			return
		}
		if err := function([]byte(messages[0].Text)); err != nil {
			t.Fatal(err)
		}
		if err := app.Store.Queues.Delete(t.Context(), queue, messages[0]); err != nil {
			t.Fatal(err)
		}
	}
}

// providers answers in the place of every provider, with one bar of Litecoin or one fix of gold.
func providers(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		minute := time.Now().Add(-5 * time.Minute).Truncate(time.Minute).Unix()
		switch r.Host {
		case "api.exchange.coinbase.com":
			fmt.Fprintf(w, "[[%d,70.1,70.4,70.2,70.3,12.5]]", minute)
		case "api.kraken.com":
			fmt.Fprintf(w, `{"error":[],"result":{"XLTCZUSD":[[%[1]d,"70.2","70.4","70.1","70.3","70.2","12.5",7]],"last":%[1]d}}`, minute)
		case "www.bitstamp.net":
			fmt.Fprintf(w, `{"data":{"ohlc":[{"timestamp":"%d","open":"70.2","high":"70.4","low":"70.1","close":"70.3","volume":"12.5"}],"pair":"LTC/USD"}}`, minute)
		case "api-pub.bitfinex.com":
			fmt.Fprint(w, "[]")
		case "prices.lbma.org.uk":
			fmt.Fprint(w, `[{"is_cms_locked":0,"d":"2024-01-15","v":[2055.65,1611.2,1877.3]}]`)
		default:
			http.Error(w, "no such provider: "+r.Host, http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server
}
