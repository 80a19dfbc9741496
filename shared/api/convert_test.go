package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
)

const day = int64(market.Day)

// goldAndRates holds days of gold from a Sunday on, at 1600 dollars, and rates of the ECB: of Monday 1.25, of Tuesday 1.28, none after.
func goldAndRates(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, nil)
	w.put("EUR-USD.ecb", market.Day, fix(monday, 1.25), fix(monday+day, 1.28))
	w.put("XAU-USD.workshop", market.Day, run(market.Day, monday-day, 10, func(start int64, _ float64) market.Bar { return fix(start, 1600) })...)
	return w
}

// A bar takes the rate that was published by its end, for five days; then it has no price. 1600/1.25 is 1280, 1600/1.28 is 1250.
func TestBarsInEuro(t *testing.T) {
	w := goldAndRates(t)
	got := into[BarsColumns](w, "/api/v1/series/XAU-USD.workshop/bars?currency=EUR")
	euro, tuesdays := 1250.0, 1.28
	first, mondays := 1280.0, 1.25
	mon, tue := "2024-01-15", "2024-01-16"
	want := BarsColumns{
		Close:    []*float64{nil, &first, &euro, &euro, &euro, &euro, &euro, nil, nil, nil},
		Rate:     []*float64{nil, &mondays, &tuesdays, &tuesdays, &tuesdays, &tuesdays, &tuesdays, nil, nil, nil},
		RateDate: []*string{nil, &mon, &tue, &tue, &tue, &tue, &tue, nil, nil, nil},
		NoRate:   []int{0, 7, 8, 9},
	}
	if diff := cmp.Diff(want, BarsColumns{Close: got.Close, Rate: got.Rate, RateDate: got.RateDate, NoRate: got.NoRate}); diff != "" {
		t.Errorf("gold in euro (-want +got):\n%s", diff)
	}
	if got.Currency != "EUR" || got.Conversion == nil || got.Conversion.Rates == nil || got.Conversion.Rates.Series != "EUR-USD.ecb" {
		t.Errorf("currency %s, conversion %+v; want EUR by EUR-USD.ecb", got.Currency, got.Conversion)
	}
	if len(got.Flags["derived"]) != len(got.Time) {
		t.Errorf("flag derived is on %v, want it on all %d bars", got.Flags["derived"], len(got.Time))
	}
}

// The rate of a day is not known in its morning: an hour that ended before 16:00 in Frankfurt takes the rate of the day before.
func TestRateIsOfTheEndOfTheBar(t *testing.T) {
	w := goldAndRates(t)
	tuesday := monday + day
	w.put("XAU-USD.workshop", market.Hour, fix(tuesday+13*3600, 1600), fix(tuesday+14*3600, 1600)) // 14:00 and 15:00 CET
	got := w.get("/api/v1/series/XAU-USD.workshop/bars?interval=1h&currency=EUR&format=csv").Body.String()
	want := "time,open,high,low,close,volume,flags,rate,rateDate\r\n" +
		"2024-01-16T13:00:00Z,,,,1280,,derived,1.25,2024-01-15\r\n" +
		"2024-01-16T14:00:00Z,,,,1250,,derived,1.28,2024-01-16\r\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hours in euro (-want +got):\n%s", diff)
	}
}

// A kilogram is 1000/31.1034768 troy ounces: of metal at 31.1034768 dollars an ounce it costs 1000 dollars, and a gram one.
func TestBarsByWeight(t *testing.T) {
	w := newWorld(t, nil)
	b := fix(monday, 31.1034768)
	b.Volume = 1000
	w.put("XAU-USD.workshop", market.Day, b)
	for unit, want := range map[string][2]float64{"g": {1, 31103.4768}, "kg": {1000, 31.1034768}, "toz": {31.1034768, 1000}} {
		got := into[BarsColumns](w, "/api/v1/series/XAU-USD.workshop/bars?unit="+unit)
		if got.Unit != unit || *got.Close[0] != want[0] || *got.Volume[0] != want[1] {
			t.Errorf("unit=%s: %v a %s, volume %v; want %v and %v", unit, *got.Close[0], got.Unit, *got.Volume[0], want[0], want[1])
		}
	}
	for target, want := range map[string]string{
		"XAU-USD.workshop/bars?unit=lb":      `unit="lb": want`,
		"XAU-USD.workshop/bars?currency=GBP": `currency="GBP": want`,
		"BTC-USD.kraken/bars?unit=g":         "only metals are sold by weight",
	} {
		w.put("BTC-USD.kraken", market.Day, bar(monday, 100))
		status, detail := problemOf(t, w.get("/api/v1/series/"+target))
		if status/100 != 4 || !strings.Contains(detail, want) {
			t.Errorf("GET %s: %d %s; want it to say %s", target, status, detail, want)
		}
	}
}

// Without any rate there is no price, and a note says why.
func TestBarsWithoutRates(t *testing.T) {
	w := newWorld(t, nil)
	w.put("XAU-USD.workshop", market.Day, fix(monday, 1600))
	got := into[BarsColumns](w, "/api/v1/series/XAU-USD.workshop/bars?currency=EUR")
	if len(got.Close) != 1 || got.Close[0] != nil || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "No rate of EUR-USD.ecb is stored") {
		t.Errorf("closes %v, notes %q; want one that is null, and a note", got.Close, got.Notes)
	}
	_, sentence := problemOf(t, w.get("/api/v1/analysis/growth?series=XAU-USD.workshop&currency=EUR"))
	if !strings.Contains(sentence, "has 0 from 2024-01-15T00:00:00Z to 2024-01-16T00:00:00Z, 1 left out: no-rate") {
		t.Errorf("without rates: %s", sentence)
	}
}

// A Sunday of metal spot holds an hour or two: it is served, and flagged.
func TestStubDaysAreFlagged(t *testing.T) {
	w := newWorld(t, nil)
	w.put("XAU-USD.workshop", market.Day, fix(monday-day, 1600), fix(monday, 1601))
	w.put("BTC-USD.kraken", market.Day, bar(monday-day, 100))
	for id, want := range map[string][]int{"XAU-USD.workshop": {0}, "BTC-USD.kraken": nil} {
		got := into[BarsColumns](w, "/api/v1/series/"+id+"/bars")
		if diff := cmp.Diff(want, got.Flags["stub"]); diff != "" {
			t.Errorf("stub days of %s (-want +got):\n%s", id, diff)
		}
	}
}

// What is converted has a tag of its own, which changes with the rates.
func TestRatesAreInTheTag(t *testing.T) {
	w := goldAndRates(t)
	const euro = "/api/v1/series/XAU-USD.workshop/bars?currency=EUR"
	plain, before := w.get("/api/v1/series/XAU-USD.workshop/bars").Header().Get("ETag"), w.get(euro).Header().Get("ETag")
	w.put("EUR-USD.ecb", market.Day, fix(monday+2*day, 1.6))
	after := w.get(euro)
	if tag := after.Header().Get("ETag"); tag == before || before == plain || after.Code != http.StatusOK {
		t.Errorf("tags %s, in euro %s, with another rate %s: want three", plain, before, tag)
	}
}
