package history

import (
	"context"
	"fmt"
	"sort"

	"assay/shared/chunk"
	"assay/shared/market"
	"assay/shared/store"
)

// lastBefore returns the start of the last bar of any source that starts before t and is no longer than longest.
func (v *view) lastBefore(ctx context.Context, longest market.Interval, t int64) (last int64, found bool, err error) {
	entries, err := v.entries()
	if err != nil {
		return 0, false, err
	}
	for _, entry := range entries {
		for i, extent := range entry.Intervals {
			if i > longest || extent.First >= t {
				continue
			}
			start, ok, err := v.lastBarBefore(ctx, entry.ID, i, extent.First, t)
			if err != nil {
				return 0, false, err
			}
			if ok && (!found || start > last) {
				last, found = start, true
			}
		}
	}
	return last, found, nil
}

// lastBarBefore looks in the chunk that holds t, then in the nearest one before it.
func (v *view) lastBarBefore(ctx context.Context, id market.SeriesID, i market.Interval, first, t int64) (int64, bool, error) {
	start := chunk.Floor(i, t-1)
	for {
		chunks, err := v.chunks(ctx, id, i, start, start+1)
		if err != nil {
			return 0, false, err
		}
		if len(chunks) > 0 {
			bars := chunks[0].Bars
			n := sort.Search(len(bars), func(n int) bool { return bars[n].Start >= t })
			if n > 0 {
				return bars[n-1].Start, true, nil
			}
		}
		var ok bool
		if start, ok, err = v.h.chunkBefore(ctx, id, i, first, start); err != nil || !ok {
			return 0, false, err
		}
	}
}

// chunkBefore returns the start of the nearest chunk before start, not looking further back than the series' first bar.
func (h *History) chunkBefore(ctx context.Context, id market.SeriesID, i market.Interval, first, start int64) (int64, bool, error) {
	for start > first {
		partition := chunkPartition(id, i, start-1)
		heads, err := h.tables.Query(ctx, chunkTable(i), partition, store.Range{To: chunkRow(i, start)}, "state")
		if err != nil {
			return 0, false, fmt.Errorf("read %s at %s: %w", id, i, err)
		}
		if len(heads) > 0 {
			before, err := chunkStart(i, heads[len(heads)-1].Row)
			return before, err == nil, err
		}
		if i != market.Minute {
			break
		}
		start = chunk.Floor(market.Day, start-1) // the year before
	}
	return 0, false, nil
}
