package fetch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"assay/shared/store"
)

// maxTries is how often a row is written before somebody else's being faster every time is an error.
const maxTries = 30

// row is one row of a source. The columns of a row that does not exist yet have their zero values.
type row map[string]any

func (r row) number(column string) int64 { v, _ := r[column].(int64); return v }
func (r row) text(column string) string  { v, _ := r[column].(string); return v }
func (r row) done() bool                 { v, _ := r["done"].(bool); return v }

// read returns a row, empty when it does not exist.
func (c *Client) read(ctx context.Context, source, key string) (row, error) {
	entity, err := c.tables.Get(ctx, store.TableSources, source, key)
	if errors.Is(err, store.ErrNotFound) {
		return row{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", key, source, err)
	}
	return entity.Values, nil
}

// change reads a row, lets edit decide over it, and writes what edit returns by compare-and-swap; nil leaves the row as it
// is. When somebody else was faster it begins again, with jitter: edit runs once per try, on the row as it is then.
func (c *Client) change(ctx context.Context, source, key string, edit func(row) row) error {
	for try := range maxTries {
		change := store.Change{Action: store.Replace}
		entity, err := c.tables.Get(ctx, store.TableSources, source, key)
		if errors.Is(err, store.ErrNotFound) {
			change.Action = store.Insert
		} else if err != nil {
			return fmt.Errorf("%s of %s: %w", key, source, err)
		}
		edited := edit(entity.Values)
		if edited == nil {
			return nil
		}
		change.Entity = store.Entity{Partition: source, Row: key, ETag: entity.ETag, Values: edited}
		_, err = c.tables.Write(ctx, store.TableSources, change)
		if err == nil {
			return nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("%s of %s: %w", key, source, err)
		}
		if err := wait(ctx, rand.N(time.Duration(try+1)*5*time.Millisecond)); err != nil {
			return fmt.Errorf("%s of %s: %w", key, source, err)
		}
	}
	return fmt.Errorf("%s of %s: others changed it %d times in a row: %w", key, source, maxTries, store.ErrConflict)
}
