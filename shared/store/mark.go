package store

import (
	"context"
	"errors"
	"fmt"
)

// Mark says what kind of prices a storage holds. It is written once, before the first raw blob, and never changes: what a
// simulated market made up and what is real never lie in one storage.
type Mark string

// The marks.
const (
	Live      Mark = "live"
	Simulated Mark = "simulated"
)

// The mark's row in table sources, under a name that no provider and no push can have; its column is mark.
const (
	markPartition = "operator"
	markRow       = "mark"
)

// OtherMark refuses prices of another kind than those that the storage holds.
type OtherMark struct{ Holds Mark }

func (e *OtherMark) Error() string {
	if e.Holds == Simulated {
		return "this storage holds a simulated market, and real prices never go among made-up ones: MARKET=live make run keeps them in a storage of their own"
	}
	return "this storage holds real prices, and those of a simulated market never go among them: MARKET=sim make run keeps them in a storage of their own"
}

// Mark returns the storage's mark, empty while nothing was stored. Once it was read it is not asked for again.
func (s *Store) Mark(ctx context.Context) (Mark, error) {
	if known := s.mark.Load(); known != nil {
		return *known, nil
	}
	row, err := s.Tables.Get(ctx, TableSources, markPartition, markRow)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("mark of the storage: %w", err)
	}
	text, _ := row.Values["mark"].(string)
	mark := Mark(text)
	if mark != Live && mark != Simulated {
		return "", fmt.Errorf("mark of the storage: %.40q in table %s, row %s %s: want %s or %s", text, TableSources, markPartition, markRow, Live, Simulated)
	}
	s.mark.Store(&mark)
	return mark, nil
}

// Admit returns an OtherMark where the storage holds the other kind of prices. It writes nothing.
func (s *Store) Admit(ctx context.Context, mark Mark) error {
	holds, err := s.Mark(ctx)
	if err == nil && holds != "" && holds != mark {
		err = &OtherMark{holds}
	}
	return err
}

// Claim writes the mark where there is none yet, and returns an OtherMark where there is the other one. Of several processes
// that claim an empty storage at once the first decides.
func (s *Store) Claim(ctx context.Context, mark Mark) error {
	if err := s.Admit(ctx, mark); err != nil || s.mark.Load() != nil {
		return err
	}
	row := Entity{Partition: markPartition, Row: markRow, Values: map[string]any{"mark": string(mark)}}
	if _, err := s.Tables.Write(ctx, TableSources, Change{Action: Insert, Entity: row}); err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("mark of the storage: %w", err)
	}
	return s.Admit(ctx, mark) // what is there now: somebody else may have been first
}
