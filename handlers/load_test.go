package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// manyDays is a file with the first minute of each of so many days from 2024-01-01.
func manyDays(days int) store.Record {
	var body strings.Builder
	body.WriteString("at,last\n")
	for n := range days {
		fmt.Fprintf(&body, "%d,%d\n", time.Date(2024, 1, 1+n, 0, 0, 0, 0, time.UTC).Unix(), 100+n)
	}
	record := file(noon, "columns-csv", market.Minute, body.String(), coinbaseBTC)
	record.Options = `{"columns":{"time":"at","close":"last"}}`
	record.Date = noon.AddDate(1, 0, 0)
	return record
}

// More than one Load may settle is queued again; only the last of them says that all is loaded.
func TestLoadInParts(t *testing.T) {
	app := newFlow(storetest.Open(t))
	days := 2*chunksPerLoad + 7
	name, message := keep(t, app, "coinbase", noon.AddDate(1, 0, 0), manyDays(days))
	if err := app.Clean(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	loads := 0
	for from := int64(0); ; loads++ {
		messages := take(t, app.Store, store.CleanPrices)
		if len(messages) == 0 {
			break
		}
		pointer, err := DecodePointer(messages[0])
		if err != nil || len(messages) != 1 || len(pointer.Spans) != 1 || pointer.Spans[0].From <= from {
			t.Fatalf("load %d got %s, %v; want one span that begins later than %d", loads, messages, err, from)
		}
		from = pointer.Spans[0].From
		if state := receipt(t, app.Store, name).State; state != store.Cleaned {
			t.Errorf("before load %d the receipt is %s", loads, state)
		}
		if err := app.Load(t.Context(), messages[0]); err != nil {
			t.Fatal(err)
		}
	}
	if state := receipt(t, app.Store, name).State; state != store.Loaded || loads < 3 {
		t.Errorf("after %d loads the receipt is %s; want it loaded after 3 or more", loads, state)
	}
	if got := strings.Count(served(t, app.Store, bitcoin), "\nBTC-USD 1m "); got != days {
		t.Errorf("the consensus has %d minutes, want %d", got, days)
	}
}

// disturbed are the two ways in which a storage request fails a function. What only reads need not take effect unseen.
var disturbed = map[string]func(n int) *storetest.Fail{
	"killed": func(n int) *storetest.Fail { return &storetest.Fail{First: n, Count: -1} },
	"its answer lost": func(n int) *storetest.Fail {
		return &storetest.Fail{First: n, After: true, Match: func(r *http.Request) bool { return r.Method != http.MethodGet }}
	},
}

// Clean and Load are killed before each of their storage requests, which is after the one before it, or get no answer to one
// that took effect. Delivered again, the message ends in the same rows and a receipt that is loaded.
func TestKilledAnywhere(t *testing.T) {
	deliver := map[string]func(t *testing.T, app *App, message []byte) error{
		"Clean": func(t *testing.T, app *App, message []byte) error { return app.Clean(t.Context(), message) },
		"Load":  func(t *testing.T, app *App, message []byte) error { return app.Load(t.Context(), message) },
	}
	for function, run := range deliver {
		for how, fail := range disturbed {
			t.Run(function+" "+how, func(t *testing.T) {
				t.Parallel()
				want, _, _ := prepared(t, storetest.Open(t), function, run)
				for n := 1; ; n++ {
					settings := storetest.Azurite(t)
					rough := fail(n)
					got, name, failed := prepared(t, storetest.Reopen(t, settings), function, func(t *testing.T, app *App, message []byte) error {
						if err := run(t, newFlow(storetest.Reopen(t, settings, rough)), message); err == nil {
							return nil // it did not need the answer
						}
						return run(t, newFlow(storetest.Reopen(t, settings)), message)
					})
					if failed != nil {
						t.Fatalf("request %d: delivered again: %v", n, failed)
					}
					if state := receipt(t, storetest.Reopen(t, settings), name).State; state != store.Loaded {
						t.Errorf("request %d: the receipt is %s", n, state)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("request %d (-undisturbed +got):\n%s", n, diff)
					}
					if rough.Seen() < n {
						if n < 6 {
							t.Errorf("there were %d requests only", rough.Seen())
						}
						return
					}
				}
			})
		}
	}
}

// prepared brings a payload through Clean and Load, one of the two run by the caller, and returns the rows it ends in.
func prepared(t *testing.T, s *store.Store, function string, run func(t *testing.T, app *App, message []byte) error) (map[string]store.Entity, store.RawName, error) {
	t.Helper()
	app := newFlow(s)
	name, message := keep(t, app, "coinbase", noon, candles(noon, `[[1705312740,98,102,101,100,2],[1705309080,97,101,100,101,0.5],[1705309140,97,101,100,0,1]]`))
	var err error
	if function == "Clean" {
		err = run(t, app, message)
	} else {
		if err := app.Clean(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		for _, message := range take(t, s, store.CleanPrices) {
			err = run(t, app, message)
		}
	}
	loadAll(t, app)
	return withoutETags(rows(t, s, coinbaseBTC)), name, err
}

// Two processes load overlapping spans of two venues at once, again and again.
func TestLoadsAtOnce(t *testing.T) {
	s := storetest.Open(t)
	krakenBTC := market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}
	other := candles(noon, strings.ReplaceAll(threeMinutes, ",103,", ",104,"))
	other.Series = []market.SeriesID{krakenBTC}
	var loads [][]byte
	for source, record := range map[string]store.Record{"coinbase": candles(noon, threeMinutes), "kraken": other} {
		app := newFlow(s)
		_, message := keep(t, app, source, noon, record)
		if err := app.Clean(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		loads = append(loads, take(t, s, store.CleanPrices)...)
	}
	errs := make(chan error)
	for _, message := range append(loads, loads...) {
		go func() { errs <- newFlow(s).Load(t.Context(), message) }()
	}
	for range 2 * len(loads) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	got := served(t, s, bitcoin)
	if want := "BTC-USD 1m 2024-01-15T10:00 100 104 99 103.5 2"; !strings.Contains(got, want) || strings.Contains(got, "thin") {
		t.Errorf("got\n%swant %s, and no bar thin", got, want)
	}
}

// A message without spans would make a payload loaded of which nothing was.
func TestLoadWantsSpans(t *testing.T) {
	app := newFlow(storetest.Open(t))
	name, message := keep(t, app, "coinbase", noon, candles(noon, threeMinutes))
	if err := app.Load(t.Context(), message); err == nil || !strings.Contains(err.Error(), "names no spans") {
		t.Errorf("got %v, want an error that says that the message names no spans", err)
	}
	if state := receipt(t, app.Store, name).State; state != store.Stored {
		t.Errorf("the receipt is %s, want stored", state)
	}
}
