package handlers

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"assay/shared/config"
	"assay/shared/store"
	"assay/shared/store/storetest"
	"assay/shared/telemetry"
)

// turnRow is a row of the table of docs/cost.md that says what a function may take at most in one turn of five minutes.
type turnRow struct {
	function string // as spent has it
	most     map[telemetry.Kind]int
}

// turnColumns are the columns of that table, and their names in its formulas.
var turnColumns = []struct {
	name string
	kind telemetry.Kind
}{
	{"BlobWrites", telemetry.Kind{Service: "blob", Class: telemetry.Write}},
	{"BlobReads", telemetry.Kind{Service: "blob", Class: telemetry.Read}},
	{"BlobLists", telemetry.Kind{Service: "blob", Class: telemetry.List}},
	{"QueueWrites", telemetry.Kind{Service: "queue", Class: telemetry.Write}},
	{"TableWrites", telemetry.Kind{Service: "table", Class: telemetry.Write}},
	{"TableReads", telemetry.Kind{Service: "table", Class: telemetry.Read}},
	{"TableQueries", telemetry.Kind{Service: "table", Class: telemetry.List}},
}

// turnRows reads the table. The row "a turn" must be the sum of those above it.
func turnRows(t *testing.T) (rows []turnRow) {
	t.Helper()
	sum := map[telemetry.Kind]int{}
	for _, cells := range costTable(t, "| of one turn |") {
		function, _, _ := strings.Cut(cells[0], ",")
		row := turnRow{strings.TrimPrefix(function, "a "), map[telemetry.Kind]int{}}
		for n, column := range turnColumns {
			most, err := strconv.Atoi(cells[n+1])
			if err != nil {
				t.Fatalf("docs/cost.md: %s: %v", function, err)
			}
			row.most[column.kind] = most
			sum[column.kind] += most
			if row.function == "turn" && 2*most != sum[column.kind] {
				t.Errorf("docs/cost.md: %s of a turn are %d, want %d", column.name, most, sum[column.kind]-most)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// named returns the row's cells under the names that formulas have for them, such as fetchBlobWrites; and fetchTables, all of tables.
func (r turnRow) named() map[string]int {
	function := strings.ToLower(r.function)
	named := map[string]int{}
	for _, column := range turnColumns {
		named[function+column.name] = r.most[column.kind]
		if column.kind.Service == "table" {
			named[function+"Tables"] += r.most[column.kind]
		}
	}
	return named
}

// TestTurnCostsWhatItMay runs turns of all sources of five minutes, what follows and Reconcile, until only the newest minutes are new, and counts
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
	p := processes{process(), process(), process(), process()}
	p.fetch.knows(t, noon)
	var spent map[string]map[telemetry.Kind]int
	for range 3 {
		clock.forward(5 * time.Minute)
		spent = p.turn(t)
	}
	for _, row := range turnRows(t) {
		if row.function == "turn" {
			continue
		}
		for kind, most := range row.most {
			switch n := spent[row.function][kind]; {
			case n > most:
				t.Errorf("%s took %d operations of %s: docs/cost.md says at most %d", row.function, n, kind, most)
			case n < most*9/10:
				t.Errorf("%s took %d operations of %s: say so in docs/cost.md, where it is %d", row.function, n, kind, most)
			}
			delete(spent[row.function], kind)
		}
	}
	for function, kinds := range spent {
		for kind, n := range kinds {
			t.Errorf("%s took %d operations of %s, of which docs/cost.md says nothing", function, n, kind)
		}
	}
}

// processes run one function each.
type processes struct{ fetch, clean, load, reconcile *historyWorld }

// turn runs a turn of every source, and what follows from it. It returns what each function took.
func (p processes) turn(t *testing.T) map[string]map[telemetry.Kind]int {
	t.Helper()
	spent := map[string]map[telemetry.Kind]int{"Fetch": {}, "Clean": {}, "Load": {}, "Reconcile": {}}
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
	run("Reconcile", p.reconcile.Reconcile, nil)
	return spent
}
