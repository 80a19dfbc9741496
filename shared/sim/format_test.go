package sim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/sim"
	"assay/shared/source"
)

// served are the sources that the market stands in for.
var served = []string{"coinbase", "kraken", "bitstamp", "bitfinex", "goldapi", "swissquote", "ecb", "lbma"}

// noon is Tuesday, 2026-01-06T12:00:20Z: every market is open.
var noon = time.Date(2026, 1, 6, 12, 0, 20, 0, time.UTC)

// marketAt is a market whose clock stands still.
func marketAt(t *testing.T, now time.Time, faults ...sim.Kind) *sim.Sim {
	t.Helper()
	s, err := sim.New(sim.Options{Seed: 1, Faults: faults, Now: func() time.Time { return now }, NoLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask makes a source's request and returns what came.
func ask(t *testing.T, s http.Handler, r source.Request, now time.Time) source.Payload {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, r.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", "assay test")
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, request)
	return source.Payload{
		Dataset: r.Dataset, Series: r.Series, Interval: r.Interval, Status: answer.Code, Header: answer.Header(),
		Body: answer.Body.Bytes(), Received: now.UnixMilli(),
	}
}

// rows parses a payload and returns the finished rows.
func rows(t *testing.T, p source.Payload) []market.Row {
	t.Helper()
	var list []market.Row
	err := source.Parse(p, func(row market.Row) {
		if !row.Unfinished {
			list = append(list, row)
		}
	})
	if err != nil {
		t.Fatalf("%s: %v", p.Dataset, err)
	}
	return list
}

// price reads a row's field; an absent one is NaN.
func price(t *testing.T, text string) float64 {
	t.Helper()
	if text == "" || text == source.Missing {
		return market.Absent
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("price %q: %v", text, err)
	}
	return v
}

// Every format, read by the parsers that know nothing of this package, says what the market says. In 2016 the whole history
// of a source is still short.
func TestParsersReadTheMarket(t *testing.T) {
	noon := time.Date(2016, 1, 5, 12, 0, 20, 0, time.UTC) // Tuesday
	for _, name := range served {
		t.Run(name, func(t *testing.T) {
			src, found := source.Find(name)
			if !found {
				t.Fatalf("there is no source %s", name)
			}
			s, asked := marketAt(t, noon), 0
			for _, in := range market.Instruments {
				full := in.ID == "BTC-USD" || in.Class != market.Crypto
				for _, r := range src.Requests(in, source.Ask{From: noon.Add(-9 * time.Hour).Unix(), Now: noon.Unix(), Full: full}) {
					asked++
					compare(t, s, r, rows(t, ask(t, s, r, noon)))
				}
			}
			if asked == 0 {
				t.Errorf("%s asks for nothing", name)
			}
		})
	}
}

// compare holds the rows of an answer against the market. A row of volume 0 is one that the venue has filled.
func compare(t *testing.T, s *sim.Sim, r source.Request, list []market.Row) {
	t.Helper()
	if len(list) == 0 {
		t.Fatalf("%s: no row", r.URL)
	}
	first, last := list[0].Start, list[0].Start
	for _, row := range list {
		first, last = min(first, row.Start), max(last, row.Start)
	}
	truth := s.Bars(name(list[0]), list[0].Series.Instrument, list[0].Interval, first, last+1)
	want := map[int64]sim.Bar{}
	for _, b := range truth {
		want[b.Start] = b
	}
	traded := 0
	for _, row := range list {
		b, ok := want[row.Start]
		if filled := row.Volume != "" && price(t, row.Volume) == 0; filled {
			if ok || row.Open != row.Close {
				t.Errorf("%s: row %d is filled, the market traded %v", r.URL, row.Start, b)
			}
			continue
		}
		traded++
		b.Count = 0
		got := sim.Bar{Start: row.Start, Open: b.Open, High: b.High, Low: b.Low, Close: price(t, row.Close), Volume: b.Volume}
		if row.Volume != "" {
			got.Open, got.High, got.Low, got.Volume = price(t, row.Open), price(t, row.High), price(t, row.Low), price(t, row.Volume)
		}
		if name(row) == "swissquote" {
			got.Close = b.Close + nearby(got.Close-b.Close, 0.001) // three decimals of bid and ask
		}
		if !ok || got != b {
			t.Fatalf("%s: got %+v, the market says %+v", r.URL, got, b)
		}
	}
	if traded != len(truth) {
		t.Errorf("%s: got %d traded rows in [%d, %d], the market has %d", r.URL, traded, first, last, len(truth))
	}
}

func name(row market.Row) string { return row.Series.Source }

// nearby is 0 for a distance within a tolerance.
func nearby(x, tolerance float64) float64 {
	if -tolerance <= x && x <= tolerance {
		return 0
	}
	return x
}

// What each provider's window, order and bar in progress look like, in short: the first and the last time, and how many.
func TestWindows(t *testing.T) {
	for _, tt := range []struct{ name, url, want string }{
		{"without a window", "https://api.exchange.coinbase.com/products/BTC-USD/candles?granularity=3600", "coinbase-candles 1h 350 2026-01-06T12:00 2025-12-22T23:00"},
		{"a window of 300", "https://api.exchange.coinbase.com/products/BTC-USD/candles?granularity=3600&start=2025-12-20T00:00:00Z&end=1767225600", "coinbase-candles 1h 289 2026-01-01T00:00 2025-12-20T00:00"},
		{"720 at most", "https://api.kraken.com/0/public/OHLC?pair=XBTUSD&interval=60&since=1700000000", "kraken-ohlc 1h 720 2025-12-07T13:00 2026-01-06T12:00"},
		{"since is left out", "https://api.kraken.com/0/public/OHLC?pair=XBTUSD&interval=60&since=1767686400", "kraken-ohlc 1h 4 2026-01-06T09:00 2026-01-06T12:00"},
		{"nearest to the end", "https://www.bitstamp.net/api/v2/ohlc/btcusd/?step=3600&limit=10&start=1700000000&end=1767225600", "bitstamp-ohlc 1h 10 2025-12-31T15:00 2026-01-01T00:00"},
		{"the newest 1000", "https://www.bitstamp.net/api/v2/ohlc/ltcusd/?step=86400&limit=1000", "bitstamp-ohlc 1d 1000 2023-04-13T00:00 2026-01-06T00:00"},
		{"newest first", "https://api-pub.bitfinex.com/v2/candles/trade:1h:tBTCUSD/hist?limit=5", "bitfinex-candles 1h 5 2026-01-06T12:00 2026-01-06T08:00"},
		{"sorted, from the start", "https://api-pub.bitfinex.com/v2/candles/trade:1D:tETHUSD/hist?limit=3&sort=1&start=1500000000000", "bitfinex-candles 1d 3 2017-07-15T00:00 2017-07-17T00:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var dataset, text string
			if _, err := fmt.Sscan(tt.want, &dataset, &text); err != nil {
				t.Fatal(err)
			}
			i, err := market.ParseInterval(text)
			if err != nil {
				t.Fatal(err)
			}
			r := source.Request{URL: tt.url, Dataset: dataset, Interval: i, Series: []market.SeriesID{{Instrument: instrumentOf(tt.url), Source: "test"}}}
			var starts []int64
			if err := source.Parse(ask(t, marketAt(t, noon), r, noon), func(row market.Row) { starts = append(starts, row.Start) }); err != nil {
				t.Fatal(err)
			}
			at := func(t int64) string { return time.Unix(t, 0).UTC().Format("2006-01-02T15:04") }
			if got := fmt.Sprintf("%s %s %d %s %s", dataset, i, len(starts), at(starts[0]), at(starts[len(starts)-1])); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func instrumentOf(url string) string {
	switch {
	case slices.ContainsFunc([]string{"ETH", "eth"}, func(s string) bool { return contains(url, s) }):
		return "ETH-USD"
	case contains(url, "ltc"):
		return "LTC-USD"
	default:
		return "BTC-USD"
	}
}

// What is asked wrongly is refused as the provider would.
func TestRefusals(t *testing.T) {
	for _, tt := range []struct{ url, want string }{
		{"https://api.exchange.coinbase.com/products/NO-USD/candles?granularity=60", `404 {"message":"NotFound"}`},
		{"https://api.exchange.coinbase.com/products/BTC-USD/candles?granularity=60&start=2000&end=1000", `400 {"message":"start must be before end"}`},
		{"https://api.exchange.coinbase.com/products/BTC-USD/candles?granularity=60&start=1000&end=2000", `400 {"message":"End is too old"}`},
		{"https://api.exchange.coinbase.com/products/BTC-USD/candles?granularity=60&start=1767200000&end=1767218060", `400 {"message":"granularity too small for the requested time range. Count of aggregations requested exceeds 300"}`},
		{"https://api.kraken.com/0/public/OHLC?pair=NOUSD", `200 {"error":["EQuery:Unknown asset pair"]}`},
		{"https://api.kraken.com/0/public/OHLC?pair=XBTUSD&interval=7", `200 {"error":["EGeneral:Invalid arguments"]}`},
		{"https://www.bitstamp.net/api/v2/ohlc/btcusd/?step=60&limit=1001", `400 {"code":"400.003","errors":[{"field":"limit","message":"Ensure this value is between 1 and 1000.","code":"invalid"}]}`},
		{"https://api-pub.bitfinex.com/v2/candles/trade:1m:tBTCUSD/hist?limit=10001", `500 ["error",10020,"limit: invalid"]`},
		{"https://api-pub.bitfinex.com/v2/candles/trade:1m:tNOUSD/hist", `200 []`},
	} {
		p := ask(t, marketAt(t, noon), source.Request{URL: tt.url}, noon)
		if diff := cmp.Diff(tt.want, fmt.Sprintf("%d %s", p.Status, p.Body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.url, diff)
		}
	}
}

// The limits count calls by the market's clock: so many at once, then a pause helps.
func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		url   string
		burst int
		pause time.Duration // after which one more call is answered
	}{
		{"https://api.exchange.coinbase.com/products/BTC-USD/candles?granularity=60", 15, 100 * time.Millisecond},
		{"https://api.kraken.com/0/public/OHLC?pair=XBTUSD", 3, time.Second},
		{"https://www.bitstamp.net/api/v2/ohlc/btcusd/?step=60&limit=1", 400, 60 * time.Millisecond},
		{"https://api-pub.bitfinex.com/v2/candles/trade:1m:tBTCUSD/hist?limit=1", 30, time.Minute},
	} {
		now, refused := noon, 0
		s, err := sim.New(sim.Options{Seed: 1, Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		isLimited := func() bool {
			p := ask(t, s, source.Request{URL: tt.url}, now)
			limited := p.Status >= 400 || contains(string(p.Body), "Too many requests")
			if limited {
				refused++
			}
			if s.Refused() != refused {
				t.Fatalf("%s: %d calls were refused, want %d", tt.url, s.Refused(), refused)
			}
			return limited
		}
		answered := 0
		for !isLimited() && answered < 1000 {
			answered++
		}
		if answered != tt.burst {
			t.Errorf("%s: %d calls answered at once, want %d", tt.url, answered, tt.burst)
		}
		now = now.Add(tt.pause - time.Millisecond)
		early := isLimited()
		now = now.Add(time.Millisecond)
		if !early && tt.pause < time.Minute || isLimited() {
			t.Errorf("%s: want an answer %s after the limit, and none before", tt.url, tt.pause)
		}
	}
}

// A bar in progress is there and not final; the same minute asked later has moved on.
func TestBarInProgress(t *testing.T) {
	r := source.Request{
		URL: "https://api.kraken.com/0/public/OHLC?pair=XBTUSD", Dataset: "kraken-ohlc", Interval: market.Minute,
		Series: []market.SeriesID{{Instrument: "BTC-USD", Source: "kraken"}},
	}
	last := func(now time.Time) (last market.Row) {
		if err := source.Parse(ask(t, marketAt(t, now), r, now), func(row market.Row) { last = row }); err != nil {
			t.Fatal(err)
		}
		return last
	}
	early, late := last(noon), last(noon.Add(30*time.Second))
	if !early.Unfinished || early.Start != late.Start || early.Open != late.Open || early.Volume >= late.Volume {
		t.Errorf("got %+v, half a minute later %+v, want the same bar, grown", early, late)
	}
}

func contains(s, part string) bool { return strings.Contains(s, part) }
