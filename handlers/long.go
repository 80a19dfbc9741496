package handlers

import (
	"context"
	"io"

	"assay/shared/clean"
	"assay/shared/group"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// Blobs and records longer than these would take much memory: such blobs are cleaned one at a time, and such records are read piece by
// piece where their format allows.
const (
	longBlob = 1 << 20 // bytes, packed
	longBody = 8 << 20 // bytes, unpacked
)

func isLong(r store.Record, size int) bool { return size > longBody && source.InPieces(r.Dataset) }

// mergeLong merges the bars of a long record, piece by piece, each while the next is read, and returns the span that they touch.
func (a *App) mergeLong(ctx context.Context, long *clean.Long, found *judgement) ([]market.Span, error) {
	group, ctx := group.WithContext(ctx)
	group.SetLimit(1)
	var all market.Span
	err := long.Pieces(func(bars []market.Bar) error {
		group.Go(func() error {
			span, err := a.History.Merge(ctx, long.Key.Series, long.Key.Interval, clean.Rules, bars)
			if err != nil {
				return err
			}
			if all == (market.Span{}) {
				all = span
			}
			all.From, all.To = min(all.From, span.From), max(all.To, span.To)
			found.merged += len(bars)
			return nil
		})
		return ctx.Err()
	})
	if merged := group.Wait(); merged != nil {
		err = merged // what stopped the reading
	}
	found.Rejects, found.Rejected = append(found.Rejects, long.Rejects...), found.Rejected+long.Rejected
	if err != nil || all == (market.Span{}) {
		return nil, err
	}
	return []market.Span{all}, nil
}

// front returns the beginning of a record's body.
func front(r store.Record) string {
	const most = 4 << 10
	if r.Open == nil {
		return string(r.Body[:min(len(r.Body), most)])
	}
	text, _ := io.ReadAll(io.LimitReader(r.Open(), most)) // it was read before
	return string(text)
}
