package handlers

import (
	"context"
	"fmt"
	"time"

	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// promised is how many bars an instrument's market may have had since the newest one that is stored. Of the two the first counts whose
// interval the instrument has.
var promised = []struct {
	interval market.Interval
	bars     int
}{{market.Minute, 30}, {market.Day, 2}} // of days: today's, and one that is published late

// looksBack bounds the search for those bars.
const looksBack = 30 * 24 * time.Hour

// What Reconcile logs for somebody to look at: the alert of the deployment searches for these words.
const (
	logDead   = "payload is dead"
	logBehind = "prices are behind"
)

// reportBehind logs each instrument of the watchlist that a source is asked for and whose newest bar is older than promised. One
// that never had a bar is not behind: a source may not know it.
func (a *App) reportBehind(ctx context.Context) error {
	if a.Log == nil {
		return nil
	}
	entries, err := a.History.Entries(ctx)
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	gathered := map[string]bool{}
	for _, src := range source.All {
		if src.Inert(a.Config.AcceptTerms, a.Config.Keys) != "" {
			continue
		}
		watched, err := a.Watched(src)
		if err != nil {
			return err
		}
		for _, in := range watched {
			gathered[in.ID] = true
		}
	}
	for _, entry := range entries {
		if entry.ID.Source == "" && gathered[entry.Instrument.ID] && behind(entry, a.Now()) {
			a.Log.WarnContext(ctx, logBehind, "series", entry.ID.String(), "newest", time.Unix(entry.Last(), 0).UTC())
		}
	}
	return nil
}

// reportDead logs a payload that was tried and sent again in vain, at every run until somebody looked after it.
func (a *App) reportDead(ctx context.Context, receipt store.Receipt) {
	if a.Log != nil {
		a.Log.WarnContext(ctx, logDead, "blob", receipt.Name.String())
	}
}

func behind(entry history.Entry, now time.Time) bool {
	for _, p := range promised {
		if extent, has := entry.Intervals[p.interval]; has {
			from := max(p.interval.Next(extent.Last), now.Add(-looksBack).Unix())
			return entry.Instrument.Calendar.Count(from, p.interval.Floor(now.Unix()), p.interval) > p.bars
		}
	}
	return false
}
