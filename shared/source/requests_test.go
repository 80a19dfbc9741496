package source_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/source"
)

// now is 2024-01-15T12:00:20Z; its minute starts at 1705320000.
var now = time.Date(2024, 1, 15, 12, 0, 20, 0, time.UTC).Unix()

// sunday is 2024-01-14T12:00:20Z.
var sunday = now - 86400

func TestRequests(t *testing.T) {
	for _, test := range []struct {
		name, source, instrument string
		ask                      source.Ask
		want                     string
	}{
		{"nothing is stored yet", "coinbase", "BTC-USD", source.Ask{Now: now}, `
			1m https://api.exchange.coinbase.com/products/BTC-USD/candles?end=1705320000&granularity=60&start=1705302060`},
		{"from the watermark less fifteen minutes", "coinbase", "ETH-USD", source.Ask{From: now - 900, Now: now}, `
			1m https://api.exchange.coinbase.com/products/ETH-USD/candles?end=1705320000&granularity=60&start=1705319100`},
		{"windows share a bar", "coinbase", "BTC-USD", source.Ask{From: 1705320000 - 400*60, Now: now}, `
			1m https://api.exchange.coinbase.com/products/BTC-USD/candles?end=1705313940&granularity=60&start=1705296000
			1m https://api.exchange.coinbase.com/products/BTC-USD/candles?end=1705320000&granularity=60&start=1705313940`},
		{"hours and days too", "bitstamp", "PAXG-USD", source.Ask{From: now - 900, Now: now, Full: true}, `
			1m https://www.bitstamp.net/api/v2/ohlc/paxgusd/?end=1705320000&limit=1000&start=1705319100&step=60
			1h https://www.bitstamp.net/api/v2/ohlc/paxgusd/?end=1705320000&limit=1000&start=1704243600&step=3600
			1d https://www.bitstamp.net/api/v2/ohlc/paxgusd/?end=1705276800&limit=1000&start=1679443200&step=86400`},
		{"Kraken gives the newest by itself", "kraken", "BTC-USD", source.Ask{Now: now, Full: true}, `
			1m https://api.kraken.com/0/public/OHLC?interval=1&pair=XBTUSD
			1h https://api.kraken.com/0/public/OHLC?interval=60&pair=XBTUSD
			1d https://api.kraken.com/0/public/OHLC?interval=1440&pair=XBTUSD`},
		{"since is the bar before the first wanted", "kraken", "DOGE-USD", source.Ask{From: now - 900, Now: now}, `
			1m https://api.kraken.com/0/public/OHLC?interval=1&pair=XDGUSD&since=1705319040`},
		{"a whole file, if it changed", "lbma", "XPT-USD-AM", source.Ask{From: now, Now: now}, `
			1d https://prices.lbma.org.uk/json/platinum_am.json conditional`},
		{"silver has one fix", "lbma", "XAG-USD-FIX", source.Ask{Now: now}, `
			1d https://prices.lbma.org.uk/json/silver.json conditional`},
		{"spot is no fix", "lbma", "XAU-USD", source.Ask{Now: now}, ""},
		{"metal is no coin", "kraken", "XAU-USD", source.Ask{Now: now}, ""},
		{"milliseconds, oldest first", "bitfinex", "BTC-USD", source.Ask{From: now - 900, Now: now, Full: true}, `
			1m https://api-pub.bitfinex.com/v2/candles/trade:1m:tBTCUSD/hist?end=1705320000000&limit=10000&sort=1&start=1705319100000
			1h https://api-pub.bitfinex.com/v2/candles/trade:1h:tBTCUSD/hist?end=1705320000000&limit=10000&sort=1&start=1704243600000
			1d https://api-pub.bitfinex.com/v2/candles/trade:1D:tBTCUSD/hist?end=1705276800000&limit=10000&sort=1&start=1679443200000`},
		{"a name of more than three letters has a colon", "bitfinex", "PAXG-USD", source.Ask{From: now - 900, Now: now}, `
			1m https://api-pub.bitfinex.com/v2/candles/trade:1m:tPAXG:USD/hist?end=1705320000000&limit=10000&sort=1&start=1705319100000`},
		{"USDT is UST there", "bitfinex", "BTC-USDT", source.Ask{From: now - 900, Now: now}, `
			1m https://api-pub.bitfinex.com/v2/candles/trade:1m:tBTCUST/hist?end=1705320000000&limit=10000&sort=1&start=1705319100000`},
		{"a price of this moment, on a Monday", "goldapi", "XAU-USD", source.Ask{From: now - 900, Now: now, Full: true}, `
			1m https://api.gold-api.com/price/XAU`},
		{"a quote of this moment", "swissquote", "XPD-USD", source.Ask{Now: now}, `
			1m https://forex-data-feed.swissquote.com/public-quotes/bboquotes/instrument/XPD/USD conditional`},
		{"on Sunday the market is closed", "goldapi", "XAU-USD", source.Ask{Now: sunday}, ""},
		{"and no quote is asked for", "swissquote", "XAU-USD", source.Ask{Now: sunday}, ""},
		{"until 18:00 in New York", "swissquote", "XAU-USD", source.Ask{Now: sunday + 11*3600}, `
			1m https://forex-data-feed.swissquote.com/public-quotes/bboquotes/instrument/XAU/USD conditional`},
		{"a token is no metal", "goldapi", "PAXG-USD", source.Ask{Now: now}, ""},
		{"a fix is no spot price", "swissquote", "XAU-USD-PM", source.Ask{Now: now}, ""},
		{"the whole history at once", "ecb", "EUR-USD", source.Ask{Now: now}, `
			1d https://data-api.ecb.europa.eu/service/data/EXR/D.USD.EUR.SP00.A?detail=dataonly&format=csvdata&startPeriod=1999-01-04 conditional, else https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml`},
		{"from the first of a month", "ecb", "EUR-USD", source.Ask{From: now - 3*86400, Now: now}, `
			1d https://data-api.ecb.europa.eu/service/data/EXR/D.USD.EUR.SP00.A?detail=dataonly&format=csvdata&startPeriod=2024-01-01 conditional, else https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml`},
		{"the last prices", "nbp", "XAU-PLN-FIX", source.Ask{From: now - 3*86400, Now: now}, `
			1d https://api.nbp.pl/api/cenyzlota/last/30/?format=json conditional`},
		{"93 days a call", "nbp", "XAU-PLN-FIX", source.Ask{From: now - 100*86400, Now: now}, `
			1d https://api.nbp.pl/api/cenyzlota/2023-10-07/2024-01-07/?format=json conditional
			1d https://api.nbp.pl/api/cenyzlota/2024-01-08/2024-01-15/?format=json conditional`},
		{"zloty per gram are no dollars per ounce", "nbp", "XAU-USD-PM", source.Ask{Now: now}, ""},
		{"a stablecoin", "binance", "BTC-USDT", source.Ask{From: now - 900, Now: now}, `
			1m https://data-api.binance.vision/api/v3/klines?endTime=1705320000000&interval=1m&limit=1000&startTime=1705319100000&symbol=BTCUSDT`},
		{"is no dollar", "binance", "BTC-USD", source.Ask{Now: now}, ""},
		{"all coins in one call", "coingecko", "ETH-USD", source.Ask{From: now - 900, Now: now, Full: true}, `
			1m https://api.coingecko.com/api/v3/simple/price?ids=bitcoin%2Cethereum%2Clitecoin%2Cpax-gold%2Ctether-gold%2Csolana%2Cripple%2Cdogecoin%2Ccardano%2Cbitcoin-cash%2Cchainlink%2Cmonero&include_last_updated_at=true&precision=full&vs_currencies=usd`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, ok := source.Find(test.source)
			if !ok {
				t.Fatalf("no source %s", test.source)
			}
			in, ok := market.Lookup(test.instrument)
			if !ok {
				in, ok = market.Coin(test.instrument)
			}
			if !ok {
				t.Fatalf("no instrument %s", test.instrument)
			}
			var got []string
			for _, r := range s.Requests(in, test.ask) {
				line := fmt.Sprint(r.Interval, " ", r.URL)
				if r.Conditional {
					line += " conditional"
				}
				if r.Else != nil {
					line += ", else " + r.Else.URL
				}
				got = append(got, line)
				if want := []market.SeriesID{{Instrument: test.instrument, Source: test.source}}; !cmp.Equal(r.Series, want) {
					t.Errorf("%s is for %v, want %v", r.URL, r.Series, want)
				}
			}
			want := strings.TrimSpace(strings.ReplaceAll(test.want, "\t", ""))
			if diff := cmp.Diff(want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A month's pause takes several turns: each asks for a bounded number of windows, the oldest first, without a hole.
func TestRequestsAreBounded(t *testing.T) {
	in, _ := market.Lookup("BTC-USD")
	for _, name := range []string{"coinbase", "bitstamp"} { // the windows of the others are a week and more
		s, _ := source.Find(name)
		from := now - 30*86400
		requests := s.Requests(in, source.Ask{From: from, Now: now})
		if len(requests) != 10 {
			t.Errorf("%s makes %d requests, want 10", name, len(requests))
		}
		for _, r := range requests {
			u, err := url.Parse(r.URL)
			if err != nil {
				t.Fatal(err)
			}
			var start, end int64
			if _, err := fmt.Sscan(u.Query().Get("start"), &start); err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Sscan(u.Query().Get("end"), &end); err != nil {
				t.Fatal(err)
			}
			if start > from {
				t.Errorf("%s begins at %d and leaves a hole from %d", r.URL, start, from)
			}
			from = end
		}
	}
}

func TestSources(t *testing.T) {
	for _, s := range source.All {
		if s.Name == "" || s.Title == "" || s.Docs == "" || s.Terms == "" || len(s.Roles) == 0 ||
			s.Manner.Limits == "" || s.Manner.Window == "" || s.Manner.History == "" || s.Manner.Order == "" || s.Manner.Empty == "" || s.Manner.Times == "" {
			t.Errorf("%+v says too little of itself", s)
		}
		if (s.Cadence != 0) != (s.Budget.Calls > 0) {
			t.Errorf("%s has a cadence of %s and a budget of %d calls", s.Name, s.Cadence, s.Budget.Calls)
		}
	}
	for _, test := range []struct {
		source, instrument string
		want               market.Role
	}{
		{"coinbase", "BTC-USD", market.Venue},
		{"kraken", "PAXG-USD", market.Venue},
		{"bitfinex", "LTC-USD", market.Venue},
		{"lbma", "XAU-USD-PM", market.Publisher},
		{"lbma", "XAU-USD", market.NoRole},
		{"lbma", "XAU-USD-FUT", market.NoRole},
		{"ecb", "EUR-USD", market.Publisher},
		{"nbp", "XAU-PLN-FIX", market.Publisher},
		{"nbp", "XAU-USD", market.NoRole},
		{"goldapi", "XAU-USD", market.Aggregator},
		{"goldapi", "PAXG-USD", market.NoRole},
		{"swissquote", "XPT-USD", market.Quote},
		{"swissquote", "XPT-USD-PM", market.NoRole},
		{"binance", "BTC-USDT", market.Venue},
		{"binance", "BTC-USD", market.NoRole},
		{"coingecko", "LTC-USD", market.Aggregator},
		{"ecb", "BTC-USD", market.NoRole},
		{"kraken", "XAU-USD", market.NoRole},
		{"workshop", "XAU-USD", market.NoRole},
		{"", "BTC-USD", market.NoRole},
	} {
		in, ok := market.Lookup(test.instrument)
		if !ok {
			in, ok = market.Coin(test.instrument)
		}
		if !ok {
			t.Fatalf("no instrument %s", test.instrument)
		}
		if got := source.Role(test.source, in); got != test.want {
			t.Errorf("%s is %q to %s, want %q", test.source, got, test.instrument, test.want)
		}
	}
}

// What is off asks nothing until its one condition is met, and says which that is.
func TestInert(t *testing.T) {
	for _, test := range []struct {
		source   string
		accepted []string
		keys     map[string]string
		want     string // what the sentence begins with
	}{
		{"kraken", nil, nil, ""},
		{"lbma", nil, nil, "off until its terms are accepted: add lbma to ASSAY_ACCEPT_TERMS."},
		{"lbma", []string{"nbp", "lbma"}, nil, ""},
		{"binance", []string{"nbp", "lbma"}, nil, "off until its terms are accepted: add binance to ASSAY_ACCEPT_TERMS."},
		{"coingecko", []string{"coingecko"}, nil, "off until it has a key: set ASSAY_COINGECKO_KEY."},
		{"coingecko", nil, map[string]string{"ASSAY_COINGECKO_KEY": "CG-1"}, ""},
	} {
		s, _ := source.Find(test.source)
		got := s.Inert(test.accepted, test.keys)
		if !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%s with %v and %d keys: %q, want %q", test.source, test.accepted, len(test.keys), got, test.want)
		}
	}
}
