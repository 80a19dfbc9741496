package history

import (
	"context"
	"errors"
	"fmt"

	"assay/shared/market"
	"assay/shared/store"
)

// Declare makes the catalogue's row of a series say what was declared of it, and returns the spans to settle: all that is stored
// of the series, whose votes may have changed. by names the declaration, and sorts by when it was received: of several the last
// decides, in whatever order they come. How far the series reaches stays as it is.
func (h *History) Declare(ctx context.Context, d market.Declaration, by string) ([]market.Span, error) {
	for try := range tries {
		if try > 0 {
			if err := h.pause(ctx, try); err != nil {
				return nil, err
			}
		}
		change, err := h.declared(ctx, d, by)
		if err != nil {
			return nil, fmt.Errorf("catalogue %s: %w", d.Series, err)
		}
		if change.Entity.Values["declared"] == by {
			if _, err = h.tables.Write(ctx, catalogueTable, change); errors.Is(err, store.ErrConflict) {
				continue
			} else if err != nil {
				return nil, fmt.Errorf("catalogue %s: %w", d.Series, err)
			}
		}
		entry, _, err := decodeEntry(change.Entity)
		return entry.spans(), err
	}
	return nil, fmt.Errorf("catalogue %s: somebody else changed it %d times in a row", d.Series, tries)
}

// declared returns the row as the declaration makes it, or as it is when a later one has been there.
func (h *History) declared(ctx context.Context, d market.Declaration, by string) (store.Change, error) {
	change := store.Change{Action: store.Replace}
	e, err := h.tables.Get(ctx, catalogueTable, string(d.Class), d.Series.String())
	if errors.Is(err, store.ErrNotFound) {
		change.Action = store.Insert
		e = store.Entity{Partition: string(d.Class), Row: d.Series.String(), Values: map[string]any{}}
	} else if err != nil {
		return change, err
	}
	change.Entity = e
	if before, _ := e.Values["declared"].(string); before > by {
		return change, nil
	}
	for column, text := range map[string]string{
		"kind": string(d.Kind), "unit": d.Unit, "currency": d.Currency, "calendar": string(d.Calendar),
		"role": d.Role, "tz": d.TimeZone, "interval": d.Interval, "declared": by,
	} {
		e.Values[column] = text
	}
	return change, nil
}

// spans lists all that is stored of a series.
func (e Entry) spans() []market.Span {
	var spans []market.Span
	for _, i := range market.Stored {
		if x, ok := e.Intervals[i]; ok {
			spans = append(spans, market.Span{Series: e.ID, Interval: i, From: x.First, To: i.Next(x.Last)})
		}
	}
	return spans
}

// Sources returns the entries of an instrument's sources as they are now, sorted by name.
func (h *History) Sources(ctx context.Context, instrument string) ([]Entry, error) {
	if in, known := market.Lookup(instrument); known {
		return h.sources(ctx, in)
	}
	var all []Entry
	for _, class := range market.Classes {
		entries, err := h.sources(ctx, market.Instrument{ID: instrument, Class: class})
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}

// Instrument returns the instrument of this id: one that is known by itself, or one that a series was declared to be of. It asks
// the storage for the latter each time.
func (h *History) Instrument(ctx context.Context, id string) (in market.Instrument, known bool, err error) {
	if in, known = market.Lookup(id); known {
		return in, true, nil
	}
	entries, err := h.Sources(ctx, id)
	if err != nil || len(entries) == 0 {
		return in, false, err
	}
	return entries[0].Instrument, true, nil
}

// instrument returns the instrument that bars are of. One of which nothing is stored yet is a coin that is gathered by its name.
func (h *History) instrument(ctx context.Context, id string) (market.Instrument, error) {
	in, known, err := h.Instrument(ctx, id)
	if err != nil || known {
		return in, err
	}
	if in, known = market.Coin(id); !known {
		err = fmt.Errorf("unknown instrument %s: a series of it has to be declared first", id)
	}
	return in, err
}
