package tests

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/handlers"
	"assay/shared/config"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/sim"
	"assay/shared/sim/simtest"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// marketClock runs a minute a second from its start until it is stopped.
type marketClock struct {
	mu      sync.Mutex
	stopped time.Time // what it says while it stands, and from which it went on
	began   time.Time // zero while it stands
}

func (c *marketClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began.IsZero() {
		return c.stopped
	}
	return c.stopped.Add(60 * time.Since(c.began))
}

func (c *marketClock) start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.began = time.Now()
}

func (c *marketClock) stop() time.Time {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped, c.began = now, time.Time{}
	return now
}

// streaming is a process that follows the market.
type streaming struct {
	*exec.Cmd
	events chan handlers.StreamEvent
	stderr strings.Builder
}

// follow starts a process that follows the market, with storage of its own or another one's.
func follow(t *testing.T, settings config.Storage, binary, url string) *streaming {
	t.Helper()
	s := &streaming{Cmd: command(settings, binary, "stream", "kraken", "--json"), events: make(chan handlers.StreamEvent, 1000)}
	s.Env = append(s.Env, "ASSAY_SOURCE_URL="+url, "ASSAY_WATCHLIST=BTC-USD,LTC-USD")
	s.Stderr = &s.stderr
	out, err := s.StdoutPipe()
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Process.Kill() }) // it has ended when all went well
	go func() {
		defer close(s.events)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e handlers.StreamEvent
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Errorf("assay stream says %q: %v", lines.Text(), err)
			}
			s.events <- e
		}
	}()
	return s
}

// until waits until all of these events have come.
func (s *streaming) until(t *testing.T, events ...handlers.Event) {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for len(events) > 0 {
		select {
		case e, more := <-s.events:
			if !more {
				t.Fatalf("assay stream ended before %v: %s", events, s.stderr.String())
			}
			events = slices.DeleteFunc(events, func(want handlers.Event) bool { return want == e.Event })
		case <-limit:
			t.Fatalf("%v did not come", events)
		}
	}
}

// end asks the process to stop.
func (s *streaming) end(t *testing.T) {
	t.Helper()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for range s.events { // to the end
	}
	if err := s.Wait(); err != nil || s.stderr.Len() > 0 {
		t.Errorf("after SIGTERM: %v, %q, want exit code 0 and no word", err, s.stderr.String())
	}
}

// TestKilledStreamsEndTheSame follows the simulated market twice: once in peace; once killed with SIGKILL, missing a quarter of an
// hour, then with two processes at once of which one is killed too. Both tell what the market says, and in the end
// their stored bars are the same.
func TestKilledStreamsEndTheSame(t *testing.T) {
	t.Parallel()
	binary := build(t)
	clock := &marketClock{stopped: time.Now().Add(-6 * time.Hour).Truncate(time.Minute)}
	world, url := simtest.Serve(t, sim.Options{Seed: 3, Now: clock.now, NoLimits: true}) // its limits would go by the clock that stops
	calm, rough := storetest.Azurite(t), storetest.Azurite(t)
	from := clock.now()

	peaceful := follow(t, calm, binary, url)
	killed := follow(t, rough, binary, url)
	peaceful.until(t, handlers.EventConnected, handlers.EventCaughtUp)
	killed.until(t, handlers.EventConnected, handlers.EventCaughtUp)
	clock.start() // both have asked for the same window of history
	killed.until(t, handlers.EventStored)
	_ = killed.Process.Kill()
	missing := clock.now().Add(15 * time.Minute) // a snapshot tells ten
	eventually(t, "the market has gone on", func() bool { return clock.now().After(missing) })
	one, other := follow(t, rough, binary, url), follow(t, rough, binary, url)
	one.until(t, handlers.EventConnected, handlers.EventStored)
	other.until(t, handlers.EventConnected, handlers.EventCaughtUp, handlers.EventStored)
	_ = other.Process.Kill()
	one.until(t, handlers.EventStored)
	to := clock.stop().Add(-3 * time.Minute)
	peaceful.until(t, handlers.EventStored)
	t.Logf("memory of the one in peace: %.1f MiB", memoryOf(peaceful.Process.Pid, "VmHWM")/(1<<20))
	peaceful.end(t)
	one.end(t)

	for name, settings := range map[string]config.Storage{"in peace": calm, "killed": rough} {
		run(t, settings, binary, "invoke", "Clean")
		for _, id := range []string{"BTC-USD", "LTC-USD"} {
			want := truth(world, id, from, to)
			t.Logf("%s, %s: %d minutes", name, id, len(want))
			if diff := cmp.Diff(want, minutes(t, settings, id, from, to)); diff != "" {
				t.Errorf("%s, %s (-market +stored):\n%s", name, id, diff)
			}
		}
		last := follow(t, settings, binary, url)
		last.until(t, handlers.EventConnected, handlers.EventCaughtUp)
		last.end(t)
		run(t, settings, binary, "invoke", "Clean")
		run(t, settings, binary, "invoke", "Load")
	}
	if diff := cmp.Diff(minuteHashes(t, calm), minuteHashes(t, rough)); diff != "" {
		t.Errorf("value hashes (-in peace +killed):\n%s", diff)
	}
	assertTold(t, calm, world, from.Add(time.Minute), to)
}

