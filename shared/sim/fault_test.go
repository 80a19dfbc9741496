package sim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/sim"
	"assay/shared/source"
)

// barKinds are the faults of one or a few bars.
var barKinds = []sim.Kind{
	sim.Zero, sim.Absent, sim.Times10, sim.Times100, sim.Times1000, sim.Gram, sim.Inverse, sim.Spike, sim.Stuck, sim.Gap,
	sim.Duplicate, sim.Disorder, sim.Late, sim.Swapped,
}

// Each fault is served where the truth says, as it says, and nowhere else: beside it, every row is the faultless market's.
func TestFaultsAreWhereTheTruthSays(t *testing.T) {
	for _, kind := range barKinds {
		t.Run(string(kind), func(t *testing.T) {
			seen := map[string]bool{}
			all := marketAt(t, noon, kind)
			faults := all.Truth(sim.Query{From: noon.AddDate(0, 0, -4).Unix(), To: noon.Add(-time.Hour).Unix(), Kind: kind, Interval: "1m"})
			faults = append(faults, all.Truth(sim.Query{From: noon.AddDate(0, -1, 0).Unix(), To: noon.Unix(), Kind: kind, Source: "kraken", Interval: "1h"})...)
			for _, fix := range []string{"lbma", "ecb"} {
				faults = append(faults, all.Truth(sim.Query{From: noon.AddDate(-12, 0, 0).Unix(), To: noon.AddDate(-9, 0, 0).Unix(), Kind: kind, Source: fix})...)
			}
			for _, f := range faults {
				if group := f.Source + f.Interval; !seen[group] {
					seen[group] = true
					checkFault(t, f)
				}
			}
			if len(seen) == 0 {
				t.Errorf("%s: no fault of this kind in four days", kind)
			}
			t.Logf("%d faults; checked one in each of %d sources and intervals", len(faults), len(seen))
		})
	}
}

// checkFault asks for the bars around a fault with it planted and without.
func checkFault(t *testing.T, f sim.Fault) {
	t.Helper()
	i, err := market.ParseInterval(f.Interval)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(f.To, 0).UTC().Add(20 * time.Second)
	if f.Source == "goldapi" || f.Source == "swissquote" {
		now = now.Add(-time.Minute) // a quote is of the minute that is running
	}
	if i == market.Day {
		now = now.Add(16 * time.Hour)
	}
	got, clean := around(t, f, i, now, f.Kind), around(t, f, i, now)
	outside := func(row market.Row) bool { return row.Start < f.From || row.Start >= f.To }
	if diff := cmp.Diff(texts(t, clean, outside), texts(t, got, outside)); diff != "" {
		t.Errorf("%+v: rows beside it (-faultless +faulty):\n%s", f, diff)
	}
	inside := func(row market.Row) bool { return !outside(row) }
	want, right := closes(f, i, f.Served), closes(f, i, f.True)
	switch f.Kind {
	case sim.Duplicate:
		want = append(want, right...)
	case sim.Disorder:
		slices.Reverse(want)
	}
	if f.Source == "swissquote" && (f.Kind == sim.Zero || f.Kind == sim.Absent) {
		want = nil // 0 and 0 mean that there is no quote
	} else if f.Source == "swissquote" || f.Source == "goldapi" {
		want, right = want[len(want)-1:], right[len(right)-1:]
	}
	if fault := texts(t, got, inside); !alike(fault, want) {
		t.Errorf("%+v: got\n%s\nthe truth says\n%s", f, strings.Join(fault, "\n"), strings.Join(want, "\n"))
	}
	if faultless := texts(t, clean, inside); !alike(faultless, right) {
		t.Errorf("%+v: faultless\n%s\nthe truth says\n%s", f, strings.Join(faultless, "\n"), strings.Join(right, "\n"))
	}
	if f.Kind == sim.Late {
		if corrected := texts(t, around(t, f, i, time.Unix(f.Until, 0).UTC(), f.Kind), inside); !alike(corrected, right) {
			t.Errorf("%+v: after the correction\n%s", f, strings.Join(corrected, "\n"))
		}
	}
}

