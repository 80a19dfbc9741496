package history

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

// Memory does what Table storage does: one script, run against both.
func TestMemoryIsATable(t *testing.T) {
	ctx := context.Background()
	for name, tables := range map[string]Tables{"memory": &Memory{}, "azurite": storetest.Open(t).Tables} {
		t.Run(name, func(t *testing.T) {
			row := func(key string, values map[string]any) store.Entity {
				return store.Entity{Partition: "p", Row: key, Values: values}
			}
			write := func(a store.Action, e store.Entity) string {
				t.Helper()
				etag, err := tables.Write(ctx, "jobs", store.Change{Action: a, Entity: e})
				if err != nil {
					t.Fatal(err)
				}
				return etag
			}
			conflicts := func(what string, err error) {
				t.Helper()
				if !errors.Is(err, store.ErrConflict) {
					t.Errorf("%s: got %v, want ErrConflict", what, err)
				}
			}
			if _, err := tables.Get(ctx, "jobs", "p", "a"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a row of no table: got %v, want ErrNotFound", err)
			}
			if found, err := tables.Query(ctx, "jobs", "p", store.Range{}); err != nil || len(found) != 0 {
				t.Errorf("rows of no table: got %v, %v", found, err)
			}
			first := write(store.Insert, row("a", map[string]any{"n": int64(1), "s": "x"}))
			_, err := tables.Write(ctx, "jobs", store.Change{Action: store.Insert, Entity: row("a", nil)})
			conflicts("insert of a row that exists", err)
			second := write(store.Merge, row("a", map[string]any{"n": int64(2)}))
			if first == second {
				t.Error("a write leaves the ETag as it was")
			}
			stale := row("a", map[string]any{"n": int64(3)})
			stale.ETag = first
			_, err = tables.Write(ctx, "jobs", store.Change{Action: store.Replace, Entity: stale})
			conflicts("replace of a row that has moved", err)
			gone := row("z", nil)
			gone.ETag = first
			_, err = tables.Write(ctx, "jobs", store.Change{Action: store.Replace, Entity: gone})
			conflicts("replace of a row that is not there", err)
			write(store.Merge, row("b", map[string]any{"d": 0.5, "raw": []byte("xyz")}))
			write(store.Upsert, row("c", map[string]any{"b": true, "s": "old"}))
			write(store.Upsert, row("c", map[string]any{"b": false}))
			conflicts("a transaction of which one change fails", tables.Transact(ctx, "jobs", []store.Change{
				{Action: store.Upsert, Entity: row("b", nil)}, {Action: store.Insert, Entity: row("a", nil)},
			}))
			write(store.Delete, gone)
			inserted := row("d", nil)
			stale = inserted
			stale.ETag = write(store.Insert, inserted)
			inserted.ETag = write(store.Upsert, inserted)
			_, err = tables.Write(ctx, "jobs", store.Change{Action: store.Delete, Entity: stale})
			conflicts("delete of a row that has moved", err)
			if err := tables.Transact(ctx, "jobs", []store.Change{
				{Action: store.Delete, Entity: inserted}, {Action: store.Insert, Entity: row("e", map[string]any{"s": "y"})},
			}); err != nil {
				t.Error(err)
			}
			want := []store.Entity{
				row("a", map[string]any{"n": int64(2), "s": "x"}), row("b", map[string]any{"d": 0.5, "raw": []byte("xyz")}),
				row("c", map[string]any{"b": false}), row("e", map[string]any{"s": "y"}),
			}
			ignoreETags := cmpopts.IgnoreFields(store.Entity{}, "ETag")
			found, err := tables.Query(ctx, "jobs", "p", store.Range{})
			if diff := cmp.Diff(want, found, ignoreETags); err != nil || diff != "" {
				t.Errorf("all rows: %v (-want +got):\n%s", err, diff)
			}
			found, err = tables.Query(ctx, "jobs", "p", store.Range{From: "b", To: "e"}, "d", "b")
			want = []store.Entity{row("b", map[string]any{"d": 0.5}), row("c", map[string]any{"b": false})}
			if diff := cmp.Diff(want, found, ignoreETags); err != nil || diff != "" {
				t.Errorf("two columns of two rows: %v (-want +got):\n%s", err, diff)
			}
			if got, err := tables.Get(ctx, "jobs", "p", "a"); err != nil || got.ETag != second || !strings.HasPrefix(got.Row, "a") {
				t.Errorf("got %+v, %v; want row a with ETag %s", got, err, second)
			}
		})
	}
}
