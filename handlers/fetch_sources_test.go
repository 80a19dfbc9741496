package handlers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// turnOf is a Fetch function, and what has to be set for it.
type turnOf struct {
	run       func(*App, context.Context, []byte) error
	watchlist []string
	terms     []string
	keys      map[string]string
	want      string // series, start, close and flags of the newest bar
}

var turns = map[string]turnOf{
	"bitfinex":   {(*App).FetchBitfinex, []string{"BTC-USD"}, nil, nil, "BTC-USD.bitfinex 1m 2024-01-15T11:59:00Z 42006 "},
	"goldapi":    {(*App).FetchGoldAPI, []string{"XAU-USD"}, nil, nil, "XAU-USD.goldapi 1m 2024-01-15T11:59:00Z 2050.4 sampled"},
	"swissquote": {(*App).FetchSwissquote, []string{"XAU-USD"}, nil, nil, "XAU-USD.swissquote 1m 2024-01-15T11:59:00Z 2050.35 sampled"},
	"ecb":        {(*App).FetchECB, []string{"EUR-USD"}, nil, nil, "EUR-USD.ecb 1d 2024-01-12T00:00:00Z 1.0942 "},
	"nbp":        {(*App).FetchNBP, []string{"XAU-PLN-FIX"}, []string{"nbp"}, nil, "XAU-PLN-FIX.nbp 1d 2024-01-15T00:00:00Z 262.05 "},
	"binance":    {(*App).FetchBinance, []string{"BTC-USD", "BTC-USDT"}, []string{"binance"}, nil, "BTC-USDT.binance 1m 2024-01-15T11:59:00Z 42015.5 "},
	"coingecko": {
		(*App).FetchCoinGecko,
		[]string{"BTC-USD"},
		nil,
		map[string]string{"ASSAY_COINGECKO_KEY": "CG-hush"},
		"BTC-USD.coingecko 1m 2024-01-15T11:59:00Z 42001.5 sampled",
	},
}

// What a source sends in a turn becomes bars of its own series, with the flags that say what they are made of.
func TestFetchOfEverySource(t *testing.T) {
	for name, turn := range turns {
		t.Run(name, func(t *testing.T) {
			w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
			w.Config.Watchlist, w.Config.AcceptTerms, w.Config.Keys = turn.watchlist, turn.terms, turn.keys
			if err := turn.run(w.App, t.Context(), slotAt(noon)); err != nil {
				t.Fatal(err)
			}
			src, _ := source.Find(name)
			interval := market.Minute
			if src.Cadence == market.Day {
				interval = market.Day
			}
			for _, message := range w.messages(t, store.RawPrices) {
				if err := w.Clean(t.Context(), []byte(message)); err != nil {
					t.Fatal(err)
				}
			}
			id := market.SeriesID{Instrument: turn.watchlist[len(turn.watchlist)-1], Source: name}
			answer, err := w.History.Read(t.Context(), history.Query{
				Series: id, Interval: interval, From: noon.AddDate(0, 0, -5).Unix(), To: noon.Unix(),
			})
			if err != nil || len(answer.Bars) == 0 {
				t.Fatalf("%d bars of %s, %v; the turn says: %s", len(answer.Bars), id, err, w.outcome(t, name))
			}
			bar := answer.Bars[len(answer.Bars)-1]
			got := fmt.Sprintf("%s %s %s %v %s", id, interval, time.Unix(bar.Start, 0).UTC().Format(time.RFC3339), bar.Close, bar.Flags)
			if got != turn.want {
				t.Errorf("got %q, want %q", got, turn.want)
			}
		})
	}
}

// Until the one thing is set that turns it on, a source asks nothing and leaves nothing.
func TestFetchOfWhatIsOff(t *testing.T) {
	for name, turn := range turns {
		if turn.terms == nil && turn.keys == nil {
			continue
		}
		w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
		w.Config.Watchlist = turn.watchlist
		w.Config.AcceptTerms = []string{"lbma", "coingecko"} // a key is not a matter of terms
		if err := turn.run(w.App, t.Context(), slotAt(noon)); err != nil {
			t.Fatal(err)
		}
		if len(w.market.asked) != 0 || w.state(t, name) != "" {
			t.Errorf("%s asked %s and left %q, want nothing", name, w.market.asked, w.state(t, name))
		}
	}
}

// A wrong key is one clear state: refused, and the next turns do not ask. The key is nowhere in what is stored.
func TestWrongKey(t *testing.T) {
	var keys []string
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{answer: func(out http.ResponseWriter, r *http.Request) bool {
		keys = append(keys, r.Header.Get("x-cg-demo-api-key"))
		out.WriteHeader(http.StatusUnauthorized)
		io.WriteString(out, `{"status":{"error_code":10002,"error_message":"CG-hush is no key"}}`)
		return true
	}})
	w.Config.Keys = map[string]string{"ASSAY_COINGECKO_KEY": "CG-hush"}
	for i := range 4 {
		w.at = noon.Add(time.Duration(i) * 5 * time.Minute)
		if err := w.FetchCoinGecko(t.Context(), slotAt(w.at)); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(keys, []string{"CG-hush"}) {
		t.Errorf("asked with the keys %q, want one call with the owner's", keys)
	}
	src, _ := source.Find("coingecko")
	state, err := w.Fetch.State(t.Context(), src)
	if err != nil || state.Kind != "refused" || state.Reason == "" {
		t.Errorf("state %+v, %v; want it refused", state, err)
	}
	if text := w.state(t, "coingecko") + strings.Join(w.market.asked, " "); strings.Contains(text, "hush") {
		t.Errorf("the key is in what is stored or in a URL:\n%s", text)
	}
}

