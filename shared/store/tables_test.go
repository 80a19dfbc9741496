package store_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

func row(key string, values map[string]any) store.Entity {
	if values == nil {
		values = map[string]any{}
	}
	return store.Entity{Partition: "BTC-USD", Row: key, Values: values}
}

func write(t *testing.T, s *store.Store, action store.Action, e store.Entity) string {
	t.Helper()
	etag, err := s.Tables.Write(t.Context(), store.TableBars, store.Change{Action: action, Entity: e})
	if err != nil {
		t.Fatal(err)
	}
	return etag
}

func get(t *testing.T, s *store.Store, key string) store.Entity {
	t.Helper()
	e, err := s.Tables.Get(t.Context(), store.TableBars, "BTC-USD", key)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// keys reads the row keys of the test's partition, joined by spaces.
func keys(t *testing.T, s *store.Store, rows store.Range) string {
	t.Helper()
	entities, err := s.Tables.Query(t.Context(), store.TableBars, "BTC-USD", rows)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entities {
		found = append(found, e.Row)
	}
	return strings.Join(found, " ")
}

func TestEveryValueComesBackAsItWas(t *testing.T) {
	values := map[string]any{
		"text": `it's "quoted" <&> \ ü €` + "\n\t", "empty": "", "yes": true, "no": false,
		"long": int64(math.MaxInt64), "small": int64(-1),
		"whole": 100.0, "tenth": 0.1, "tiny": 1e-9, "sum": 0.30000000000000004, "huge": 1e300, "large": 5e9, "inf": math.Inf(1), "minusInf": math.Inf(-1),
		"bytes": []byte{0, 0xFB, 0xFF, 0xFE, '"'}, "noBytes": []byte{},
	}
	everywhere(t, func(t *testing.T, s *store.Store) {
		want := row("20240115", values)
		want.ETag = write(t, s, store.Insert, want)
		if diff := cmp.Diff(want, get(t, s, "20240115")); diff != "" {
			t.Errorf("Get, want - got +\n%s", diff)
		}
		all, err := s.Tables.Query(t.Context(), store.TableBars, "BTC-USD", store.Range{})
		if diff := cmp.Diff([]store.Entity{want}, all); err != nil || diff != "" {
			t.Errorf("Query: %v, want - got +\n%s", err, diff)
		}
		some, err := s.Tables.Query(t.Context(), store.TableBars, "BTC-USD", store.Range{}, "whole", "bytes", "absent")
		want.Values = map[string]any{"whole": 100.0, "bytes": values["bytes"]}
		if diff := cmp.Diff([]store.Entity{want}, some); err != nil || diff != "" {
			t.Errorf("Query of three columns: %v, want - got +\n%s", err, diff)
		}
	})
}

func TestWrite(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		first := row("1", map[string]any{"a": 1.0, "b": 2.0})
		if _, err := s.Tables.Get(t.Context(), store.TableBars, "BTC-USD", "1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get of a row of no table: %v, want ErrNotFound", err)
		}
		first.ETag = write(t, s, store.Insert, first)
		refused := func(action store.Action, e store.Entity) {
			t.Helper()
			_, err := s.Tables.Write(t.Context(), store.TableBars, store.Change{Action: action, Entity: e})
			if !errors.Is(err, store.ErrConflict) {
				t.Errorf("action %d: %v, want ErrConflict", action, err)
			}
		}
		refused(store.Insert, first)

		second := row("1", map[string]any{"c": 3.0})
		second.ETag = first.ETag
		second.ETag = write(t, s, store.Replace, second)
		refused(store.Replace, first)
		if diff := cmp.Diff(second, get(t, s, "1")); diff != "" {
			t.Errorf("after Replace, want - got +\n%s", diff)
		}

		write(t, s, store.Merge, row("1", map[string]any{"d": 4.0}))
		if diff := cmp.Diff(map[string]any{"c": 3.0, "d": 4.0}, get(t, s, "1").Values); diff != "" {
			t.Errorf("after Merge, want - got +\n%s", diff)
		}
		write(t, s, store.Upsert, row("1", map[string]any{"e": 5.0}))
		if diff := cmp.Diff(map[string]any{"e": 5.0}, get(t, s, "1").Values); diff != "" {
			t.Errorf("after Upsert, want - got +\n%s", diff)
		}

		refused(store.Delete, second)
		last := get(t, s, "1")
		write(t, s, store.Delete, last)
		write(t, s, store.Delete, last)
		if _, err := s.Tables.Get(t.Context(), store.TableBars, "BTC-USD", "1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Get of a deleted row: %v, want ErrNotFound", err)
		}
		refused(store.Replace, second)
	})
}

