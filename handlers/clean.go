package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"assay/shared/chunk"
	"assay/shared/clean"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/telemetry"
)

// Clean reads one raw blob, judges what is in it, and merges the bars into the sources' own chunks.
//
// Running it twice on the same message changes nothing the second time, and still queues the spans for Load: the first run
// may have been killed before it did. A payload that cannot be parsed is recorded as rejected and is not an error: trying
// again would give the same result.
func (a *App) Clean(ctx context.Context, message []byte) error {
	pointer, err := DecodePointer(message)
	if err != nil {
		return err
	}
	if found := a.ahead.take(pointer.Blob); found != nil {
		return a.keepBars(ctx, pointer, *found)
	}
	blob, err := a.Store.Blobs.OpenRaw(ctx, pointer.Blob)
	if err != nil {
		return fmt.Errorf("clean: %w", err)
	}
	defer blob.Close()
	if blob.Size > longBlob {
		a.long.Lock()
		defer a.long.Unlock()
	}
	records, err := blob.Records(isLong)
	if err != nil {
		return fmt.Errorf("clean: %w", err)
	}
	found, err := judge(pointer.Blob, records)
	if err != nil {
		return fmt.Errorf("clean %s: %w", pointer.Blob, err)
	}
	return a.keepBars(ctx, pointer, found)
}

// keepBars merges the bars that a blob was found to hold, keeps its rejects, and then says so.
func (a *App) keepBars(ctx context.Context, pointer Pointer, found judgement) error {
	spans, err := a.merge(ctx, found.Bars)
	if err != nil {
		return fmt.Errorf("clean %s: %w", pointer.Blob, err)
	}
	for _, long := range found.long {
		some, err := a.mergeLong(ctx, long, &found)
		if err != nil {
			return fmt.Errorf("clean %s: %w", pointer.Blob, err)
		}
		spans = append(spans, some...)
	}
	declared, err := a.declared(ctx, pointer.Blob, found.declared)
	if err != nil {
		return fmt.Errorf("clean %s: %w", pointer.Blob, err)
	}
	spans = append(spans, declared...)
	if err := a.Store.PutRejects(ctx, pointer.Blob, found.Rejects); err != nil {
		return fmt.Errorf("clean %s: %w", pointer.Blob, err)
	}
	return a.cleaned(ctx, pointer, found, spans)
}

// cleaned writes the receipt and passes the spans on. A payload that touches nothing ends here.
func (a *App) cleaned(ctx context.Context, pointer Pointer, found judgement, spans []market.Span) error {
	state := store.Cleaned
	switch {
	case len(spans) == 0 && found.Rejected > 0:
		state = store.Rejected
		if first := found.Rejects[0]; found.reason == "" {
			found.reason = fmt.Sprintf("no row could be used; row %d: %s", first.Row, first.Reason)
		}
	case len(spans) == 0:
		state = store.Loaded
	}
	_, err := a.Store.Advance(ctx, pointer.Blob, state, func(r *store.Receipt) {
		r.Queued = a.Now().UnixMilli()
		r.Bars, r.Rejects, r.Rules, r.Spans, r.Reason = found.bars(), found.Rejected, clean.Rules, spans, found.reason
	})
	if err != nil {
		return err
	}
	telemetry.Add(ctx, telemetry.Rejects, found.Rejected, "source", sourceOf(pointer.Blob))
	if len(spans) == 0 {
		return nil
	}
	return a.Store.Queues.Send(ctx, store.CleanPrices, pointer.at(spans, 0).within(ctx).Encode(), 0)
}

// sourceOf names the source of a blob to telemetry: own stands for those that their owner named, since there may be any number.
func sourceOf(blob store.RawName) string {
	if _, known := source.Find(blob.Source); known {
		return blob.Source
	}
	return "own"
}

// judgement is what became of all records of one blob.
type judgement struct {
	clean.Result
	long     []*clean.Long // whose bars are still to come
	merged   int           // bars of those
	declared []market.Declaration
	reason   string // why the first record that could not be parsed could not
}

func (j judgement) bars() int {
	n := j.merged
	for _, bars := range j.Bars {
		n += len(bars)
	}
	return n
}

