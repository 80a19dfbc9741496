package tests

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"assay/shared/market"
	"assay/shared/sim"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// gatherers are the timer functions that gather, and their sources.
var gatherers = map[string]string{
	"FetchCoinbase": "coinbase", "FetchKraken": "kraken", "FetchBitstamp": "bitstamp", "FetchBitfinex": "bitfinex", "FetchGoldAPI": "goldapi",
	"FetchSwissquote": "swissquote", "FetchECB": "ecb", "FetchLBMA": "lbma", "FetchNBP": "nbp", "FetchBinance": "binance", "FetchCoinGecko": "coingecko",
}

// simulated is the simulated market, and beside it an answer each of the three providers that it does not play.
func simulated(t *testing.T) *httptest.Server {
	t.Helper()
	play, err := sim.New(sim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		minute := time.Now().Add(-5 * time.Minute).Truncate(time.Minute)
		switch r.Host {
		case "api.nbp.pl":
			fmt.Fprint(w, `[{"data":"2024-01-15","cena":262.05}]`)
		case "data-api.binance.vision":
			fmt.Fprintf(w, `[[%d,"42010.00","42020.00","42000.00","42015.50","1.25",%d,"52519.37",7,"0.5","21007.75","0"]]`, minute.UnixMilli(), minute.UnixMilli()+59_999)
		case "api.coingecko.com":
			fmt.Fprintf(w, `{"bitcoin":{"usd":42001.5,"last_updated_at":%d}}`, minute.Unix())
		default:
			play.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// testSources: every source's timer function, run by hand under the host against the simulated market, ends its turn with a raw
// blob that is loaded. Quotes are not asked for while their market is closed.
func testSources(t *testing.T, script, program string) {
	storage := storetest.Azurite(t)
	app := newApp(t, storage)
	h := newFunctionsHost(t, script, stage(t, program), storage, "ASSAY_SOURCE_URL="+simulated(t).URL, "ASSAY_ACCEPT_TERMS=lbma,nbp,binance",
		"ASSAY_COINGECKO_KEY=CG-key", "ASSAY_WATCHLIST=BTC-USD,BTC-USDT,XAU-USD,EUR-USD,XAU-USD-PM,XAU-PLN-FIX")
	h.start()
	if len(gatherers) != len(source.All) {
		t.Errorf("%d functions gather, want one for each of the %d sources", len(gatherers), len(source.All))
	}
	began := time.Now()
	open := market.MetalSession.Expects(began.Truncate(time.Minute).Unix(), market.Minute)
	for function, name := range gatherers {
		before := h.records("done", function)
		if err := h.invoke(function); err != nil {
			t.Fatal(err)
		}
		eventually(t, function+" is done", func() bool { return h.records("done", function) > before })
		turn, err := app.Store.Tables.Get(t.Context(), store.TableSources, name, "turn")
		if err != nil || turn.Values["done"] != true {
			t.Errorf("row turn of %s: %v, %v; want it done", name, turn.Values, err)
		}
		if quotes := name == "goldapi" || name == "swissquote"; quotes && (!open || !market.MetalSession.Expects(time.Now().Truncate(time.Minute).Unix(), market.Minute)) {
			t.Logf("the market of metals is closed: %s says %q", name, turn.Values["outcome"])
			continue
		}
		eventually(t, name+" is loaded", func() bool {
			receipts, err := app.Store.Receipts(t.Context(), name, began.UnixMilli(), began.Add(time.Hour).UnixMilli())
			if err != nil || len(receipts) == 0 || receipts[0].State == store.Rejected {
				t.Fatalf("receipts of %s: %v, %v; the turn says %q", name, receipts, err, turn.Values["outcome"])
			}
			return receipts[0].State == store.Loaded && receipts[0].Bars > 0
		})
	}
	h.stop()
	h.checkErrors()
}
