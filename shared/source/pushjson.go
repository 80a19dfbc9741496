package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"assay/shared/market"
)

// JSON: an array of objects, or columns: {"columns": {"time": [...], "close": [...]}}. Names are matched exactly, others are not
// looked at. Rows are numbered by their place in the array, from 1.
var pushJSON = format{dataset: "push-json", parse: parsePushJSON}

// NDJSON: an object on each line.
var pushLines = format{dataset: "push-ndjson", parse: parsePushLines}

func parsePushJSON(p Payload, emit func(market.Row)) error {
	push, err := newPushed(p, emit)
	if err != nil {
		return err
	}
	body := bytes.TrimSpace(p.Body)
	if body[0] == '{' {
		return push.columns(body)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if start, err := decoder.Token(); err != nil || start != json.Delim('[') {
		return fmt.Errorf("want an array of objects, or an object of columns: %s: %w", excerpt(body), ErrFormat)
	}
	for number := 1; decoder.More(); number++ {
		var record json.RawMessage
		if err := decoder.Decode(&record); err != nil {
			return fmt.Errorf("row %d: %w: %w", number, err, ErrFormat)
		}
		push.object(number, record)
	}
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("the array does not end: %w: %w", err, ErrFormat)
	}
	if len(bytes.TrimSpace(body[decoder.InputOffset():])) > 0 {
		return fmt.Errorf("something follows the array: %s: %w", excerpt(body[decoder.InputOffset():]), ErrFormat)
	}
	return nil
}

func parsePushLines(p Payload, emit func(market.Row)) error {
	push, err := newPushed(p, emit)
	if err != nil {
		return err
	}
	for number, text := range lines(string(p.Body)) {
		if strings.TrimSpace(text) != "" {
			push.object(number, []byte(text))
		}
	}
	return nil
}

// object emits one record that is a JSON object.
func (p *pushed) object(number int, text []byte) {
	var fields object
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		p.refuse(number, string(text), "this is no JSON object of fields such as time and close")
		return
	}
	var cells [6]string
	for name, field := range pushedFields {
		value, has := fields[name]
		switch {
		case !has:
		case cells[field] != "":
			p.refuse(number, string(text), "close and price are both given")
			return
		default:
			cells[field] = scalar(value)
		}
	}
	p.record(number, string(text), &cells)
}

// columns emits the records of an object of arrays, all of one length.
func (p *pushed) columns(text []byte) error {
	var document struct {
		Columns map[string][]json.RawMessage `json:"columns"`
	}
	if err := decode(text, &document); err != nil {
		return err
	}
	times, has := document.Columns["time"]
	if !has {
		return fmt.Errorf("want an array of objects, or columns with one called time: %s: %w", excerpt(text), ErrFormat)
	}
	var columns [6][]json.RawMessage
	for name, field := range pushedFields {
		values, has := document.Columns[name]
		switch {
		case !has:
			continue
		case len(values) != len(times):
			return fmt.Errorf("column %s has %d values, time has %d: %w", name, len(values), len(times), ErrFormat)
		case columns[field] != nil:
			return fmt.Errorf("the columns close and price are both given: %w", ErrFormat)
		}
		columns[field] = values
	}
	for n := range times {
		var cells [6]string
		var parts []string
		for field, values := range columns {
			if values != nil {
				cells[field] = scalar(values[n])
				parts = append(parts, string(values[n]))
			}
		}
		p.record(n+1, strings.Join(parts, ","), &cells)
	}
	return nil
}
