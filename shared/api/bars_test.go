package api

import (
	"encoding/csv"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/history"
	"assay/shared/market"
)

func TestBars(t *testing.T) {
	w := newWorld(t, nil)
	gap := bar(monday+3*86400, 103)
	gap.Volume, gap.Flags = market.Absent, market.Partial
	w.put("BTC-USD.kraken", market.Day, bar(monday, 100), bar(monday+86400, 101), gap)
	w.put("BTC-USD.coinbase", market.Day, bar(monday, 102))
	got := into[BarsColumns](w, "/api/v1/series/BTC-USD/bars?from=2024-01-15&to=2024-01-20")
	null := (*float64)(nil)
	of := func(v float64) *float64 { return &v }
	from, to, last := "2024-01-15T00:00:00Z", "2024-01-20T00:00:00Z", "2024-01-18T00:00:00Z"
	want := BarsColumns{
		BarsHead: BarsHead{
			Series: "BTC-USD", Name: "Bitcoin", Interval: "1d", Requested: Requested{Interval: "1d", From: &from, To: &to, Fill: "none"},
			From: monday, To: monday + 5*86400, Unit: "BTC", Currency: "USD", Calendar: "always",
			Freshness:   Freshness{Interval: "1d", First: &from, Last: &last},
			Sources:     []BarSource{{"coinbase", "venue", &from}, {"kraken", "venue", &last}},
			Conventions: Conventions{"start of the bar, UTC", "half-open: from is included, to is not", "null, never 0", "in BTC"},
		},
		Quality: Quality{Bars: 3, Expected: 4, Absent: 1, Flagged: 2},
		Time:    []int64{monday, monday + 86400, monday + 3*86400},
		Open:    []*float64{of(101), of(101), of(103)}, High: []*float64{of(103), of(103), of(105)}, Low: []*float64{of(99), of(99), of(101)},
		Close: []*float64{of(102), of(102), of(104)}, Volume: []*float64{of(20), of(10), null},
		Votes: []int{2, 1, 1}, Dispersion: []*float64{of(got.dispersion()), null, null},
		Flags: map[string][]int{"partial": {2}, "thin": {1, 2}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if d := got.dispersion(); math.Abs(d-98.0392) > 0.001 { // a close of 101 or 103 from 102
		t.Errorf("dispersion %v, want 98.04 basis points", d)
	}
}

func (b BarsColumns) dispersion() float64 {
	if len(b.Dispersion) == 0 || b.Dispersion[0] == nil {
		return math.NaN()
	}
	return *b.Dispersion[0]
}

// Hours that are computed from minutes are as fresh as those.
func TestComputedBarsAreAsFreshAsTheirMinutes(t *testing.T) {
	w := newWorld(t, nil)
	w.put("BTC-USD.kraken", market.Minute, run(market.Minute, monday, 90, bar)...)
	first, last := printed(monday), printed(monday+89*60)
	got := into[BarsColumns](w, "/api/v1/series/BTC-USD.kraken/bars?interval=1h")
	if diff := cmp.Diff(Freshness{"1m", &first, &last}, got.Freshness); diff != "" || len(got.Time) != 2 {
		t.Errorf("%d hours of 90 minutes, freshness (-want +got):\n%s", len(got.Time), diff)
	}
}

func TestBarsOfOneSource(t *testing.T) {
	w := prices(t)
	w.put("BTC-USD.coinbase", market.Day, bar(monday, 500))
	byPath, byParameter := w.get("/api/v1/series/BTC-USD.coinbase/bars"), w.get("/api/v1/series/BTC-USD/bars?source=coinbase")
	if byPath.Code != http.StatusOK || byPath.Body.String() != byParameter.Body.String() {
		t.Errorf("the source in the path: %s\nthe source as parameter: %s", byPath.Body, byParameter.Body)
	}
	if got := decode[BarsColumns](t, byPath); got.Series != "BTC-USD.coinbase" || len(got.Time) != 1 || *got.Open[0] != 500 || got.Votes != nil {
		t.Errorf("got %+v, want the one bar of coinbase without votes", got)
	}
}

// A range may be written in any way that we print times, and bars split at any time are the same bars.
func TestBarsRangeIsHalfOpen(t *testing.T) {
	w := prices(t)
	all := into[BarsColumns](w, "/api/v1/series/BTC-USD/bars").Time
	for _, cut := range []string{"2024-01-17", "2024-01-17T00:00:00Z", "1705449600", "1705449600000", "2024-01-17T00:00:00.5Z", "2024-01-17T23:59:59Z"} {
		before := into[BarsColumns](w, "/api/v1/series/BTC-USD/bars?to="+cut).Time
		after := into[BarsColumns](w, "/api/v1/series/BTC-USD/bars?from="+cut).Time
		if diff := cmp.Diff(all, slices.Concat(before, after)); diff != "" {
			t.Errorf("cut at %s (-whole +parts):\n%s", cut, diff)
		}
	}
}

// With maxPoints the first, last, highest and lowest price of each bar are those of the stored bars in it.
func TestMaxPointsKeepsExtremes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	w := newWorld(t, nil)
	var bars []market.Bar
	for n := range 900 {
		if random.IntN(10) == 0 {
			continue // a gap
		}
		bars = append(bars, bar(monday+int64(n)*3600, float64(random.IntN(100_000))/100))
	}
	w.put("BTC-USD.kraken", market.Hour, bars...)
	for _, most := range []int{2, 7, 100, 449, 450, 800, 900} {
		got := into[BarsColumns](w, "/api/v1/series/BTC-USD.kraken/bars?interval=1h&maxPoints="+strconv.Itoa(most))
		i, err := market.ParseInterval(got.Interval)
		if err != nil || len(got.Time) > most {
			t.Fatalf("maxPoints=%d: %d bars of %s, %v", most, len(got.Time), got.Interval, err)
		}
		for n, start := range got.Time {
			in := slices.DeleteFunc(slices.Clone(bars), func(b market.Bar) bool { return b.Start < start || b.Start >= i.Next(start) })
			high, low := in[0].High, in[0].Low
			for _, b := range in {
				high, low = max(high, b.High), min(low, b.Low)
			}
			want := [4]float64{in[0].Open, high, low, in[len(in)-1].Close}
			if printed := [4]float64{*got.Open[n], *got.High[n], *got.Low[n], *got.Close[n]}; printed != want {
				t.Errorf("maxPoints=%d, bar %d of %s: got %v, want %v", most, n, got.Interval, printed, want)
			}
		}
	}
}

func TestBarsNotes(t *testing.T) {
	w := prices(t)
	for target, want := range map[string]string{
		"/api/v1/series/XAU-USD.workshop/bars?interval=1h": "Nothing is stored of XAU-USD.workshop that bars of 1h could be made of: it has 1d.",
		"/api/v1/series/BTC-USD/bars?maxPoints=5":          "These are bars of 3d, made of those of 1d, because at most 5 were asked for.",
		"/api/v1/series/BTC-USD/bars?maxPoints=10":         "",
	} {
		if got := strings.Join(into[BarsColumns](w, target).Notes, " "); got != want {
			t.Errorf("GET %s: notes %q, want %q", target, got, want)
		}
	}
}

func TestBarsAsCSV(t *testing.T) {
	w := prices(t)
	recorder := w.get("/api/v1/series/BTC-USD/bars?format=csv")
	records, err := csv.NewReader(recorder.Body).ReadAll()
	if err != nil || len(records) != 11 {
		t.Fatalf("%d records, %v; want a header and 10 bars", len(records), err)
	}
	if diff := cmp.Diff([]string{"2024-01-15T00:00:00Z", "100", "102", "98", "101", "10", "thin"}, records[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{
		"Content-Type": csvMedia, "Assay-Series": "BTC-USD", "Assay-Interval": "1d", "Content-Disposition": `inline; filename="BTC-USD-1d.csv"`,
	} {
		if got := recorder.Header().Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestBarsAsRows(t *testing.T) {
	w := prices(t)
	got := into[BarsRows](w, "/api/v1/series/XAG-USD-FIX/bars?format=rows&to=2024-01-16")
	closed := 100.0
	if diff := cmp.Diff([]BarRow{{Time: "2024-01-15T00:00:00Z", Close: &closed, Flags: []string{}}}, got.Rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBarsFilled(t *testing.T) {
	w := newWorld(t, nil)
	w.put("BTC-USD.kraken", market.Day, bar(monday, 100), bar(monday+2*86400, 102))
	plain := into[BarsColumns](w, "/api/v1/series/BTC-USD/bars")
	full := into[BarsColumns](w, "/api/v1/series/BTC-USD/bars?fill=previous")
	if len(plain.Time) != 2 || plain.Quality.Absent != 1 || plain.Filled != nil {
		t.Errorf("without fill: %d bars, %+v, filled %v; want 2, 1 absent", len(plain.Time), plain.Quality, plain.Filled)
	}
	if len(full.Time) != 3 || *full.Close[1] != 101 || full.Volume[1] != nil || full.Votes[1] != 0 || !slices.Equal(full.Filled, []int{1}) || full.Quality != plain.Quality {
		t.Errorf("with fill: %+v; want the second day flat at 101, marked, and the same quality", full)
	}
}

func TestProvisional(t *testing.T) {
	w := newWorld(t, nil)
	live := func(v float64) market.Bar {
		b := bar(monday, v)
		b.Authority = market.Own
		return b
	}
	w.put("BTC-USD.coinbase", market.Minute, live(100), func() market.Bar { b := live(100); b.Start += 60; return b }())
	w.put("BTC-USD.kraken", market.Minute, live(102))
	w.put("BTC-USD.bitstamp", market.Minute, bar(monday, 101)) // an import: it is not expected to report
	for after, want := range map[time.Duration][]int{
		119 * time.Second:               nil, // the second minute has not ended
		2 * time.Minute:                 {1}, // kraken has not reported it
		11*time.Minute + 59*time.Second: {1},
		12 * time.Minute:                nil, // ten minutes are over
	} {
		w.clock = time.Unix(monday, 0).Add(after)
		fresh := newReader(w)
		if got := into[BarsColumns](fresh, "/api/v1/series/BTC-USD/bars?interval=1m").Flags["provisional"]; !slices.Equal(got, want) {
			t.Errorf("%s after midnight: provisional %v, want %v", after, got, want)
		}
	}
}

// newReader is another process over the same storage.
func newReader(w *world) *world {
	fresh := *w
	fresh.history = history.New(w.tables, fresh.now)
	fresh.handler = New(Options{History: fresh.history, Now: fresh.now, Version: "v1.2.3"})
	return &fresh
}
