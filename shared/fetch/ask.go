package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// ErrUnchanged says that the answer to a conditional request is the one that was stored last.
var ErrUnchanged = errors.New("unchanged")

// Ask makes one call within the source's budget and breaker, and tells the breaker how it went. Whether an answer is a
// failure is decided from its body too: Kraken sends its failures with status 200. The error, for errors.Is, is
//
//	nil                                       a new answer
//	ErrUnchanged                              nothing new
//	source.ErrFormat, source.ErrUnknownSymbol an answer that Clean will refuse, returned to be stored: a person has to see it
//	source.ErrLimited, ErrUnavailable, ErrRefused   the provider failed; the breaker is open now
//	ErrPaused                                 no call was made: breaker or budget
//
// and any other is of the context or of our own storage.
func (c *Client) Ask(ctx context.Context, s source.Source, r source.Request) (store.Record, error) {
	tripped, err := c.enter(ctx, s.Name)
	if err != nil {
		return store.Record{}, err
	}
	condition, err := c.condition(ctx, s.Name, &r)
	if err != nil {
		return store.Record{}, err
	}
	if err := c.debit(ctx, s); err != nil {
		return store.Record{}, err
	}
	record, failure := c.Do(ctx, r)
	if ctx.Err() != nil {
		return store.Record{}, failure
	}
	if failure == nil {
		failure = judge(record, condition)
	}
	switch {
	case errors.Is(failure, source.ErrLimited), errors.Is(failure, source.ErrUnavailable), errors.Is(failure, source.ErrRefused):
		err = c.fail(ctx, s.Name, failure, record.Header)
	case tripped:
		err = c.succeed(ctx, s.Name)
	}
	if err != nil {
		return store.Record{}, err
	}
	return record, failure
}

// judge says what an answer is worth, as Ask returns it.
func judge(record store.Record, condition row) error {
	if record.Status == http.StatusNotModified || len(condition) > 0 && condition.text("sum") == sum(record) {
		return ErrUnchanged
	}
	if err := guard(record, source.Parse); err != nil {
		return fmt.Errorf("%s answered %d: %w", record.URI, record.Status, err)
	}
	return nil
}

// guard parses an answer for its error alone. Raw comes first: an answer that makes its parser panic is stored all the same,
// and fails in Clean.
func guard(record store.Record, parse func(source.Payload, func(market.Row)) error) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("the parser of %s panicked: %w", record.Dataset, source.ErrFormat)
		}
	}()
	return parse(source.Payload{
		Dataset: record.Dataset, Series: record.Series, Interval: record.Interval, Status: record.Status,
		Header: record.Header, Body: record.Body, Received: record.Date.UnixMilli(),
	}, func(market.Row) {})
}

// condition reads what is known of the last stored answer, and asks for a newer one only.
func (c *Client) condition(ctx context.Context, name string, r *source.Request) (row, error) {
	if !r.Conditional {
		return nil, nil
	}
	known, err := c.read(ctx, name, conditionKey(*r))
	if err != nil {
		return nil, err
	}
	r.Header = maps.Clone(r.Header)
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if etag := known.text("etag"); etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	if modified := known.text("modified"); modified != "" {
		r.Header.Set("If-Modified-Since", modified)
	}
	return known, nil
}

// Remember makes later calls conditional on an answer. The answer must be stored and queued by then: what is remembered is not
// asked for again.
func (c *Client) Remember(ctx context.Context, s source.Source, r source.Request, answer store.Record) error {
	if !r.Conditional {
		return nil
	}
	return c.change(ctx, s.Name, conditionKey(r), func(row) row {
		return row{"etag": answer.Header.Get("Etag"), "modified": answer.Header.Get("Last-Modified"), "sum": sum(answer), "url": answer.URI}
	})
}

func conditionKey(r source.Request) string {
	hash := sha256.Sum256([]byte(r.Dataset + " " + Redact(r.URL)))
	return "cond~" + hex.EncodeToString(hash[:8])
}

func sum(record store.Record) string {
	hash := sha256.Sum256(record.Body)
	return hex.EncodeToString(hash[:])
}
