package api

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
)

func TestExpensiveThings(t *testing.T) {
	w := newWorld(t, nil)
	day := int64(market.Day)
	partial := fix(monday+day, 1227)
	partial.Flags = market.Partial
	w.put("BTC-USD.kraken", market.Day, run(market.Day, monday, 14, bar)...)
	w.put("XAU-USD.workshop", market.Day, fix(monday, 1200), partial, fix(monday+3*day, 1300))
	w.put("XAG-USD-FIX.lbma", market.Day, run(market.Day, monday, 3, fix)...)
	got := into[ExpensiveThings](w, "/api/v1/expensive-things?from=2024-01-15&to=2024-01-20")
	if got.From != monday || got.To != monday+5*day || got.Interval != "1d" || got.Step != day || len(got.Assets) != 4 {
		t.Fatalf("got %d to %d, %s, %d assets; want the range asked for, 1d, 4", got.From, got.To, got.Interval, len(got.Assets))
	}
	of := func(values ...float64) (list []*float64) {
		for _, v := range values {
			list = append(list, &v)
		}
		return list
	}
	series, first, last := "XAU-USD.workshop", "2024-01-15T00:00:00Z", "2024-01-18T00:00:00Z"
	gold := Thing{
		ThingHead: ThingHead{
			Asset: "gold", Title: "Gold", Series: &series, Name: "Gold (workshop)", Kind: "spot", Unit: "toz", Currency: "USD", Calendar: "metal-session",
			First: &first, Last: &last, Reason: "3 of 5 expected bars in the range", Alternatives: []Alternative{},
		},
		Time: []int64{monday, monday + day, monday + 3*day}, Close: of(1200, 1227, 1300), Flags: map[string][]int{"partial": {1}},
	}
	if diff := cmp.Diff(gold, got.Assets[1]); diff != "" {
		t.Errorf("gold (-want +got):\n%s", diff)
	}
	platinum := got.Assets[3]
	if platinum.Asset != "platinum" || platinum.Series != nil || len(platinum.Time) != 0 || platinum.Reason == "" {
		t.Errorf("platinum: %+v; want no series, and why", platinum)
	}
}

// The default view is five calendar years back from the newest bar of all; a series that ended before says where.
func TestExpensiveThingsByDefault(t *testing.T) {
	w := newWorld(t, nil)
	w.put("BTC-USD.kraken", market.Day, run(market.Day, monday, 2, bar)...)
	w.put("XAU-USD.workshop", market.Day, fix(monday-3000*86400, 1200))
	got := into[ExpensiveThings](w, "/api/v1/expensive-things")
	if printed(got.From) != "2019-01-17T00:00:00Z" || printed(got.To) != "2024-01-17T00:00:00Z" {
		t.Errorf("%s to %s; want 2019-01-17 to 2024-01-17", printed(got.From), printed(got.To))
	}
	if gold := got.Assets[1]; len(gold.Time) != 0 || gold.Series == nil || *gold.Last != "2015-10-29T00:00:00Z" {
		t.Errorf("gold: %+v; want no bars, and its last day", gold)
	}
	if nothing := into[ExpensiveThings](newWorld(t, nil), "/api/v1/expensive-things"); len(nothing.Assets) != 4 || nothing.Assets[0].Series != nil {
		t.Errorf("of empty storage: %+v; want four assets without a series", nothing)
	}
}

func TestExpensiveThingsThinned(t *testing.T) {
	w := newWorld(t, nil)
	w.put("BTC-USD.kraken", market.Day, run(market.Day, monday, 100, bar)...)
	w.put("XAG-USD-FIX.lbma", market.Day, run(market.Day, monday, 10, fix)...)
	got := into[ExpensiveThings](w, "/api/v1/expensive-things?maxPoints=50")
	bitcoin, silver := got.Assets[0], got.Assets[2]
	if got.Step != 3*86400 || len(bitcoin.Time) > 50 || len(bitcoin.High) != len(bitcoin.Time) || *silver.High[0] < *silver.Low[0] {
		t.Errorf("step %d, %d bars, %d highs; want three days, at most 50 (of two days 51 touch the range), with their range", got.Step, len(bitcoin.Time), len(bitcoin.High))
	}
}

