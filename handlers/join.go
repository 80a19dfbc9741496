package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	rawKept  = 30 * 24 * time.Hour // a raw blob of its own; older ones are joined by day
	joinDays = 1                   // of a source in one run, which runs 48 times a day
)

// join joins the old raw blobs of sources. It asks no receipt: one that is not finished, or dead until a person sends it again,
// names its raw blob, and Clean reads that in either form.
func (a *App) join(ctx context.Context, sources []string) error {
	var errs []error
	for _, name := range sources {
		if err := a.Store.Blobs.Join(ctx, name, a.Now().Add(-rawKept).UnixMilli(), joinDays); err != nil {
			errs = append(errs, fmt.Errorf("reconcile %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
