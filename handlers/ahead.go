package handlers

import (
	"context"
	"sync"
	"time"

	"assay/shared/store"
)

// ahead is what came of judging the raw blob that this process stored last, until Clean asks for it.
type ahead struct {
	mu    sync.Mutex
	name  store.RawName
	found *judgement
}

func (h *ahead) put(name store.RawName, found *judgement) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.name, h.found = name, found
}

// take returns what came of a blob and holds it no more; nil for any other.
func (h *ahead) take(name store.RawName) *judgement {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.name != name {
		return nil
	}
	found := h.found
	h.found = nil
	return found
}

// KeepAndJudge is Keep for a process that runs Clean itself next: while one core packs a long file, another judges it. The judgement
// is used only once the blob is stored. When judging fails Clean does it again, and says what is wrong.
func (a *App) KeepAndJudge(ctx context.Context, source string, received time.Time, records []store.Record) (store.RawName, error) {
	judged := make(chan *judgement, 1)
	go func() {
		defer close(judged)
		defer func() { _ = recover() }() // Clean meets a parser's panic again
		if found, err := judge(store.RawName{Source: source, Received: received.UnixMilli()}, records); err == nil {
			judged <- &found
		}
	}()
	name, err := a.Keep(ctx, source, received, records)
	if found := <-judged; err == nil && found != nil {
		a.ahead.put(name, found)
	}
	return name, err
}