// assertTold checks that the frames alone, without any answer to a question, hold every minute in which the market traded.
func assertTold(t *testing.T, settings config.Storage, world *sim.Sim, from, to time.Time) {
	t.Helper()
	s := storetest.Reopen(t, settings)
	told := storetest.Azurite(t)
	into := storetest.Reopen(t, told)
	app := &handlers.App{Store: into, History: history.New(into.Tables, time.Now), Now: time.Now}
	names, err := s.Blobs.ListRaw(t.Context(), "kraken", 0, time.Now().Add(time.Hour).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		records, err := s.Blobs.Raw(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if records[0].Dataset != "kraken-ws-ohlc" {
			continue
		}
		kept, err := app.Keep(t.Context(), "kraken", time.UnixMilli(name.Received), records)
		if err == nil {
			err = app.Clean(t.Context(), []byte(handlers.Pointer{Blob: kept}.Encode()))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"BTC-USD", "LTC-USD"} {
		if diff := cmp.Diff(truth(world, id, from, to), minutes(t, told, id, from, to)); diff != "" {
			t.Errorf("%s, told alone (-market +stored):\n%s", id, diff)
		}
	}
}

// truth is what the market says of the minutes in which it traded.
func truth(world *sim.Sim, id string, from, to time.Time) []string {
	var texts []string
	for _, b := range world.Bars("kraken", id, market.Minute, from.Unix(), to.Unix()) {
		if b.Count > 0 {
			texts = append(texts, fmt.Sprintln(time.Unix(b.Start, 0).UTC().Format("15:04"), b.Open, b.High, b.Low, b.Close, b.Volume))
		}
	}
	return texts
}

// minutes reads the minutes that are stored of Kraken and in which something was traded.
func minutes(t *testing.T, settings config.Storage, id string, from, to time.Time) []string {
	t.Helper()
	answer, err := history.New(storetest.Reopen(t, settings).Tables, time.Now).Read(t.Context(), history.Query{
		Series: market.SeriesID{Instrument: id, Source: "kraken"}, Interval: market.Minute, From: int64(market.Minute.Ceil(from.Unix())), To: to.Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, b := range answer.Bars {
		if b.Volume > 0 {
			texts = append(texts, fmt.Sprintln(time.Unix(b.Start, 0).UTC().Format("15:04"), b.Open, b.High, b.Low, b.Close, b.Volume))
		}
	}
	return texts
}

// minuteHashes reads the value hashes of the days of minutes, of the source and of the consensus.
func minuteHashes(t *testing.T, settings config.Storage) map[string]string {
	t.Helper()
	tables := storetest.Reopen(t, settings).Tables
	found := map[string]string{}
	for _, id := range []string{"BTC-USD", "LTC-USD", "BTC-USD.kraken", "LTC-USD.kraken"} {
		for _, year := range []int{time.Now().UTC().Year(), time.Now().UTC().Year() - 1} {
			entities, err := tables.Query(context.Background(), "chunks1m", fmt.Sprintf("%s~%d", id, year), store.Range{}, "value")
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entities {
				found[id+" "+e.Row] = fmt.Sprint(e.Values["value"])
			}
		}
	}
	if len(found) < 4 {
		t.Fatalf("only %d days are stored", len(found))
	}
	return found
}
