package api

import (
	"bytes"
	"errors"
	"image/png"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// chartWorld has 120 days of two coins and, on business days, of gold.
func chartWorld(t *testing.T, w *world) *world {
	t.Helper()
	bars := map[string][]market.Bar{}
	for n := range int64(120) {
		at := monday + n*day
		wobble := float64(n*n%17) - 8 // of no pattern that a model could learn
		bars["BTC-USD.kraken"] = append(bars["BTC-USD.kraken"], bar(at, 40_000+100*wobble))
		bars["ETH-USD.kraken"] = append(bars["ETH-USD.kraken"], bar(at, 2_000+6*wobble+float64(n%3)))
		if n%7 < 5 {
			bars["XAU-USD.workshop"] = append(bars["XAU-USD.workshop"], fix(at, 2_000-wobble))
		}
	}
	for _, id := range []string{"BTC-USD.kraken", "ETH-USD.kraken", "XAU-USD.workshop"} {
		w.put(id, market.Day, bars[id]...)
	}
	return w
}

func TestCharts(t *testing.T) {
	w := chartWorld(t, newWorld(t, nil))
	for target, says := range map[string][]string{
		"prices.svg?series=BTC-USD":                                     {"Bitcoin", "BTC-USD", "USD per BTC", "2024-01-15", "consensus of kraken"},
		"prices.svg?series=BTC-USD.kraken,XAU-USD.workshop&scale=log":   {"USD per BTC, USD per toz, logarithmic", "kraken; workshop"},
		"prices.svg?series=BTC-USD,XAU-USD.workshop&scale=rebased":      {"100 at 2024-01-15"},
		"prices.svg?series=XAU-USD.workshop&unit=g&from=2024-02-01":     {"USD per g", "2024-02-01", "Bars left out: 1 of days that hardly traded."},
		"drawdown.svg?series=BTC-USD,ETH-USD&theme=dark":                {"% below the highest close so far"},
		"months.svg?series=BTC-USD":                                     {"return in %", "Jan", "2024"},
		"correlation.svg?series=BTC-USD,ETH-USD,XAU-USD.workshop":       {"Pearson, n = 84 returns"}, // 86 business days, of which Good Friday is none
		"correlation.svg?series=BTC-USD,ETH-USD&method=spearman":        {"Spearman, n = 119 returns"},
		"dendrogram.svg?series=BTC-USD,ETH-USD,XAU-USD.workshop":        {"average linkage"},
		"dendrogram.svg?series=BTC-USD,ETH-USD&linkage=ward&clusters=1": {"ward linkage"},
		"forecast.svg?series=BTC-USD&horizon=5":                         {"origins of the past"},
	} {
		answer := w.get("/api/v1/charts/" + target)
		if answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: %d %s", target, answer.Code, answer.Body)
			continue
		}
		for _, want := range says {
			if !strings.Contains(answer.Body.String(), want) {
				t.Errorf("%s does not say %q", target, want)
			}
		}
		if strings.Contains(answer.Body.String(), "SIMULATED") {
			t.Errorf("%s says that real prices are made up", target)
		}
	}
}

func TestChartAsPNG(t *testing.T) {
	w := chartWorld(t, newWorld(t, nil))
	const target = "/api/v1/charts/prices.png?series=BTC-USD&width=400&height=300"
	first := w.get(target)
	size, err := png.DecodeConfig(bytes.NewReader(first.Body.Bytes()))
	if err != nil || size.Width != 400 || size.Height != 300 {
		t.Fatalf("got %d by %d, %v; want 400 by 300", size.Width, size.Height, err)
	}
	tag := first.Header().Get("ETag")
	if again := w.get(target, "If-None-Match", tag); again.Code != http.StatusNotModified {
		t.Errorf("asked again with %s: %d, want 304", tag, again.Code)
	}
	w.put("BTC-USD.kraken", market.Day, bar(monday+120*day, 41_000))
	if again := w.get(target, "If-None-Match", tag); again.Code != http.StatusOK {
		t.Errorf("asked again after another day: %d, want 200", again.Code)
	}
}

// Equal ETag, equal bytes: what is declared anew of a series is in its picture, whose bars stay what they were.
func TestChartsFollowDeclarations(t *testing.T) {
	w := newWorld(t, nil)
	tags := map[string]bool{}
	for n, d := range []market.Declaration{{Unit: "lb", Calendar: market.Always}, {Unit: "t", Calendar: market.Always}, {Unit: "t", Calendar: market.NewYork}} {
		id, err := market.ParseSeriesID("XCU-USD.mine")
		if err != nil {
			t.Fatal(err)
		}
		d.Series, d.Class = id, market.Metal
		if _, err := w.history.Declare(t.Context(), d.Complete(), strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
		w.put("XCU-USD.mine", market.Day, fix(monday, 8), fix(monday+3*day, 9))
		answer := w.get("/api/v1/charts/prices.svg?series=XCU-USD.mine")
		if want := "USD per " + d.Unit; !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%d: the picture does not say %s", answer.Code, want)
		}
		tags[answer.Header().Get("ETag")] = true
	}
	if len(tags) != 3 {
		t.Errorf("the pictures of three declarations have the tags %v, want three", tags)
	}
}

