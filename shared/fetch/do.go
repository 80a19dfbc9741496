package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// userAgent is how we introduce ourselves. Coinbase refuses requests without one.
const userAgent = "assay/1 (price history for its operator's own use)"

// maxAnswer is the longest answer that is taken, as sent and unpacked, in bytes.
const maxAnswer = 32 << 20

// kept are the headers of an answer that go into the raw blob.
var kept = []string{"Age", "Cache-Control", "Content-Type", "Date", "Etag", "Expires", "Last-Modified", "Retry-After"}

// Do makes one HTTP call and returns the answer, of whatever status, as a record for the raw blob. The body is as sent, but
// for a content coding of gzip, which is taken off. An error is the context's, or wraps source.ErrUnavailable; neither it
// nor the record holds a key.
func (c *Client) Do(ctx context.Context, r source.Request) (store.Record, error) {
	call, cancel := context.WithTimeout(ctx, c.whole)
	defer cancel()
	request, err := c.request(call, r)
	if err != nil {
		return store.Record{}, err
	}
	answer, body, err := c.exchange(request)
	if ctx.Err() != nil {
		return store.Record{}, fmt.Errorf("GET %s: %w", Redact(r.URL), context.Cause(ctx))
	}
	if err != nil {
		return store.Record{}, unavailable(r, c.reason(call, err))
	}
	record := store.Record{
		URI: Redact(r.URL), Date: c.now(), Status: answer.StatusCode, Header: http.Header{}, Body: body,
		Dataset: r.Dataset, Series: r.Series, Interval: r.Interval, Authority: market.Own,
	}
	for _, name := range kept {
		if values := answer.Header.Values(name); len(values) > 0 {
			record.Header[name] = values
		}
	}
	return record, nil
}

// request is the HTTP request, towards the provider or the server that stands in for it.
func (c *Client) request(ctx context.Context, r source.Request) (*http.Request, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" {
		return nil, unavailable(r, "not a URL")
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		return nil, unavailable(r, "want https")
	}
	host := u.Host
	if c.stand != nil {
		u.Scheme, u.Host = c.stand.Scheme, c.stand.Host
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, unavailable(r, err.Error())
	}
	request.Host = host
	for name, values := range r.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Accept-Encoding", "gzip")
	return request, nil
}

// exchange sends a request and reads the whole answer.
func (c *Client) exchange(request *http.Request) (*http.Response, []byte, error) {
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := readAll(answer.Body)
	if err != nil {
		return nil, nil, err
	}
	coding := answer.Header.Get("Content-Encoding")
	if answer.StatusCode == http.StatusNotModified { // some servers name the coding of the body that they do not send
		coding = ""
	}
	switch coding {
	case "", "identity":
		return answer, body, nil
	case "gzip":
		unpacker, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, nil, fmt.Errorf("answer says it is gzip: %w", err)
		}
		body, err = readAll(unpacker)
		return answer, body, err
	default:
		return nil, nil, fmt.Errorf("answer is coded as %.20q: only gzip was offered", coding)
	}
}

// readAll reads at most maxAnswer bytes, and gives up beyond.
func readAll(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("answer is longer than %d MiB", maxAnswer>>20)
	}
	return body, nil
}

// reason says why a call failed. What net/http returns repeats the URL, keys included.
func (c *Client) reason(call context.Context, err error) string {
	if call.Err() != nil {
		return fmt.Sprintf("no whole answer within %s", c.whole)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err.Error()
}

// unavailable is the error of a call that got no answer. It wraps nothing of net/http: an error in the chain could still
// print the URL as it was asked.
func unavailable(r source.Request, reason string) error {
	return fmt.Errorf("GET %s: %w: %s", Redact(r.URL), source.ErrUnavailable, Redact(reason))
}
