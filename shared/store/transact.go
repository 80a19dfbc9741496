package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Limits of one entity group transaction. Azure takes 100 changes and 4 MiB; what stands around an entity counts too.
const (
	maxChanges  = 100
	maxBytes    = 3 << 20
	changeBytes = 1 << 10
)

// Transact does changes of one partition, all or none per slice of at most 100 changes and 3 MiB; slices are written in
// order. No row may occur twice. An inner 412 or 409 is ErrConflict, an inner 500 or 503 is tried again.
func (t *Tables) Transact(ctx context.Context, table string, changes []Change) error {
	var slice []action
	bytes := 0
	seen := make(map[string]bool, len(changes))
	for _, change := range changes {
		partition, row := change.Entity.Partition, change.Entity.Row
		if partition != changes[0].Entity.Partition || seen[row] {
			return fmt.Errorf("table %s: a transaction over partition %s has row %s %s: want one partition and every row once",
				table, changes[0].Entity.Partition, partition, row)
		}
		seen[row] = true
	}
	for _, change := range changes {
		body, err := encodeChange(change)
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		if size := len(body) + changeBytes; len(slice) == maxChanges || bytes+size > maxBytes && len(slice) > 0 {
			if err := t.transactSlice(ctx, table, slice); err != nil {
				return err
			}
			slice, bytes = slice[:0], 0
		}
		slice, bytes = append(slice, action{change, body}), bytes+len(body)+changeBytes
	}
	return t.transactSlice(ctx, table, slice)
}

// action is a change and its encoded entity.
type action struct {
	change Change
	body   []byte
}

func (t *Tables) transactSlice(ctx context.Context, table string, actions []action) error {
	client := t.service.NewClient(table)
	for try := 0; len(actions) > 0; {
		body := encodeBatch(t.endpoint, table, actions)
		err := creating(ctx, "TableNotFound", func() error { return submit(ctx, client, body) }, t.create(ctx, table))
		var f *failure
		errors.As(err, &f)
		switch {
		case err == nil:
			return nil
		case f != nil && f.passing() && try < tries:
			if err := pause(ctx, try); err != nil {
				return err
			}
			try++
			continue
		case f == nil || f.index < 0 || f.index >= len(actions):
			return fmt.Errorf("table %s, partition %s: %w", table, actions[0].change.Entity.Partition, err)
		}
		change := actions[f.index].change
		if change.Action != Delete || !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("table %s, row %s %s: %w", table, change.Entity.Partition, change.Entity.Row, missingIsConflict(change, err))
		}
		// A delete has no form that forgives a missing row: leave it out. Rare: the second run of a step that was killed.
		actions = slices.Delete(slices.Clone(actions), f.index, f.index+1)
	}
	return nil
}
