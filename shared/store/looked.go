package store

import (
	"context"
	"errors"
	"fmt"
)

// lookedRow of a source in table sources says until when its raw blobs have been looked at, in Unix milliseconds. Its column is until.
const lookedRow = "looked"

// Looked returns until when raw blobs of a source have been looked at for one without a receipt; 0 for not yet.
func (s *Store) Looked(ctx context.Context, source string) (until int64, err error) {
	row, err := s.Tables.Get(ctx, TableSources, source, lookedRow)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("until when %s was looked at: %w", source, err)
	}
	until, _ = row.Values["until"].(int64)
	return until, nil
}

// SetLooked writes what Looked returns. Of two at once the last decides: that some are looked at again changes nothing.
func (s *Store) SetLooked(ctx context.Context, source string, until int64) error {
	row := Entity{Partition: source, Row: lookedRow, Values: map[string]any{"until": until}}
	if _, err := s.Tables.Write(ctx, TableSources, Change{Action: Upsert, Entity: row}); err != nil {
		return fmt.Errorf("until when %s was looked at: %w", source, err)
	}
	return nil
}
