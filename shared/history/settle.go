package history

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assay/shared/chunk"
	"assay/shared/group"
	"assay/shared/market"
	"assay/shared/telemetry"
)

// Settle brings everything that is derived from the spans up to date: the catalogue, the consensus at each interval and the
// table bars. It stops after about limit chunks and returns what is left of the spans; none means that all is done.
//
// Nothing is merged here: every entity is computed anew from the sources' chunks. For each, the entity and its ETag are read
// first, then the inputs; it is written if nobody else did meanwhile, and begun again otherwise. A write is skipped only where
// the value and the inputs are the same.
func (h *History) Settle(ctx context.Context, spans []market.Span, limit int) (rest []market.Span, err error) {
	instruments := make([]market.Instrument, len(spans))
	for n, span := range spans {
		if instruments[n], err = h.instrument(ctx, span.Series.Instrument); err != nil {
			return nil, fmt.Errorf("settle %s: %w", span.Series, err)
		}
		if err := h.catalogueSpan(ctx, instruments[n], span); err != nil {
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
		done, err := h.settleSpan(ctx, instruments[n], front)
		if err != nil {
			return nil, fmt.Errorf("settle %s at %s: %w", span.Series, span.Interval, err)
		}
		limit -= done
	}
	return rest, nil
}

// catalogueSpan makes the catalogue know a source's span. It runs before anything derived is read: whoever lists an
// instrument's sources later finds this one.
func (h *History) catalogueSpan(ctx context.Context, in market.Instrument, span market.Span) error {
	x := Extent{First: span.From, Last: lastStart(span)}
	if span.Own {
		x.Watermark = span.To
	}
	return h.widen(ctx, in, span.Series, map[market.Interval]Extent{span.Interval: x})
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
//
// All intervals follow from one view of the sources, which begins when the ETags of all chunks that the span itself lies in are read.
func (h *History) settleSpan(ctx context.Context, in market.Instrument, span market.Span) (done int, err error) {
	ctx, end := telemetry.Span(ctx, "settle", "instrument", in.ID, "series", span.Series.String(), "interval", span.Interval.String())
	defer func() { end(err) }()
	before := make([]guarded, len(market.Stored))
	for n, i := range market.Stored {
		if before[n], err = h.guard(ctx, in, span, i); err != nil {
			return 0, err
		}
	}
	settled := make([]reach, len(market.Stored))
	group, groupCtx := group.WithContext(ctx)
	view := h.view(groupCtx, in, chunk.Floor(market.Day, span.From), chunk.Next(market.Day, chunk.Floor(market.Day, span.To-1)))
	group.SetLimit(h.intervalsAtOnce)
	for n, i := range market.Stored {
		group.Go(func() (err error) {
			if err := groupCtx.Err(); err != nil { // another has failed
				return err
			}
			before[n].view = view
			settled[n], err = h.settleInterval(groupCtx, before[n], span, i)
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
	return done, h.widen(ctx, in, market.SeriesID{Instrument: in.ID}, extents)
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

// guarded are the chunks of a consensus that touch [from, to), and a view of what they follow from that began after their ETags
// were read.
type guarded struct {
	from, to int64
	olds     []stored
	view     *view
}

// guard reads the chunks of a consensus that a span lies in, of an interval as long as its own or longer.
func (h *History) guard(ctx context.Context, in market.Instrument, span market.Span, i market.Interval) (g guarded, err error) {
	if i < span.Interval {
		return g, nil
	}
	g.from, g.to = chunk.Floor(i, span.From), chunk.Next(i, chunk.Floor(i, span.To-1))
	g.olds, err = h.chunks(ctx, market.SeriesID{Instrument: in.ID}, i, g.from, g.to)
	return g, err
}

func (h *History) settleInterval(ctx context.Context, g guarded, span market.Span, i market.Interval) (reach, error) {
	targets, err := g.view.targets(ctx, span, i)
	if err != nil {
		return reach{}, err
	}
	reached := reach{chunks: len(targets)}
	for run := range runs(targets) {
		if err := h.settleRun(ctx, g, run, &reached); err != nil {
			return reached, err
		}
	}
	return reached, nil
}

// settleRun brings neighbouring chunks of a consensus up to date, then the rows that follow from them. What was read before
// serves the first try, where it guards all of them.
func (h *History) settleRun(ctx context.Context, g guarded, run []target, reached *reach) error {
	in, i, pending := g.view.in, run[0].interval, run
	id := market.SeriesID{Instrument: in.ID}
	for try := 0; len(pending) > 0; try++ {
		if try == tries {
			return fmt.Errorf("somebody else changed the consensus at %s %d times in a row", i, tries)
		}
		if try > 0 {
			if err := h.pause(ctx, try); err != nil {
				return err
			}
		}
		from, to := pending[0].start, chunk.Next(i, pending[len(pending)-1].start)
		if try > 0 || from < g.from || to > g.to {
			olds, err := h.chunks(ctx, id, i, from, to)
			if err != nil {
				return err
			}
			g = guarded{from, to, olds, h.view(ctx, in, from, to)}
		}
		settled, err := h.settleOnce(ctx, g, pending)
		if err != nil {
			return err
		}
		for _, s := range settled {
			reached.add(s.Bars)
		}
		pending = slices.DeleteFunc(slices.Clone(pending), func(t target) bool { _, isDone := settled[t.start]; return isDone })
	}
	if i == market.Minute {
		return nil
	}
	return h.writeRows(ctx, id, run)
}

// settleOnce derives chunks, writes those that changed and returns them by start, without those that met another writer.
func (h *History) settleOnce(ctx context.Context, g guarded, run []target) (map[int64]stored, error) {
	id, i := market.SeriesID{Instrument: g.view.in.ID}, run[0].interval
	settled := map[int64]stored{}
	for _, old := range g.olds {
		settled[old.start] = old
	}
	facts, err := g.view.facts(ctx, i, run[0].start, chunk.Next(i, run[len(run)-1].start))
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
			fresh, differs, err := facts.derive(ctx, old)
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
