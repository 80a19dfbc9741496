package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/shared/fetch"
	"assay/shared/market"
	"assay/shared/sim"
	"assay/shared/source"
	"assay/shared/store/storetest"
)

// counted is the simulated market with its limits, which notes the calls that come to it.
type counted struct {
	*sim.Sim
	mu    sync.Mutex
	calls map[string][]time.Time // by host
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.calls[r.Host] = append(c.calls[r.Host], time.Now())
	c.mu.Unlock()
	c.Sim.ServeHTTP(w, r)
}

// Eight instances, each with connections of its own and with all that it wants at once, share the limits of the venues: no call is
// turned away by a market that counts as they do, though together they want many times what one venue allows in a second. The clock
// is the real one.
func TestInstancesShareTheLimits(t *testing.T) {
	t.Parallel()
	const instances = 8
	wanted := map[string]int{"coinbase": 4, "kraken": 1, "bitstamp": 5, "bitfinex": 3} // calls of each instance
	play, err := sim.New(sim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	venues := &counted{Sim: play, calls: map[string][]time.Time{}}
	server := httptest.NewServer(venues)
	t.Cleanup(server.Close)
	settings := storetest.Azurite(t)
	bitcoin, _ := market.Lookup("BTC-USD")
	var group errgroup.Group
	var mu sync.Mutex
	made, paused := 0, 0
	for range instances {
		client, err := fetch.New(storetest.Reopen(t, settings).Tables, fetch.Options{Now: time.Now, URL: server.URL})
		if err != nil {
			t.Fatal(err)
		}
		for name, calls := range wanted {
			src, _ := source.Find(name)
			request := src.Requests(bitcoin, source.Ask{Now: time.Now().Unix()})[0]
			group.Go(func() error {
				for range calls {
					_, err := client.Ask(t.Context(), src, request)
					mu.Lock()
					if errors.Is(err, fetch.ErrPaused) {
						paused, err = paused+1, nil
					} else {
						made++
					}
					mu.Unlock()
					if err != nil {
						return fmt.Errorf("%s: %w", name, err)
					}
				}
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if n := venues.Refused(); n > 0 {
		t.Errorf("%d calls were turned away", n)
	}
	for host, calls := range venues.calls {
		t.Logf("%s: %d calls in %.1f s", host, len(calls), calls[len(calls)-1].Sub(calls[0]).Seconds())
	}
	t.Logf("%d calls were made, %d put off", made, paused)
	if len(venues.calls) != len(wanted) || made < 2*instances {
		t.Errorf("%d venues saw %d calls, want all of them and many", len(venues.calls), made)
	}
}

// Two instances run every slot of an hour in which a provider is down, and of the hour after: it sees one call a slot at most while it
// is down, and then what one instance asks, not more.
func TestNoStormAfterAnOutage(t *testing.T) {
	s := storetest.Open(t)
	down := true
	venue := &fakeMarket{answer: func(w http.ResponseWriter, _ *http.Request) bool {
		if down {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return down
	}}
	worlds := []*fetchWorld{newFetchWorld(t, s, venue), newFetchWorld(t, s, venue)}
	watchlist := []string{"BTC-USD", "ETH-USD", "LTC-USD"}
	var perSlot []int
	for slot := range 24 {
		at, before := noon.Add(time.Duration(slot)*5*time.Minute), len(venue.asked)
		down = slot < 12
		var both sync.WaitGroup
		for _, w := range worlds {
			w.Config.Watchlist, w.at = watchlist, at
			both.Go(func() {
				if err := w.FetchKraken(context.WithoutCancel(t.Context()), slotAt(at)); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		perSlot = append(perSlot, len(venue.asked)-before)
	}
	t.Logf("calls in each slot: %v", perSlot)
	if n := slices.Max(perSlot[:12]); n > 1 {
		t.Errorf("%d calls in one slot to a provider that is down, want one at most: %v", n, perSlot)
	}
	whole := slices.Max(perSlot[12:])
	if normal := perSlot[23]; whole < len(watchlist) || normal < len(watchlist) || whole > 3*len(watchlist) { // minutes, hours and days in the first whole turn
		t.Errorf("calls after the outage: %v, want what one instance asks for", perSlot[12:])
	}
}
