package history

import (
	"context"
	"iter"

	"assay/shared/chunk"
	"assay/shared/market"
)

// target is a chunk of a consensus to bring up to date, and the rows of the table bars that a span touches in it.
type target struct {
	interval market.Interval
	start    int64
	from, to int64 // touched: Unix seconds
}

// targets returns the chunks at one interval that a span touches, ascending.
//
// The bar before is the last that is no longer than the interval: every such bar sees to the one before it, whatever longer
// bars lie between them. A span of days touches no hours, but its last day may have ended one.
func (v *view) targets(ctx context.Context, span market.Span, i market.Interval) ([]target, error) {
	var targets []target
	if i != market.Minute {
		from := span.From
		if i < span.Interval {
			from = lastStart(span)
		}
		before, found, err := v.lastBefore(ctx, i, from)
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
