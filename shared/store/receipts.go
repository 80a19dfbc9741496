package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"assay/shared/group"
	"assay/shared/market"
)

// State is how far a raw blob has come. States only go forward.
type State string

// The states.
const (
	Stored   State = "stored"
	Cleaned  State = "cleaned"
	Loaded   State = "loaded"
	Rejected State = "rejected" // nothing of it could be used; Reason says why
	Dead     State = "dead"     // sent again too often; only a person sends it again
)

// rank orders the states. Loaded, rejected and dead are ends: none follows from another.
func (s State) rank() int {
	switch s {
	case Stored:
		return 1
	case Cleaned:
		return 2
	case Loaded, Rejected, Dead:
		return 3
	}
	return 0
}

// Receipt is a raw blob on its way. Table receipts, partition <source>~<yyyymmdd>, row <received>~<sha8>.
type Receipt struct {
	Name    RawName
	State   State
	Queued  int64         // Unix milliseconds: when its pointer was last queued
	Tries   int           // how often Reconcile sent it again
	Bars    int           // bars that Clean accepted
	Rejects int           // rows and fields that Clean refused
	Rules   int           // version of the cleaning rules
	Spans   []market.Span // what Clean touched, at most MaxSpans
	Reason  string        // why it was rejected
}

// Advance moves a receipt to a state by compare-and-swap, making it when it does not exist. change may set the other
// fields; it runs once per try and gets the receipt as stored. A receipt that is already as far or further keeps its state,
// and change still applies: the step before may have been killed. What has ended goes back to Stored only through Restart.
func (s *Store) Advance(ctx context.Context, name RawName, to State, change func(*Receipt)) (Receipt, error) {
	if to.rank() == 0 {
		return Receipt{}, fmt.Errorf("receipt %s: %q is no state", name, to)
	}
	return s.swap(ctx, name, func(r *Receipt) {
		state := r.State
		if change != nil {
			change(r)
		}
		if r.State = state; to.rank() > state.rank() {
			r.State = to
		}
	})
}

// Restart begins the receipt of a raw blob anew, as a person asked: from an end, or where it was deleted. One that is on its way is
// left as it is. queued is in Unix milliseconds.
func (s *Store) Restart(ctx context.Context, name RawName, queued int64) (Receipt, error) {
	return s.swap(ctx, name, func(r *Receipt) {
		if r.State != Stored && r.State != Cleaned {
			*r = Receipt{State: Stored, Queued: queued}
		}
	})
}

// swap reads a receipt, changes it and writes it if nobody else did meanwhile, else starts again.
func (s *Store) swap(ctx context.Context, name RawName, change func(*Receipt)) (Receipt, error) {
	if err := checkSource(name.Source); err != nil {
		return Receipt{}, err
	}
	for try := range tries {
		old, etag, err := s.readReceipt(ctx, name)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Receipt{}, err
		}
		r := old
		r.Name = name
		change(&r)
		if r.Name = name; r.State == "" {
			return Receipt{}, fmt.Errorf("receipt %s: %w", name, ErrNotFound)
		}
		if etag != "" && reflect.DeepEqual(r, old) {
			return r, nil
		}
		if len(r.Spans) > MaxSpans {
			return Receipt{}, fmt.Errorf("receipt %s: %d spans: it has room for %d", name, len(r.Spans), MaxSpans)
		}
		action := Replace
		if etag == "" {
			action = Insert
		}
		_, err = s.Tables.Write(ctx, TableReceipts, Change{action, encodeReceipt(r, etag)})
		if !errors.Is(err, ErrConflict) {
			return r, err
		}
		if err := pause(ctx, try); err != nil {
			return Receipt{}, err
		}
	}
	return Receipt{}, fmt.Errorf("receipt %s: %w %d times", name, ErrConflict, tries)
}

// Receipt reads one receipt, or returns ErrNotFound.
func (s *Store) Receipt(ctx context.Context, name RawName) (Receipt, error) {
	r, _, err := s.readReceipt(ctx, name)
	return r, err
}

func (s *Store) readReceipt(ctx context.Context, name RawName) (Receipt, string, error) {
	e, err := s.Tables.Get(ctx, TableReceipts, receiptPartition(name.Source, name.Received), name.Key())
	if err != nil {
		return Receipt{}, "", err
	}
	r, err := decodeReceipt(name.Source, e)
	return r, e.ETag, err
}