// around makes the source's own request and returns the rows near a fault, in ascending order of the answer.
func around(t *testing.T, f sim.Fault, i market.Interval, now time.Time, kinds ...sim.Kind) []market.Row {
	t.Helper()
	src, _ := source.Find(f.Source)
	in, _ := market.Lookup(f.Instrument)
	from := f.From - 5*int64(i)
	if f.Source == "ecb" {
		from = f.From - 30*int64(i)
	}
	s := marketAt(t, now, kinds...)
	for _, r := range src.Requests(in, source.Ask{From: from, Now: now.Unix(), Full: true}) {
		if r.Interval != i {
			continue
		}
		list := rows(t, ask(t, s, r, now))
		if f.Source == "coinbase" || f.Source == "bitfinex" && !strings.Contains(r.URL, "sort=1") {
			slices.Reverse(list)
			if f.Kind == sim.Duplicate {
				swapTwins(list)
			}
		}
		return slices.DeleteFunc(list, func(row market.Row) bool { return row.Start < from || row.Start > f.To+5*int64(i) })
	}
	t.Fatalf("%s asks nothing for %s at %s", f.Source, f.Instrument, i)
	return nil
}

// swapTwins puts two rows of one time back into the order in which they came.
func swapTwins(list []market.Row) {
	for n := 1; n < len(list); n++ {
		if list[n].Start == list[n-1].Start {
			list[n-1], list[n] = list[n], list[n-1]
		}
	}
}

func texts(t *testing.T, list []market.Row, want func(market.Row) bool) []string {
	t.Helper()
	var out []string
	for _, row := range list {
		if want(row) {
			out = append(out, fmt.Sprintf("%d %v", row.Start, price(t, row.Close)))
		}
	}
	return out
}

// closes are the closes of a fault's bars, without those that are left out. An absent close of a bar that is there is NaN.
func closes(f sim.Fault, i market.Interval, values []*float64) []string {
	var out []string
	for n, v := range values {
		start := f.From + int64(n)*int64(i)
		switch {
		case v != nil:
			out = append(out, fmt.Sprintf("%d %v", start, *v))
		case f.Kind == sim.Absent && f.Source != "lbma" && f.Source != "ecb":
			out = append(out, fmt.Sprintf("%d %v", start, math.NaN()))
		}
	}
	return out
}

// alike compares lines of a time and a close. The mid of a bid and an ask of three decimals is off by half of the last.
func alike(got, want []string) bool {
	return slices.EqualFunc(got, want, func(a, b string) bool {
		var t1, t2 int64
		var x, y float64
		_, err1 := fmt.Sscan(a, &t1, &x)
		_, err2 := fmt.Sscan(b, &t2, &y)
		return a == b || err1 == nil && err2 == nil && t1 == t2 && math.Abs(x-y) <= 0.00051
	})
}

// A level shift multiplies every interval of a series, and only between its two days.
func TestLevelShift(t *testing.T) {
	s, clean := marketAt(t, noon, sim.Shift), marketAt(t, noon)
	faults := s.Truth(sim.Query{From: noon.AddDate(-1, 0, 0).Unix(), To: noon.AddDate(0, -2, 0).Unix(), Source: "kraken", Kind: sim.Shift})
	if len(faults) == 0 {
		t.Fatal("no level shift in ten months of four instruments")
	}
	f := faults[0]
	if f.To-f.From != 21*int64(market.Day) || math.Abs(f.Factor-1) < 0.01 || math.Abs(f.Factor-1) > 0.03 {
		t.Errorf("got %+v, want 21 days and 1 to 3 %%", f)
	}
	r := source.Request{
		URL:     fmt.Sprintf("https://api.kraken.com/0/public/OHLC?pair=%s&interval=1440", strings.Replace(f.Instrument, "-", "", 1)),
		Dataset: "kraken-ohlc", Interval: market.Day, Series: []market.SeriesID{{Instrument: f.Instrument, Source: "kraken"}},
	}
	got, want := rows(t, ask(t, s, r, noon)), rows(t, ask(t, clean, r, noon))
	for n := range got {
		factor := 1.0
		if f.From <= got[n].Start && got[n].Start < f.To {
			factor = f.Factor
		}
		if ratio := price(t, got[n].Close) / price(t, want[n].Close); math.Abs(ratio-factor) > 1e-3 {
			t.Errorf("day %d: served %s of %s, want it times %v", got[n].Start, got[n].Close, want[n].Close, factor)
		}
	}
}

