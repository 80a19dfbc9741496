package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	head, err := p.head()
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(p.reader())
	switch start, err := decoder.Token(); {
	case err == nil && start == json.Delim('{'):
		return push.columns(p)
	case err != nil || start != json.Delim('['):
		return fmt.Errorf("want an array of objects, or an object of columns: %s: %w", excerpt(head), ErrFormat)
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
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("something follows the array: %w", ErrFormat)
	}
	return nil
}

func parsePushLines(p Payload, emit func(market.Row)) error {
	push, err := newPushed(p, emit)
	if err != nil {
		return err
	}
	return push.lines(p.lineReader(), func(number int, text string) error {
		if strings.TrimSpace(text) != "" {
			push.object(number, []byte(text))
		}
		return nil
	})
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

// columns emits the records of an object of arrays, all of one length. Each is read on its own, side by side with the others: all
// values at once would take many times the memory of their text.
func (p *pushed) columns(payload Payload) error {
	found, err := findColumns(payload)
	if err != nil {
		return err
	}
	times, has := found["time"]
	if !has {
		head, _ := payload.head() // it was read before
		return fmt.Errorf("want an array of objects, or columns with one called time: %s: %w", excerpt(head), ErrFormat)
	}
	var columns [6]*json.Decoder
	for name, field := range pushedFields {
		c, has := found[name]
		switch {
		case !has:
			continue
		case c.values != times.values:
			return fmt.Errorf("column %s has %d values, time has %d: %w", name, c.values, times.values, ErrFormat)
		case columns[field] != nil:
			return fmt.Errorf("the columns close and price are both given: %w", ErrFormat)
		}
		if columns[field], err = c.open(payload); err != nil {
			return err
		}
	}
	for number := 1; number <= times.values; number++ {
		var cells [6]string
		var parts []string
		for field, values := range columns {
			if values == nil {
				continue
			}
			var value json.RawMessage
			if err := values.Decode(&value); err != nil {
				return fmt.Errorf("row %d: %w: %w", number, err, ErrFormat)
			}
			cells[field] = scalar(value)
			parts = append(parts, string(value))
		}
		p.record(number, strings.Join(parts, ","), &cells)
	}
	return nil
}

// column is an array in a JSON text.
type column struct {
	begin  int64 // of what follows its bracket
	values int
}

// open reads the values of a column.
func (c column) open(p Payload) (*json.Decoder, error) {
	from := p.reader()
	if _, err := io.CopyN(io.Discard, from, c.begin); err != nil {
		return nil, fmt.Errorf("read the payload: %w", err)
	}
	values := json.NewDecoder(io.MultiReader(strings.NewReader("["), from))
	_, err := values.Token()
	return values, err
}

// findColumns finds the arrays in {"columns": {...}}.
func findColumns(p Payload) (map[string]column, error) {
	found := map[string]column{}
	decoder := json.NewDecoder(p.reader())
	err := members(decoder, func(name string) error {
		if name != "columns" {
			return skip(decoder)
		}
		return members(decoder, func(name string) (err error) {
			found[name], err = passColumn(decoder)
			return err
		})
	})
	if err == nil {
		if _, after := decoder.Token(); after != io.EOF {
			err = errors.New("something follows the object")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("columns: %w: %w", err, ErrFormat)
	}
	return found, nil
}

// members calls visit for each member of an object, which has to pass the member's value.
func members(decoder *json.Decoder, visit func(name string) error) error {
	start, err := decoder.Token()
	if err != nil {
		return err
	}
	if start != json.Delim('{') {
		return fmt.Errorf("%.40v where an object was due", start)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		if err := visit(name.(string)); err != nil { // names are strings, or Token fails
			return err
		}
	}
	_, err = decoder.Token()
	return err
}

func passColumn(decoder *json.Decoder) (c column, err error) {
	start, err := decoder.Token()
	if err != nil {
		return c, err
	}
	if start != json.Delim('[') {
		return c, fmt.Errorf("%.40v where an array was due", start)
	}
	for c.begin = decoder.InputOffset(); decoder.More(); c.values++ {
		if err := skip(decoder); err != nil {
			return c, err
		}
	}
	_, err = decoder.Token()
	return c, err
}

// deepest is how deep values may be within each other that nobody looks at: the decoder remembers each level.
const deepest = 100

// skip passes one value.
func skip(decoder *json.Decoder) error {
	for depth := 0; ; {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		switch {
		case depth == 0:
			return nil
		case depth > deepest:
			return fmt.Errorf("values are more than %d deep within each other", deepest)
		}
	}
}
