package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"assay/shared/market"
)

// decode reads a whole JSON document. A name is matched exactly if the target is a map.
func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: %s: %w", err, excerpt(body), ErrFormat)
	}
	return nil
}

// object is a JSON object whose values are read one by one.
type object map[string]json.RawMessage

// value returns a member as decimal text.
func (o object) value(name string) string { return scalar(o[name]) }

// scalar returns the text of a JSON number or string as it was sent; Missing for null and for what is not there. Anything
// else is returned as it is, for the cleaner to refuse.
func scalar(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return Missing
	}
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		if text == "" {
			return Missing
		}
		return text
	}
	return string(raw)
}

// setSeconds sets a row's time from seconds since the epoch. A time of 0 is one that somebody did not have.
func setSeconds(row *market.Row, text string) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds == 0 {
		row.BadTime = text
		return
	}
	row.Start = seconds
}

// array reads a record that is an array of a known length. With another length nobody knows which field is which.
func array(text json.RawMessage, n, length int) ([]json.RawMessage, error) {
	var fields []json.RawMessage
	if err := decode(text, &fields); err != nil {
		return nil, err
	}
	if len(fields) != length {
		return nil, fmt.Errorf("row %d has %d fields, want %d: %w", n+1, len(fields), length, ErrFormat)
	}
	return fields, nil
}
