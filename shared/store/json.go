package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The answers of Table storage are flat objects of strings and numbers, a few of them long: 12 MB for a year of minutes.
// This reader of them takes base64 in place; encoding/json reads every byte of it four times.

// decodePage appends the entities of one page of a query.
func decodePage(page []byte, entities []Entity) ([]Entity, error) {
	r := &jsonReader{data: page}
	err := r.object(func(name []byte) error {
		if string(name) != "value" {
			_, err := r.value()
			return err
		}
		return r.array(func() error {
			e, err := r.entity()
			entities = append(entities, e)
			return err
		})
	})
	return entities, err
}

// decodeEntity reads the answer to a point read.
func decodeEntity(body []byte) (Entity, error) {
	return (&jsonReader{data: body}).entity()
}

func (r *jsonReader) entity() (Entity, error) {
	type property struct {
		name []byte
		v    jsonValue
	}
	var properties []property
	types := map[string]string{}
	err := r.object(func(name []byte) error {
		v, err := r.value()
		if column, isType := strings.CutSuffix(string(name), typeSuffix); isType {
			types[column] = v.text()
		} else {
			properties = append(properties, property{name, v})
		}
		return err
	})
	if err != nil {
		return Entity{}, err
	}
	e := Entity{Values: make(map[string]any, len(properties))}
	for _, p := range properties {
		if err := e.setColumn(p.name, types[string(p.name)], p.v); err != nil {
			return Entity{}, fmt.Errorf("row %s %s: %w", e.Partition, e.Row, err)
		}
	}
	return e, nil
}

// jsonValue is a string (kind '"', raw without its quotes), a number ('0'), or one of true, false and null ('t', 'f', 'n').
type jsonValue struct {
	kind    byte
	raw     []byte // a part of what was read
	escaped bool
}

// text returns the value as a string.
func (v jsonValue) text() string { return string(v.bytes()) }

func (v jsonValue) bytes() []byte {
	if !v.escaped {
		return v.raw
	}
	var s string
	quoted := append(append([]byte{'"'}, v.raw...), '"')
	if err := json.Unmarshal(quoted, &s); err != nil {
		return v.raw
	}
	return []byte(s)
}

type jsonReader struct {
	data []byte
	at   int
}

var errJSON = errors.New("the service's answer is not the JSON of a table")

func (r *jsonReader) fail() error { return fmt.Errorf("%w at byte %d", errJSON, r.at) }

// next skips white space and returns the byte there, 0 at the end.
func (r *jsonReader) next() byte {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

func (r *jsonReader) take(c byte) bool {
	if r.next() != c {
		return false
	}
	r.at++
	return true
}

// list reads open, what item reads any number of times with commas between, and close.
func (r *jsonReader) list(open, close byte, item func() error) error {
	if !r.take(open) {
		return r.fail()
	}
	if r.take(close) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if r.take(close) {
			return nil
		}
		if !r.take(',') {
			return r.fail()
		}
	}
}

func (r *jsonReader) array(item func() error) error { return r.list('[', ']', item) }

func (r *jsonReader) object(property func(name []byte) error) error {
	return r.list('{', '}', func() error {
		name, err := r.value()
		if err != nil {
			return err
		}
		if name.kind != '"' || !r.take(':') {
			return r.fail()
		}
		return property(name.bytes())
	})
}

func (r *jsonReader) value() (jsonValue, error) {
	c := r.next()
	if c == '"' {
		return r.str()
	}
	start := r.at
	for r.at < len(r.data) && strings.IndexByte(",}] \t\r\n", r.data[r.at]) < 0 {
		r.at++
	}
	raw := r.data[start:r.at]
	switch {
	case string(raw) == "true" || string(raw) == "false" || string(raw) == "null":
		return jsonValue{kind: c, raw: raw}, nil
	case c == '-' || c >= '0' && c <= '9':
		return jsonValue{kind: '0', raw: raw}, nil
	}
	return jsonValue{}, r.fail()
}

func (r *jsonReader) str() (jsonValue, error) {
	r.at++
	v := jsonValue{kind: '"'}
	start := r.at
	for {
		length := bytes.IndexByte(r.data[r.at:], '"')
		if length < 0 {
			return v, r.fail()
		}
		part := r.data[r.at : r.at+length]
		r.at += length + 1
		v.escaped = v.escaped || bytes.IndexByte(part, '\\') >= 0
		if !endsEscaped(part) {
			v.raw = r.data[start : r.at-1]
			return v, nil
		}
	}
}

// endsEscaped reports whether the quote after part is escaped: an odd number of backslashes stands before it.
func endsEscaped(part []byte) bool {
	n := 0
	for n < len(part) && part[len(part)-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}
