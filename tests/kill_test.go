package tests

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/handlers"
	"assay/shared/config"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// The series of these tests: two venues whose minutes overlap.
var (
	killedVenue = market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}
	otherVenue  = market.SeriesID{Instrument: "BTC-USD", Source: "coinbase"}
)

// TestKilledImportsEndTheSame kills an import with SIGKILL twenty times, at random moments, then lets it end, imports a second
// venue's overlapping minutes with two processes at once, and delivers every message again. The stored bars are those of
// imports that nobody disturbed.
func TestKilledImportsEndTheSame(t *testing.T) {
	t.Parallel()
	binary := build(t)
	first, second := writeMinutes(t, 0, 20), writeMinutes(t, 10, 30)
	arguments := func(file string, id market.SeriesID) []string {
		return []string{"import", file, "--series", id.String(), "--interval", "1m", "--columns", "time=time,open=open,high=high,low=low,close=close,volume=volume"}
	}

	calm := storetest.Azurite(t)
	run(t, calm, binary, arguments(first, killedVenue)...)
	run(t, calm, binary, arguments(second, otherVenue)...)
	want := valueHashes(t, calm, killedVenue, otherVenue)

	rough := storetest.Azurite(t)
	killAtRandom(t, 20, func() *exec.Cmd { return command(rough, binary, arguments(first, killedVenue)...) })
	run(t, rough, binary, arguments(first, killedVenue)...)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { run(t, rough, binary, arguments(second, otherVenue)...) })
	}
	both.Wait()
	deliverAgain(t, rough, binary)
	if diff := cmp.Diff(want, valueHashes(t, rough, killedVenue, otherVenue)); diff != "" {
		t.Errorf("value hashes differ from undisturbed imports (-want +got):\n%s", diff)
	}
}

// killAtRandom starts a command again and again, until so many have been killed with SIGKILL: at a random moment of their first second,
// or of the time that the shortest took.
func killAtRandom(t *testing.T, times int, next func() *exec.Cmd) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 1))
	takes := time.Second
	for killed := 0; killed < times; {
		c, began := next(), time.Now()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(random.Int64N(int64(takes))), func() { _ = c.Process.Kill() })
		err := c.Wait()
		timer.Stop()
		switch {
		case err == nil: // it ended before
			takes = min(takes, time.Since(began))
		case c.ProcessState.ExitCode() < 0:
			killed++
		default:
			t.Fatalf("%s: %v, want it to end well or be killed", c, err)
		}
	}
}

// deliverAgain queues the pointer of every raw blob twice more and lets two processes work on them at once.
func deliverAgain(t *testing.T, settings config.Storage, binary string) {
	t.Helper()
	s := storetest.Reopen(t, settings)
	for _, id := range []market.SeriesID{killedVenue, otherVenue} {
		names, err := s.Blobs.ListRaw(context.Background(), id.Source, 0, time.Now().Add(time.Hour).UnixMilli())
		if err != nil || len(names) == 0 {
			t.Fatalf("raw blobs of %s: %d, %v", id, len(names), err)
		}
		for _, name := range append(names, names...) {
			if err := s.Queues.Send(context.Background(), store.RawPrices, handlers.Pointer{Blob: name}.Encode(), 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, function := range []string{"Clean", "Load"} {
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { run(t, settings, binary, "invoke", function) })
		}
		both.Wait()
	}
}

// valueHashes reads what the chunks of a consensus of bitcoin in 2024 and of its sources say, by table, partition and row.
func valueHashes(t *testing.T, settings config.Storage, sources ...market.SeriesID) map[string]string {
	t.Helper()
	tables := storetest.Reopen(t, settings).Tables
	found := map[string]string{}
	for _, id := range append(sources, market.SeriesID{Instrument: "BTC-USD"}) {
		for table, partition := range map[string]string{"chunks1m": id.String() + "~2024", "chunks1h": id.String(), "chunks1d": id.String()} {
			entities, err := tables.Query(context.Background(), table, partition, store.Range{}, "value")
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entities {
				found[table+" "+partition+" "+e.Row] = fmt.Sprint(e.Values["value"])
			}
		}
	}
	for _, partition := range []string{"BTC-USD~1h~2024", "BTC-USD~1d~2024"} {
		rows, err := tables.Query(context.Background(), "bars", partition, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range rows {
			found["bars "+partition+" "+e.Row] = fmt.Sprint(maps.Collect(maps.All(e.Values)))
		}
	}
	if len(found) < 100 {
		t.Fatalf("only %d chunks and rows are stored", len(found))
	}
	return found
}

// writeMinutes writes minute bars of the days [from, to) of January 2024 as CSV.
func writeMinutes(t *testing.T, from, to int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(from), 7))
	var b strings.Builder
	b.WriteString("time,open,high,low,close,volume\n")
	price := 42_000.0
	for at := time.Date(2024, 1, 1+from, 0, 0, 0, 0, time.UTC); at.Before(time.Date(2024, 1, 1+to, 0, 0, 0, 0, time.UTC)); at = at.Add(time.Minute) {
		open := price
		price += random.Float64()*20 - 10
		fmt.Fprintf(&b, "%d,%.2f,%.2f,%.2f,%.2f,%.4f\n", at.Unix(), open, max(open, price)+1, min(open, price)-1, price, random.Float64())
	}
	file := filepath.Join(t.TempDir(), "minutes.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
