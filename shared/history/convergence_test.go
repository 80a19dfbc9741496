package history

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"assay/shared/market"
	"assay/shared/store"
)

// day is 2024-01-15, a Monday.
const day = int64(1705276800)

var (
	kraken   = market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}
	coinbase = market.SeriesID{Instrument: "BTC-USD", Source: "coinbase"}
)

// closes makes bars of a source: one close each, in a row from start.
func closes(i market.Interval, start, received int64, values ...float64) []market.Bar {
	var bars []market.Bar
	for n, v := range values {
		b := market.Empty(start + int64(n)*int64(i))
		b.Close, b.Authority, b.Received = v, market.Own, received
		bars = append(bars, b)
	}
	return bars
}

// correction is a payload on its way: what Clean merges, and what Load then settles.
type correction struct {
	series   market.SeriesID
	interval market.Interval
	bars     []market.Bar
}

// deliver does what Clean and Load do for one payload, in a process of its own.
func deliver(c correction) func(Tables) error {
	return func(tables Tables) error {
		h := New(tables, time.Now)
		h.pause = func(context.Context, int) error { return nil }
		h.intervalsAtOnce = 1 // a turn is one task's next request
		span, err := h.Merge(context.Background(), c.series, c.interval, 1, c.bars)
		if err != nil {
			return err
		}
		_, err = h.Settle(context.Background(), []market.Span{span}, 100)
		return err
	}
}

// scenario is a first state, delivered in order, and two payloads that arrive at once.
type scenario struct {
	name   string
	before []correction
	atOnce [2]correction
	bound  int // of interruptions; 0 follows every order
}

var scenarios = []scenario{
	{
		"two venues, days, corrections that leave all of the consensus as it was",
		[]correction{
			{kraken, market.Day, closes(market.Day, day, 1, 100, 200)},
			{coinbase, market.Day, closes(market.Day, day, 1, 101, 201)},
		},
		[2]correction{
			{kraken, market.Day, closes(market.Day, day, 2, 101)},
			{coinbase, market.Day, closes(market.Day, day, 2, 100)},
		},
		0,
	},
	{
		"two payloads of one series, days",
		[]correction{{kraken, market.Day, closes(market.Day, day, 1, 100)}},
		[2]correction{
			{kraken, market.Day, closes(market.Day, day, 2, 102, 103)},
			{kraken, market.Day, closes(market.Day, day, 3, 104)},
		},
		0,
	},
	{
		"two venues, nothing there before",
		nil,
		[2]correction{
			{kraken, market.Day, closes(market.Day, day, 2, 102)},
			{coinbase, market.Day, closes(market.Day, day, 2, 99)},
		},
		0,
	},
	{
		"two venues, minutes, of which one ends an hour and a day",
		[]correction{{kraken, market.Minute, closes(market.Minute, day+23*3600, 1, 100)}},
		[2]correction{
			{kraken, market.Minute, closes(market.Minute, day+86400, 2, 102)},
			{coinbase, market.Minute, closes(market.Minute, day+23*3600, 2, 99)},
		},
		2,
	},
	{
		"days that reach beyond an hour, and a minute that comes after it",
		[]correction{{kraken, market.Minute, closes(market.Minute, day+23*3600, 1, 100)}},
		[2]correction{
			{coinbase, market.Day, closes(market.Day, day, 2, 99, 98, 97)},
			{kraken, market.Minute, closes(market.Minute, day+25*3600, 2, 102)},
		},
		2,
	},
	{
		"a minute that ends an hour, and another venue's minutes in that hour and in one between",
		[]correction{{kraken, market.Minute, closes(market.Minute, day+5*3600, 1, 100)}},
		[2]correction{
			{kraken, market.Minute, closes(market.Minute, day+10*3600, 2, 102)},
			{coinbase, market.Minute, slices.Concat(closes(market.Minute, day+5*3600, 2, 98), closes(market.Minute, day+8*3600, 2, 99))},
		},
		2,
	},
}

func TestEveryOrderEndsTheSame(t *testing.T) {
	for _, s := range scenarios {
		if underRace {
			s.bound = 1
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			start, want := setUp(t, s.before, s.atOnce)
			tasks := []func(Tables) error{deliver(s.atOnce[0]), deliver(s.atOnce[1])}
			followed, cut := 0, 0
			for o := (&orders{bound: s.bound}); followed == 0 || o.advance(); {
				tables := start.clone()
				errs := (&turns{tables: tables}).run(tasks, o.choose())
				if errors.Is(errors.Join(errs...), errAbandoned) {
					cut++
					continue
				}
				followed++
				check(t, errs, tables, want)
			}
			t.Logf("%d orders followed to their end, %d cut short", followed, cut)
		})
	}
}

func TestRandomOrdersAndKillsEndTheSame(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			start, want := setUp(t, s.before, s.atOnce)
			for seed := range searched(1_000) {
				random := rand.New(rand.NewPCG(seed, 1))
				tables := start.clone()
				var tasks []func(Tables) error
				for _, c := range s.atOnce {
					tasks = append(tasks, killedOnce(random.IntN(12), deliver(c)))
				}
				errs := (&turns{tables: tables}).run(tasks, func(pending []*request) int { return random.IntN(len(pending)) })
				check(t, errs, tables, want)
			}
		})
	}
}

