package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"assay/shared/group"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// The catalogue is the table series: partition asset class, row series. Columns: kind, unit, currency, calendar and role, and per
// interval first<i>, last<i> (starts of bars) and watermark<i>, in Unix seconds. Of a declared series also tz, interval and
// declared, the key of the declaration that decided.
const catalogueTable = "series"

// Entry is what the catalogue says of one series.
type Entry struct {
	ID         market.SeriesID
	Instrument market.Instrument
	Role       market.Role // NoRole: it does not vote. Meaningless for a consensus
	Intervals  map[market.Interval]Extent
	TimeZone   string          // declared: of pushed times that name none; UTC when empty
	Pushed     market.Interval // declared: of pushes that do not say it; 0 for none
	Declared   bool
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

// Entries lists every series that is known, of some classes or else of all, sorted by id. What was read less than five seconds
// ago is not asked for again.
func (h *History) Entries(ctx context.Context, classes ...market.Class) ([]Entry, error) {
	if len(classes) == 0 {
		classes = market.Classes
	}
	byClass := make([][]Entry, len(classes))
	group, groupCtx := group.WithContext(ctx)
	for n, class := range classes {
		group.Go(func() (err error) {
			byClass[n], err = recently(h, readKey{table: catalogueTable + " " + string(class)}, func() ([]Entry, error) {
				return h.catalogue(groupCtx, class, store.Range{})
			})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := slices.Concat(byClass...)
	slices.SortFunc(all, func(a, b Entry) int { return a.ID.Compare(b.ID) })
	return all, nil
}

// EntriesNow is Entries without what was read a moment ago: for who misses one there.
func (h *History) EntriesNow(ctx context.Context, classes ...market.Class) ([]Entry, error) {
	h.recent.mu.Lock()
	for key := range h.recent.reads {
		if strings.HasPrefix(key.table, catalogueTable+" ") {
			delete(h.recent.reads, key)
		}
	}
	h.recent.mu.Unlock()
	return h.Entries(ctx, classes...)
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
		entry, known, err := decodeEntry(e)
		if err != nil {
			return nil, err
		}
		if known {
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

// decodeEntry reads a row. One that does not say enough of an instrument that is not known by itself is none of ours.
func decodeEntry(e store.Entity) (entry Entry, known bool, err error) {
	id, err := market.ParseSeriesID(e.Row)
	if err != nil {
		return Entry{}, false, fmt.Errorf("catalogue: %w", err)
	}
	text := func(column string) string { s, _ := e.Values[column].(string); return s }
	in, known := market.Lookup(id.Instrument)
	if !known {
		in = market.Declaration{
			Series: id, Class: market.Class(e.Partition), Kind: market.Kind(text("kind")), Unit: text("unit"), Currency: text("currency"),
			Calendar: market.Calendar(text("calendar")),
		}.Instrument()
		if in.Kind == "" || in.Unit == "" || in.Currency == "" || in.Calendar == "" {
			return Entry{}, false, nil
		}
	}
	entry = Entry{ID: id, Instrument: in, Intervals: map[market.Interval]Extent{}, TimeZone: text("tz"), Declared: text("declared") != ""}
	entry.Role, _ = market.ParseRole(text("role"))
	if i, err := market.ParseInterval(text("interval")); err == nil && i.IsStored() {
		entry.Pushed = i
	}
	for _, i := range market.Stored {
		first, ok := e.Values["first"+i.String()].(int64)
		last, _ := e.Values["last"+i.String()].(int64)
		watermark, _ := e.Values["watermark"+i.String()].(int64)
		if ok {
			entry.Intervals[i] = Extent{first, last, watermark}
		}
	}
	return entry, true, nil
}

// widen makes the catalogue's row of a series of an instrument reach at least so far: first by min, last and watermark by max. It makes the
// row when there is none, and does nothing for no extents.
func (h *History) widen(ctx context.Context, in market.Instrument, id market.SeriesID, extents map[market.Interval]Extent) error {
	if len(extents) == 0 {
		return nil
	}
	for try := range tries {
		if try > 0 {
			if err := h.pause(ctx, try); err != nil {
				return err
			}
		}
		change, err := h.widened(ctx, id, in, extents)
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
func (h *History) widened(ctx context.Context, id market.SeriesID, in market.Instrument, extents map[market.Interval]Extent) (*store.Change, error) {
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
	moved := false
	for i, x := range extents {
		moved = widenColumns(e.Values, i, x) || moved
	}
	if !moved {
		return nil, nil
	}
	return &store.Change{Action: action, Entity: e}, nil
}

// widenColumns widens one interval of a row and reports whether that changes it.
func widenColumns(values map[string]any, i market.Interval, x Extent) bool {
	first, known := values["first"+i.String()].(int64)
	last, _ := values["last"+i.String()].(int64)
	watermark, _ := values["watermark"+i.String()].(int64)
	if known && first <= x.First && last >= x.Last && watermark >= x.Watermark {
		return false
	}
	if known {
		x = Extent{min(first, x.First), max(last, x.Last), max(watermark, x.Watermark)}
	}
	values["first"+i.String()], values["last"+i.String()] = x.First, x.Last
	if x.Watermark > 0 {
		values["watermark"+i.String()] = x.Watermark
	}
	return true
}
