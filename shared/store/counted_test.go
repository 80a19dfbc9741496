package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/store"
	"assay/shared/store/storetest"
	"assay/shared/telemetry"
)

// TestOperationsAreCounted by what they are priced as.
func TestOperationsAreCounted(t *testing.T) {
	s := storetest.Open(t)
	row := store.Entity{Partition: "kraken", Row: "turn", Values: map[string]any{"slot": "x"}}
	name, message := store.RawName{}, store.Message{}
	steps := []struct {
		name string
		run  func(ctx context.Context) error
		want string
	}{
		{"make a queue and send", func(ctx context.Context) error { return s.Queues.Send(ctx, store.RawPrices, "x", 0) }, "queue write 3"},
		{"send", func(ctx context.Context) error { return s.Queues.Send(ctx, store.RawPrices, "x", 0) }, "queue write 1"},
		{"receive", func(ctx context.Context) error {
			messages, err := s.Queues.Receive(ctx, store.RawPrices, 1, time.Minute)
			message = messages[0]
			return err
		}, "queue read 1"},
		{"delete", func(ctx context.Context) error { return s.Queues.Delete(ctx, store.RawPrices, message) }, "queue delete 1"},
		{"make a container and put", func(ctx context.Context) (err error) {
			name, err = s.Blobs.PutRaw(ctx, "kraken", 1705320000000, []store.Record{{URI: "file:///x", Body: []byte("x")}})
			return err
		}, "blob write 3"},
		{"get", func(ctx context.Context) error { _, err := s.Blobs.Raw(ctx, name); return err }, "blob read 1"},
		{"list", func(ctx context.Context) error {
			_, err := s.Blobs.ListRaw(ctx, "kraken", 1705320000000, 1705320000001)
			return err
		}, "blob list 1"},
		{"make a table and insert", func(ctx context.Context) error {
			_, err := s.Tables.Write(ctx, store.TableSources, store.Change{Action: store.Insert, Entity: row})
			return err
		}, "table write 3"},
		{"read a row", func(ctx context.Context) error {
			_, err := s.Tables.Get(ctx, store.TableSources, "kraken", "turn")
			return err
		}, "table read 1"},
		{"query", func(ctx context.Context) error {
			_, err := s.Tables.Query(ctx, store.TableSources, "kraken", store.Range{})
			return err
		}, "table list 1"},
		{"change two rows at once", func(ctx context.Context) error {
			return s.Tables.Transact(ctx, store.TableSources, []store.Change{
				{Action: store.Upsert, Entity: row},
				{Action: store.Upsert, Entity: store.Entity{Partition: "kraken", Row: "budget", Values: row.Values}},
			})
		}, "table write 1"},
	}
	for _, step := range steps {
		ctx, tally := telemetry.Tallied(t.Context())
		if err := step.run(ctx); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, tally.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

// A try that failed is an operation too.
func TestEveryTryIsCounted(t *testing.T) {
	s := storetest.Open(t, &storetest.Fail{Count: 2, Passes: true})
	ctx, tally := telemetry.Tallied(t.Context())
	if _, err := s.Tables.Get(ctx, store.TableSources, "kraken", "turn"); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	if got := tally.String(); got != "table read 3" {
		t.Errorf("counted %s, want table read 3", got)
	}
}