// TestKilledBesideAnotherEndsTheSame kills one task after each of its writes in turn, in every order in which one of the two has to
// wait for the other once, though it could go on. What the other wrote meanwhile stands, though the task that is delivered again may see
// other neighbours of its bars than it saw before it died.
func TestKilledBesideAnotherEndsTheSame(t *testing.T) {
	if underRace {
		t.Skip("ten times as long under the race detector: it runs without")
	}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			start, want := setUp(t, s.before, s.atOnce)
			for victim := range s.atOnce {
				for writes, died := 1, true; died; writes++ {
					for o, first := (&orders{bound: 1}), true; first || o.advance(); first = false {
						tasks := []func(Tables) error{deliver(s.atOnce[0]), deliver(s.atOnce[1])}
						tasks[victim] = func(tables Tables) error {
							died = deliver(s.atOnce[victim])(&mortal{tables, writes}) != nil
							return deliver(s.atOnce[victim])(tables)
						}
						tables := start.clone()
						errs := (&turns{tables: tables}).run(tasks, o.choose())
						if !errors.Is(errors.Join(errs...), errAbandoned) {
							check(t, errs, tables, want)
						}
					}
				}
			}
		})
	}
}

// killedOnce runs a task that dies after some writes have taken effect, then the message that is delivered again.
func killedOnce(after int, task func(Tables) error) func(Tables) error {
	return func(tables Tables) error {
		_ = task(&mortal{tables, after})
		return task(tables)
	}
}

// setUp delivers what was there before and returns those tables, and what all tables must be at the end: computed from
// scratch from the sources' chunks.
func setUp(t *testing.T, before []correction, atOnce [2]correction) (start, want *Memory) {
	t.Helper()
	start = &Memory{}
	for _, c := range before {
		if err := deliver(c)(start); err != nil {
			t.Fatal(err)
		}
	}
	merged := start.clone()
	want = &Memory{}
	h := New(merged, time.Now)
	var spans []market.Span
	for _, c := range append(slices.Clone(before), atOnce[:]...) {
		span, err := h.Merge(context.Background(), c.series, c.interval, 1, c.bars)
		if err != nil {
			t.Fatal(err)
		}
		spans = append(spans, span)
	}
	for key, rows := range merged.rows {
		if strings.HasPrefix(key, "chunks") && strings.Contains(key, ".") {
			for _, e := range rows {
				want.apply(strings.Fields(key)[0], store.Change{Action: store.Insert, Entity: e})
			}
		}
	}
	if _, err := New(want, time.Now).Settle(context.Background(), spans, 1000); err != nil {
		t.Fatal(err)
	}
	return start, want
}

func check(t *testing.T, errs []error, got, want *Memory) {
	t.Helper()
	for n, err := range errs {
		if err != nil {
			t.Fatalf("task %d: %v", n, err)
		}
	}
	if maps.EqualFunc(want.rows, got.rows, sameRows) {
		return
	}
	ignoreETags := cmpopts.IgnoreFields(store.Entity{}, "ETag")
	if diff := cmp.Diff(want.rows, got.rows, ignoreETags); diff != "" {
		t.Fatalf("tables differ from those computed from scratch (-want +got):\n%s", diff)
	}
}

func sameRows(a, b map[string]store.Entity) bool {
	return maps.EqualFunc(a, b, func(x, y store.Entity) bool { return reflect.DeepEqual(x.Values, y.Values) })
}

func (m *Memory) clone() *Memory {
	c := &Memory{rows: map[string]map[string]store.Entity{}, writes: m.writes}
	for key, rows := range m.rows {
		c.rows[key] = maps.Clone(rows)
	}
	return c
}

// mortal is tables whose user dies: its last write takes effect unseen, and no request after it is answered.
type mortal struct {
	Tables
	writes int // that are left
}

func (m *mortal) Get(ctx context.Context, table, partition, row string) (store.Entity, error) {
	if m.writes == 0 {
		return store.Entity{}, context.Canceled
	}
	return m.Tables.Get(ctx, table, partition, row)
}

func (m *mortal) Query(ctx context.Context, table, partition string, rows store.Range, columns ...string) ([]store.Entity, error) {
	if m.writes == 0 {
		return nil, context.Canceled
	}
	return m.Tables.Query(ctx, table, partition, rows, columns...)
}

func (m *mortal) Write(ctx context.Context, table string, c store.Change) (etag string, err error) {
	err = m.write(func() (err error) { etag, err = m.Tables.Write(ctx, table, c); return err })
	return etag, err
}

func (m *mortal) Transact(ctx context.Context, table string, changes []store.Change) error {
	return m.write(func() error { return m.Tables.Transact(ctx, table, changes) })
}

func (m *mortal) write(do func() error) error {
	if m.writes == 0 {
		return context.Canceled
	}
	m.writes--
	if err := do(); m.writes > 0 {
		return err
	}
	return context.Canceled
}
