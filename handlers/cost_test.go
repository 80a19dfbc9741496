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
// month of it.
var budget = []struct {
	function, service string
	class             telemetry.Class
	most              int
}{
	{"Fetch", "blob", telemetry.Write, 6},
	{"Fetch", "queue", telemetry.Write, 6},
	{"Fetch", "table", telemetry.Write, 62},
	{"Fetch", "table", telemetry.Read, 99},
	{"Fetch", "table", telemetry.List, 12},
	{"Clean", "blob", telemetry.Read, 6},
	{"Clean", "queue", telemetry.Write, 6},
	{"Clean", "table", telemetry.Write, 30},
	{"Clean", "table", telemetry.Read, 6},
	{"Clean", "table", telemetry.List, 24},
	{"Load", "table", telemetry.Write, 62},
	{"Load", "table", telemetry.Read, 54},
	{"Load", "table", telemetry.List, 440},
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
	for _, b := range budget {
		kind := telemetry.Kind{Service: b.service, Class: b.class}
		switch n := spent[b.function][kind]; {
		case n > b.most:
			t.Errorf("%s took %d operations of %s: its budget is %d", b.function, n, kind, b.most)
		case n < b.most*9/10:
			t.Errorf("%s took %d operations of %s: lower its budget of %d, here and in docs/cost.md", b.function, n, kind, b.most)
		}
		delete(spent[b.function], kind)
	}
	for function, kinds := range spent {
		for kind, n := range kinds {
			t.Errorf("%s took %d operations of %s, of which its budget says nothing", function, n, kind)
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
