package handlers

import (
	"context"
	"fmt"

	"assay/shared/store"
)

// Replay sends a raw blob to Clean again, as a person asked. Its receipt begins anew, unless the blob is on its way already.
//
// Running it twice sends the pointer twice, and Clean and Load end in the same state. Killed in between, Reconcile finds the
// receipt of a blob of the last 60 days that nobody worked on; an older one is sent by replaying it again.
func (a *App) Replay(ctx context.Context, blob store.RawName) error {
	if _, err := a.Store.Restart(ctx, blob, a.Now().UnixMilli()); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return a.Store.Queues.Send(ctx, store.RawPrices, Pointer{Blob: blob}.within(ctx).Encode(), 0)
}

// ForgetReplayed removes the receipt of a blob that was replayed, where one that was not would have been removed long ago.
func (a *App) ForgetReplayed(ctx context.Context, r store.Receipt) error {
	if r.State == store.Dead || !a.isOld(r) {
		return nil
	}
	return a.Store.Forget(ctx, r)
}
