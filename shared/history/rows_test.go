package history

import (
	"context"
	"errors"
	"testing"

	"assay/shared/market"
	"assay/shared/store"
)

// late is tables whose user is about to change rows of bars, once, when another comes in between.
type late struct {
	Tables
	between func()
	dies    bool  // and sees nothing of what became of it
	met     error // what became of it
}

func (l *late) Transact(ctx context.Context, table string, changes []store.Change) error {
	if table != rowsTable || l.between == nil {
		return l.Tables.Transact(ctx, table, changes)
	}
	l.between()
	l.between = nil
	l.met = l.Tables.Transact(ctx, table, changes)
	if l.dies {
		return context.Canceled
	}
	return l.met
}

// Whoever found bars gone, and is late to delete their rows, leaves those that another has written meanwhile, for bars that are back.
func TestLateDeleteLeavesFreshRows(t *testing.T) {
	tables := &Memory{}
	p := newProcess(tables)
	span := p.deliver(t, kraken, market.Day, closes(market.Day, day, 1, 100, 101))
	role := func(role string) {
		change := store.Entity{Partition: "crypto", Row: "BTC-USD.kraken", Values: map[string]any{"role": role}}
		if _, err := tables.Write(t.Context(), catalogueTable, store.Change{Action: store.Merge, Entity: change}); err != nil {
			t.Fatal(err)
		}
	}
	role("") // nobody votes
	killed := &late{Tables: tables, dies: true, between: func() {
		role("venue")
		p.deliver(t, kraken, market.Day, closes(market.Day, day, 2, 200, 201))
	}}
	if _, err := newProcess(killed).Settle(t.Context(), []market.Span{span}, 100); !errors.Is(err, context.Canceled) {
		t.Fatalf("the killed one: %v, want that it dies", err)
	}
	if got, want := p.rows(t), "20240115 200, 20240116 201"; got != want || !errors.Is(killed.met, store.ErrConflict) {
		t.Errorf("rows %q, and the delete met %v; want %q, and a conflict", got, killed.met, want)
	}
}

// Old hours that somebody writes while they are dropped stay until the next time.
func TestDropHourRowsLeavesFreshRows(t *testing.T) {
	tables := &Memory{}
	p := newProcess(tables)
	p.deliver(t, kraken, market.Hour, closes(market.Hour, day, 1, 100, 101))
	disturbed := &late{Tables: tables, between: func() { p.deliver(t, kraken, market.Hour, closes(market.Hour, day, 2, 200)) }}
	for _, want := range []string{"20240115T00 200, 20240115T01 101", ""} {
		if err := newProcess(disturbed).DropHourRows(t.Context(), bitcoin, day, day+2*hour); err != nil {
			t.Fatal(err)
		}
		if got := p.rows(t); got != want {
			t.Errorf("rows %q, want %q", got, want)
		}
	}
}
