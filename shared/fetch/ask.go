package fetch

import (
	"cmp"
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
	"assay/shared/telemetry"
)

// ErrUnchanged says that the answer to a conditional request is the one that was stored last.
var ErrUnchanged = errors.New("unchanged")

// Ask makes one call within the source's budget and breaker, and tells the breaker how it went; where the provider fails and
// there is another way to ask, one by that. Whether an answer is a failure is decided from its body too: Kraken sends its
// failures with status 200. The error, for errors.Is, is
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
	record, failure := c.call(ctx, s, r)
	if failed(failure) && r.Else != nil {
		first := failure
		if record, failure = c.call(ctx, s, *r.Else); failure != nil && !errors.Is(failure, ErrUnchanged) {
			failure = fmt.Errorf("%w, and before that: %v", failure, first)
		}
	}
	switch {
	case failed(failure):
		err = c.fail(ctx, s.Name, failure, record.Header)
	case !answered(failure):
		return store.Record{}, failure
	case tripped:
		err = c.succeed(ctx, s.Name)
	}
	if err != nil {
		return store.Record{}, err
	}
	return record, failure
}

// failed reports whether the provider is to be left alone for a while.
func failed(failure error) bool {
	return errors.Is(failure, source.ErrLimited) || errors.Is(failure, source.ErrUnavailable) || errors.Is(failure, source.ErrRefused)
}

// answered reports whether a call brought an answer, be it one that nobody understands.
func answered(failure error) bool {
	return failure == nil || errors.Is(failure, ErrUnchanged) || errors.Is(failure, source.ErrFormat) || errors.Is(failure, source.ErrUnknownSymbol)
}

// call makes one call within the budget.
func (c *Client) call(ctx context.Context, s source.Source, r source.Request) (store.Record, error) {
	condition, err := c.condition(ctx, s.Name, &r)
	if err != nil {
		return store.Record{}, err
	}
	if err := c.debit(ctx, s.Name, "budget", "calls", s.Budget); err != nil {
		return store.Record{}, err
	}
	asking, end := telemetry.Span(ctx, "ask", "source", s.Name, "dataset", r.Dataset)
	record, failure := c.Do(asking, r)
	if ctx.Err() != nil {
		failure = cmp.Or(failure, context.Cause(ctx))
		end(failure)
		return store.Record{}, failure
	}
	if failure == nil {
		failure = judge(record, condition)
	}
	if errors.Is(failure, ErrUnchanged) {
		end(nil)
	} else {
		end(failure)
	}
	telemetry.Add(ctx, telemetry.SourceCalls, 1, "source", s.Name, "outcome", outcome(failure))
	return record, failure
}

// outcome names how a call ended: answered, unchanged or the kind of failure.
func outcome(failure error) string {
	switch {
	case failure == nil:
		return "answered"
	case errors.Is(failure, ErrUnchanged):
		return "unchanged"
	}
	return cmp.Or(source.KindOf(failure), "failed")
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
	known, err := c.read(ctx, name, conditionKey(r.Dataset, Redact(r.URL)))
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
// asked for again. The answer may be one to request.Else.
func (c *Client) Remember(ctx context.Context, s source.Source, r source.Request, answer store.Record) error {
	if !r.Conditional {
		return nil
	}
	return c.change(ctx, s.Name, conditionKey(answer.Dataset, answer.URI), func(row) row {
		return row{"etag": answer.Header.Get("Etag"), "modified": answer.Header.Get("Last-Modified"), "sum": sum(answer), "url": answer.URI}
	})
}

// conditionKey is the row of what is known of an address, keys removed.
func conditionKey(dataset, address string) string {
	hash := sha256.Sum256([]byte(dataset + " " + address))
	return "cond~" + hex.EncodeToString(hash[:8])
}

func sum(record store.Record) string {
	hash := sha256.Sum256(record.Body)
	return hex.EncodeToString(hash[:])
}
