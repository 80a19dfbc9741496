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
	replayKept   = 24 * time.Hour      // an older one, after it was queued: who replays it wants to see its end
	receiptsSeen = 2 * receiptsKept    // how far back receipts are looked at; it costs one query a day and source
	orphansFound = 7 * 24 * time.Hour  // how far back raw blobs without a receipt are looked for, where nobody looked since
	lookedAgain  = 2 * time.Hour       // how much of what was looked at is looked at again: longer than any function runs
	maxResends   = 3                   // how often a payload is sent again before it is dead
	maxSpread    = 24 * time.Hour      // over which those that are sent again at once are spread; a queue hides a message for 7 days at most
)

// Reconcile puts every raw blob that got lost on its way back on it, removes receipts that nobody needs any more, has sources asked
// for the history that they have not told yet, joins old raw blobs, closes the open view of old hours, deletes old pictures, and logs what is dead or behind.
//
// Running it twice, or two at once, sends nothing twice: who moves the receipt's count of tries, by compare-and-swap, is who
// sends. A kill between the two loses one of the tries, and the next is due later by itself.
// One source's trouble does not keep the others from being looked at.
func (a *App) Reconcile(ctx context.Context, _ []byte) error {
	sources, err := a.Store.Blobs.Sources(ctx)
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	var lost []store.Receipt
	var errs []error
	for _, name := range sources {
		found, err := a.reconcile(ctx, name)
		lost = append(lost, found...)
		if err != nil {
			errs = append(errs, fmt.Errorf("reconcile %s: %w", name, err))
		}
	}
	for n, receipt := range lost {
		if err := a.resend(ctx, receipt, n, len(lost)); err != nil {
			errs = append(errs, fmt.Errorf("reconcile %s: %w", receipt.Name, err))
		}
	}
	return errors.Join(append(errs, a.forgetKeys(ctx, jobKeys), a.reconcileHistory(ctx), a.join(ctx, sources), a.dropHours(ctx), a.dropPictures(ctx), a.reportBehind(ctx))...)
}

// reconcile does one source, and returns the receipts whose pointers are to be sent again.
func (a *App) reconcile(ctx context.Context, name string) ([]store.Receipt, error) {
	now := a.Now()
	receipts, err := a.Store.Receipts(ctx, name, now.Add(-receiptsSeen).UnixMilli(), now.UnixMilli()+1)
	if err != nil {
		return nil, err
	}
	if err := a.forgetKeys(ctx, name); err != nil {
		return nil, err
	}
	known := map[store.RawName]bool{}
	var lost []store.Receipt
	for _, receipt := range receipts {
		known[receipt.Name] = true
		again, err := a.follow(ctx, receipt)
		if err != nil {
			return lost, err
		}
		if again {
			lost = append(lost, receipt)
		}
	}
	return lost, a.findOrphans(ctx, name, known)
}

// findOrphans adopts the raw blobs of a source that nobody knows. It lists those since it last did: a day of a source costs a
// listing, which is paid for like a write.
func (a *App) findOrphans(ctx context.Context, name string, known map[store.RawName]bool) error {
	looked, err := a.Store.Looked(ctx, name)
	if err != nil {
		return err
	}
	since := max(looked-lookedAgain.Milliseconds(), a.Now().Add(-orphansFound).UnixMilli())
	until := a.Now().Add(-a.Config.ResendAfter).UnixMilli()
	blobs, err := a.Store.Blobs.ListRaw(ctx, name, since, until)
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
	return a.Store.SetLooked(ctx, name, until)
}

// follow does what one receipt needs, nothing mostly, and reports whether its pointer is to be sent again: when it has been
// unfinished for too long, each time twice as long as the time before. One that was sent again often enough is dead.
func (a *App) follow(ctx context.Context, receipt store.Receipt) (again bool, err error) {
	switch receipt.State {
	case store.Stored, store.Cleaned:
		due := time.UnixMilli(receipt.Queued).Add(a.Config.ResendAfter << min(receipt.Tries, maxResends))
		switch {
		case a.Now().Before(due):
			return false, nil
		case receipt.Tries >= maxResends:
			return false, a.Store.Bury(ctx, receipt)
		}
		return true, nil
	case store.Loaded, store.Rejected:
		if a.isOld(receipt) && a.Now().Sub(time.UnixMilli(receipt.Queued)) > replayKept {
			return false, a.Store.Forget(ctx, receipt)
		}
	case store.Dead:
		a.reportDead(ctx, receipt)
	}
	return false, nil
}

// isOld reports whether a finished receipt is kept no longer.
func (a *App) isOld(r store.Receipt) bool {
	return a.Now().Sub(time.UnixMilli(r.Name.Received)) > receiptsKept
}

// resend sends a receipt's pointer again, the one numbered n of count. They are spread over half the time until they would be
// due again: a payload that kills the process fails whatever is in hand with it, each time that it is tried, and sent together
// those would die together every time.
func (a *App) resend(ctx context.Context, seen store.Receipt, n, count int) error {
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
	spread := min(a.Config.ResendAfter<<seen.Tries, maxSpread)
	return a.send(ctx, seen, spread/time.Duration(count)*time.Duration(n))
}

// send queues a receipt's pointer for the function that is next, visible after delay.
func (a *App) send(ctx context.Context, r store.Receipt, delay time.Duration) error {
	if r.State == store.Cleaned {
		return a.Store.Queues.Send(ctx, store.CleanPrices, Pointer{Blob: r.Name}.at(r.Spans, 0).within(ctx).Encode(), delay)
	}
	return a.Store.Queues.Send(ctx, store.RawPrices, Pointer{Blob: r.Name}.within(ctx).Encode(), delay)
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
	return a.send(ctx, receipt, 0)
}
