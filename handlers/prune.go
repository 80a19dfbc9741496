package handlers

import (
	"context"
	"fmt"
	"time"

	"assay/shared/market"
)

// hoursOpen is how far an hour may lie behind the newest one of its instrument, in seconds, to stay in the table bars, which would grow
// by 8,784 rows a year and instrument. Its chunk keeps it.
const hoursOpen = 366 * int64(market.Day)

// picturesKept is how long a picture is kept that was drawn for a request. Most are of data that have changed by then.
const picturesKept = 7 * 24 * time.Hour

// dropPictures deletes old pictures.
func (a *App) dropPictures(ctx context.Context) error {
	if err := a.Store.Blobs.DropPictures(ctx, a.Now().Add(-picturesKept)); err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	return nil
}

// dropHours deletes the rows of old hours in the table bars.
func (a *App) dropHours(ctx context.Context) error {
	entries, err := a.History.Entries(ctx)
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	for _, e := range entries {
		hours, known := e.Intervals[market.Hour]
		if e.ID.Source != "" || !known {
			continue
		}
		if err := a.History.DropHourRows(ctx, e.ID, hours.First, hours.Last-hoursOpen); err != nil {
			return fmt.Errorf("reconcile: %w", err)
		}
	}
	return nil
}
