package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/shared/store"
)

const (
	rawKept  = 30 * 24 * time.Hour // a raw blob of its own; older ones are joined by day
	joinDays = 1                   // of a source in one run, which runs 48 times a day
)

// join joins the old raw blobs of sources. It waits for no receipt: one that is not finished, or dead until a person sends it
// again, names its raw blob, and Clean reads that in either form.
func (a *App) join(ctx context.Context, sources []string) error {
	var errs []error
	for _, name := range sources {
		if err := a.joinDays(ctx, name); err != nil {
			errs = append(errs, fmt.Errorf("reconcile %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func (a *App) joinDays(ctx context.Context, name string) error {
	days, err := a.Store.Blobs.Unjoined(ctx, name, a.Now().Add(-rawKept).UnixMilli(), joinDays)
	if err != nil {
		return err
	}
	for _, day := range days {
		if err := a.forgetReceipts(ctx, name, day); err != nil {
			return err
		}
		if err := a.Store.Blobs.Join(ctx, name, day); err != nil {
			return err
		}
	}
	return nil
}

// forgetReceipts deletes the finished receipts of a day that is about to be joined. There are none mostly; where nothing ran for
// a month they are older than those that Reconcile looks at.
func (a *App) forgetReceipts(ctx context.Context, name string, day int64) error {
	receipts, err := a.Store.Receipts(ctx, name, day, day+24*time.Hour.Milliseconds())
	if err != nil {
		return err
	}
	for _, r := range receipts {
		if r.State == store.Loaded || r.State == store.Rejected {
			if err := a.Store.Forget(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}
