package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"assay/shared/market"
)

const (
	maxRejects    = 1000    // of one payload; its receipt has the count of all
	keptRejects   = 1000    // of one series or source, the newest
	spareRejects  = 100     // more than that, before they are deleted together
	maxRejectText = 4 << 10 // bytes of original text that are kept
)

// PutRejects writes what was refused of one payload, at most 1,000 of them, and deletes the oldest of a series that has more
// than 1,100: a source may send the same bad row for years. Writing again changes nothing; a column that an operator added stays.
func (s *Store) PutRejects(ctx context.Context, name RawName, rejects []market.Reject) error {
	if err := checkSource(name.Source); err != nil {
		return err
	}
	partitions := map[string]map[string]Change{}
	for _, r := range rejects[:min(len(rejects), maxRejects)] {
		e := encodeReject(name, r)
		if partitions[e.Partition] == nil {
			partitions[e.Partition] = map[string]Change{}
		}
		partitions[e.Partition][e.Row] = Change{Merge, e}
	}
	for _, partition := range slices.Sorted(maps.Keys(partitions)) {
		rows := partitions[partition]
		changes := make([]Change, 0, len(rows))
		for _, row := range slices.Sorted(maps.Keys(rows)) {
			changes = append(changes, rows[row])
		}
		if err := s.Tables.Transact(ctx, TableRejects, changes); err != nil {
			return fmt.Errorf("rejects of %s: %w", name, err)
		}
		if err := s.dropRejects(ctx, partition); err != nil {
			return fmt.Errorf("old rejects of %s: %w", partition, err)
		}
	}
	return nil
}

// dropRejects deletes all but the newest rejects of a partition.
func (s *Store) dropRejects(ctx context.Context, partition string) error {
	rows, err := s.Tables.Query(ctx, TableRejects, partition, Range{}, "row")
	if err != nil || len(rows) <= keptRejects+spareRejects {
		return err
	}
	var changes []Change
	for _, row := range rows[:len(rows)-keptRejects] {
		changes = append(changes, Change{Delete, row})
	}
	if err := s.Tables.Transact(ctx, TableRejects, changes); !errors.Is(err, ErrConflict) {
		return err
	}
	return nil // one of them was refused again meanwhile: the next payload drops them
}

// Rejection is a stored reject and the blob it came from.
type Rejection struct {
	market.Reject
	Blob RawName
}

// Rejects lists what was refused of one series (or, for rows whose series is unknown, of one source), the oldest first.
// A limit of 0 means all.
func (s *Store) Rejects(ctx context.Context, seriesOrSource string, limit int) ([]Rejection, error) {
	return s.rejects(ctx, seriesOrSource, Range{}, limit)
}

// RejectsOf lists what was refused of one payload, as Rejects does.
func (s *Store) RejectsOf(ctx context.Context, name RawName, seriesOrSource string, limit int) ([]Rejection, error) {
	return s.rejects(ctx, seriesOrSource, Range{name.Key() + "~", name.Key() + "~~"}, limit)
}

func (s *Store) rejects(ctx context.Context, seriesOrSource string, rows Range, limit int) ([]Rejection, error) {
	entities, err := s.Tables.query(ctx, TableRejects, seriesOrSource, rows, limit, nil)
	if err != nil {
		return nil, err
	}
	rejections := make([]Rejection, len(entities))
	for i, e := range entities {
		if rejections[i], err = decodeReject(e); err != nil {
			return nil, fmt.Errorf("table %s, row %s %s: %w", TableRejects, e.Partition, e.Row, err)
		}
	}
	return rejections, nil
}

// encodeReject pads the numbers in the row key, so that rejects sort as they stood in the payload.
func encodeReject(name RawName, r market.Reject) Entity {
	partition := name.Source
	if r.Series != (market.SeriesID{}) {
		partition = r.Series.String()
	}
	return Entity{
		Partition: partition,
		Row:       fmt.Sprintf("%s~%04d~%09d~%s~%s", name.Key(), r.Record, r.Row, r.Rule, r.Field),
		Values: map[string]any{
			"source": name.Source, "record": int64(r.Record), "row": int64(r.Row), "start": r.Start,
			"rule": r.Rule, "field": r.Field, "text": cut(r.Text), "reason": cut(r.Reason),
		},
	}
}

func decodeReject(e Entity) (Rejection, error) {
	text := func(column string) string { s, _ := e.Values[column].(string); return s }
	number := func(column string) int64 { n, _ := e.Values[column].(int64); return n }
	parts := strings.SplitN(e.Row, "~", 3)
	blob, err := parseKey(text("source"), strings.Join(parts[:min(len(parts), 2)], "~"))
	if err != nil {
		return Rejection{}, err
	}
	r := market.Reject{
		Record: int(number("record")), Row: int(number("row")), Start: number("start"),
		Rule: text("rule"), Field: text("field"), Text: text("text"), Reason: text("reason"),
	}
	if e.Partition != blob.Source {
		if r.Series, err = market.ParseSeriesID(e.Partition); err != nil {
			return Rejection{}, err
		}
	}
	return Rejection{r, blob}, nil
}

// cut shortens a text to what is kept of it, at the end of a character, and replaces bytes that are no UTF-8.
func cut(s string) string {
	if len(s) > maxRejectText {
		end := maxRejectText
		for end > maxRejectText-utf8.UTFMax && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
