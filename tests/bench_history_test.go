//go:build bench

package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"assay/shared/api"
	"assay/shared/config"
	"assay/shared/market"
	"assay/shared/sim"
	"assay/shared/source"
	"assay/shared/store"
)

// historyWatched are the eight instruments whose history is fetched: coins of four venues, a rate, and three fixes.
const historyWatched = "BTC-USD,ETH-USD,LTC-USD,PAXG-USD,EUR-USD,XAU-USD-PM,XAG-USD-FIX,XPT-USD-PM"

// historyLimit is how long it may take before it counts as stuck.
const historyLimit = 15 * time.Minute

// history measures `assay run` on empty storage: until five years of days can be queried, and until thirty days of minutes can,
// with the calls to each source beside its limit. All sources are the simulated market's, limits included.
func (b *bench) history() {
	b.t.Helper()
	market, err := sim.New(sim.Options{Seed: 1})
	if err != nil {
		b.t.Fatal(err)
	}
	calls := &callCounter{Sim: market, at: map[string][]time.Time{}}
	server := httptest.NewServer(calls)
	defer server.Close()
	a := startAzurite(b.t, true)
	defer a.stop()
	st, err := store.Open(config.Storage{Connection: a.connection}, store.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	began := time.Now()
	s := b.run(a.connection, "", "ASSAY_SOURCE_URL="+server.URL, "ASSAY_ACCEPT_TERMS=lbma", "ASSAY_WATCHLIST="+historyWatched)
	defer s.stop()
	days := b.until(began, "five years of days", func() bool { return b.reachFiveYears(s) })
	all := b.until(began, "thirty days of minutes", func() bool { return b.allFetched(st) })
	jobs, err := st.Jobs(b.t.Context(), began.AddDate(0, 0, -1), time.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	bars := 0
	for _, job := range jobs {
		for _, part := range job.Parts {
			if bars += part.Bars; part.State != store.Done {
				b.t.Errorf("%s %s %s: %s %s", job.ID, part.Series, part.Interval, part.State, part.Why)
			}
		}
	}
	b.add(line{what: "history of eight instruments: five years of days", samples: []float64{days}, print: inSeconds, bar: 60})
	b.add(line{
		what: "history of eight instruments: thirty days of minutes too", samples: []float64{all}, print: inSeconds,
		memory: []float64{s.memory("VmHWM")}, note: fmt.Sprintf("%d bars in %d jobs", bars, len(jobs)),
	})
	b.addCalls(calls, all)
}

// addCalls prints how often each source was asked, which is never more often than it allows.
func (b *bench) addCalls(calls *callCounter, took float64) {
	calls.mu.Lock()
	defer calls.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(calls.at)) {
		src, _ := source.Find(name)
		at := calls.at[name]
		b.add(line{
			what: "history: calls to " + name, samples: []float64{float64(len(at))}, print: func(n float64) string { return fmt.Sprintf("%.0f", n) },
			note: fmt.Sprintf("at most %d arrived in %s, limit %d as sent; %.1f a second", most(at, src.Budget.Per), src.Budget.Per, src.Budget.Calls, float64(len(at))/took),
		})
	}
	if n := calls.Refused(); n > 0 {
		b.t.Errorf("limits were broken %d times", n)
	}
}

// until waits for something and returns the seconds since began.
func (b *bench) until(began time.Time, what string, done func() bool) float64 {
	b.t.Helper()
	for !done() {
		if time.Since(began) > historyLimit {
			b.t.Fatalf("%s are not there after %s", what, historyLimit)
		}
		<-time.After(100 * time.Millisecond)
	}
	return since(began)
}

// reachFiveYears reports whether the days of every instrument's consensus reach back five years.
func (b *bench) reachFiveYears(s *server) bool {
	b.t.Helper()
	response, err := http.Get(s.url + "/api/v1/series")
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	var list api.SeriesList
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		b.t.Fatal(err)
	}
	before, reached := time.Now().AddDate(-5, 0, 0).Format(time.RFC3339), 0
	for _, series := range list.Series {
		if series.Source == "" && series.Intervals[market.Day.String()].First != "" && series.Intervals[market.Day.String()].First < before {
			reached++
		}
	}
	return reached == strings.Count(historyWatched, ",")+1
}

// allFetched reports whether every job has ended and nothing of what came is on its way.
func (b *bench) allFetched(st *store.Store) bool {
	b.t.Helper()
	now := time.Now()
	jobs, err := st.Jobs(b.t.Context(), now.AddDate(0, 0, -1), now)
	if err != nil {
		b.t.Fatal(err)
	}
	open := slices.ContainsFunc(jobs, func(j store.Job) bool { return j.State != store.Done })
	waiting := 0
	for _, queue := range []string{store.RawPrices, store.CleanPrices, store.Backfill} {
		n, err := st.Queues.Length(b.t.Context(), queue)
		if err != nil {
			b.t.Fatal(err)
		}
		waiting += n
	}
	return len(jobs) > 0 && !open && waiting == 0
}

// callCounter is a market that notes when each source was asked.
type callCounter struct {
	*sim.Sim
	mu sync.Mutex
	at map[string][]time.Time
}

var sourceOfHost = map[string]string{
	"api.exchange.coinbase.com": "coinbase", "api.kraken.com": "kraken", "www.bitstamp.net": "bitstamp", "api-pub.bitfinex.com": "bitfinex",
	"data-api.ecb.europa.eu": "ecb", "www.ecb.europa.eu": "ecb", "prices.lbma.org.uk": "lbma",
}

func (c *callCounter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	if name, known := sourceOfHost[r.Host]; known {
		c.at[name] = append(c.at[name], time.Now())
	}
	c.mu.Unlock()
	c.Sim.ServeHTTP(w, r)
}

// most returns how many of some moments, ascending, lie within one period at most.
func most(at []time.Time, period time.Duration) int {
	highest, first := 0, 0
	for n := range at {
		for at[n].Sub(at[first]) >= period {
			first++
		}
		highest = max(highest, n-first+1)
	}
	return highest
}
