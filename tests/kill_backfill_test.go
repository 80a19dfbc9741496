package tests

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/config"
	"assay/shared/market"
	"assay/shared/sim"
	"assay/shared/sim/simtest"
	"assay/shared/store/storetest"
)

// TestKilledBackfillsEndTheSame kills the fetching of six days of minutes from three venues with SIGKILL ten times, at random
// moments, and then lets it end. The stored bars are those of a run that nobody disturbed.
func TestKilledBackfillsEndTheSame(t *testing.T) {
	t.Parallel()
	binary := build(t)
	_, url := simtest.Serve(t, sim.Options{Seed: 1})
	backfill := func(settings config.Storage) *exec.Cmd {
		c := command(settings, binary, "backfill", "BTC-USD", "--from", "2024-01-10", "--to", "2024-01-16", "--interval", "1m")
		c.Env = append(c.Env, "ASSAY_SOURCE_URL="+url)
		return c
	}
	finish := func(settings config.Storage) {
		t.Helper()
		out, err := backfill(settings).CombinedOutput()
		if err != nil || strings.Count(string(out), ": done, ") != 3 {
			t.Fatalf("assay backfill: %v\n%s", err, out)
		}
	}
	sources := []market.SeriesID{{Instrument: "BTC-USD", Source: "coinbase"}, {Instrument: "BTC-USD", Source: "bitstamp"}, {Instrument: "BTC-USD", Source: "bitfinex"}}

	calm := storetest.Azurite(t)
	finish(calm)
	rough := storetest.Azurite(t)
	killAtRandom(t, 10, func() *exec.Cmd { return backfill(rough) })
	finish(rough)
	if diff := cmp.Diff(valueHashes(t, calm, sources...), valueHashes(t, rough, sources...)); diff != "" {
		t.Errorf("value hashes differ from an undisturbed run (-want +got):\n%s", diff)
	}
}
