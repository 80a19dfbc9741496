package handlers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"assay/shared/fetch"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// FetchCoinbase gathers the newest prices of Coinbase.
//
// This and the other Fetch functions are one list of steps. Running one twice for the same slot does nothing the second time.
// After a kill the slot is run again once its claim is free: everything is asked again, since what is remembered of an answer
// is written after the blob, its receipt and its pointer. A blob that the kill left without a receipt is found by Reconcile.
// A provider that fails is not an error: the breaker and the turn's outcome say so, and the next turn asks from the watermark.
func (a *App) FetchCoinbase(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "coinbase", slot)
}

// FetchKraken gathers the newest prices of Kraken. See FetchCoinbase.
func (a *App) FetchKraken(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "kraken", slot)
}

// FetchBitstamp gathers the newest prices of Bitstamp. See FetchCoinbase.
func (a *App) FetchBitstamp(ctx context.Context, slot []byte) error {
	return a.fetch(ctx, "bitstamp", slot)
}

// FetchLBMA gathers the London fixes, and nothing until ASSAY_ACCEPT_TERMS names lbma. See FetchCoinbase.
func (a *App) FetchLBMA(ctx context.Context, slot []byte) error { return a.fetch(ctx, "lbma", slot) }

const (
	// overlap is how far before the watermark a turn asks: the bars in it may have been corrected.
	overlap = 15 * time.Minute
	// dayOverlap is added in the first turn of a UTC day.
	dayOverlap = 48 * time.Hour
	// askLimit is how long a turn may ask, so that what came can still be stored within its claim.
	askLimit = fetch.TurnLimit - time.Minute
	// maxGathered is how many bytes a turn gathers before it leaves the rest to the next one.
	maxGathered = 64 << 20
)

func (a *App) fetch(ctx context.Context, name string, payload []byte) error {
	src, found := source.Find(name)
	if !found {
		return fmt.Errorf("fetch: no source is called %s", name)
	}
	if src.OptIn && !slices.Contains(a.Config.AcceptTerms, name) {
		return nil
	}
	slot, err := decodeSlot(payload)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, fetch.TurnLimit)
	defer cancel()
	turn, claimed, err := a.Fetch.Claim(ctx, name, slot)
	if err != nil || !claimed {
		return err
	}
	requests, err := a.requests(ctx, src, turn.FirstOfDay)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	got, err := a.gather(ctx, src, requests)
	if err != nil {
		return fmt.Errorf("fetch %s: %w", name, err)
	}
	if n := len(got.records); n > 0 {
		if _, err := a.Keep(ctx, name, got.records[n-1].Date, got.records); err != nil {
			return fmt.Errorf("fetch %s: %w", name, err)
		}
	}
	for _, answer := range got.fresh {
		if err := a.Fetch.Remember(ctx, src, answer.request, answer.record); err != nil {
			return err
		}
	}
	return a.Fetch.End(ctx, turn, got.outcome(), got.stopped == nil)
}

// decodeSlot reads a timer's payload: the schedule's occurrence that is run.
func decodeSlot(payload []byte) (time.Time, error) {
	var timer struct {
		Slot time.Time `json:"slot"`
	}
	if err := json.Unmarshal(payload, &timer); err != nil || timer.Slot.IsZero() {
		return time.Time{}, fmt.Errorf(`timer payload %.100q: want {"slot":"2026-01-02T03:05:00Z"}`, payload)
	}
	return timer.Slot, nil
}

// requests lists what to ask a source in one turn: first for the instrument that is furthest behind, so that a small budget
// starves none.
func (a *App) requests(ctx context.Context, src source.Source, firstOfDay bool) ([]source.Request, error) {
	entries, err := a.History.Entries(ctx)
	if err != nil {
		return nil, err
	}
	type want struct {
		instrument market.Instrument
		ask        source.Ask
	}
	var wants []want
	for _, id := range a.Config.Watchlist {
		in, known := market.Lookup(id)
		if !known {
			return nil, fmt.Errorf("ASSAY_WATCHLIST: no instrument is called %.40q", id)
		}
		if _, has := src.Symbol(in); !has {
			continue
		}
		ask := source.Ask{Now: a.Now().Unix(), Full: firstOfDay}
		if mark := watermark(entries, market.SeriesID{Instrument: id, Source: src.Name}, src.Cadence); mark > 0 {
			ask.From = mark - int64(overlap/time.Second)
			if firstOfDay {
				ask.From -= int64(dayOverlap / time.Second)
			}
		}
		wants = append(wants, want{in, ask})
	}
	slices.SortStableFunc(wants, func(x, y want) int { return cmp.Compare(x.ask.From, y.ask.From) })
	var requests []source.Request
	for _, w := range wants {
		for _, r := range src.Requests(w.instrument, w.ask) {
			same := func(o source.Request) bool { return o.URL == r.URL && o.Dataset == r.Dataset }
			if !slices.ContainsFunc(requests, same) {
				requests = append(requests, r)
			}
		}
	}
	return requests, nil
}

// watermark returns how far the source itself has told a series, in Unix seconds; 0 for nothing yet.
func watermark(entries []history.Entry, id market.SeriesID, interval market.Interval) int64 {
	for _, entry := range entries {
		if entry.ID == id {
			return entry.Intervals[interval].Watermark
		}
	}
	return 0
}

// gathered is what one turn has got.
type gathered struct {
	records []store.Record // to be stored
	fresh   []answer       // those of them that were understood
	asked   int
	stopped error // why the turn ended before everything was asked; nil when it did not
}

type answer struct {
	request source.Request
	record  store.Record
}

// outcome is a sentence for people.
func (g gathered) outcome() string {
	text := fmt.Sprintf("%d asked, %d stored", g.asked, len(g.records))
	if g.stopped != nil {
		text += "; stopped: " + g.stopped.Error()
	}
	return text
}

// gather asks the requests in order, until one meets a provider that fails or may not be asked now. What can be stored is
// an answer that was understood, and one that only a person can do something about: Clean records that as rejected. Other
// failures have nothing to say beyond the breaker's reason.
func (a *App) gather(ctx context.Context, src source.Source, requests []source.Request) (gathered, error) {
	asking, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	var g gathered
	size := 0
	for _, request := range requests {
		if size > maxGathered {
			g.stopped = fmt.Errorf("more than %d MiB in one turn", maxGathered>>20)
			return g, nil
		}
		record, err := a.Fetch.Ask(asking, src, request)
		switch {
		case err == nil:
			g.fresh = append(g.fresh, answer{request, record})
			g.records = append(g.records, record)
		case errors.Is(err, source.ErrFormat), errors.Is(err, source.ErrUnknownSymbol):
			g.records = append(g.records, record)
		case errors.Is(err, fetch.ErrUnchanged):
		case errors.Is(err, fetch.ErrPaused), errors.Is(err, source.ErrLimited),
			errors.Is(err, source.ErrUnavailable), errors.Is(err, source.ErrRefused):
			g.stopped = err
			return g, nil
		case asking.Err() != nil && ctx.Err() == nil:
			g.stopped = fmt.Errorf("not all was answered within %s", askLimit)
			return g, nil
		default:
			return g, err
		}
		g.asked++
		size += len(record.Body)
	}
	return g, nil
}
