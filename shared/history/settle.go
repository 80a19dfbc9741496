package history

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/shared/chunk"
	"assay/shared/market"
	"assay/shared/telemetry"
)

// target is a chunk of a consensus to bring up to date, and the rows of the table bars that a span touches in it.
type target struct {
	interval market.Interval
	start    int64
	from, to int64 // touched: Unix seconds
}

// Settle brings everything that is derived from the spans up to date: the catalogue, the consensus at each interval and the
// table bars. It stops after about limit chunks and returns what is left of the spans; none means that all is done.
//
// Nothing is merged here: every entity is computed anew from the sources' chunks. For each, the entity and its ETag are read
// first, then the inputs; it is written if nobody else did meanwhile, and begun again otherwise. A write is skipped only where
// the value and the inputs are the same.
func (h *History) Settle(ctx context.Context, spans []market.Span, limit int) (rest []market.Span, err error) {
	for _, span := range spans {
		if err := h.catalogueSpan(ctx, span); err != nil {
			return nil, err
		}
	}
	for n, span := range spans {
		if limit <= 0 {
			return append(rest, spans[n:]...), nil
		}
		front, left := cut(span, limit)
		if left != nil {
			rest = append(rest, *left)
		}
		done, err := h.settleSpan(ctx, front)
		if err != nil {
			return nil, fmt.Errorf("settle %s at %s: %w", span.Series, span.Interval, err)
		}
		limit -= done
	}
	return rest, nil
}

// catalogueSpan makes the catalogue know a source's span. It runs before anything derived is read: whoever lists an
// instrument's sources later finds this one.
func (h *History) catalogueSpan(ctx context.Context, span market.Span) error {
	x := Extent{First: span.From, Last: lastStart(span)}
	if span.Own {
		x.Watermark = span.To
	}
	return h.widen(ctx, span.Series, map[market.Interval]Extent{span.Interval: x})
}

func lastStart(span market.Span) int64 { return span.Interval.Floor(span.To - 1) }

// cut takes the first limit chunks of a span.
func cut(span market.Span, limit int) (front market.Span, rest *market.Span) {
	end := chunk.Floor(span.Interval, span.From)
	for n := 0; n < limit && end < span.To; n++ {
		end = chunk.Next(span.Interval, end)
	}
	if end >= span.To {
		return span, nil
	}
	front, left := span, span
	front.To, left.From = end, end
	return front, &left
}

