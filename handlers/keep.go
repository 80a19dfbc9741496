package handlers

import (
	"context"
	"fmt"
	"time"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/telemetry"
)

// Keep stores records as one raw blob, writes its receipt and tells Clean, in that order. Killed in between, Reconcile finds
// the blob without a receipt, or the receipt that nobody worked on. The same records at the same moment are kept once. Storage
// that holds the other kind of prices, live or simulated, refuses them: see store.Mark.
func (a *App) Keep(ctx context.Context, source string, received time.Time, records []store.Record) (_ store.RawName, err error) {
	ctx, end := telemetry.Span(ctx, "keep", "source", source)
	defer func() { end(err) }()
	if err := a.Store.Claim(ctx, a.markOf(records)); err != nil {
		return store.RawName{}, err
	}
	name, err := a.Store.Blobs.PutRaw(ctx, source, received.UnixMilli(), records)
	if err != nil {
		return name, fmt.Errorf("keep: %w", err)
	}
	if _, err := a.Store.Advance(ctx, name, store.Stored, func(r *store.Receipt) { r.Queued = received.UnixMilli() }); err != nil {
		return name, fmt.Errorf("keep %s: %w", name, err)
	}
	return name, a.Store.Queues.Send(ctx, store.RawPrices, Pointer{Blob: name}.within(ctx).Encode(), 0)
}

// markOf says what kind of prices records hold. A person's are real; what a source said itself is what this program gathers.
func (a *App) markOf(records []store.Record) store.Mark {
	for _, record := range records {
		if record.Authority != market.Own {
			return store.Live
		}
	}
	return a.gathers()
}

// gathers says what kind of prices this program fetches.
func (a *App) gathers() store.Mark {
	if a.Config.SourceURL != "" {
		return store.Simulated
	}
	return store.Live
}
