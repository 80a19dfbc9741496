// InfluxDB line protocol: measurement,tag=value field=value,field=value time
//
// Documentation: https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/
//
// Oddities: a backslash escapes a comma, an equals sign or a blank in names, and a quote or a backslash in a quoted value, which may
// hold any of them, and line ends. Whole numbers end in i or u. Lines that begin with # are comments. Here measurement and tags are not
// looked at, and neither are other fields; a line needs its time, which counts nanoseconds unless the push says otherwise.

package source

import (
	"fmt"
	"io"
	"strings"

	"assay/shared/market"
)

var pushInflux = format{dataset: "push-line", parse: parsePushInflux}

func parsePushInflux(p Payload, emit func(market.Row)) error {
	push, err := newPushed(p, emit)
	if err != nil {
		return err
	}
	if push.unit == 0 {
		push.unit = pushedUnits["ns"]
	}
	points := pointReader{from: p.lineReader()}
	for number := 1; ; {
		point, ends, err := points.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("read line %d: %w", number, err)
		case !point.whole:
			push.refuse(number, point.text, tooLong)
		default:
			if text := strings.TrimSpace(point.text); text != "" && text[0] != '#' {
				push.point(number, text)
			}
		}
		number += ends
	}
}

// pointReader reads points: lines, but for one in whose quotes there are line ends.
type pointReader struct {
	from    lineReader
	waiting []readLine // that were read in search of a closing quote
}

type readLine struct {
	text  string
	whole bool
}

func (r *pointReader) line() (l readLine, err error) {
	if len(r.waiting) > 0 {
		l, r.waiting = r.waiting[0], r.waiting[1:]
		return l, nil
	}
	l.text, l.whole, err = r.from.next()
	return l, err
}

// next returns the next point and how many lines it ends. A comment ends with its line, and so does a point whose quote is closed
// nowhere, or only after more bytes than a line may have.
func (r *pointReader) next() (point readLine, ends int, err error) {
	point, err = r.line()
	if err != nil || !point.whole || strings.IndexByte(point.text, '"') < 0 || strings.HasPrefix(strings.TrimLeft(point.text, " \t\r"), "#") {
		return point, 1, err
	}
	var quotes quotes
	quotes.pass(point.text)
	var more []readLine
	joined := []string{point.text}
	for length := len(point.text); quotes.open; {
		l, err := r.line()
		if err != nil && err != io.EOF {
			return point, 1, err
		}
		if err == nil {
			more = append(more, l)
		}
		if length += len(l.text); err == io.EOF || !l.whole || length > maxLine {
			r.waiting = append(more, r.waiting...)
			return point, 1, nil
		}
		joined = append(joined, l.text)
		quotes.pass(l.text)
	}
	return readLine{strings.Join(joined, ""), true}, len(joined), nil
}

// quotes tells whether a point is within quotes.
type quotes struct{ fields, open bool }

func (q *quotes) pass(text string) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && text[i+1] != '\n':
			i++
		case c == ' ':
			q.fields = true
		case c == '"' && (q.open || q.fields && i > 0 && text[i-1] == '='):
			q.open = !q.open
		}
	}
}

// point emits one line.
func (p *pushed) point(number int, text string) {
	i := endOf(text, 0, ' ', ' ', ' ') // measurement and tags
	if i == len(text) {
		p.refuse(number, text, "a point has no fields: want measurement field=value time")
		return
	}
	for i < len(text) && text[i] == ' ' {
		i++
	}
	var cells [6]string
	for {
		equals := endOf(text, i, '=', ',', ' ')
		if equals == len(text) || text[equals] != '=' || equals == i {
			p.refuse(number, text, "a field is not of the form name=value")
			return
		}
		end := valueEnd(text, equals+1)
		if end < 0 || end == equals+1 {
			p.refuse(number, text, "the field "+cutName(text[i:equals])+" has no value, or a quote that is not closed")
			return
		}
		if field, known := pushedFields[text[i:equals]]; known && field > 0 {
			if cells[field] != "" {
				p.refuse(number, text, "the field "+text[i:equals]+" is given twice, or close and price both")
				return
			}
			cells[field] = influxNumber(text[equals+1 : end])
		}
		i = end
		if i == len(text) || text[i] == ' ' {
			break
		}
		i++ // the comma
	}
	cells[0] = strings.TrimSpace(text[i:])
	if !isWhole(cells[0]) {
		p.refuse(number, text, "the line does not end with its time, a whole number")
		return
	}
	p.record(number, text, &cells)
}

// endOf returns where the first of three bytes stands in a text at or after from, unless a backslash is before it; else the text's
// end.
func endOf(text string, from int, a, b, c byte) int {
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case a, b, c:
			return i
		}
	}
	return len(text)
}

// valueEnd returns where the value that begins at from ends: at a comma, a blank or the text's end. It is -1 where a quote is not
// closed, or something else follows the closing one.
func valueEnd(text string, from int) int {
	if from == len(text) || text[from] != '"' {
		for i := from; i < len(text); i++ {
			if text[i] == ',' || text[i] == ' ' {
				return i
			}
		}
		return len(text)
	}
	end := endOf(text, from+1, '"', '"', '"') + 1
	if end > len(text) || end < len(text) && text[end] != ',' && text[end] != ' ' {
		return -1
	}
	return end
}

// influxNumber takes the suffix of a whole number off. What is no number is left for the cleaner to refuse.
func influxNumber(value string) string {
	if last := len(value) - 1; last > 0 && (value[last] == 'i' || value[last] == 'u') && isWhole(value[:last]) {
		return value[:last]
	}
	return value
}

// isWhole reports whether a text is a whole number.
func isWhole(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	for i := range len(digits) {
		if digits[i]-'0' > 9 {
			return false
		}
	}
	return digits != ""
}

// cutName shortens a name for a sentence.
func cutName(name string) string { return strings.ToValidUTF8(name[:min(len(name), 40)], "") }