// Receipts lists the receipts of a source received in [from, to) (Unix milliseconds), the oldest first. It asks once for
// each day.
func (s *Store) Receipts(ctx context.Context, source string, from, to int64) ([]Receipt, error) {
	if err := checkSource(source); err != nil {
		return nil, err
	}
	dates := days(from, to)
	if len(dates) > 1000 {
		return nil, fmt.Errorf("receipts of %s over %d days: want at most 1,000", source, len(dates))
	}
	pages := make([][]Entity, len(dates))
	group, groupCtx := group.WithContext(ctx)
	group.SetLimit(8)
	for i, day := range dates {
		group.Go(func() (err error) {
			bounds := Range{receivedText(max(day, from)), receivedText(min(day+dayMillis, to))}
			pages[i], err = s.Tables.Query(groupCtx, TableReceipts, receiptPartition(source, day), bounds)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var receipts []Receipt
	for _, page := range pages {
		for _, e := range page {
			r, err := decodeReceipt(source, e)
			if err != nil {
				return nil, err
			}
			receipts = append(receipts, r)
		}
	}
	return receipts, nil
}

func receiptPartition(source string, received int64) string {
	return source + "~" + time.UnixMilli(received).UTC().Format("20060102")
}

func encodeReceipt(r Receipt, etag string) Entity {
	values := map[string]any{
		"state": string(r.State), "queued": r.Queued, "tries": int64(r.Tries), "bars": int64(r.Bars), "rejects": int64(r.Rejects),
		"rules": int64(r.Rules), "reason": cut(r.Reason),
	}
	encodeSpans(values, r.Spans)
	return Entity{receiptPartition(r.Name.Source, r.Name.Received), r.Name.Key(), etag, values}
}

func decodeReceipt(source string, e Entity) (Receipt, error) {
	name, err := parseKey(source, e.Row)
	if err != nil {
		return Receipt{}, fmt.Errorf("table %s: %w", TableReceipts, err)
	}
	text := func(column string) string { s, _ := e.Values[column].(string); return s }
	number := func(column string) int { n, _ := e.Values[column].(int64); return int(n) }
	r := Receipt{
		Name: name, State: State(text("state")), Queued: int64(number("queued")), Tries: number("tries"), Bars: number("bars"),
		Rejects: number("rejects"), Rules: number("rules"), Reason: text("reason"),
	}
	if r.State.rank() == 0 {
		return Receipt{}, fmt.Errorf("receipt %s has state %.20q: this release does not know it", name, r.State)
	}
	if r.Spans, err = decodeSpans(e.Values); err != nil {
		return Receipt{}, fmt.Errorf("receipt %s: %w", name, err)
	}
	return r, nil
}

// MaxSpans is how many spans a receipt has room for: a row takes 1 MiB, in which a character takes two bytes, and a span has at most
// 125 characters.
const MaxSpans = 3000

// maxSpansText is what a text column holds, with room to spare: 32 K characters.
const maxSpansText = 30_000

// encodeSpans prints spans into the columns spans, spans2, spans3 and so on, each of them a JSON array.
func encodeSpans(values map[string]any, spans []market.Span) {
	for n := 1; len(spans) > 0; n++ {
		text := "["
		for len(spans) > 0 {
			next, err := json.Marshal(spans[0])
			if err != nil {
				panic(err) // names and numbers always marshal
			}
			if len(text)+len(next) > maxSpansText {
				break
			}
			text, spans = text+string(next)+",", spans[1:]
		}
		values[spansColumn(n)] = strings.TrimSuffix(text, ",") + "]"
	}
}

func decodeSpans(values map[string]any) (spans []market.Span, err error) {
	for n := 1; ; n++ {
		text, _ := values[spansColumn(n)].(string)
		if text == "" {
			return spans, nil
		}
		var some []market.Span
		if err := json.Unmarshal([]byte(text), &some); err != nil {
			return nil, fmt.Errorf("column %s: %w", spansColumn(n), err)
		}
		spans = append(spans, some...)
	}
}

func spansColumn(n int) string {
	if n == 1 {
		return "spans"
	}
	return fmt.Sprintf("spans%d", n)
}
