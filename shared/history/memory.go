package history

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"assay/shared/store"
)

// Memory is Tables in memory, for replay and tests. The zero Memory is empty and ready.
type Memory struct {
	mu     sync.Mutex
	rows   map[string]map[string]store.Entity // table and partition, joined by a space; then row
	writes int
}

// Get reads one row.
func (m *Memory) Get(_ context.Context, table, partition, row string) (store.Entity, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.rows[table+" "+partition][row]
	if !ok {
		return store.Entity{}, fmt.Errorf("%s %s %s: %w", table, partition, row, store.ErrNotFound)
	}
	return copied(e, nil), nil
}

// Query reads rows of one partition, ascending.
func (m *Memory) Query(_ context.Context, table, partition string, rows store.Range, columns ...string) ([]store.Entity, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []store.Entity
	for row, e := range m.rows[table+" "+partition] {
		if row >= rows.From && (rows.To == "" || row < rows.To) {
			found = append(found, copied(e, columns))
		}
	}
	slices.SortFunc(found, func(a, b store.Entity) int { return strings.Compare(a.Row, b.Row) })
	return found, nil
}

// Write does one change.
func (m *Memory) Write(_ context.Context, table string, change store.Change) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.allowed(table, change); err != nil {
		return "", err
	}
	return m.apply(table, change), nil
}

// Transact does all changes or none.
func (m *Memory) Transact(_ context.Context, table string, changes []store.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, change := range changes {
		if err := m.allowed(table, change); err != nil {
			return err
		}
	}
	for _, change := range changes {
		m.apply(table, change)
	}
	return nil
}

func (m *Memory) allowed(table string, c store.Change) error {
	e, exists := m.rows[table+" "+c.Entity.Partition][c.Entity.Row]
	moved := e.ETag != c.Entity.ETag && c.Entity.ETag != "*"
	if c.Action == store.Insert && exists || c.Action == store.Replace && (!exists || moved) || c.Action == store.Delete && exists && moved {
		return fmt.Errorf("%s %s %s: %w", table, c.Entity.Partition, c.Entity.Row, store.ErrConflict)
	}
	return nil
}

func (m *Memory) apply(table string, c store.Change) string {
	key := table + " " + c.Entity.Partition
	if c.Action == store.Delete {
		delete(m.rows[key], c.Entity.Row)
		return ""
	}
	if m.rows == nil {
		m.rows = map[string]map[string]store.Entity{}
	}
	if m.rows[key] == nil {
		m.rows[key] = map[string]store.Entity{}
	}
	m.writes++
	e := copied(c.Entity, nil)
	if old, exists := m.rows[key][e.Row]; exists && c.Action == store.Merge {
		e.Values = maps.Clone(old.Values)
		maps.Copy(e.Values, c.Entity.Values)
	}
	e.ETag = fmt.Sprintf("%d", m.writes)
	m.rows[key][e.Row] = e
	return e.ETag
}

// copied returns the entity with a map of its own, limited to columns if there are any.
func copied(e store.Entity, columns []string) store.Entity {
	e.Values = maps.Clone(e.Values)
	if len(columns) > 0 {
		maps.DeleteFunc(e.Values, func(name string, _ any) bool { return !slices.Contains(columns, name) })
	}
	return e
}