// settleSpan settles what one span touches and returns how many chunks that were: at every interval as long as its own or
// longer those that it lies in, and the hour and the day of the bar before it, which its first bar may have ended. No interval
// follows from another, so all are settled at once: while the rows of one are being written, the next is computed.
func (h *History) settleSpan(ctx context.Context, span market.Span) (done int, err error) {
	in, err := h.instrument(ctx, span.Series.Instrument)
	if err != nil {
		return 0, err
	}
	ctx, end := telemetry.Span(ctx, "settle", "instrument", in.ID, "series", span.Series.String(), "interval", span.Interval.String())
	defer func() { end(err) }()
	settled := make([]reach, len(market.Stored))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(h.intervalsAtOnce)
	for n, i := range market.Stored {
		group.Go(func() (err error) {
			if err := groupCtx.Err(); err != nil { // another has failed
				return err
			}
			settled[n], err = h.settleInterval(groupCtx, in, span, i)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	extents := map[market.Interval]Extent{}
	for n, i := range market.Stored {
		done += settled[n].chunks
		if settled[n].any {
			extents[i] = settled[n].Extent
		}
	}
	fresh(ctx, in, extents)
	return done, h.widen(ctx, market.SeriesID{Instrument: in.ID}, extents)
}

// fresh tells how far the consensus of an instrument reaches; of those that the program knows itself, which are not endless.
func fresh(ctx context.Context, in market.Instrument, extents map[market.Interval]Extent) {
	if _, known := market.Lookup(in.ID); !known {
		return
	}
	for i, x := range extents {
		telemetry.Fresh(ctx, in.ID, time.Unix(i.Next(x.Last), 0))
	}
}

// reach is how far what was settled at one interval reaches.
type reach struct {
	Extent
	any    bool // there are bars
	chunks int
}

func (r *reach) add(bars []market.Bar) {
	if len(bars) == 0 {
		return
	}
	first, last := bars[0].Start, bars[len(bars)-1].Start
	if r.any {
		first, last = min(first, r.First), max(last, r.Last)
	}
	r.Extent, r.any = Extent{First: first, Last: last}, true
}

func (h *History) settleInterval(ctx context.Context, in market.Instrument, span market.Span, i market.Interval) (reach, error) {
	targets, err := h.targets(ctx, in, span, i)
	if err != nil {
		return reach{}, err
	}
	reached := reach{chunks: len(targets)}
	for run := range runs(targets) {
		if err := h.settleRun(ctx, in, run, &reached); err != nil {
			return reached, err
		}
	}
	return reached, nil
}

// targets returns the chunks at one interval that a span touches, ascending.
//
// The bar before is the last that is no longer than the interval: every such bar sees to the one before it, whatever longer
// bars lie between them. A span of days touches no hours, but its last day may have ended one.
func (h *History) targets(ctx context.Context, in market.Instrument, span market.Span, i market.Interval) ([]target, error) {
	var targets []target
	if i != market.Minute {
		from := span.From
		if i < span.Interval {
			from = lastStart(span)
		}
		before, found, err := h.lastBefore(ctx, in, i, from)
		if err != nil {
			return nil, err
		}
		if found {
			targets = appendTargets(targets, i, i.Floor(before), i.Next(i.Floor(before)))
		}
	}
	if i >= span.Interval {
		targets = appendTargets(targets, i, i.Floor(span.From), i.Ceil(span.To))
	}
	return targets, nil
}

// appendTargets adds the chunks that [from, to) lies in. from is not before the last target's chunk.
func appendTargets(targets []target, i market.Interval, from, to int64) []target {
	for start := chunk.Floor(i, from); start < to; start = chunk.Next(i, start) {
		if n := len(targets); n > 0 && targets[n-1].start == start {
			targets[n-1].to = min(to, chunk.Next(i, start))
			continue
		}
		targets = append(targets, target{i, start, max(from, start), min(to, chunk.Next(i, start))})
	}
	return targets
}

// runs cuts targets (ascending) where a chunk is missing between two of them.
func runs(targets []target) iter.Seq[[]target] {
	return func(yield func([]target) bool) {
		for len(targets) > 0 {
			n := 1
			for n < len(targets) && targets[n].start == chunk.Next(targets[n-1].interval, targets[n-1].start) {
				n++
			}
			if !yield(targets[:n]) {
				return
			}
			targets = targets[n:]
		}
	}
}

// settleRun brings neighbouring chunks of a consensus up to date, then the rows that follow from them.
func (h *History) settleRun(ctx context.Context, in market.Instrument, run []target, reached *reach) error {
	i, pending := run[0].interval, run
	for try := 0; len(pending) > 0; try++ {
		if try == tries {
			return fmt.Errorf("somebody else changed the consensus at %s %d times in a row", i, tries)
		}
		if try > 0 {
			if err := h.pause(ctx, try); err != nil {
				return err
			}
		}
		settled, err := h.settleOnce(ctx, in, pending)
		if err != nil {
			return err
		}
		for _, s := range settled {
			reached.add(s.Bars)
		}
		pending = slices.DeleteFunc(slices.Clone(pending), func(t target) bool { _, done := settled[t.start]; return done })
	}
	if i == market.Minute {
		return nil
	}
	return h.writeRows(ctx, market.SeriesID{Instrument: in.ID}, run)
}

// settleOnce derives chunks, writes those that changed and returns them by start, without those that met another writer.
func (h *History) settleOnce(ctx context.Context, in market.Instrument, run []target) (map[int64]stored, error) {
	id, i := market.SeriesID{Instrument: in.ID}, run[0].interval
	from, to := run[0].start, chunk.Next(i, run[len(run)-1].start)
	olds, err := h.chunks(ctx, id, i, from, to) // the ETags, before anything that they must guard
	if err != nil {
		return nil, err
	}
	settled := map[int64]stored{}
	for _, old := range olds {
		settled[old.start] = old
	}
	facts, err := h.facts(ctx, in, i, from, to)
	if err != nil {
		return nil, err
	}
	changed := map[int64]stored{}
	conflicted, err := h.write(ctx, id, func(yield func(stored, error) bool) {
		for _, t := range run {
			old, exists := settled[t.start]
			if !exists {
				old = stored{Chunk: chunk.Chunk{Interval: i}, start: t.start}
			}
			fresh, differs, err := h.derive(ctx, facts, old)
			settled[t.start] = fresh
			if differs {
				changed[t.start] = fresh
			}
			if (differs || err != nil) && !yield(fresh, err) {
				return
			}
		}
	})
	for _, s := range conflicted {
		delete(settled, s.start)
		delete(changed, s.start)
	}
	if err == nil && i != market.Minute { // minutes of a consensus are not read soon: they would push out the sources'
		h.keep(id, changed)
	}
	return settled, err
}
