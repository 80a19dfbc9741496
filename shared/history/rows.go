package history

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/shared/chunk"
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

// writeRows makes the rows that a run of targets touches say what its chunks say: it replaces those that differ and deletes
// those whose bar is gone. No compare-and-swap spans two tables, so it looks at the chunks' ETags again at the end, and begins
// anew if one has moved: whoever moved it may have read the rows before they were written here. chunks are those of the run, as they
// were stored a moment ago; nil for those that are to be read first.
func (h *History) writeRows(ctx context.Context, id market.SeriesID, run []target, chunks []stored) (err error) {
	i, last := run[0].interval, run[len(run)-1]
	for try := range tries {
		if try > 0 {
			if err := h.pause(ctx, try); err != nil {
				return err
			}
		}
		if try > 0 || chunks == nil {
			if chunks, err = h.chunks(ctx, id, i, run[0].start, last.start+1); err != nil {
				return err
			}
		}
		before := map[string]string{}
		for _, c := range chunks {
			before[chunkRow(i, c.start)] = c.etag
		}
		if err := h.writeRowsOnce(ctx, id, run, chunks); err != nil {
			return fmt.Errorf("rows of %s at %s: %w", id, i, err)
		}
		after, err := h.etags(ctx, id, i, run[0].start, last.start+1)
		if err != nil {
			return err
		}
		if maps.Equal(before, after) {
			return nil
		}
	}
	return fmt.Errorf("rows of %s at %s: the chunks changed %d times in a row", id, i, tries)
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

// writeRowsOnce writes the rows of a run, a year of them after the other: a partition of the table has no more.
func (h *History) writeRowsOnce(ctx context.Context, id market.SeriesID, run []target, chunks []stored) error {
	all := join(chunks)
	whole := stored{Chunk: chunk.Chunk{Bars: all.Bars, Decisions: all.Decisions}}
	i := run[0].interval
	for from, end := run[0].from, run[len(run)-1].to; from < end; {
		to := min(end, chunk.Next(market.Day, chunk.Floor(market.Day, from)))
		bars, decisions := whole.between(from, to)
		partition := fmt.Sprintf("%s~%s~%s", id, i, time.Unix(from, 0).UTC().Format("2006"))
		changes, err := h.rowChanges(ctx, partition, store.Range{From: rowKey(i, from), To: rowKey(i, to-1) + "~"}, i, bars, decisions)
		if err != nil {
			return err
		}
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(sending)
		for batch := range slices.Chunk(changes, rowsTogether) {
			group.Go(func() error { return h.tables.Transact(groupCtx, rowsTable, batch) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// rowsTogether is how many rows one transaction writes: as many as it takes.
const rowsTogether = 100

// rowChanges returns what makes some rows of a partition say what bars say, and no others be there.
func (h *History) rowChanges(ctx context.Context, partition string, rows store.Range, i market.Interval, bars []market.Bar, decisions []market.Decision) ([]store.Change, error) {
	entities, err := h.tables.Query(ctx, rowsTable, partition, rows)
	if err != nil {
		return nil, err
	}
	olds := map[string]store.Entity{}
	for _, e := range entities {
		olds[e.Row] = e
	}
	var changes []store.Change
	for n := range bars {
		e := store.Entity{Partition: partition, Row: rowKey(i, bars[n].Start), Values: rowValues(&bars[n], decisions[n])}
		if old, ok := olds[e.Row]; !ok || !maps.Equal(old.Values, e.Values) {
			changes = append(changes, store.Change{Action: store.Upsert, Entity: e})
		}
		delete(olds, e.Row)
	}
	for _, row := range slices.Sorted(maps.Keys(olds)) {
		changes = append(changes, store.Change{Action: store.Delete, Entity: olds[row]})
	}
	return changes, nil
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
