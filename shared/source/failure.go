package source

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// answered refuses an answer that is a failure by its status, or no data at all. What a provider says in the body of a
// failure is for its parser to recognise first.
func answered(p Payload) error {
	if kind := statusKind(p.Status); kind != nil {
		return fmt.Errorf("status %d: %s: %w", p.Status, excerpt(p.Body), kind)
	}
	return hasData(p.Body)
}

// hasData refuses what is empty, or a page for people.
func hasData(body []byte) error {
	text := bytes.TrimSpace(body)
	switch {
	case len(text) == 0:
		return fmt.Errorf("nothing where prices were due: %w", ErrFormat)
	case isHTML(text):
		return fmt.Errorf("an HTML page where prices were due: %s: %w", excerpt(text), ErrFormat)
	default:
		return nil
	}
}

func isHTML(text []byte) bool {
	head := strings.ToLower(string(text[:min(len(text), 200)]))
	return strings.HasPrefix(head, "<!doctype html") || strings.HasPrefix(head, "<html") || strings.Contains(head, "<head")
}

// statusKind returns the kind of failure that a status means by itself; nil for a success and for a file.
func statusKind(status int) error {
	switch {
	case status == 0 || status == http.StatusOK:
		return nil
	case status == http.StatusTooManyRequests || status == http.StatusTeapot: // Binance's word for a longer ban
		return ErrLimited
	case status == http.StatusNotFound:
		return ErrUnknownSymbol
	case status == http.StatusRequestTimeout || status >= 500 || status < 400:
		return ErrUnavailable
	default:
		return ErrRefused
	}
}

// KindOf says in a word or two which kind of failure an error is of; the empty text for none of them.
func KindOf(err error) string {
	switch {
	case errors.Is(err, ErrLimited):
		return "limited"
	case errors.Is(err, ErrUnavailable):
		return "unavailable"
	case errors.Is(err, ErrRefused):
		return "refused"
	case errors.Is(err, ErrUnknownSymbol):
		return "unknown symbol"
	case errors.Is(err, ErrFormat):
		return "changed format"
	default:
		return ""
	}
}

// excerpt is the beginning of a body, for an error: one line of printable text.
func excerpt(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body[:min(len(body), 200)]), "")), " ")
	if text == "" {
		return "an empty body"
	}
	return fmt.Sprintf("%.120q", text)
}
