package history

import (
	"context"
	"fmt"
	"sync"

	"assay/shared/chunk"
	"assay/shared/market"
	"assay/shared/store"
)

// view is what the sources of one instrument say of [from, to), Unix seconds, each thing asked for once and then remembered: all
// intervals of a consensus follow from the same chunks. It must be made after the ETags of all that is derived from it were read,
// and is of no use to a second try: what it remembers would be older than the ETag.
type view struct {
	h        *History
	in       market.Instrument
	from, to int64
	entries  func() ([]Entry, error)

	mu         sync.Mutex
	partitions map[decodedKey]*viewed // under a key without a row
}

// viewed is a partition of a table of chunks, as far as the view spans it.
type viewed struct {
	heads   func() ([]store.Entity, error)
	reading sync.Mutex // chunks are read by one at a time: who waited finds them decoded
}

// view begins an empty view: all is read with this context when it is asked for first.
func (h *History) view(ctx context.Context, in market.Instrument, from, to int64) *view {
	return &view{
		h: h, in: in, from: from, to: to,
		entries:    sync.OnceValues(func() ([]Entry, error) { return h.sources(ctx, in) }),
		partitions: map[decodedKey]*viewed{},
	}
}

// heads returns the state hashes of chunks of one partition. The first question about a partition reads those of all that the
// view spans, up to a year of minutes, in one request; what lies outside is read each time.
func (v *view) heads(ctx context.Context, i market.Interval, partition string, rows store.Range) ([]store.Entity, error) {
	if all := rowsBetween(i, v.from, v.to); rows.From < all.From || rows.To > all.To {
		return v.h.heads(ctx, i, partition, rows)
	}
	var found []store.Entity
	heads, err := v.partition(ctx, i, partition).heads()
	for _, head := range heads {
		if head.Row >= rows.From && head.Row < rows.To {
			found = append(found, head)
		}
	}
	return found, err
}

func (v *view) partition(ctx context.Context, i market.Interval, partition string) *viewed {
	key := decodedKey{interval: i, partition: partition}
	v.mu.Lock()
	defer v.mu.Unlock()
	p, ok := v.partitions[key]
	if !ok {
		all := rowsBetween(i, v.from, v.to)
		p = &viewed{heads: sync.OnceValues(func() ([]store.Entity, error) { return v.h.heads(ctx, i, partition, all) })}
		v.partitions[key] = p
	}
	return p
}

// chunks reads the chunks of one source's series that touch [from, to).
func (v *view) chunks(ctx context.Context, series market.SeriesID, i market.Interval, from, to int64) ([]stored, error) {
	return readChunks(series, i, from, to, func(partition string, rows store.Range) ([]stored, error) {
		p := v.partition(ctx, i, partition)
		p.reading.Lock()
		defer p.reading.Unlock()
		return v.h.partition(ctx, v, i, partition, rows)
	})
}

// states returns the state hashes of the days of a source's minutes that touch [from, to), by day.
func (v *view) states(ctx context.Context, series market.SeriesID, from, to int64) (map[int64]string, error) {
	states := map[int64]string{}
	err := partitions(series, market.Minute, from, to, func(partition string, rows store.Range) error {
		heads, err := v.heads(ctx, market.Minute, partition, rows)
		if err != nil {
			return err
		}
		for _, head := range heads {
			day, err := chunkStart(market.Minute, head.Row)
			if err != nil {
				return err
			}
			states[day], _ = head.Values["state"].(string)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s at 1m: %w", series, err)
	}
	return states, nil
}

// rowsBetween is the range of the rows of chunks that touch [from, to).
func rowsBetween(i market.Interval, from, to int64) store.Range {
	return store.Range{From: chunkRow(i, from), To: chunkRow(i, chunk.Next(i, chunk.Floor(i, to-1)))}
}
