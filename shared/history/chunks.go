package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"assay/shared/chunk"
	"assay/shared/group"
	"assay/shared/market"
	"assay/shared/store"
)

// A chunk is an entity of the table chunks1m, chunks1h or chunks1d:
//
//	<series>~<yyyy>  20240115  a UTC day of minutes
//	<series>         202401    a month of hours
//	<series>         2024      a year of days
//
// Its columns are those of package chunk and: state and value (hashes), rules, and for a consensus inputs (see derive.go),
// which its state covers.
type stored struct {
	chunk.Chunk
	start  int64
	etag   string
	state  string
	value  string
	inputs []byte
}

func chunkTable(i market.Interval) string { return "chunks" + i.String() }

func chunkPartition(series market.SeriesID, i market.Interval, start int64) string {
	if i == market.Minute {
		return series.String() + "~" + time.Unix(start, 0).UTC().Format("2006")
	}
	return series.String()
}

func chunkRow(i market.Interval, start int64) string {
	layout := map[market.Interval]string{market.Minute: "20060102", market.Hour: "200601", market.Day: "2006"}[i]
	return time.Unix(start, 0).UTC().Format(layout)
}

// chunkStart is the inverse of chunkRow.
func chunkStart(i market.Interval, row string) (int64, error) {
	layout := map[market.Interval]string{market.Minute: "20060102", market.Hour: "200601", market.Day: "2006"}[i]
	t, err := time.Parse(layout, row)
	if err != nil {
		return 0, fmt.Errorf("chunk %s: row key is no date: %w", row, err)
	}
	return t.Unix(), nil
}

// partitions calls visit for every partition of a series' chunks that touches [from, to), with the rows in it.
func partitions(series market.SeriesID, i market.Interval, from, to int64, visit func(partition string, rows store.Range) error) error {
	for start := chunk.Floor(i, from); start < to; {
		partition, end := chunkPartition(series, i, start), to
		if i == market.Minute {
			end = min(to, chunk.Next(market.Day, chunk.Floor(market.Day, start)))
		}
		if err := visit(partition, rowsBetween(i, start, end)); err != nil {
			return err
		}
		start = end
	}
	return nil
}

// chunks reads the chunks of one series that touch [from, to), as they are now. What this process has decoded before is
// recognised by its state hash and not sent again.
func (h *History) chunks(ctx context.Context, series market.SeriesID, i market.Interval, from, to int64) ([]stored, error) {
	return readChunks(series, i, from, to, func(partition string, rows store.Range) ([]stored, error) {
		return h.partition(ctx, h, i, partition, rows)
	})
}

// heads reads the state hashes and ETags of chunks of one partition.
func (h *History) heads(ctx context.Context, i market.Interval, partition string, rows store.Range) ([]store.Entity, error) {
	return h.tables.Query(ctx, chunkTable(i), partition, rows, "state")
}

// headReader is a History or a view.
type headReader interface {
	heads(ctx context.Context, i market.Interval, partition string, rows store.Range) ([]store.Entity, error)
}

