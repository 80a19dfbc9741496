package handlers

import (
	"context"
	"fmt"
	"time"

	"assay/shared/market"
)

// hoursOpen is how long an hour stays in the table bars, which would grow by 8,784 rows a year and instrument. Its chunk keeps it.
const hoursOpen = 366 * 24 * time.Hour

// dropHours deletes the rows of old hours in the table bars.
func (a *App) dropHours(ctx context.Context) error {
	entries, err := a.History.Entries(ctx)
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	before := market.Hour.Floor(a.Now().Add(-hoursOpen).Unix())
	for _, e := range entries {
		hours, known := e.Intervals[market.Hour]
		if e.ID.Source != "" || !known {
			continue
		}
		if err := a.History.DropHourRows(ctx, e.ID, hours.First, before); err != nil {
			return fmt.Errorf("reconcile: %w", err)
		}
	}
	return nil
}
