package handlers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"assay/shared/config"
	"assay/shared/fetch"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/sim"
	"assay/shared/source"
	"assay/shared/store"
)

// exchange is the simulated market on a server, with sources that can be down.
type exchange struct {
	*sim.Sim
	url string

	mu   sync.Mutex
	down map[string]bool // hosts
}

var hosts = map[string]string{
	"coinbase": "api.exchange.coinbase.com", "kraken": "api.kraken.com", "bitstamp": "www.bitstamp.net", "bitfinex": "api-pub.bitfinex.com",
	"goldapi": "api.gold-api.com", "swissquote": "forex-data-feed.swissquote.com",
}

func newExchange(t *testing.T, now func() time.Time, faults ...sim.Kind) *exchange {
	t.Helper()
	market, err := sim.New(sim.Options{Seed: 1, Now: now, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	e := &exchange{Sim: market, down: map[string]bool{}}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	e.url = server.URL
	return e
}

func (e *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	down := e.down[r.Host]
	e.mu.Unlock()
	if down {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
		return
	}
	e.Sim.ServeHTTP(w, r)
}

// set takes sources down or brings them back.
func (e *exchange) set(down bool, names ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range names {
		e.down[hosts[name]] = down
	}
}

// clockAt is a clock that several worlds share.
type clockAt struct {
	mu sync.Mutex
	at time.Time
}

func (c *clockAt) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clockAt) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// historyWorld is a program that gathers from the simulated market, on a clock of its own.
type historyWorld struct {
	*App
	*clockAt
	exchange *exchange
}

// newHistoryWorld uses a store, a clock and a market, which may be those of another world, as another process would.
func newHistoryWorld(t *testing.T, s *store.Store, clock *clockAt, e *exchange, watchlist ...string) *historyWorld {
	t.Helper()
	w := &historyWorld{clockAt: clock, exchange: e}
	wait := func(_ context.Context, d time.Duration) error {
		clock.forward(d)
		return nil
	}
	client, err := fetch.New(s.Tables, fetch.Options{Now: clock.now, Wait: wait, URL: e.url})
	if err != nil {
		t.Fatal(err)
	}
	w.App = &App{
		Config: config.Config{Watchlist: watchlist, ResendAfter: 30 * time.Minute},
		Store:  s, History: history.New(s.Tables, clock.now), Fetch: client, Now: clock.now,
	}
	return w
}

// knows makes as if every source had answered for everything before a moment.
func (w *historyWorld) knows(t *testing.T, before time.Time) {
	t.Helper()
	for _, src := range source.All {
		watched, err := w.Watched(src)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range watched {
			for _, i := range src.Past.Intervals {
				request := source.Request{Interval: i, Series: []market.SeriesID{{Instrument: in.ID, Source: src.Name}}, To: i.Floor(before.Unix())}
				if err := w.Fetch.Answered(t.Context(), src.Name, request); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

var fetches = map[string]func(*App, context.Context, []byte) error{
	"coinbase": (*App).FetchCoinbase, "kraken": (*App).FetchKraken, "bitstamp": (*App).FetchBitstamp, "bitfinex": (*App).FetchBitfinex,
	"goldapi": (*App).FetchGoldAPI, "swissquote": (*App).FetchSwissquote,
}

// turn runs a turn of each of some sources, now.
func (w *historyWorld) turn(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := fetches[name](w.App, t.Context(), slotAt(w.now())); err != nil {
			t.Fatal(err)
		}
	}
}

// drain runs the queue functions until no message is visible, each message as often as said.
func (w *historyWorld) drain(t *testing.T, times int) {
	t.Helper()
	for _, f := range []struct {
		queue string
		run   func(context.Context, []byte) error
	}{{store.Backfill, w.Backfill}, {store.RawPrices, w.Clean}, {store.CleanPrices, w.Load}} {
		for messages := take(t, w.Store, f.queue); len(messages) > 0; messages = take(t, w.Store, f.queue) {
			for _, m := range messages {
				for range times {
					if err := f.run(t.Context(), m); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}

// reconcile runs Reconcile and all that follows, until no job is under way. The clock of the queue is not ours: a job that waits
// is sent again by the next Reconcile.
func (w *historyWorld) reconcile(t *testing.T) {
	t.Helper()
	for range 20 {
		if err := w.Reconcile(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		w.drain(t, 1)
		if w.idle(t) {
			return
		}
		w.forward(time.Hour)
	}
	t.Fatal("jobs are under way after 20 turns of Reconcile")
}

func (w *historyWorld) idle(t *testing.T) bool {
	t.Helper()
	for _, job := range w.jobs(t) {
		if job.State != store.Done {
			return false
		}
	}
	return true
}

func (w *historyWorld) jobs(t *testing.T) []store.Job {
	t.Helper()
	jobs, err := w.Store.Jobs(t.Context(), w.now().AddDate(0, 0, -30), w.now())
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// minutesOf returns the starts of a series' minutes in [from, to).
func (w *historyWorld) minutesOf(t *testing.T, series string, from, to time.Time) map[int64]bool {
	t.Helper()
	id, err := market.ParseSeriesID(series)
	if err != nil {
		t.Fatal(err)
	}
	fresh := history.New(w.Store.Tables, w.now) // believes nothing of what was read before
	answer, err := fresh.Read(t.Context(), history.Query{Series: id, Interval: market.Minute, From: from.Unix(), To: to.Unix()})
	if err != nil {
		t.Fatal(err)
	}
	starts := map[int64]bool{}
	for _, b := range answer.Bars {
		starts[b.Start] = true
	}
	return starts
}