func readChunks(series market.SeriesID, i market.Interval, from, to int64, read func(partition string, rows store.Range) ([]stored, error)) ([]stored, error) {
	var found []stored
	err := partitions(series, i, from, to, func(partition string, rows store.Range) error {
		part, err := read(partition, rows)
		found = append(found, part...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s at %s: %w", series, i, err)
	}
	return found, nil
}

// partition reads chunks of one partition, whose heads come from h or from a view.
func (h *History) partition(ctx context.Context, by headReader, i market.Interval, partition string, rows store.Range) ([]stored, error) {
	if !h.decoded.has(i, partition) {
		return h.whole(ctx, i, partition, rows)
	}
	heads, err := by.heads(ctx, i, partition, rows)
	if err != nil {
		return nil, err
	}
	found := make([]stored, len(heads))
	first, last := len(heads), -1 // the heads between which chunks must be read
	for n, head := range heads {
		state, _ := head.Values["state"].(string)
		c, ok := h.decoded.get(decodedKey{i, partition, head.Row}, state)
		if !ok {
			first, last = min(first, n), n
		}
		c.etag = head.ETag
		found[n] = c
	}
	if last < 0 {
		return found, nil
	}
	missing, err := h.whole(ctx, i, partition, store.Range{From: heads[first].Row, To: heads[last].Row + "~"})
	return slices.Concat(found[:first], missing, found[last+1:]), err
}

// whole reads and decodes chunks of one partition.
func (h *History) whole(ctx context.Context, i market.Interval, partition string, rows store.Range) ([]stored, error) {
	entities, err := h.tables.Query(ctx, chunkTable(i), partition, rows)
	if err != nil {
		return nil, err
	}
	found := make([]stored, len(entities))
	for n, e := range entities {
		if found[n], err = decodeStored(i, e); err != nil {
			return nil, err
		}
		h.decoded.put(decodedKey{i, partition, e.Row}, found[n])
	}
	return found, nil
}

// columnNames are the packed columns of a chunk.
var columnNames = strings.Split("t o h l c v f a r q n d s", " ")

func decodeStored(i market.Interval, e store.Entity) (stored, error) {
	columns := chunk.Columns{}
	for _, name := range columnNames {
		if packed, ok := e.Values[name].([]byte); ok {
			columns[name] = packed
		}
	}
	start, err := chunkStart(i, e.Row)
	if err != nil {
		return stored{}, err
	}
	c, err := chunk.Decode(i, columns)
	if err != nil {
		return stored{}, fmt.Errorf("chunk %s %s %s: %w", chunkTable(i), e.Partition, e.Row, err)
	}
	s := stored{Chunk: c, start: start, etag: e.ETag}
	s.state, _ = e.Values["state"].(string)
	s.value, _ = e.Values["value"].(string)
	s.inputs, _ = e.Values["inputs"].([]byte)
	rules, _ := e.Values["rules"].(int64)
	s.Rules = int(rules)
	return s, nil
}

// change returns the write that stores a chunk in place of the version with s.etag, or inserts it where there is none.
func (s stored) change(series market.SeriesID) store.Change {
	values := map[string]any{"state": s.state, "value": s.value, "rules": int64(s.Rules)}
	if s.inputs != nil {
		values["inputs"] = s.inputs
	}
	for name, packed := range chunk.Encode(s.Chunk) {
		values[name] = packed
	}
	action := store.Replace
	if s.etag == "" {
		action = store.Insert
	}
	return store.Change{Action: action, Entity: store.Entity{
		Partition: chunkPartition(series, s.Interval, s.start), Row: chunkRow(s.Interval, s.start), ETag: s.etag, Values: values,
	}}
}

// Chunks are packed and sent while the next ones are made: together so many in one transaction, of which so many are on
// their way at once.
const (
	together = 64
	sending  = 2
)

// write stores chunks of one series and interval, as they come, and returns those that somebody else had changed meanwhile,
// ascending. It stops at the first error of either side.
func (h *History) write(ctx context.Context, series market.SeriesID, chunks iter.Seq2[stored, error]) (conflicted []stored, err error) {
	group, groupCtx := group.WithContext(ctx)
	group.SetLimit(sending)
	var mu sync.Mutex
	send := func(batch []stored) {
		group.Go(func() error {
			missed, err := h.writeTogether(groupCtx, series, batch)
			mu.Lock()
			defer mu.Unlock()
			conflicted = append(conflicted, missed...)
			return err
		})
	}
	var batch []stored
	partition := func(s stored) string { return chunkPartition(series, s.Interval, s.start) }
	for s, err := range chunks {
		if err != nil {
			return nil, errors.Join(err, group.Wait())
		}
		if len(batch) == together || len(batch) > 0 && partition(batch[0]) != partition(s) {
			send(batch)
			batch = nil
		}
		batch = append(batch, s)
	}
	if len(batch) > 0 {
		send(batch)
	}
	err = group.Wait()
	slices.SortFunc(conflicted, func(a, b stored) int { return cmp.Compare(a.start, b.start) })
	return conflicted, err
}

// writeTogether stores chunks of one partition. Where their transaction meets a conflict, they go one by one.
func (h *History) writeTogether(ctx context.Context, series market.SeriesID, chunks []stored) (conflicted []stored, err error) {
	table := chunkTable(chunks[0].Interval)
	if len(chunks) > 1 {
		changes := make([]store.Change, len(chunks))
		for i, s := range chunks {
			changes[i] = s.change(series)
		}
		if err := h.tables.Transact(ctx, table, changes); !errors.Is(err, store.ErrConflict) {
			return nil, err
		}
	}
	for _, s := range chunks {
		_, err := h.tables.Write(ctx, table, s.change(series))
		if errors.Is(err, store.ErrConflict) {
			conflicted = append(conflicted, s)
		} else if err != nil {
			return nil, err
		}
	}
	return conflicted, nil
}
