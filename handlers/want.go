package handlers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/source"
)

// want is what a turn asks of one instrument.
type want struct {
	instrument market.Instrument
	ask        source.Ask
}

// requests lists what to ask a source in one turn: first for the instrument that is furthest behind, so that a small budget
// starves none. A question that is the same for several instruments is asked once, for all of their series.
func (a *App) requests(ctx context.Context, src source.Source, firstOfDay bool) ([]source.Request, error) {
	wants, err := a.wants(ctx, src, firstOfDay)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(wants, func(x, y want) int { return cmp.Compare(x.ask.From, y.ask.From) })
	var requests []source.Request
	for _, w := range wants {
		for _, r := range src.Requests(w.instrument, w.ask) {
			same := func(o source.Request) bool { return o.URL == r.URL && o.Dataset == r.Dataset }
			if n := slices.IndexFunc(requests, same); n >= 0 {
				requests[n].Series = union(requests[n].Series, r.Series)
				continue
			}
			requests = append(requests, a.withKey(src, r))
		}
	}
	return requests, nil
}

// wants lists the instruments of the watchlist that a source is asked for. One that it did not know lately, and has never told
// anything of, is left out. Minutes are asked for two days back at most, so that after a longer pause the newest prices come first;
// Reconcile sees to those before.
func (a *App) wants(ctx context.Context, src source.Source, firstOfDay bool) ([]want, error) {
	entries, err := a.History.Entries(ctx)
	if err != nil {
		return nil, err
	}
	unknown, err := a.Fetch.Unknown(ctx, src.Name)
	if err != nil {
		return nil, err
	}
	watched, err := a.Watched(src)
	if err != nil {
		return nil, err
	}
	var wants []want
	for _, in := range watched {
		ask := source.Ask{Now: a.Now().Unix(), Full: firstOfDay}
		mark := watermark(entries, market.SeriesID{Instrument: in.ID, Source: src.Name}, src.Cadence)
		if mark == 0 && slices.Contains(unknown, in.ID) {
			continue
		}
		if mark > 0 {
			ask.From = mark - int64(overlap/time.Second)
			if firstOfDay {
				ask.From -= int64(dayOverlap / time.Second)
			}
			if src.Cadence == market.Minute {
				ask.From = max(ask.From, ask.Now-int64((dayOverlap+overlap)/time.Second))
			}
		}
		wants = append(wants, want{in, ask})
	}
	return wants, nil
}

// Watched lists the instruments of the watchlist that a source has a name for.
func (a *App) Watched(src source.Source) ([]market.Instrument, error) {
	var watched []market.Instrument
	for _, id := range a.Config.Watchlist {
		in, known := market.Lookup(id)
		if !known {
			in, known = market.Coin(id)
		}
		if !known {
			return nil, fmt.Errorf("ASSAY_WATCHLIST: no instrument is called %.40q: want one such as XAU-USD, or a coin and what it is traded for, such as DOGE-EUR", id)
		}
		if _, has := src.Symbol(in); has {
			watched = append(watched, in)
		}
	}
	return watched, nil
}

// withKey gives a request the owner's key, in a header: nothing that is stored or logged holds those.
func (a *App) withKey(src source.Source, r source.Request) source.Request {
	if src.Key.Header == "" {
		return r
	}
	r.Header = maps.Clone(r.Header)
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set(src.Key.Header, a.Config.Keys[src.Key.Setting])
	return r
}

func union(some, others []market.SeriesID) []market.SeriesID {
	some = slices.Clip(some)
	for _, id := range others {
		if !slices.Contains(some, id) {
			some = append(some, id)
		}
	}
	return some
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
