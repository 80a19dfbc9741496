package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/shared/clean"
	"assay/shared/fetch"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// Check makes one call to a source, as a turn would, and says in a sentence what came of it. Nothing is stored: what is worth
// keeping comes again with the next turn. An error says what is wrong, or what has changed.
func (a *App) Check(ctx context.Context, src source.Source) (string, error) {
	in, request, nothing, err := a.firstRequest(src)
	if err != nil || nothing != "" {
		return nothing, err
	}
	record, err := a.Fetch.Ask(ctx, src, request)
	if errors.Is(err, fetch.ErrUnchanged) {
		return fmt.Sprintf("ok: %s is as it was stored last", in.ID), nil
	}
	if err != nil {
		return "", err
	}
	return examined(in, record)
}

// Answers returns an error unless a source answers one call as it should. Other than Check it knows neither budget nor breaker, and
// needs no storage.
func (a *App) Answers(ctx context.Context, src source.Source) error {
	in, request, nothing, err := a.firstRequest(src)
	if err != nil {
		return err
	}
	if nothing != "" {
		return errors.New(nothing)
	}
	record, err := a.Fetch.Do(ctx, request)
	if err == nil {
		_, err = examined(in, record)
	}
	return err
}

// firstRequest is what a turn would ask of a source first, or says why there is nothing to ask.
func (a *App) firstRequest(src source.Source) (in market.Instrument, request source.Request, nothing string, err error) {
	watched, err := a.Watched(src)
	if err != nil {
		return in, request, "", err
	}
	if len(watched) == 0 {
		return in, request, "nothing to ask: ASSAY_WATCHLIST names nothing that it has", nil
	}
	now := a.Now()
	requests := src.Requests(watched[0], source.Ask{From: now.Add(-time.Hour).Unix(), Now: now.Unix()})
	if len(requests) == 0 {
		return in, request, "nothing to ask: the market is closed", nil
	}
	return watched[0], a.withKey(src, requests[0]), "", nil
}

// examined says what an answer holds.
func examined(in market.Instrument, record store.Record) (string, error) {
	result, err := cleaned(record)
	if err != nil {
		return "", err
	}
	bars, newest := 0, market.Bar{}
	for _, some := range result.Bars {
		bars += len(some)
		newest = some[len(some)-1]
	}
	switch {
	case bars == 0 && result.Rejected > 0:
		return "", fmt.Errorf("no row of %s could be used: %s", in.ID, result.Rejects[0].Reason)
	case bars == 0:
		return fmt.Sprintf("ok: nothing new of %s", in.ID), nil
	}
	text := fmt.Sprintf("ok: %d bars of %s, the newest of %s with a close of %v %s",
		bars, in.ID, time.Unix(newest.Start, 0).UTC().Format(time.RFC3339), newest.Close, in.Currency)
	if result.Rejected > 0 {
		text += fmt.Sprintf("; %d rows or fields refused, the first: %s", result.Rejected, result.Rejects[0].Reason)
	}
	return text, nil
}

// cleaned does with an answer what Clean will do.
func cleaned(record store.Record) (clean.Result, error) {
	payload, err := payloadOf(record, record.Date.UnixMilli())
	if err != nil {
		return clean.Result{}, err
	}
	cleaner := clean.New(clean.Origin{Received: payload.Received, Authority: record.Authority})
	if err := source.Parse(payload, cleaner.Add); err != nil {
		return clean.Result{}, err
	}
	return cleaner.Result(), nil
}
