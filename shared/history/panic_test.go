package history

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"assay/shared/market"
	"assay/shared/store"
)

// killer is tables of which one request panics, as code does that meets what nobody reckoned with.
type killer struct {
	Tables
	request string
}

func (k *killer) meet(request string) {
	if request == k.request {
		panic("killer: " + request)
	}
}

func (k *killer) Query(ctx context.Context, table, partition string, rows store.Range, columns ...string) ([]store.Entity, error) {
	k.meet("read " + table)
	return k.Tables.Query(ctx, table, partition, rows, columns...)
}

func (k *killer) Write(ctx context.Context, table string, c store.Change) (string, error) {
	k.meet("write " + table)
	return k.Tables.Write(ctx, table, c)
}

func (k *killer) Transact(ctx context.Context, table string, changes []store.Change) error {
	k.meet("write " + table)
	return k.Tables.Transact(ctx, table, changes)
}

// A panic in a goroutine of its own would end the process, and with it all other invocations: the caller meets it instead.
func TestPanicInAGoroutine(t *testing.T) {
	merge := func(h *History, close float64) (market.Span, error) {
		return h.Merge(t.Context(), kraken, market.Day, 1, closes(market.Day, day, int64(close), close))
	}
	for request, do := range map[string]func(*History) error{
		"read " + catalogueTable: func(h *History) error { _, err := h.EntriesNow(t.Context()); return err },
		"write chunks1d":         func(h *History) error { _, err := merge(h, 101); return err },
		"write " + rowsTable: func(h *History) error {
			span, err := merge(h, 101)
			if err == nil {
				_, err = h.Settle(t.Context(), []market.Span{span}, 100)
			}
			return err
		},
	} {
		tables := &Memory{}
		if _, err := merge(New(tables, time.Now), 100); err != nil {
			t.Fatal(err)
		}
		got := func() (got string) {
			defer func() { got = fmt.Sprint(recover()) }()
			t.Errorf("%s: %v, want a panic", request, do(New(&killer{tables, request}, time.Now)))
			return ""
		}()
		if want := "killer: " + request; !strings.HasPrefix(got, want) {
			t.Errorf("%s: the caller meets %q, want the panic %q", request, got, want)
		}
	}
}
