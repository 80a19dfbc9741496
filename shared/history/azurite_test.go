package history

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// TestRandomOrdersOnAzurite sends the same two payloads through real Table storage in a thousand random orders, each in
// partitions of its own, with a kill at a random write of each.
func TestRandomOrdersOnAzurite(t *testing.T) {
	accounts, orders := 10, 50
	if underRace || testing.Short() {
		accounts = 1
	}
	for _, s := range scenarios[:2] {
		start, want := setUp(t, s.before, s.atOnce)
		for account := range uint64(accounts) { // Azurite gets slower as a table grows
			t.Run(fmt.Sprintf("%s/%d", s.name, account), func(t *testing.T) {
				t.Parallel()
				random, real := rand.New(rand.NewPCG(account, 2)), storetest.Open(t).Tables
				for n := range orders {
					tables := within{real, fmt.Sprintf("%d-", n)}
					tables.fill(t, start)
					randomOrder(t, random, s, tables, want)
				}
			})
		}
	}
}

func randomOrder(t *testing.T, random *rand.Rand, s scenario, tables within, want *Memory) {
	t.Helper()
	tasks := []func(Tables) error{
		killedOnce(random.IntN(12), deliver(s.atOnce[0])),
		killedOnce(random.IntN(12), deliver(s.atOnce[1])),
	}
	errs := (&turns{tables: tables}).run(tasks, func(pending []*request) int { return random.IntN(len(pending)) })
	check(t, errs, tables.dump(t, want), want)
}

// within is tables whose partitions begin with a prefix.
type within struct {
	Tables
	prefix string
}

func (w within) Get(ctx context.Context, table, partition, row string) (store.Entity, error) {
	e, err := w.Tables.Get(ctx, table, w.prefix+partition, row)
	e.Partition = strings.TrimPrefix(e.Partition, w.prefix)
	return e, err
}

func (w within) Query(ctx context.Context, table, partition string, rows store.Range, columns ...string) ([]store.Entity, error) {
	found, err := w.Tables.Query(ctx, table, w.prefix+partition, rows, columns...)
	for i := range found {
		found[i].Partition = strings.TrimPrefix(found[i].Partition, w.prefix)
	}
	return found, err
}

func (w within) Write(ctx context.Context, table string, c store.Change) (string, error) {
	c.Entity.Partition = w.prefix + c.Entity.Partition
	return w.Tables.Write(ctx, table, c)
}

func (w within) Transact(ctx context.Context, table string, changes []store.Change) error {
	moved := make([]store.Change, len(changes))
	for i, c := range changes {
		c.Entity.Partition = w.prefix + c.Entity.Partition
		moved[i] = c
	}
	return w.Tables.Transact(ctx, table, moved)
}

// fill writes what another memory holds.
func (w within) fill(t *testing.T, from *Memory) {
	t.Helper()
	for key, rows := range from.rows {
		table, _, _ := strings.Cut(key, " ")
		var changes []store.Change
		for _, e := range rows {
			changes = append(changes, store.Change{Action: store.Insert, Entity: e})
		}
		if err := w.Transact(context.Background(), table, changes); err != nil {
			t.Fatal(err)
		}
	}
}

// dump reads the partitions that want has.
func (w within) dump(t *testing.T, want *Memory) *Memory {
	t.Helper()
	got := &Memory{rows: map[string]map[string]store.Entity{}}
	for key := range want.rows {
		table, partition, _ := strings.Cut(key, " ")
		found, err := w.Query(context.Background(), table, partition, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		got.rows[key] = map[string]store.Entity{}
		for _, e := range found {
			got.rows[key][e.Row] = e
		}
	}
	return got
}
