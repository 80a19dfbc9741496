package history

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"assay/shared/chunk"
	"assay/shared/group"
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

// writeRows makes the rows that a run of targets touches say what its chunks say, a year of them after the other: a partition of
// the table has no more.
func (h *History) writeRows(ctx context.Context, id market.SeriesID, run []target) error {
	i := run[0].interval
	for from, end := run[0].from, run[len(run)-1].to; from < end; {
		to := min(end, chunk.Next(market.Day, chunk.Floor(market.Day, from)))
		if err := h.writeYear(ctx, id, i, from, to); err != nil {
			return fmt.Errorf("rows of %s at %s: %w", id, i, err)
		}
		from = to
	}
	return nil
}

func (h *History) writeYear(ctx context.Context, id market.SeriesID, i market.Interval, from, to int64) error {
	for try := range tries {
		if try > 0 {
			if err := h.pause(ctx, try); err != nil {
				return err
			}
		}
		if done, err := h.writeYearOnce(ctx, id, i, from, to); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("somebody else changed them or their chunks %d times in a row", tries)
}

// writeYearOnce replaces the rows of [from, to), within a year, that differ from their chunks and deletes those whose bar is gone.
// It reports whether nobody else was at work on them.
//
// The rows are read before the chunks, and replaced or deleted only if nobody has written them meanwhile: what follows from an older chunk never takes the
// place of what follows from a newer one, though its writer be killed then and, delivered again, touch other rows. No compare-and-swap
// spans two tables, so the chunks' ETags are looked at again at the end: whoever moved one may have found nothing to write.
func (h *History) writeYearOnce(ctx context.Context, id market.SeriesID, i market.Interval, from, to int64) (done bool, err error) {
	partition := fmt.Sprintf("%s~%s~%s", id, i, time.Unix(from, 0).UTC().Format("2006"))
	olds, err := h.tables.Query(ctx, rowsTable, partition, store.Range{From: rowKey(i, from), To: rowKey(i, to-1) + "~"})
	if err != nil {
		return false, err
	}
	chunks, err := h.chunks(ctx, id, i, from, to)
	if err != nil {
		return false, err
	}
	before := map[string]string{}
	for _, c := range chunks {
		before[chunkRow(i, c.start)] = c.etag
	}
	group, groupCtx := group.WithContext(ctx)
	group.SetLimit(sending)
	for batch := range slices.Chunk(rowChanges(partition, i, olds, chunks, from, to), rowsTogether) {
		group.Go(func() error { return h.tables.Transact(groupCtx, rowsTable, batch) })
	}
	if err := group.Wait(); errors.Is(err, store.ErrConflict) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	after, err := h.etags(ctx, id, i, from, to)
	return maps.Equal(before, after), err
}

// rowsTogether is how many rows one transaction writes: as many as it takes.
const rowsTogether = 100

// rowChanges returns what makes olds, the rows of [from, to), say what the chunks say, and no others be there.
func rowChanges(partition string, i market.Interval, olds []store.Entity, chunks []stored, from, to int64) []store.Change {
	gone := map[string]store.Entity{}
	for _, e := range olds {
		gone[e.Row] = e
	}
	var changes []store.Change
	for _, c := range chunks {
		bars, decisions := c.between(from, to)
		for n := range bars {
			e := store.Entity{Partition: partition, Row: rowKey(i, bars[n].Start), Values: rowValues(&bars[n], decisions[n])}
			old, exists := gone[e.Row]
			delete(gone, e.Row)
			switch {
			case !exists:
				changes = append(changes, store.Change{Action: store.Insert, Entity: e})
			case !maps.Equal(old.Values, e.Values):
				e.ETag = old.ETag
				changes = append(changes, store.Change{Action: store.Replace, Entity: e})
			}
		}
	}
	for _, row := range slices.Sorted(maps.Keys(gone)) {
		changes = append(changes, store.Change{Action: store.Delete, Entity: gone[row]})
	}
	return changes
}

// etags reads the ETags of the chunks that touch [from, to), by row.
func (h *History) etags(ctx context.Context, id market.SeriesID, i market.Interval, from, to int64) (map[string]string, error) {
	found := map[string]string{}
	err := partitions(id, i, from, to, func(partition string, rows store.Range) error {
		heads, err := h.tables.Query(ctx, chunkTable(i), partition, rows, "state")
		for _, head := range heads {
			found[head.Row] = head.ETag
		}
		return err
	})
	return found, err
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
