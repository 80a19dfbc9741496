package telemetry

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
)

// Class is what a storage operation is priced as.
type Class string

// The classes. What is deleted costs nothing in blobs, as much as any other operation elsewhere.
const (
	Write  Class = "write"
	Read   Class = "read"
	List   Class = "list" // a query of a table, too
	Delete Class = "delete"
)

// Kind is a class of operations of one service: blob, queue or table.
type Kind struct {
	Service string
	Class   Class
}

func (k Kind) String() string { return k.Service + " " + string(k.Class) }

// Tally counts the storage operations of one piece of work.
type Tally struct {
	mu     sync.Mutex
	counts map[Kind]int
}

type tallyKey struct{}

// Tallied returns a context whose storage operations a tally counts, and the tally. It needs no Telemetry.
func Tallied(ctx context.Context) (context.Context, *Tally) {
	tally := &Tally{counts: map[Kind]int{}}
	return context.WithValue(ctx, tallyKey{}, tally), tally
}

// Operation counts a request to storage.
func Operation(ctx context.Context, kind Kind) {
	if tally, ok := ctx.Value(tallyKey{}).(*Tally); ok {
		tally.mu.Lock()
		tally.counts[kind]++
		tally.mu.Unlock()
	}
	Add(ctx, operations, 1, "service", kind.Service, "class", string(kind.Class))
}

// Counts returns what was counted so far.
func (t *Tally) Counts() map[Kind]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// String prints the counts, sorted.
func (t *Tally) String() string {
	var parts []string
	for kind, n := range t.Counts() {
		parts = append(parts, fmt.Sprintf("%s %d", kind, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// attributes are the counts as a span has them.
func (t *Tally) attributes() []attribute.KeyValue {
	var list []attribute.KeyValue
	for kind, n := range t.Counts() {
		list = append(list, attribute.Int("assay.storage."+kind.Service+"."+string(kind.Class), n))
	}
	return list
}
