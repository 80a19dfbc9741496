// Package history is the series of record: merge what sources said, settle what is served from it, read it.
//
// A History works over Tables: Table storage, or Memory for replay and tests. Only a source's own chunks are state; the
// consensus, the table bars and the catalogue are pure functions of it, so every step may run twice, late, or on two
// machines at once, and ends the same.
package history

import (
	"context"
	"math/rand/v2"
	"time"

	"assay/shared/market"
	"assay/shared/store"
)

// Tables is what history needs of Table storage; *store.Tables and *Memory have it. The contracts are those of store.Tables.
type Tables interface {
	Get(ctx context.Context, table, partition, row string) (store.Entity, error)
	Query(ctx context.Context, table, partition string, rows store.Range, columns ...string) ([]store.Entity, error)
	Write(ctx context.Context, table string, change store.Change) (etag string, err error)
	Transact(ctx context.Context, table string, changes []store.Change) error
}

// History reads and writes series. It is safe for concurrent use.
type History struct {
	tables  Tables
	now     func() time.Time
	decoded *decodedChunks
	recent  recentReads
	pause   func(ctx context.Context, try int) error

	intervalsAtOnce int // how many intervals Settle works on at once: all; tests that order its requests take one
}

// New returns a history over tables. The clock only decides how long a reader trusts what was read before: nothing that is
// written depends on it.
func New(tables Tables, now func() time.Time) *History {
	return &History{
		tables: tables, now: now, decoded: newDecodedChunks(), recent: recentReads{reads: map[readKey]recentRead{}},
		pause: pause, intervalsAtOnce: len(market.Stored),
	}
}

// tries is how often a compare-and-swap is tried before the queue has to deliver the message again.
const tries = 10

// pause waits a random moment that grows with the try, so that two writers of one row do not meet again.
func pause(ctx context.Context, try int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(1+rand.IntN(10<<min(try, 6))) * time.Millisecond):
		return nil
	}
}
