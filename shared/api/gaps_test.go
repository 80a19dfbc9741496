package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/fetch"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// askedWorld is a world in which sources were asked for bars.
func askedWorld(t *testing.T) (*world, *fetch.Client) {
	t.Helper()
	w := newWorld(t, storetest.Open(t))
	client := w.handler.(*api).Fetch
	return w, client
}

// answered notes that a source has answered for days from Monday on.
func answered(t *testing.T, c *fetch.Client, name, instrument string, from, to int64) {
	t.Helper()
	err := c.Answered(t.Context(), name, source.Request{
		Series: []market.SeriesID{{Instrument: instrument, Source: name}}, Interval: market.Day, From: monday + from*86400, To: monday + to*86400,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// shortly prints gaps as days after Monday, with the reason.
func shortly(g Gaps) []string {
	var lines []string
	for _, gap := range g.Gaps {
		line := gap.From[:10] + " to " + gap.To[:10] + " " + gap.Reason
		for _, name := range []string{"bitfinex", "bitstamp", "coinbase", "kraken"} {
			if reason, ok := gap.Sources[name]; ok {
				line += ", " + name + ": " + reason
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func TestGapsOfASource(t *testing.T) {
	w, client := askedWorld(t)
	w.put("BTC-USD.coinbase", market.Day, bar(monday, 100), bar(monday+3*86400, 102), bar(monday+7*86400, 102))
	answered(t, client, "coinbase", "BTC-USD", 0, 4)
	answered(t, client, "coinbase", "BTC-USD", 7, 9)
	got := into[Gaps](w, "/api/v1/series/BTC-USD.coinbase/gaps?from=2024-01-14&to=2024-01-25")
	want := []string{
		"2024-01-14 to 2024-01-15 not fetched",
		"2024-01-16 to 2024-01-18 no trade",
		"2024-01-19 to 2024-01-22 our failure",
		"2024-01-23 to 2024-01-24 no trade",
		"2024-01-24 to 2024-01-25 not fetched",
	}
	if diff := cmp.Diff(want, shortly(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"not fetched": 2, "no trade": 3, "our failure": 3}, got.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	cut := into[Gaps](w, "/api/v1/series/BTC-USD.coinbase/gaps?from=2024-01-14&to=2024-01-25&limit=2")
	if len(cut.Gaps) != 2 || cut.LeftOff != 3 {
		t.Errorf("limit=2 gives %d gaps and leaves off %d, want 2 and 3", len(cut.Gaps), cut.LeftOff)
	}
}

// What Kraken has forgotten names its limit and the ways out; of spot metals, London's fixes too.
func TestGapsBeyondTheHistory(t *testing.T) {
	w, client := askedWorld(t)
	answered(t, client, "kraken", "BTC-USD", 0, 10)
	w.put("BTC-USD.kraken", market.Day, run(market.Day, monday, 10, bar)...)
	got := into[Gaps](w, "/api/v1/series/BTC-USD.kraken/gaps?from=2021-01-01&to=2024-01-25")
	if len(got.Gaps) != 2 || got.Gaps[0].Reason != "beyond the source's history" || got.Gaps[0].To != "2022-02-12T00:00:00Z" {
		t.Fatalf("got %+v, want what lies before the 720 newest days, of which today has not ended, beyond the source's history", got.Gaps)
	}
	for _, want := range []string{"Kraken does not have it any more", "two years of days", "assay import FILE --series BTC-USD.kraken"} {
		if !strings.Contains(got.Gaps[0].Detail, want) {
			t.Errorf("detail %q does not say %q", got.Gaps[0].Detail, want)
		}
	}
	gold := into[Gaps](w, "/api/v1/series/XAU-USD.goldapi/gaps?from=2024-01-15&to=2024-01-16&interval=1m")
	if len(gold.Gaps) == 0 || gold.Every != "5m" || !strings.Contains(gold.Gaps[0].Detail, "add lbma to ASSAY_ACCEPT_TERMS") {
		t.Errorf("got %+v, want gaps of five minutes with London's fixes as a way out", gold)
	}
	if _, listed := gold.Missing["closed"]; !listed || gold.Gaps[len(gold.Gaps)-1].Reason == "closed" {
		t.Errorf("got %v, want the hour in which the market is closed counted, and not listed", gold.Missing)
	}
}

func TestGapsOfAConsensus(t *testing.T) {
	w, client := askedWorld(t)
	w.put("BTC-USD.coinbase", market.Day, bar(monday, 100), bar(monday+2*86400, 102))
	w.put("BTC-USD.kraken", market.Day, bar(monday, 100), bar(monday+2*86400, 101))
	answered(t, client, "coinbase", "BTC-USD", 0, 5)
	answered(t, client, "kraken", "BTC-USD", 0, 3)
	answered(t, client, "bitstamp", "BTC-USD", 0, 9)
	answered(t, client, "bitfinex", "BTC-USD", 0, 9)
	got := shortly(into[Gaps](w, "/api/v1/series/BTC-USD/gaps?from=2024-01-15&to=2024-01-20"))
	want := []string{
		"2024-01-16 to 2024-01-17 no trade, bitfinex: no trade, bitstamp: no trade, coinbase: no trade, kraken: no trade",
		"2024-01-18 to 2024-01-20 not fetched, bitfinex: no trade, bitstamp: no trade, coinbase: no trade, kraken: not fetched",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What was refused is said to be, and a series of one's own is never fetched.
func TestGapsOfAnImport(t *testing.T) {
	w, _ := askedWorld(t)
	s := w.handler.(*api).Store
	w.put("XAU-USD.mine", market.Day, fix(monday, 2050))
	refused := market.Reject{Series: market.SeriesID{Instrument: "XAU-USD", Source: "mine"}, Start: monday + 86400, Row: 2, Rule: "absent", Reason: "no close"}
	keep(t, s, "mine", monday*1000, 1, refused)
	got := into[Gaps](w, "/api/v1/series/XAU-USD.mine/gaps?from=2024-01-15&to=2024-01-18")
	want := []string{"2024-01-16 to 2024-01-17 rejected", "2024-01-17 to 2024-01-18 not fetched"}
	if diff := cmp.Diff(want, shortly(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if detail := got.Gaps[1].Detail; detail != "Nothing was pushed or imported for this time." {
		t.Errorf("detail %q", detail)
	}
}

func TestGapsRefuses(t *testing.T) {
	w, _ := askedWorld(t)
	for query, want := range map[string]string{
		"interval=15m":                "only those are stored",
		"interval=1m&from=2020-01-01": "at most 600000",
		"closed=maybe":                "false or true",
		"limit=0":                     "from 1 to 100000",
	} {
		status, detail := problemOf(t, w.get("/api/v1/series/BTC-USD.kraken/gaps?"+query))
		if status != http.StatusBadRequest || !strings.Contains(detail, want) {
			t.Errorf("%s: %d %s, want 400 and %q", query, status, detail, want)
		}
	}
}

func TestJobs(t *testing.T) {
	w, _ := askedWorld(t)
	s := w.handler.(*api).Store
	id := market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}
	_, _, err := s.ChangeJob(t.Context(), "20240201-kraken-watchlist", func(j *store.Job) bool {
		*j = store.Job{
			ID: j.ID, Kind: "backfill", Source: "kraken", State: store.Running, Step: 3, Created: monday * 1000, Moved: monday*1000 + 500, Until: monday*1000 + 1000, Why: "limited",
			Parts: []store.JobPart{
				{Series: id, Interval: market.Day, From: monday, To: monday + 3*86400, Cursor: monday + 3*86400, State: store.Done, Requests: 1, Bars: 3},
				{Series: id, Interval: market.Minute, From: monday, To: monday + 180, Cursor: monday + 60, State: store.Waiting, Requests: 2, Bars: 1},
			},
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	until := "2024-01-15T00:00:01.000Z"
	want := Job{
		ID: "20240201-kraken-watchlist", Kind: "backfill", Source: "kraken", State: "running", Progress: 4.0 / 6, Created: "2024-01-15T00:00:00.000Z",
		Moved: "2024-01-15T00:00:00.500Z", Until: &until, Why: "limited", Requests: 3, Bars: 4,
		Parts: []JobPart{
			{"BTC-USD.kraken", "1d", "2024-01-15T00:00:00Z", "2024-01-18T00:00:00Z", "2024-01-18T00:00:00Z", "done", "", 1, 3},
			{"BTC-USD.kraken", "1m", "2024-01-15T00:00:00Z", "2024-01-15T00:03:00Z", "2024-01-15T00:01:00Z", "waiting", "", 2, 1},
		},
	}
	if diff := cmp.Diff(want, into[Job](w, "/api/v1/jobs/20240201-kraken-watchlist")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, target := range []string{"/api/v1/jobs", "/api/v1/jobs?day=2024-02-01"} {
		if diff := cmp.Diff(JobList{"2024-02-01", []Job{want}}, into[JobList](w, target)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
	if list := into[JobList](w, "/api/v1/jobs?day=2024-01-31"); len(list.Jobs) != 0 {
		t.Errorf("the day before has %d jobs, want none", len(list.Jobs))
	}
	if status, _ := problemOf(t, w.get("/api/v1/jobs/20240201-nothing")); status != http.StatusNotFound {
		t.Errorf("an unknown job: %d, want 404", status)
	}
	if status, _ := problemOf(t, w.get("/api/v1/jobs/x")); status != http.StatusBadRequest {
		t.Errorf("no id: %d, want 400", status)
	}
	if status, _ := problemOf(t, w.get("/api/v1/jobs?day=monday")); status != http.StatusBadRequest {
		t.Errorf("no day: %d, want 400", status)
	}
}

// The client of the tests asks nobody: it reads what was answered.
func testClient(t testing.TB, s *store.Store, now func() time.Time) *fetch.Client {
	t.Helper()
	client, err := fetch.New(s.Tables, fetch.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
