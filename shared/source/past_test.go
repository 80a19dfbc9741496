package source_test

import (
	"slices"
	"testing"

	"assay/shared/market"
	"assay/shared/source"
)

// windowBars is how many bars each source returns in one call, as its documentation says.
var windowBars = map[string]int64{"coinbase": 300, "bitstamp": 1000, "bitfinex": 10_000, "binance": 1000, "nbp": 93}

// Windows follow each other without a hole, none is longer than the source allows, and the last ends where it should.
func TestPastAsks(t *testing.T) {
	instruments := map[string]string{"ecb": "EUR-USD", "lbma": "XAU-USD-PM", "nbp": "XAU-PLN-FIX", "binance": "BTC-USDT"}
	for _, s := range source.All {
		if len(s.Past.Intervals) == 0 {
			continue
		}
		in, ok := market.Lookup(instruments[s.Name])
		if !ok {
			in, _ = market.Lookup("BTC-USD")
		}
		if s.Name == "binance" {
			in, _ = market.Coin("BTC-USDT")
		}
		for _, i := range s.Past.Intervals {
			to := i.Floor(now)
			reach, ok := s.Reach(in, i, now)
			if !ok || reach >= to {
				t.Fatalf("%s at %s reaches %d, %v; want something", s.Name, i, reach, ok)
			}
			from, calls := max(reach, to-25_000*int64(i)), 0
			for cursor := from; cursor < to; calls++ {
				request, next := s.Past.Ask(in, i, cursor, to)
				if request.From != cursor || request.To != next || next <= cursor || next > to {
					t.Fatalf("%s at %s: asked for [%d, %d) from %d on, next %d, want a window up to %d at most", s.Name, i, request.From, request.To, cursor, next, to)
				}
				if most := windowBars[s.Name]; most > 0 && (next-cursor)/int64(i) > most-1 {
					t.Errorf("%s at %s: a window from %d to %d, both included, is longer than %d bars", s.Name, i, cursor, next, most)
				}
				if request.Interval != i || request.Else != nil || !slices.Equal(request.Series, []market.SeriesID{{Instrument: in.ID, Source: s.Name}}) {
					t.Errorf("%s at %s: asks for %v at %s", s.Name, i, request.Series, request.Interval)
				}
				cursor = next
			}
			if windowBars[s.Name] == 0 && calls != 1 {
				t.Errorf("%s at %s takes %d calls, want one for all", s.Name, i, calls)
			}
		}
	}
}

// Kraken keeps 720 bars, of which the newest is in progress; quotes tell nothing that was.
func TestReach(t *testing.T) {
	bitcoin, _ := market.Lookup("BTC-USD")
	gold, _ := market.Lookup("XAU-USD")
	for _, test := range []struct {
		source string
		in     market.Instrument
		i      market.Interval
		want   int64 // 0: none
	}{
		{"kraken", bitcoin, market.Minute, 1705320000 - 719*60},
		{"kraken", bitcoin, market.Day, 1705276800 - 719*86400},
		{"coinbase", bitcoin, market.Day, 1437350400},
		{"coinbase", gold, market.Day, 0},
		{"goldapi", gold, market.Minute, 0},
		{"swissquote", gold, market.Minute, 0},
	} {
		s, _ := source.Find(test.source)
		if got, ok := s.Reach(test.in, test.i, now); got != test.want || ok != (test.want != 0) {
			t.Errorf("%s at %s of %s: got %d, %v, want %d", test.source, test.i, test.in.ID, got, ok, test.want)
		}
	}
}

// A turn's requests say which bars they answer for: all up to the bar in progress.
func TestRequestsSayWhatTheyAnswer(t *testing.T) {
	bitcoin, _ := market.Lookup("BTC-USD")
	for _, name := range []string{"coinbase", "kraken", "bitstamp", "bitfinex"} {
		s, _ := source.Find(name)
		var ranges []market.Range
		for _, r := range s.Requests(bitcoin, source.Ask{From: now - 2000*60, Now: now}) {
			ranges = market.Join(ranges, market.Range{From: r.From, To: r.To})
		}
		from := market.Minute.Floor(now - 2000*60)
		if name == "kraken" {
			from = 1705320000 - 719*60
		}
		if want := []market.Range{{From: from, To: 1705320000}}; !slices.Equal(ranges, want) {
			t.Errorf("%s answers for %v, want %v", name, ranges, want)
		}
	}
}
