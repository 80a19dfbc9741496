package history

import (
	"context"
	"fmt"

	"assay/shared/chunk"
	"assay/shared/market"
	"assay/shared/telemetry"
)

// Merge joins bars (ascending, no start twice) into a source's own chunks. Of two versions of a bar the one of higher
// authority stays, then the one received later, so any order and any number of times gives one result; a chunk that says
// the same already is not written. rules is the version of the cleaning rules that made the bars. The span that comes back
// holds all the bars, written or not: an earlier run may have been killed before it told anybody.
func (h *History) Merge(ctx context.Context, series market.SeriesID, i market.Interval, rules int, bars []market.Bar) (_ market.Span, err error) {
	if len(bars) == 0 {
		return market.Span{}, fmt.Errorf("merge into %s at %s: no bars", series, i)
	}
	ctx, end := telemetry.Span(ctx, "merge", "series", series.String(), "interval", i.String())
	defer func() { end(err) }()
	pending := split(i, rules, bars)
	for try := range tries {
		if try > 0 {
			if err := h.pause(ctx, try); err != nil {
				return market.Span{}, err
			}
		}
		conflicted, err := h.mergeOnce(ctx, series, pending)
		if err != nil {
			return market.Span{}, fmt.Errorf("merge into %s at %s: %w", series, i, err)
		}
		if len(conflicted) == 0 {
			first, last := bars[0], bars[len(bars)-1]
			return market.Span{Series: series, Interval: i, From: first.Start, To: i.Next(last.Start), Own: last.Authority == market.Own}, nil
		}
		pending = conflicted
	}
	return market.Span{}, fmt.Errorf("merge into %s at %s: somebody else changed it %d times in a row", series, i, tries)
}

// split cuts ascending bars into chunks.
func split(i market.Interval, rules int, bars []market.Bar) []chunk.Chunk {
	var chunks []chunk.Chunk
	for n := 0; n < len(bars); {
		end, from := chunk.Next(i, chunk.Floor(i, bars[n].Start)), n
		for n < len(bars) && bars[n].Start < end {
			n++
		}
		chunks = append(chunks, chunk.Chunk{Interval: i, Bars: bars[from:n], Rules: rules})
	}
	return chunks
}

// mergeOnce merges chunks (ascending) into what is stored and returns those that met another writer.
func (h *History) mergeOnce(ctx context.Context, series market.SeriesID, fresh []chunk.Chunk) ([]chunk.Chunk, error) {
	i, last := fresh[0].Interval, fresh[len(fresh)-1].Bars
	olds, err := h.chunks(ctx, series, i, fresh[0].Bars[0].Start, last[len(last)-1].Start+1)
	if err != nil {
		return nil, err
	}
	byStart := map[int64]stored{}
	for _, old := range olds {
		byStart[old.start] = old
	}
	freshByStart, merged := map[int64]chunk.Chunk{}, map[int64]stored{}
	missed, err := h.write(ctx, series, func(yield func(stored, error) bool) {
		for _, c := range fresh {
			start := chunk.Floor(i, c.Bars[0].Start)
			freshByStart[start] = c
			if s, differs := byStart[start].merge(c, start); differs {
				merged[start] = s
				if !yield(s, nil) {
					return
				}
			}
		}
	})
	conflicted := make([]chunk.Chunk, len(missed))
	for n, s := range missed {
		conflicted[n] = freshByStart[s.start]
		delete(merged, s.start)
	}
	if err == nil {
		h.keep(series, merged)
	}
	return conflicted, err
}

// merge joins fresh bars into what is stored, the zero stored if nothing is, and reports whether that changes it.
func (old stored) merge(fresh chunk.Chunk, start int64) (merged stored, differs bool) {
	merged = stored{Chunk: fresh, start: start, etag: old.etag}
	if old.etag != "" {
		merged.Bars, merged.Rules = chunk.Merge(old.Bars, fresh.Bars), min(old.Rules, fresh.Rules)
	}
	if merged.state = chunk.StateHash(merged.Chunk); old.etag != "" && merged.state == old.state && merged.Rules == old.Rules {
		return old, false
	}
	merged.value = chunk.ValueHash(merged.Chunk)
	return merged, true
}
