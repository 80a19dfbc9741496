package handlers

import (
	"context"
	"fmt"
	"time"

	"assay/shared/store"
)

// Keep stores records as one raw blob, writes its receipt and tells Clean, in that order. Killed in between, Reconcile finds
// the blob without a receipt, or the receipt that nobody worked on. The same records at the same moment are kept once.
func (a *App) Keep(ctx context.Context, source string, received time.Time, records []store.Record) (store.RawName, error) {
	name, err := a.Store.Blobs.PutRaw(ctx, source, received.UnixMilli(), records)
	if err != nil {
		return name, fmt.Errorf("keep: %w", err)
	}
	if _, err := a.Store.Advance(ctx, name, store.Stored, func(r *store.Receipt) { r.Queued = received.UnixMilli() }); err != nil {
		return name, fmt.Errorf("keep %s: %w", name, err)
	}
	return name, a.Store.Queues.Send(ctx, store.RawPrices, Pointer{Blob: name}.Encode(), 0)
}
