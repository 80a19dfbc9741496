package handlers

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/telemetry"
)

// Pointer is a queue message: where the data is, never the data itself.
type Pointer struct {
	Version     int
	Blob        store.RawName
	Spans       []market.Span // what Load has yet to settle
	Next        int           // which of the receipt's spans comes after them; 0: none does
	Traceparent string
}

type pointerJSON struct {
	Version     int           `json:"v"`
	Blob        string        `json:"blob"`
	Spans       []market.Span `json:"spans,omitempty"`
	Next        int           `json:"next,omitempty"`
	Traceparent string        `json:"traceparent,omitempty"`
}

// within returns a pointer whose receiver continues the trace of ctx. Outside of one it goes on in the trace that it came with.
func (p Pointer) within(ctx context.Context) Pointer {
	p.Traceparent = cmp.Or(telemetry.Traceparent(ctx), p.Traceparent)
	return p
}

// maxPointed is how many spans a pointer names: a queue takes 64 KiB, and a span at most 125 bytes of it.
const maxPointed = 400

// at returns a pointer to a receipt's spans from the one numbered first on, as many as it can name.
func (p Pointer) at(spans []market.Span, first int) Pointer {
	first = min(first, len(spans))
	p.Spans, p.Next = spans[first:min(first+maxPointed, len(spans))], 0
	if after := first + len(p.Spans); after < len(spans) {
		p.Next = after
	}
	return p
}

// Encode prints a pointer as a queue message.
func (p Pointer) Encode() string {
	text, err := json.Marshal(pointerJSON{1, p.Blob.String(), p.Spans, p.Next, p.Traceparent})
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return string(text)
}

// DecodePointer reads a queue message. A message that is no pointer can never work: the queue moves it to its poison queue.
func DecodePointer(message []byte) (Pointer, error) {
	var m pointerJSON
	if err := json.Unmarshal(message, &m); err != nil {
		return Pointer{}, fmt.Errorf("message is no pointer: %w", err)
	}
	if m.Version != 1 {
		return Pointer{}, fmt.Errorf("message has version %d: this release reads version 1", m.Version)
	}
	blob, err := store.ParseRawName(m.Blob)
	if err != nil {
		return Pointer{}, fmt.Errorf("message: %w", err)
	}
	for _, span := range m.Spans {
		if span.Series.Source == "" || !span.Interval.IsStored() || span.From >= span.To {
			return Pointer{}, fmt.Errorf("message: span %s %s from %d to %d: want one source's bars of 1m, 1h or 1d, from before to",
				span.Series, span.Interval, span.From, span.To)
		}
	}
	if m.Next < 0 {
		return Pointer{}, fmt.Errorf("message: next %d: want a span's number, or none", m.Next)
	}
	return Pointer{m.Version, blob, m.Spans, m.Next, m.Traceparent}, nil
}
