package history

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"assay/shared/market"
	"assay/shared/store"
)

// The table bars is the open view of the consensus: one entity per hour and day, for people with a storage SDK.
//
//	<series>~1h~<yyyy>  20240115T09
//	<series>~1d~<yyyy>  20240115
//
// Columns: open, high, low, close, volume and dispersion (basis points) as doubles, left out where absent; votes; flags, names
// joined by commas. A row follows its chunk, which stays the truth.
const rowsTable = "bars"

// writeRows makes the rows of [t.from, t.to) say what the chunk says: it replaces those that differ and deletes those whose
// bar is gone. No compare-and-swap spans two tables, so it looks at the chunk's ETag again at the end, and begins anew if
// the chunk has moved: whoever moved it may have read the rows before they were written here.
func (h *History) writeRows(ctx context.Context, id market.SeriesID, t target) error {
	partition := fmt.Sprintf("%s~%s~%s", id, t.interval, time.Unix(t.start, 0).UTC().Format("2006"))
	rows := store.Range{From: rowKey(t.interval, t.from), To: rowKey(t.interval, t.to-1) + "~"}
	for try := range tries {
		if try > 0 {
			if err := h.pause(ctx, try); err != nil {
				return err
			}
		}
		before, err := h.chunks(ctx, id, t.interval, t.start, t.start+1)
		if err != nil {
			return err
		}
		if err := h.writeRowsOnce(ctx, partition, rows, t, before); err != nil {
			return fmt.Errorf("rows of %s at %s: %w", id, t.interval, err)
		}
		etag, err := h.chunkETag(ctx, id, t)
		if err != nil {
			return err
		}
		if len(before) == 0 && etag == "" || len(before) > 0 && before[0].etag == etag {
			return nil
		}
	}
	return fmt.Errorf("rows of %s at %s: the chunk changed %d times in a row", id, t.interval, tries)
}

func (h *History) chunkETag(ctx context.Context, id market.SeriesID, t target) (string, error) {
	e, err := h.tables.Get(ctx, chunkTable(t.interval), chunkPartition(id, t.interval, t.start), chunkRow(t.interval, t.start))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	return e.ETag, nil
}

func (h *History) writeRowsOnce(ctx context.Context, partition string, rows store.Range, t target, chunks []stored) error {
	entities, err := h.tables.Query(ctx, rowsTable, partition, rows)
	if err != nil {
		return err
	}
	olds := map[string]store.Entity{}
	for _, e := range entities {
		olds[e.Row] = e
	}
	var changes []store.Change
	for _, c := range chunks {
		bars, decisions := c.between(t.from, t.to)
		for n := range bars {
			e := store.Entity{Partition: partition, Row: rowKey(t.interval, bars[n].Start), Values: rowValues(&bars[n], decisions[n])}
			if old, ok := olds[e.Row]; !ok || !maps.Equal(old.Values, e.Values) {
				changes = append(changes, store.Change{Action: store.Upsert, Entity: e})
			}
			delete(olds, e.Row)
		}
	}
	for _, e := range olds {
		changes = append(changes, store.Change{Action: store.Delete, Entity: e})
	}
	if len(changes) == 0 {
		return nil
	}
	return h.tables.Transact(ctx, rowsTable, changes)
}

func rowKey(i market.Interval, start int64) string {
	layout := "20060102"
	if i == market.Hour {
		layout = "20060102T15"
	}
	return time.Unix(start, 0).UTC().Format(layout)
}

func rowValues(b *market.Bar, d market.Decision) map[string]any {
	values := map[string]any{"votes": int64(d.Votes), "flags": b.Flags.String()}
	for f := market.Open; f < market.Fields; f++ {
		if v := b.Value(f); !market.IsAbsent(v) {
			values[f.String()] = v
		}
	}
	if !market.IsAbsent(d.Dispersion) {
		values["dispersion"] = d.Dispersion
	}
	return values
}
