package handlers

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"assay/shared/config"
	"assay/shared/store"
	"assay/shared/store/storetest"
	"assay/shared/telemetry"
)

// budget is the most that one turn of five minutes may cost in storage operations, for the default watchlist: docs/cost.md makes a
// month of it. Queries of Load vary a little, with what its intervals, settled at once, have decoded for each other.
var budget = map[string]map[telemetry.Kind]int{
	"Fetch": {
		{Service: "blob", Class: telemetry.Write}:  6,
		{Service: "queue", Class: telemetry.Write}: 6,
		{Service: "table", Class: telemetry.Write}: 62,
		{Service: "table", Class: telemetry.Read}:  99,
		{Service: "table", Class: telemetry.List}:  12,
	},
	"Clean": {
		{Service: "blob", Class: telemetry.Read}:   6,
		{Service: "queue", Class: telemetry.Write}: 6,
		{Service: "table", Class: telemetry.Write}: 30,
		{Service: "table", Class: telemetry.Read}:  6,
		{Service: "table", Class: telemetry.List}:  24,
	},
	"Load": {
		{Service: "table", Class: telemetry.Write}: 62,
		{Service: "table", Class: telemetry.Read}:  54,
		{Service: "table", Class: telemetry.List}:  1150,
	},
}

// TestTurnCostsWhatItMay runs turns of all sources of five minutes, and what follows, until only the newest minutes are new, and counts
// the operations of the last. Each function has a memory of its own, as it has on Azure. What a host asks of the queues for itself is
// not in it.
func TestTurnCostsWhatItMay(t *testing.T) {
	settings, err := config.Load(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	clock := &clockAt{at: noon}
	s, market := storetest.Azurite(t), newExchange(t, clock.now)
	process := func() *historyWorld {
		return newHistoryWorld(t, storetest.Reopen(t, s), clock, market, settings.Watchlist...)
	}
	p := processes{process(), process(), process()}
	p.fetch.knows(t, noon)
	var spent map[string]map[telemetry.Kind]int
	for range 3 {
		clock.forward(5 * time.Minute)
		spent = p.turn(t)
	}
	for name, counts := range spent {
		for kind, n := range counts {
			switch most := budget[name][kind]; {
			case n > most:
				t.Errorf("%s took %d operations of %s: its budget is %d", name, n, kind, most)
			case n < most*9/10:
				t.Errorf("%s took %d operations of %s: lower its budget of %d, here and in docs/cost.md", name, n, kind, most)
			}
		}
	}
	for name, counts := range budget {
		for kind := range counts {
			if spent[name][kind] == 0 {
				t.Errorf("%s took no operation of %s, which its budget has", name, kind)
			}
		}
	}
}

// processes run one function each.
type processes struct{ fetch, clean, load *historyWorld }

// turn runs a turn of every source, and what follows from it. It returns what each function took.
func (p processes) turn(t *testing.T) map[string]map[telemetry.Kind]int {
	t.Helper()
	spent := map[string]map[telemetry.Kind]int{"Fetch": {}, "Clean": {}, "Load": {}}
	run := func(name string, work func(context.Context, []byte) error, payload []byte) {
		ctx, tally := telemetry.Tallied(t.Context())
		if err := work(ctx, payload); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for kind, n := range tally.Counts() {
			spent[name][kind] += n
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fetches)) {
		run("Fetch", func(ctx context.Context, slot []byte) error { return fetches[name](p.fetch.App, ctx, slot) }, slotAt(p.fetch.now()))
	}
	for _, message := range take(t, p.fetch.Store, store.RawPrices) {
		run("Clean", p.clean.Clean, message)
	}
	for messages := take(t, p.fetch.Store, store.CleanPrices); len(messages) > 0; messages = take(t, p.fetch.Store, store.CleanPrices) {
		for _, message := range messages {
			run("Load", p.load.Load, message)
		}
	}
	return spent
}
