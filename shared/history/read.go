package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"assay/shared/chunk"
	"assay/shared/consensus"
	"assay/shared/market"
)

// Query asks for the bars of one series at a stored interval, [From, To) in Unix seconds.
type Query struct {
	Series   market.SeriesID
	Interval market.Interval
	From, To int64
}

// Answer is what a series says of a range.
type Answer struct {
	Bars      []market.Bar
	Decisions []market.Decision // of a consensus, one per bar
	Hash      string            // over what was read: equal hash, equal bars
}

// Read returns the bars of a range. What was read less than five seconds ago is not asked for again. A consensus hour or day
// that has not ended in the stored data is computed here and carries the flag unfinished. What a source has not published
// at hours and days is computed from its minutes.
func (h *History) Read(ctx context.Context, q Query) (Answer, error) {
	if !q.Interval.IsStored() {
		return Answer{}, fmt.Errorf("read %s: interval %s is not stored", q.Series, q.Interval)
	}
	from, to := chunk.Floor(q.Interval, q.From), q.To
	if to > from {
		to = chunk.Next(q.Interval, chunk.Floor(q.Interval, to-1))
	}
	whole, err := recently(h, readKey{q.Series.String(), q.Interval, from, to}, func() (Answer, error) {
		if q.Series.Source == "" {
			return h.readConsensus(ctx, q.Series, q.Interval, from, to)
		}
		return h.readSource(ctx, q.Series, q.Interval, from, to)
	})
	if err != nil {
		return Answer{}, err
	}
	s := stored{Chunk: chunk.Chunk{Bars: whole.Bars, Decisions: whole.Decisions}}
	bars, decisions := s.between(q.From, q.To)
	return Answer{bars, decisions, whole.Hash}, nil
}

// readConsensus reads whole chunks of a consensus, and computes the bar that has not ended if it lies there.
func (h *History) readConsensus(ctx context.Context, id market.SeriesID, i market.Interval, from, to int64) (Answer, error) {
	chunks, err := h.chunks(ctx, id, i, from, to)
	if err != nil {
		return Answer{}, err
	}
	answer := join(chunks)
	if i == market.Minute {
		return answer, nil
	}
	in, known, err := h.Instrument(ctx, id.Instrument)
	if err != nil || !known {
		return answer, err
	}
	if n := len(answer.Bars); n > 0 {
		from = i.Next(answer.Bars[n-1].Start)
	}
	bars, decisions, err := h.unfinished(ctx, in, i, from, to)
	if err != nil {
		return Answer{}, err
	}
	if len(bars) > 0 {
		answer.Bars = append(slices.Clip(answer.Bars), bars...)
		answer.Decisions = append(slices.Clip(answer.Decisions), decisions...)
		answer.Hash = hashOf(answer.Hash, chunk.ValueHash(chunk.Chunk{Interval: i, Bars: bars, Decisions: decisions}))
	}
	return answer, nil
}

// unfinished computes the bar that holds the newest bar of any source, if nobody has published it and it lies in [from, to).
func (h *History) unfinished(ctx context.Context, in market.Instrument, i market.Interval, from, to int64) ([]market.Bar, []market.Decision, error) {
	entries, err := h.Entries(ctx, in.Class)
	if err != nil {
		return nil, nil, err
	}
	horizon := int64(0)
	for _, e := range entries {
		if e.ID.Instrument == in.ID && e.ID.Source != "" {
			horizon = max(horizon, e.Last())
		}
	}
	start := i.Floor(horizon)
	if horizon == 0 || start < from || start >= to {
		return nil, nil, nil
	}
	day := market.Day.Floor(start)
	f, err := h.view(ctx, in, day, day+int64(market.Day)).facts(ctx, i, day, day+int64(market.Day))
	if err != nil {
		return nil, nil, err
	}
	bars, decisions, err := f.consensus(ctx, chunk.Floor(i, start), day, day+int64(market.Day))
	if n := len(bars) - 1; err == nil && n >= 0 && bars[n].Start == start && !f.published(start) {
		bars[n].Flags |= market.Unfinished
		return bars[n:], decisions[n:], nil
	}
	return nil, nil, err
}

// readSource reads whole chunks of a source's series, and computes from its minutes what it has not published.
func (h *History) readSource(ctx context.Context, id market.SeriesID, i market.Interval, from, to int64) (Answer, error) {
	chunks, err := h.chunks(ctx, id, i, from, to)
	if err != nil {
		return Answer{}, err
	}
	answer := join(chunks)
	if i == market.Minute {
		return answer, nil
	}
	in, known, err := h.Instrument(ctx, id.Instrument)
	if err != nil || !known {
		return answer, err
	}
	minutes, err := h.chunks(ctx, id, market.Minute, from, to)
	if err != nil || len(minutes) == 0 {
		return answer, err
	}
	own := join(minutes)
	answer.Bars = publishedFirst(answer.Bars, consensus.Aggregate(in.Calendar, own.Bars, market.Minute, i))
	answer.Hash = hashOf(answer.Hash, own.Hash)
	return answer, nil
}

func join(chunks []stored) Answer {
	var answer Answer
	sum := sha256.New()
	for _, c := range chunks {
		answer.Bars = append(answer.Bars, c.Bars...)
		answer.Decisions = append(answer.Decisions, c.Decisions...)
		_, _ = io.WriteString(sum, c.value)
	}
	answer.Hash = hex.EncodeToString(sum.Sum(nil)[:16])
	return answer
}

func hashOf(a, b string) string {
	sum := sha256.Sum256([]byte(a + b))
	return hex.EncodeToString(sum[:16])
}

// trusted is how long a reader believes what it has read.
const trusted = 5 * time.Second

// recentReads are the answers of the last seconds.
type recentReads struct {
	mu    sync.Mutex
	reads map[readKey]recentRead
}

type readKey struct {
	table    string // or series
	interval market.Interval
	from, to int64
}

type recentRead struct {
	at    time.Time
	value any
}

// recently returns what read returned less than five seconds ago, or asks it.
func recently[T any](h *History, key readKey, read func() (T, error)) (T, error) {
	h.recent.mu.Lock()
	kept, ok := h.recent.reads[key]
	h.recent.mu.Unlock()
	now := h.now()
	if ok && now.Sub(kept.at) < trusted {
		return kept.value.(T), nil
	}
	value, err := read()
	if err != nil {
		return value, err
	}
	h.recent.mu.Lock()
	defer h.recent.mu.Unlock()
	for k, r := range h.recent.reads {
		if now.Sub(r.at) >= trusted {
			delete(h.recent.reads, k)
		}
	}
	h.recent.reads[key] = recentRead{now, value}
	return value, nil
}