// A halted venue trades nothing, of any instrument; the others do.
func TestHalt(t *testing.T) {
	s := marketAt(t, noon, sim.Halt)
	faults := s.Truth(sim.Query{From: noon.AddDate(-1, 0, 0).Unix(), To: noon.Unix(), Source: "bitstamp"})
	if len(faults) == 0 {
		t.Fatal("no halt in a year")
	}
	f := faults[0]
	for _, id := range []string{"BTC-USD", "ETH-USD"} {
		if bars := s.Bars("bitstamp", id, market.Minute, f.From, f.To); len(bars) > 0 {
			t.Errorf("%s: %d bars while bitstamp is halted", id, len(bars))
		}
		if bars := s.Bars("kraken", id, market.Minute, f.From, f.To); len(bars) < int(f.To-f.From)/60*9/10 {
			t.Errorf("%s: %d bars at kraken in %d minutes", id, len(bars), (f.To-f.From)/60)
		}
	}
}

// Two markets of one seed serve the same bytes, also when one of them was asked other things before.
func TestDeterminism(t *testing.T) {
	a, b := marketAt(t, noon, sim.All()...), marketAt(t, noon, sim.All()...)
	for _, u := range []string{
		"https://api.kraken.com/0/public/OHLC?pair=ETHUSD&interval=60",
		"https://api.exchange.coinbase.com/products/BTC-USD/candles?granularity=60",
		"https://prices.lbma.org.uk/json/silver.json",
		"http://127.0.0.1/truth?from=2025-12-30",
	} {
		ask(t, b, source.Request{URL: "https://www.bitstamp.net/api/v2/ohlc/btcusd/?step=60&limit=1000"}, noon)
		first, second := ask(t, a, source.Request{URL: u}, noon), ask(t, b, source.Request{URL: u}, noon)
		if first.Status != second.Status || !bytes.Equal(first.Body, second.Body) {
			t.Errorf("%s: two answers of %d and %d bytes differ", u, len(first.Body), len(second.Body))
		}
	}
}

// The truth is published: /truth is what Truth returns.
func TestTruthIsPublished(t *testing.T) {
	s := marketAt(t, noon, sim.All()...)
	p := ask(t, s, source.Request{URL: "http://127.0.0.1/truth?from=2026-01-05&to=2026-01-06&source=coinbase"}, noon)
	var got struct{ Faults []sim.Fault }
	if err := json.Unmarshal(p.Body, &got); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	want := s.Truth(sim.Query{From: day.Unix(), To: day.AddDate(0, 0, 1).Unix(), Source: "coinbase"})
	if diff := cmp.Diff(want, got.Faults); diff != "" || len(want) == 0 {
		t.Errorf("%d faults (-want +got):\n%s", len(want), diff)
	}
}

func TestParseFaults(t *testing.T) {
	for text, want := range map[string]int{"all": len(sim.All()), "none": 0, "zero, x10": 2} {
		if got, err := sim.ParseFaults(text); err != nil || len(got) != want {
			t.Errorf("%q: got %v and error %v, want %d kinds", text, got, err, want)
		}
	}
	if _, err := sim.ParseFaults("zero,nought"); err == nil || !strings.Contains(err.Error(), "want all, none, or some of zero, absent") {
		t.Errorf("got error %v, want one that lists the kinds", err)
	}
}