// A picture is drawn once for all processes: it is kept in Blob storage, until Reconcile drops it.
func TestChartsAreKept(t *testing.T) {
	settings := storetest.Azurite(t)
	s := storetest.Reopen(t, settings)
	w := chartWorld(t, newWorld(t, s))
	fresh := func(policies ...policy.Policy) string { // what a process that has just started answers
		t.Helper()
		answer := newWorld(t, storetest.Reopen(t, settings, policies...)).get("/api/v1/charts/prices.png?series=BTC-USD&to=2024-03-01")
		if answer.Code != http.StatusOK {
			t.Fatalf("%d %s", answer.Code, answer.Body)
		}
		return answer.Body.String()
	}
	answer := w.get("/api/v1/charts/prices.png?series=BTC-USD&to=2024-03-01")
	drawn, name := answer.Body.String(), strings.Trim(answer.Header().Get("ETag"), `"`)+".png"
	if kept, err := s.Blobs.Picture(t.Context(), name); err != nil || string(kept) != drawn {
		t.Fatalf("kept are %d bytes, %v; want the %d that were sent", len(kept), err, len(drawn))
	}
	if err := s.Blobs.DropPictures(t.Context(), time.Now().Add(-time.Hour)); err != nil || fresh() != drawn {
		t.Errorf("a picture that is not old was dropped, or is another one: %v", err)
	}
	drop := func() {
		if err := s.Blobs.DropPictures(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	drop()
	if err := s.Blobs.PutPicture(t.Context(), name, []byte("of another process")); err != nil || fresh() != "of another process" {
		t.Errorf("what another process drew is not sent: %v", err)
	}
	drop()
	full := &storetest.Fail{Count: -1, Match: func(r *http.Request) bool {
		return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/charts/")
	}}
	if got := fresh(full); got != drawn || full.Seen() != 1 {
		t.Errorf("where a picture cannot be kept, which was tried %d times, it is not sent", full.Seen())
	}
	if _, err := s.Blobs.Picture(t.Context(), name); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a picture that was dropped: %v, want that it is not there", err)
	}
}

// A picture of a simulated market says so itself, whatever becomes of the headers.
func TestChartsOfASimulatedMarket(t *testing.T) {
	w := chartWorld(t, marked(t, store.Simulated))
	answer := w.get("/api/v1/charts/prices.svg?series=BTC-USD")
	if !strings.Contains(answer.Body.String(), "SIMULATED MARKET") || answer.Header().Get("Assay-Simulated") != "true" {
		t.Errorf("%d, header %q, and the picture says nothing:\n%.500s", answer.Code, answer.Header().Get("Assay-Simulated"), answer.Body)
	}
}

func TestChartsWithBadInput(t *testing.T) {
	w := chartWorld(t, newWorld(t, nil))
	w.put("DOGE-USD.kraken", market.Day, bar(monday-9*day, 1), bar(monday-8*day, 2))
	for target, want := range map[string]string{
		"pie.svg?series=BTC-USD":                            `There is no picture "pie.svg": want correlation, dendrogram, drawdown, forecast, months, prices`,
		"prices.gif?series=BTC-USD":                         `There is no picture "prices.gif"`,
		"prices.svg":                                        `series="": want 1 to 8`,
		"months.svg?series=BTC-USD,ETH-USD":                 `series="BTC-USD,ETH-USD": want one, such as BTC-USD`,
		"correlation.svg?series=BTC-USD":                    `want 2 to 40`,
		"prices.svg?series=BTC-USD,BTC-USD":                 `is named twice`,
		"prices.svg?series=BTC-USD&linkage=ward":            `linkage="ward": prices.svg takes no linkage`,
		"prices.svg?series=BTC-USD&scale=cubic":             `scale="cubic": want linear or log or rebased`,
		"prices.svg?series=BTC-USD&width=100000":            `width="100000": want a whole number from 320 to 3000`,
		"prices.svg?series=BTC-USD&height=1":                `height="1": want a whole number from 240 to 2000`,
		"prices.svg?series=BTC-USD&unit=g":                  `unit=g`,
		"dendrogram.svg?series=BTC-USD,ETH-USD&clusters=0":  `clusters="0": want a whole number from 1 to 8`,
		"dendrogram.svg?series=BTC-USD,ETH-USD&clusters=3":  `clusters=3: there are 2 series`,
		"forecast.svg?series=BTC-USD&horizon=366":           `horizon="366": want a whole number from 1 to 365`,
		"forecast.svg?series=BTC-USD&horizon=60":            `origins=10, horizon=60: of 120 values that leaves 0 before the first origin`,
		"forecast.svg?series=BTC-USD&model=crystal":         `model="crystal"`,
		"correlation.svg?series=BTC-USD.kraken,DOGE-USD":    `The series have 0 returns between times that all of them have`,
		"prices.svg?series=BTC-USD,DOGE-USD&scale=rebased":  `no time in common`,
		"prices.svg?series=BTC-USD&interval=7x":             `interval="7x"`,
		"prices.svg?series=BTC-USD&from=2024-02-01&to=2024": `The range is reversed`,
	} {
		answer := w.get("/api/v1/charts/" + target)
		if status, detail := problemOf(t, answer); status < 400 || status >= 500 || !strings.Contains(detail, want) {
			t.Errorf("%s: %d %s; want a problem that says %s", target, status, detail, want)
		}
	}
}
