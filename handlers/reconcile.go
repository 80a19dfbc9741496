package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/shared/store"
)

const (
	receiptsKept = 30 * 24 * time.Hour // a finished receipt; explain finds the blob by its name
	receiptsSeen = 2 * receiptsKept    // how far back receipts are looked at; it costs one query a day and source
	orphansFound = 7 * 24 * time.Hour  // how far back raw blobs without a receipt are looked for
	maxResends   = 3                   // how often a payload is sent again before it is dead
)

// Reconcile puts every raw blob that got lost on its way back on it, and removes receipts that nobody needs any more.
//
// Running it twice, or two at once, sends nothing twice: who moves the receipt's count of tries, by compare-and-swap, is who
// sends. A kill between the two loses one of the tries, and the next is due later by itself.
// One source's trouble does not keep the others from being looked at.
func (a *App) Reconcile(ctx context.Context, _ []byte) error {
	sources, err := a.Store.Blobs.Sources(ctx)
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	var errs []error
	for _, name := range sources {
		if err := a.reconcile(ctx, name); err != nil {
			errs = append(errs, fmt.Errorf("reconcile %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// reconcile does one source.
func (a *App) reconcile(ctx context.Context, name string) error {
	now := a.Now()
	receipts, err := a.Store.Receipts(ctx, name, now.Add(-receiptsSeen).UnixMilli(), now.UnixMilli()+1)
	if err != nil {
		return err
	}
	known := map[store.RawName]bool{}
	for _, receipt := range receipts {
		known[receipt.Name] = true
		if err := a.follow(ctx, receipt); err != nil {
			return err
		}
	}
	blobs, err := a.Store.Blobs.ListRaw(ctx, name, now.Add(-orphansFound).UnixMilli(), now.Add(-a.Config.ResendAfter).UnixMilli())
	if err != nil {
		return err
	}
	for _, blob := range blobs {
		if !known[blob] {
			if err := a.adopt(ctx, blob); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow does what one receipt needs: nothing, mostly.
func (a *App) follow(ctx context.Context, receipt store.Receipt) error {
	switch receipt.State {
	case store.Stored, store.Cleaned:
		return a.resend(ctx, receipt)
	case store.Loaded, store.Rejected:
		if a.Now().Sub(time.UnixMilli(receipt.Name.Received)) > receiptsKept {
			return a.Store.Forget(ctx, receipt)
		}
	}
	return nil
}

// resend sends a receipt's pointer again when it has been unfinished for too long: each time twice as long as the time before.
// A receipt that was sent again often enough is dead.
func (a *App) resend(ctx context.Context, seen store.Receipt) error {
	due := time.UnixMilli(seen.Queued).Add(a.Config.ResendAfter << min(seen.Tries, maxResends))
	if a.Now().Before(due) {
		return nil
	}
	if seen.Tries >= maxResends {
		return a.Store.Bury(ctx, seen)
	}
	mine := false
	_, err := a.Store.Advance(ctx, seen.Name, seen.State, func(r *store.Receipt) {
		if mine = r.State == seen.State && r.Tries == seen.Tries && r.Queued == seen.Queued; mine {
			r.Tries++
			r.Queued = a.Now().UnixMilli()
		}
	})
	if err != nil || !mine {
		return err
	}
	return a.send(ctx, seen)
}

// send queues a receipt's pointer for the function that is next.
func (a *App) send(ctx context.Context, r store.Receipt) error {
	if r.State == store.Cleaned {
		return a.Store.Queues.Send(ctx, store.CleanPrices, Pointer{Blob: r.Name, Spans: r.Spans}.Encode(), 0)
	}
	return a.Store.Queues.Send(ctx, store.RawPrices, Pointer{Blob: r.Name}.Encode(), 0)
}

// adopt gives a raw blob without a receipt one, and sends it on its way.
func (a *App) adopt(ctx context.Context, blob store.RawName) error {
	mine := false
	receipt, err := a.Store.Advance(ctx, blob, store.Stored, func(r *store.Receipt) {
		if mine = r.Queued == 0; mine {
			r.Queued = a.Now().UnixMilli()
		}
	})
	if err != nil || !mine {
		return err
	}
	return a.send(ctx, receipt)
}
