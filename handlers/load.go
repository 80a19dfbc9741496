package handlers

import (
	"context"
	"fmt"

	"assay/shared/store"
	"assay/shared/telemetry"
)

// chunksPerLoad bounds the work of one message. With the hours and days around them, these are at most 100 chunks.
const chunksPerLoad = 90

// Load brings the consensus, the table bars and the catalogue up to date for the spans that Clean touched. It settles the
// front of them and queues what is left as its last act; the message that leaves nothing marks the receipt as loaded. Spans that a
// message has no room for come from the receipt.
//
// Running it twice on the same message computes the same from the same chunks and writes nothing the second time. Two at
// once on overlapping spans end as one after the other would.
func (a *App) Load(ctx context.Context, message []byte) error {
	pointer, err := DecodePointer(message)
	if err != nil {
		return err
	}
	if len(pointer.Spans) == 0 {
		return fmt.Errorf("load %s: the message names no spans", pointer.Blob)
	}
	rest, err := a.History.Settle(ctx, pointer.Spans, chunksPerLoad)
	if err != nil {
		return fmt.Errorf("load %s: %w", pointer.Blob, err)
	}
	pointer.Spans = rest
	if len(rest) == 0 && pointer.Next > 0 {
		receipt, err := a.Store.Receipt(ctx, pointer.Blob)
		if err != nil {
			return fmt.Errorf("load: %w", err)
		}
		pointer = pointer.at(receipt.Spans, pointer.Next)
	}
	if len(pointer.Spans) > 0 {
		return a.Store.Queues.Send(ctx, store.CleanPrices, pointer.within(ctx).Encode(), 0)
	}
	first := false
	receipt, err := a.Store.Advance(ctx, pointer.Blob, store.Loaded, func(r *store.Receipt) { first = r.State != store.Loaded })
	if err == nil && first {
		telemetry.Add(ctx, telemetry.BarsLoaded, receipt.Bars, "source", sourceOf(pointer.Blob))
	}
	return err
}