// The range is two weeks with ten days of London's calendar, of which each series has some.
func TestChoiceIsFirstThatCoversElseMost(t *testing.T) {
	none, few, nine, all := 0, 3, 9, 10
	for _, c := range []struct {
		name                 string
		spot, fixed, imports int
		want                 string
		alternatives         []string
	}{
		{"the spot consensus covers", all, all, all, "XAU-USD", nil},
		{"nine tenths are enough", nine, all, all, "XAU-USD", nil},
		{"the fix, where spot does not", few, all, all, "XAU-USD-PM", []string{"XAU-USD"}},
		{"an import, where neither does", few, few, all, "XAU-USD.workshop", []string{"XAU-USD", "XAU-USD-PM"}},
		{"the one with most", few, none, few + 1, "XAU-USD.workshop", []string{"XAU-USD", "XAU-USD-PM"}},
		{"the first of equals", few, few, few, "XAU-USD", []string{"XAU-USD-PM", "XAU-USD.workshop"}},
	} {
		w := newWorld(t, nil)
		days := func(n int) []market.Bar { // business days from the range's first, and one long before it
			bars := []market.Bar{fix(monday-140*86400, 90)}
			for k := range n {
				bars = append(bars, fix(monday+int64(k+k/5*2)*86400, 100))
			}
			return bars
		}
		w.put("BTC-USD.kraken", market.Day, run(market.Day, monday, 14, bar)...)
		w.declare("XAU-USD.goldapi", market.Quote)
		w.put("XAU-USD.goldapi", market.Day, days(c.spot)...)
		w.put("XAU-USD-PM.lbma", market.Day, days(c.fixed)...)
		w.put("XAU-USD.workshop", market.Day, days(c.imports)...)
		gold := into[ExpensiveThings](w, "/api/v1/expensive-things?from=2024-01-15&to=2024-01-29").Assets[1]
		var alternatives []string
		for _, a := range gold.Alternatives {
			alternatives = append(alternatives, a.Series)
		}
		slices.Sort(alternatives)
		if *gold.Series != c.want || !slices.Equal(alternatives, c.alternatives) {
			t.Errorf("%s: got %s, alternatives %v; want %s, %v", c.name, *gold.Series, alternatives, c.want, c.alternatives)
		}
		metrics := w.get("/api/metrics/gold?start=2024-01-15&end=2024-01-29")
		if got := metrics.Header().Get("Assay-Series"); got != c.want {
			t.Errorf("%s: /api/metrics takes %s, want %s too", c.name, got, c.want)
		}
	}
}

func TestMetrics(t *testing.T) {
	w := newWorld(t, nil)
	absent := market.Empty(monday + 86400)
	absent.Open, absent.Received = 7, 1
	w.put("BTC-USD.kraken", market.Day, bar(monday-400*86400, 50), bar(monday, 100), absent, bar(monday+2*86400, 102.25))
	for target, want := range map[string]string{
		// The last year: the day without a close has no price, least of all 0.
		"/api/metrics/bitcoin":                                    `[{"price":101,"timestamp":"2024-01-15T00:00:00Z"},{"price":103.25,"timestamp":"2024-01-17T00:00:00Z"}]`,
		"/api/metrics/bitcoin?start=2024-01-15&end=2024-01-17":    `[{"price":101,"timestamp":"2024-01-15T00:00:00Z"}]`,
		"/api/metrics/bitcoin?start=2024-01-17":                   `[{"price":103.25,"timestamp":"2024-01-17T00:00:00Z"}]`,
		"/api/metrics/bitcoin?start=2022-01-01&end=2023-01-01":    `[{"price":51,"timestamp":"2022-12-11T00:00:00Z"}]`,
		"/api/metrics/bitcoin?start=2017-01-01&end=2018-01-01":    `[]`,
		"/api/metrics/bitcoin?start=2024-01-15&end=2024-01-15":    `[]`,
		"/api/metrics/bitcoin?start=1705276800&end=1705276800001": `[{"price":101,"timestamp":"2024-01-15T00:00:00Z"}]`,
		"/api/metrics/platinum?start=2024-01-15&end=2024-01-16":   `[]`,
	} {
		recorder := w.get(target)
		if recorder.Code != http.StatusOK || recorder.Body.String() != want {
			t.Errorf("GET %s\n got %d %s\nwant 200 %s", target, recorder.Code, recorder.Body, want)
		}
	}
}

// Neither end of a range is lost, wherever it is cut.
func TestMetricsOfPartsAreThoseOfTheWhole(t *testing.T) {
	w := newWorld(t, nil)
	w.put("BTC-USD.kraken", market.Day, run(market.Day, monday-10*86400, 30, bar)...)
	whole := into[[]Metric](w, "/api/metrics/bitcoin?start=2024-01-05&end=2024-02-04")
	if len(whole) != 30 {
		t.Fatalf("%d prices, want 30", len(whole))
	}
	for at := monday - 10*86400; at <= monday+20*86400; at += 43200 {
		before := into[[]Metric](w, "/api/metrics/bitcoin?start=2024-01-05&end="+printed(at))
		after := into[[]Metric](w, "/api/metrics/bitcoin?end=2024-02-04&start="+printed(at))
		if diff := cmp.Diff(whole, slices.Concat(before, after)); diff != "" {
			t.Errorf("cut at %s (-whole +parts):\n%s", printed(at), diff)
		}
	}
}