// One call answers for all coins of the watchlist.
func TestOneQuestionForSeveralSeries(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	w.Config.Watchlist = []string{"BTC-USD", "ETH-USD", "XAU-USD"}
	w.Config.Keys = turns["coingecko"].keys
	if err := w.FetchCoinGecko(t.Context(), slotAt(noon)); err != nil {
		t.Fatal(err)
	}
	if len(w.market.asked) != 1 {
		t.Fatalf("asked %s, want one call", w.market.asked)
	}
	records, err := w.Store.Blobs.Raw(t.Context(), w.rawNames(t, "coingecko")[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []market.SeriesID{{Instrument: "BTC-USD", Source: "coingecko"}, {Instrument: "ETH-USD", Source: "coingecko"}}
	if diff := cmp.Diff(want, records[0].Series); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

// While the market is closed, its quotes are not asked for: the time of one would move on at a weekend.
func TestFetchAtTheWeekend(t *testing.T) {
	saturday := time.Date(2024, 1, 13, 12, 0, 0, 0, time.UTC)
	for name, run := range map[string]func(*App, context.Context, []byte) error{"goldapi": (*App).FetchGoldAPI, "swissquote": (*App).FetchSwissquote} {
		w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
		w.Config.Watchlist = []string{"XAU-USD", "XAG-USD"}
		w.at = saturday
		if err := run(w.App, t.Context(), slotAt(saturday)); err != nil {
			t.Fatal(err)
		}
		if len(w.market.asked) != 0 || w.outcome(t, name) != "0 asked, 0 stored" {
			t.Errorf("%s asked %s; the turn says %q", name, w.market.asked, w.outcome(t, name))
		}
	}
}

// The ECB has a second way: the file of the day when the portal fails, and also when it answers what nobody understands.
func TestFetchTheOtherWay(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		records []string // datasets of the blob
	}{
		"down":           {503, []string{"ecb-xml"}},
		"another format": {200, []string{"ecb-sdmx-csv", "ecb-xml"}},
	} {
		w := newFetchWorld(t, storetest.Open(t), &fakeMarket{answer: func(out http.ResponseWriter, r *http.Request) bool {
			if r.Host == "data-api.ecb.europa.eu" {
				out.WriteHeader(test.status)
				io.WriteString(out, "<html>We have moved</html>")
				return true
			}
			return false
		}})
		w.Config.Watchlist = []string{"EUR-USD"}
		for i := range 2 {
			if err := w.FetchECB(t.Context(), slotAt(noon.Add(time.Duration(i)*time.Second))); err != nil {
				t.Fatal(err)
			}
			w.at = noon.Add(15 * time.Minute)
		}
		var got []string
		records, err := w.Store.Blobs.Raw(t.Context(), w.rawNames(t, "ecb")[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			got = append(got, record.Dataset)
		}
		if diff := cmp.Diff(test.records, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if n := len(w.market.asked); n != 4 {
			t.Errorf("%s: %d calls in two turns, want both ways in each: the breaker stays closed", name, n)
		}
	}
}

// A coin needs no code, only its name. What a source does not know it is not asked again for a day.
func TestFetchOfAnyCoin(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{answer: func(out http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "DOGE") {
			return false
		}
		http.Error(out, `{"message":"NotFound"}`, http.StatusNotFound)
		return true
	}})
	w.Config.Watchlist = []string{"DOGE-EUR", "NOSUCH-USD"}
	for i := range 2 {
		w.market.asked = nil
		if err := w.FetchCoinbase(t.Context(), slotAt(noon.Add(time.Duration(i)*time.Second))); err != nil {
			t.Fatal(err)
		}
		w.at = noon.Add(5 * time.Minute)
	}
	if n := len(w.market.asked); n != 1 || !strings.Contains(w.market.asked[0], "/products/DOGE-EUR/") {
		t.Errorf("the second turn asked %s, want DOGE-EUR only", w.market.asked)
	}
	w.market.asked, w.at = nil, noon.Add(25*time.Hour)
	if err := w.FetchCoinbase(t.Context(), slotAt(w.at)); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(w.market.asked, func(url string) bool { return strings.Contains(url, "NOSUCH-USD") }) {
		t.Errorf("a day later it asked %s, want NOSUCH-USD again", w.market.asked)
	}
}

// Check says ok, or what is wrong, and stores nothing.
func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		status int
		body   string // instead of the fake market's
		want   string
	}{
		"well":           {"kraken", 0, "", "ok: 1 bars of BTC-USD, the newest of 2024-01-15T11:59:00Z with a close of 42005 USD"},
		"another format": {"kraken", 200, "<html></html>", "not in the documented format"},
		"down":           {"bitfinex", 503, `["error",20060,"maintenance"]`, "unavailable"},
		"no price":       {"coinbase", 200, `[[1705319940,41990.1,42010,42000,0,1.5]]`, "no row of BTC-USD could be used: the close is 0, and nothing costs nothing"},
		"not watched":    {"ecb", 0, "", "nothing to ask: ASSAY_WATCHLIST names nothing that it has"},
	} {
		w := newFetchWorld(t, storetest.Open(t), &fakeMarket{answer: func(out http.ResponseWriter, _ *http.Request) bool {
			if test.status != 0 {
				out.WriteHeader(test.status)
				io.WriteString(out, test.body)
			}
			return test.status != 0
		}})
		src, _ := source.Find(test.source)
		got, err := w.Check(t.Context(), src)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, test.want) || (err != nil) != (test.status != 0) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, test.want)
		}
		if blobs := w.rawNames(t, test.source); len(blobs) != 0 {
			t.Errorf("%s: it stored %v", name, blobs)
		}
	}
}
