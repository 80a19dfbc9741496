package handlers

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/shared/config"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
)

// newFlow is a program that cleans and loads what lies in a store, with a memory of its own, as another process has.
func newFlow(s *store.Store) *App {
	now := func() time.Time { return noon }
	return &App{Config: config.Config{ResendAfter: 30 * time.Minute}, Store: s, History: history.New(s.Tables, now), Now: now}
}

// keep stores records as one payload and returns its message, which it takes from the queue.
func keep(t *testing.T, app *App, source string, received time.Time, records ...store.Record) (store.RawName, []byte) {
	t.Helper()
	name, err := app.Keep(t.Context(), source, received, records)
	if err != nil {
		t.Fatal(err)
	}
	messages := take(t, app.Store, store.RawPrices)
	if len(messages) != 1 {
		t.Fatalf("%d messages for Clean, want 1", len(messages))
	}
	return name, messages[0]
}

// take takes every message of a queue.
func take(t *testing.T, s *store.Store, queue string) [][]byte {
	t.Helper()
	var texts [][]byte
	for {
		messages, err := s.Queues.Receive(t.Context(), queue, 32, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			if err := s.Queues.Delete(t.Context(), queue, m); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, []byte(m.Text))
		}
		if len(messages) == 0 {
			return texts
		}
	}
}

// cleanAndLoad runs Clean on a message, and Load on all that follows. It returns the messages that Load got.
func cleanAndLoad(t *testing.T, app *App, message []byte) [][]byte {
	t.Helper()
	if err := app.Clean(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	return loadAll(t, app)
}

// loadAll runs Load until its queue is empty, and returns the messages that it got.
func loadAll(t *testing.T, app *App) [][]byte {
	t.Helper()
	var all [][]byte
	for {
		messages := take(t, app.Store, store.CleanPrices)
		if len(messages) == 0 {
			return all
		}
		for _, m := range messages {
			if err := app.Load(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, messages...)
	}
}

// candles is an answer of Coinbase with minute bars.
func candles(received time.Time, body string) store.Record {
	return store.Record{
		URI: "https://api.exchange.coinbase.com/products/BTC-USD/candles", Date: received, Status: 200, Body: []byte(body),
		Dataset: "coinbase-candles", Interval: market.Minute, Authority: market.Own,
		Series: []market.SeriesID{{Instrument: "BTC-USD", Source: "coinbase"}},
	}
}

// file is an imported file.
func file(received time.Time, dataset string, interval market.Interval, body string, series ...market.SeriesID) store.Record {
	return store.Record{
		URI: "file:///prices", Date: received, Body: []byte(body), Dataset: dataset, Interval: interval, Authority: market.Given, Series: series,
	}
}

// rows reads every row of 2016 and 2024 that Clean and Load write of some series, by table, partition and row, with its ETag.
func rows(t *testing.T, s *store.Store, ids ...market.SeriesID) map[string]store.Entity {
	t.Helper()
	partitions := map[string]bool{}
	for _, id := range ids {
		in, known := market.Lookup(id.Instrument)
		if !known {
			t.Fatalf("unknown instrument %s", id)
		}
		partitions["series "+string(in.Class)] = true
		for _, id := range []market.SeriesID{id, {Instrument: id.Instrument}} {
			for _, suffix := range []string{"chunks1h %s", "chunks1d %s", "rejects %s"} {
				partitions[fmt.Sprintf(suffix, id)] = true
			}
			for _, year := range []int{2016, 2024} {
				for _, suffix := range []string{"chunks1m %s~%d", "bars %s~1h~%d", "bars %s~1d~%d"} {
					partitions[fmt.Sprintf(suffix, id, year)] = true
				}
			}
		}
		if id.Source != "" {
			partitions["rejects "+id.Source] = true
		}
	}
	found := map[string]store.Entity{}
	for key := range partitions {
		table, partition, _ := strings.Cut(key, " ")
		entities, err := s.Tables.Query(t.Context(), table, partition, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entities {
			found[key+" "+e.Row] = e
		}
	}
	return found
}

// withoutETags are rows to compare between two stores.
func withoutETags(rows map[string]store.Entity) map[string]store.Entity {
	bare := maps.Clone(rows)
	for key, e := range bare {
		e.ETag = ""
		bare[key] = e
	}
	return bare
}

// receipt reads a blob's receipt.
func receipt(t *testing.T, s *store.Store, name store.RawName) store.Receipt {
	t.Helper()
	r, err := s.Receipt(context.WithoutCancel(t.Context()), name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// served prints what can be read of series: their bars, the rows of the table bars, the catalogue, and what was refused.
func served(t *testing.T, s *store.Store, ids ...market.SeriesID) string {
	t.Helper()
	var text strings.Builder
	h := history.New(s.Tables, func() time.Time { return noon })
	entries, err := h.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		for _, i := range market.Stored {
			if x, ok := e.Intervals[i]; ok {
				fmt.Fprintf(&text, "known %s %s %s: %s to %s, watermark %s\n", e.ID, e.Role, i, clock(x.First), clock(x.Last), clock(x.Watermark))
			}
		}
	}
	for _, id := range ids {
		for _, i := range market.Stored {
			answer, err := h.Read(t.Context(), history.Query{Series: id, Interval: i, From: 0, To: noon.AddDate(2, 0, 0).Unix()})
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range answer.Bars {
				fmt.Fprintf(&text, "%s %s %s %s\n", id, i, clock(b.Start), values(&b))
			}
		}
		rejects, err := s.Rejects(t.Context(), id.String(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rejects {
			fmt.Fprintf(&text, "refused %s %s row %d %s %s: %s\n", id, clock(r.Start), r.Row, r.Rule, r.Field, r.Reason)
		}
	}
	stored := rows(t, s, ids...)
	for _, key := range slices.Sorted(maps.Keys(stored)) {
		if v := stored[key].Values; strings.HasPrefix(key, "bars ") {
			fmt.Fprintf(&text, "%s close %v votes %v %v\n", key, v["close"], v["votes"], v["flags"])
		}
	}
	return text.String()
}

// values prints a bar: open, high, low, close, volume, flags.
func values(b *market.Bar) string {
	var fields []string
	for f := market.Open; f < market.Fields; f++ {
		if v := b.Value(f); math.IsNaN(v) {
			fields = append(fields, "-")
		} else {
			fields = append(fields, fmt.Sprint(v))
		}
	}
	return strings.TrimSpace(strings.Join(fields, " ") + " " + b.Flags.String())
}

// clock prints Unix seconds, midnight as a date.
func clock(t int64) string {
	at := time.Unix(t, 0).UTC()
	if t == 0 {
		return "-"
	}
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return at.Format(time.DateOnly)
	}
	return at.Format("2006-01-02T15:04")
}

// lines are the lines of a text without their indentation.
func lines(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}
