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
			1h https://www.bitstamp.net/api/v2/ohlc/paxgusd/?end=1705320000&limit=1000&start=1701723600&step=3600
			1d https://www.bitstamp.net/api/v2/ohlc/paxgusd/?end=1705276800&limit=1000&start=1618963200&step=86400`},
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
		{"files only", "bitfinex", "BTC-USD", source.Ask{Now: now}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, ok := source.Find(test.source)
			if !ok {
				t.Fatalf("no source %s", test.source)
			}
			in, ok := market.Lookup(test.instrument)
			if !ok {
				in = market.Instrument{ID: test.instrument, Class: market.Crypto}
			}
			var got []string
			for _, r := range s.Requests(in, test.ask) {
				line := fmt.Sprint(r.Interval, " ", r.URL)
				if r.Conditional {
					line += " conditional"
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
	for _, name := range []string{"coinbase", "bitstamp"} {
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
		if s.Name == "" || s.Title == "" || s.Docs == "" || s.Terms == "" || len(s.Roles) == 0 {
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
		{"ecb", "BTC-USD", market.NoRole},
		{"kraken", "XAU-USD", market.NoRole},
		{"workshop", "XAU-USD", market.NoRole},
		{"", "BTC-USD", market.NoRole},
	} {
		in, ok := market.Lookup(test.instrument)
		if !ok {
			t.Fatalf("no instrument %s", test.instrument)
		}
		if got := source.Role(test.source, in); got != test.want {
			t.Errorf("%s is %q to %s, want %q", test.source, got, test.instrument, test.want)
		}
	}
}