func TestWhatIsRefusedBeforeItIsSent(t *testing.T) {
	s := storetest.Open(t, &storetest.Fail{Count: -1})
	for name, change := range map[string]store.Change{
		"quote in a key":         {Action: store.Upsert, Entity: row("it's", nil)},
		"slash in a key":         {Action: store.Upsert, Entity: row("a/b", nil)},
		"empty key":              {Action: store.Upsert, Entity: row("", nil)},
		"Replace without ETag":   {Action: store.Replace, Entity: row("1", nil)},
		"Delete without ETag":    {Action: store.Delete, Entity: row("1", nil)},
		"an int":                 {Action: store.Upsert, Entity: row("1", map[string]any{"a": 1})},
		"a column with a dash":   {Action: store.Upsert, Entity: row("1", map[string]any{"a-b": 1.0})},
		"a column of the server": {Action: store.Upsert, Entity: row("1", map[string]any{"Timestamp": "now"})},
	} {
		if _, err := s.Tables.Write(t.Context(), store.TableBars, change); err == nil || errors.Is(err, storetest.ErrInjected) {
			t.Errorf("Write, %s: %v, want a refusal before the request", name, err)
		}
		if err := s.Tables.Transact(t.Context(), store.TableBars, []store.Change{change}); err == nil || errors.Is(err, storetest.ErrInjected) {
			t.Errorf("Transact, %s: %v, want a refusal before the request", name, err)
		}
	}
	other := row("1", nil)
	other.Partition = "ETH-USD"
	for name, changes := range map[string][]store.Change{
		"two partitions": {{Action: store.Upsert, Entity: row("1", nil)}, {Action: store.Upsert, Entity: other}},
		"a row twice":    {{Action: store.Upsert, Entity: row("1", nil)}, {Action: store.Insert, Entity: row("1", nil)}},
	} {
		if err := s.Tables.Transact(t.Context(), store.TableBars, changes); err == nil || errors.Is(err, storetest.ErrInjected) {
			t.Errorf("Transact, %s: %v, want a refusal before the request", name, err)
		}
	}
	for _, rows := range []store.Range{{From: "a' or '1' eq '1"}, {To: "b c"}} {
		if _, err := s.Tables.Query(t.Context(), store.TableBars, "BTC-USD", rows); err == nil || errors.Is(err, storetest.ErrInjected) {
			t.Errorf("Query %v: %v, want a refusal before the request", rows, err)
		}
	}
}

func TestQueryBounds(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		if got := keys(t, s, store.Range{}); got != "" {
			t.Errorf("a missing table has rows %q", got)
		}
		for _, key := range []string{"2024", "2021", "2023", "2022", "2025"} {
			write(t, s, store.Upsert, row(key, nil))
		}
		for rows, want := range map[store.Range]string{
			{}:                           "2021 2022 2023 2024 2025",
			{From: "2022", To: "2024"}:   "2022 2023",
			{From: "2024"}:               "2024 2025",
			{To: "2022"}:                 "2021",
			{From: "2024", To: "2024"}:   "",
			{From: "2021~", To: "2022~"}: "2022",
		} {
			if got := keys(t, s, rows); got != want {
				t.Errorf("rows %v: got %q, want %q", rows, got, want)
			}
		}
	})
}

func TestTransactIsAllOrNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		etag := write(t, s, store.Insert, row("old", nil))
		whatever := func(key string) store.Entity { return store.Entity{Partition: "BTC-USD", Row: key, ETag: "*"} }
		gone := row("gone", nil)
		gone.ETag = write(t, s, store.Insert, gone)
		replace := row("old", map[string]any{"a": 1.0})
		replace.ETag = etag
		good := []store.Change{
			{Action: store.Insert, Entity: row("new", nil)},
			{Action: store.Replace, Entity: replace},
			{Action: store.Delete, Entity: gone},
			{Action: store.Delete, Entity: whatever("never")},
			{Action: store.Upsert, Entity: row("up", map[string]any{"b": 2.0})},
			{Action: store.Delete, Entity: whatever("never2")},
			{Action: store.Merge, Entity: row("merged", nil)},
		}
		if err := s.Tables.Transact(t.Context(), store.TableBars, good); err != nil {
			t.Fatal(err)
		}
		if got, want := keys(t, s, store.Range{}), "merged new old up"; got != want {
			t.Errorf("got rows %q, want %q", got, want)
		}
		for name, bad := range map[string]store.Change{
			"Insert of a row that exists": {Action: store.Insert, Entity: row("new", nil)},
			"Replace of a row that moved": {Action: store.Replace, Entity: replace},
			"Delete of a row that moved":  {Action: store.Delete, Entity: replace},
			"Replace of a missing row":    {Action: store.Replace, Entity: store.Entity{Partition: "BTC-USD", Row: "never", ETag: etag}},
		} {
			changes := []store.Change{{Action: store.Upsert, Entity: row("zero", nil)}, bad, {Action: store.Delete, Entity: whatever("up")}}
			if err := s.Tables.Transact(t.Context(), store.TableBars, changes); !errors.Is(err, store.ErrConflict) {
				t.Errorf("%s: %v, want ErrConflict", name, err)
			}
			if got, want := keys(t, s, store.Range{}), "merged new old up"; got != want {
				t.Errorf("after %s: got rows %q, want %q", name, got, want)
			}
		}
		if err := s.Tables.Transact(t.Context(), store.TableBars, nil); err != nil {
			t.Errorf("nothing to do: %v", err)
		}
	})
}

// 250 rows are three slices by count; 60 rows of 100 KiB are more than Azure's 4 MiB.
func TestTransactSlices(t *testing.T) {
	for _, c := range []struct{ rows, bytes int }{{250, 10}, {60, 60 << 10}} {
		t.Run(fmt.Sprintf("%d rows of %d bytes", c.rows, c.bytes), func(t *testing.T) {
			s := storetest.Open(t)
			var changes []store.Change
			for i := range c.rows {
				changes = append(changes, store.Change{Action: store.Insert, Entity: row(fmt.Sprintf("%04d", i), map[string]any{"c": make([]byte, c.bytes)})})
			}
			if err := s.Tables.Transact(t.Context(), store.TableBars, changes); err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(keys(t, s, store.Range{}), " ") + 1; got != c.rows {
				t.Errorf("got %d rows, want %d", got, c.rows)
			}
		})
	}
}

func TestCompareAndSwapLosesNoIncrement(t *testing.T) {
	calmly(t, func(t *testing.T, s *store.Store) {
		const writers, increments = 8, 25
		write(t, s, store.Insert, row("counter", map[string]any{"n": int64(0)}))
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for done := 0; done < increments; {
					e, err := s.Tables.Get(t.Context(), store.TableBars, "BTC-USD", "counter")
					if err != nil {
						t.Error(err)
						return
					}
					e.Values["n"] = e.Values["n"].(int64) + 1
					switch _, err := s.Tables.Write(t.Context(), store.TableBars, store.Change{Action: store.Replace, Entity: e}); {
					case err == nil:
						done++
					case !errors.Is(err, store.ErrConflict):
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		if got := get(t, s, "counter").Values["n"]; got != int64(writers*increments) {
			t.Errorf("got %v, want %d", got, writers*increments)
		}
	})
}

func TestInsertMakesOneWinner(t *testing.T) {
	calmly(t, func(t *testing.T, s *store.Store) {
		var winners sync.Map
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				_, err := s.Tables.Write(t.Context(), store.TableBars, store.Change{Action: store.Insert, Entity: row("slot", nil)})
				if err == nil {
					winners.Store(n, true)
				} else if !errors.Is(err, store.ErrConflict) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		count := 0
		winners.Range(func(any, any) bool { count++; return true })
		if count != 1 {
			t.Errorf("%d of 8 writers made the row, want 1", count)
		}
	})
}
