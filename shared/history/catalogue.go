package history

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// The catalogue is the table series: partition asset class, row series. Columns: kind, unit, currency, calendar and role for
// people who read the table, and per interval first<i>, last<i> (starts of bars) and watermark<i>, in Unix seconds.
const catalogueTable = "series"

// Entry is what the catalogue says of one series.
type Entry struct {
	ID         market.SeriesID
	Instrument market.Instrument
	Role       market.Role // NoRole: it does not vote. Meaningless for a consensus
	Intervals  map[market.Interval]Extent
}

// Extent is how far a series reaches at one interval. First and Last are starts of bars in Unix seconds.
type Extent struct {
	First, Last int64
	Watermark   int64 // end of the last bar that the source's own interface gave; 0 for none
}

// Last returns the start of the newest bar at any interval.
func (e Entry) Last() int64 {
	var last int64
	for _, x := range e.Intervals {
		last = max(last, x.Last)
	}
	return last
}

// Entries lists every series that is known, sorted by id. What was read less than five seconds ago is not asked for again.
func (h *History) Entries(ctx context.Context) ([]Entry, error) {
	return recently(h, readKey{table: catalogueTable}, func() ([]Entry, error) {
		var all []Entry
		for _, class := range []market.Class{market.Crypto, market.Metal, market.FX} {
			entries, err := h.catalogue(ctx, class, store.Range{})
			if err != nil {
				return nil, err
			}
			all = append(all, entries...)
		}
		slices.SortFunc(all, func(a, b Entry) int { return a.ID.Compare(b.ID) })
		return all, nil
	})
}

// sources returns the entries of an instrument's sources as they are now, sorted by name.
func (h *History) sources(ctx context.Context, in market.Instrument) ([]Entry, error) {
	return h.catalogue(ctx, in.Class, store.Range{From: in.ID + ".", To: in.ID + ".~"})
}

func (h *History) catalogue(ctx context.Context, class market.Class, rows store.Range) ([]Entry, error) {
	entities, err := h.tables.Query(ctx, catalogueTable, string(class), rows)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	var entries []Entry
	for _, e := range entities {
		entry, err := decodeEntry(e)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

func decodeEntry(e store.Entity) (Entry, error) {
	id, err := market.ParseSeriesID(e.Row)
	if err != nil {
		return Entry{}, fmt.Errorf("catalogue: %w", err)
	}
	in, ok := market.Lookup(id.Instrument)
	if !ok {
		return Entry{}, fmt.Errorf("catalogue: %s: unknown instrument", id)
	}
	entry := Entry{ID: id, Instrument: in, Intervals: map[market.Interval]Extent{}}
	role, _ := e.Values["role"].(string)
	entry.Role, _ = market.ParseRole(role)
	for _, i := range market.Stored {
		first, ok := e.Values["first"+i.String()].(int64)
		last, _ := e.Values["last"+i.String()].(int64)
		watermark, _ := e.Values["watermark"+i.String()].(int64)
		if ok {
			entry.Intervals[i] = Extent{first, last, watermark}
		}
	}
	return entry, nil
}

// widen makes the catalogue's row of a series reach at least x: first by min, last and watermark by max. It makes the row
// when there is none.
func (h *History) widen(ctx context.Context, id market.SeriesID, i market.Interval, x Extent) error {
	in, ok := market.Lookup(id.Instrument)
	if !ok {
		return fmt.Errorf("catalogue: %s: unknown instrument", id)
	}
	for try := range tries {
		if try > 0 {
			if err := h.pause(ctx, try); err != nil {
				return err
			}
		}
		change, err := h.widened(ctx, id, in, i, x)
		if err != nil {
			return fmt.Errorf("catalogue %s: %w", id, err)
		}
		if change == nil {
			return nil
		}
		if _, err := h.tables.Write(ctx, catalogueTable, *change); err == nil {
			return nil
		} else if !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("catalogue %s: %w", id, err)
		}
	}
	return fmt.Errorf("catalogue %s: somebody else changed it %d times in a row", id, tries)
}

// widened returns the write that widens a row, or nil when it reaches that far already.
func (h *History) widened(ctx context.Context, id market.SeriesID, in market.Instrument, i market.Interval, x Extent) (*store.Change, error) {
	e, err := h.tables.Get(ctx, catalogueTable, string(in.Class), id.String())
	action := store.Replace
	switch {
	case errors.Is(err, store.ErrNotFound):
		action = store.Insert
		e = store.Entity{Partition: string(in.Class), Row: id.String(), Values: map[string]any{
			"kind": string(in.Kind), "unit": in.Unit, "currency": in.Currency, "calendar": string(in.Calendar),
		}}
		if role := source.Role(id.Source, in); role != market.NoRole {
			e.Values["role"] = role.String()
		}
	case err != nil:
		return nil, err
	}
	first, known := e.Values["first"+i.String()].(int64)
	last, _ := e.Values["last"+i.String()].(int64)
	watermark, _ := e.Values["watermark"+i.String()].(int64)
	if known && first <= x.First && last >= x.Last && watermark >= x.Watermark {
		return nil, nil
	}
	if known {
		x = Extent{min(first, x.First), max(last, x.Last), max(watermark, x.Watermark)}
	}
	e.Values["first"+i.String()], e.Values["last"+i.String()] = x.First, x.Last
	if x.Watermark > 0 {
		e.Values["watermark"+i.String()] = x.Watermark
	}
	return &store.Change{Action: action, Entity: e}, nil
}