// judge parses and cleans the records of one blob. It returns an error only for what another release may be able to read.
func judge(blob store.RawName, records []store.Record) (judgement, error) {
	all := judgement{Result: clean.Result{Bars: map[clean.Key][]market.Bar{}}}
	for n, record := range records {
		payload, err := payloadOf(record, blob.Received)
		if err != nil {
			return all, fmt.Errorf("record %d: %w", n, err)
		}
		fault(record.Body)
		if record.Dataset == datasetDeclaration {
			all.declare(n, record)
			continue
		}
		origin := clean.Origin{Record: n, Received: blob.Received, Authority: record.Authority}
		if d := payload.Options.Declared; d != nil {
			origin.Declared = d.Instrument()
		}
		if record.Open != nil {
			long, err := clean.Survey(origin, func(emit func(market.Row)) error { return source.Parse(payload, emit) })
			if err != nil {
				all.refuse(n, record, err)
			} else {
				all.long = append(all.long, long)
			}
			continue
		}
		cleaner := clean.New(origin)
		err = source.Parse(payload, cleaner.Add)
		if errors.Is(err, source.ErrUnknownDataset) {
			return all, fmt.Errorf("record %d: %w", n, err)
		}
		if err != nil {
			all.refuse(n, record, err)
			continue
		}
		result := cleaner.Result()
		for key, bars := range result.Bars {
			if before, some := all.Bars[key]; some {
				bars = chunk.Merge(before, bars)
			}
			all.Bars[key] = bars
		}
		all.Rejects, all.Rejected = append(all.Rejects, result.Rejects...), all.Rejected+result.Rejected
	}
	return all.bounded(), nil
}

// bounded refuses as a whole what touches more spans than a receipt has room for.
func (j judgement) bounded() judgement {
	n := len(j.Bars) + len(j.long) + len(j.declared)*len(market.Stored)
	if n <= store.MaxSpans {
		return j
	}
	reason := fmt.Sprintf("the payload may touch %d series and intervals: at most %d fit on a receipt; send it in parts", n, store.MaxSpans)
	reject := market.Reject{Rule: "too-many-series", Reason: reason}
	return judgement{Result: clean.Result{Rejects: []market.Reject{reject}, Rejected: 1}, reason: reason}
}

// declare reads a record that is a declaration.
func (j *judgement) declare(n int, record store.Record) {
	d, err := decodeDeclaration(record)
	if err != nil {
		j.refuse(n, record, err)
		return
	}
	j.declared = append(j.declared, d)
}

// refuse records that nothing of a record could be used.
func (j *judgement) refuse(n int, record store.Record, err error) {
	reject := market.Reject{Record: n, Rule: "unreadable", Reason: err.Error(), Text: front(record)}
	if len(record.Series) == 1 {
		reject.Series = record.Series[0]
	}
	j.Rejects, j.Rejected = append(j.Rejects, reject), j.Rejected+1
	if j.reason == "" {
		j.reason = err.Error()
	}
}

func payloadOf(record store.Record, received int64) (source.Payload, error) {
	payload := source.Payload{
		Dataset: record.Dataset, Series: record.Series, Interval: record.Interval,
		Status: record.Status, Header: record.Header, Body: record.Body, Open: record.Open, Received: received,
	}
	if record.Options != "" {
		if err := json.Unmarshal([]byte(record.Options), &payload.Options); err != nil {
			return payload, fmt.Errorf("Assay-Options %.200q: %w", record.Options, err)
		}
	}
	return payload, nil
}

// merge joins bars into their series, in a fixed order, and returns the spans that they touch.
func (a *App) merge(ctx context.Context, bars map[clean.Key][]market.Bar) ([]market.Span, error) {
	var spans []market.Span
	for _, key := range slices.SortedFunc(maps.Keys(bars), compareKeys) {
		span, err := a.History.Merge(ctx, key.Series, key.Interval, clean.Rules, bars[key])
		if err != nil {
			return nil, err
		}
		spans = append(spans, span)
	}
	return spans, nil
}

func compareKeys(a, b clean.Key) int {
	if c := a.Series.Compare(b.Series); c != 0 {
		return c
	}
	return int(a.Interval - b.Interval)
}
