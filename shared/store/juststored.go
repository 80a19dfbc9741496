package store

import (
	"sync"
	"time"
)

// justStored holds the one long record of the raw blob that this process stored last, until somebody reads that blob or a moment has
// passed: who imports a file cleans it next, and would unpack what it has just packed.
type justStored struct {
	mu     sync.Mutex
	name   RawName
	record *Record
}

// What is shorter is soon read back, and what is longer is not kept in memory for anybody.
const (
	leastHeld = 4 << 20
	mostHeld  = 64 << 20
	heldFor   = 10 * time.Second
)

// put holds records if they are one whose every field is what reading it back would give.
func (j *justStored) put(name RawName, records []Record) {
	if len(records) != 1 {
		return
	}
	r := records[0]
	if r.Status != 0 || len(r.Header) > 0 || len(r.Body) < leastHeld || len(r.Body) > mostHeld {
		return
	}
	if r.Date.IsZero() {
		r.Date = time.UnixMilli(name.Received)
	}
	r.Date = r.Date.UTC().Truncate(time.Millisecond)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.name, j.record = name, &r
	time.AfterFunc(heldFor, func() { j.take(name) })
}

// take returns the record of a blob and holds it no more; nil for any other blob.
func (j *justStored) take(name RawName) *Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.record == nil || j.name != name {
		return nil
	}
	r := j.record
	j.record = nil
	return r
}
