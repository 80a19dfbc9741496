// What devices, scripts and uploads push: rows of time, open, high, low, close and volume as CSV, JSON, NDJSON or InfluxDB line
// protocol. price is another word for close.
//
// Times are RFC 3339, a date, or a date and time without a zone (Options.TimeZone, else UTC), or a number. Options.Times says what
// a number counts: s, ms, us or ns. Where it says nothing the size does: seconds below 10^11, milliseconds below 10^14,
// microseconds below 10^17, else nanoseconds; in line protocol always nanoseconds. A record that cannot be read is a row for the
// cleaner to refuse: those around it stand. A field that an earlier record has and a later one lacks is missing.

package source

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"assay/shared/market"
)

// pushes are the formats that are pushed. None is recognised: the push says what it is.
var pushes = []format{pushCSV, pushJSON, pushLines, pushInflux}

// pushedFields are the names of what a record may hold, and where it goes.
var pushedFields = map[string]int{"time": 0, "open": 1, "high": 2, "low": 3, "close": 4, "price": 4, "volume": 5}

// pushedUnits are how many of a unit a second has.
var pushedUnits = map[string]int64{"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}

// pushed is what the records of one push have in common.
type pushed struct {
	series   market.SeriesID
	interval market.Interval
	zone     *time.Location
	unit     int64 // of a number that is a time, in a second; 0: by its size
	seen     [6]bool
	emit     func(market.Row)
}

func newPushed(p Payload, emit func(market.Row)) (*pushed, error) {
	series, err := p.only()
	if err != nil {
		return nil, err
	}
	unit, known := pushedUnits[p.Options.Times]
	if !known && p.Options.Times != "" {
		return nil, fmt.Errorf("times %.20q: want s, ms, us or ns: %w", p.Options.Times, ErrFormat)
	}
	zone, err := zoneNamed(p.Options.TimeZone)
	if err != nil {
		return nil, err
	}
	head, err := p.head()
	if err == nil {
		err = hasData(head)
	}
	if err != nil {
		return nil, err
	}
	return &pushed{series: series, interval: p.Interval, zone: zone, unit: unit, emit: emit}, nil
}

// lines calls visit with every line that is not empty, without its end, numbered from 1. One that is too long is refused.
func (p *pushed) lines(from lineReader, visit func(number int, text string) error) error {
	for number := 1; ; number++ {
		text, whole, err := from.next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("read line %d: %w", number, err)
		case !whole:
			p.refuse(number, text, tooLong)
			continue
		}
		if text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"); text == "" {
			continue
		}
		if err := visit(number, text); err != nil {
			return err
		}
	}
}

var tooLong = fmt.Sprintf("the line has more than %d KiB", maxLine>>10)

// record emits what one record says; cells are as pushedFields numbers them, and empty where it has no such field.
func (p *pushed) record(number int, text string, cells *[6]string) {
	row := market.Row{Series: p.series, Interval: p.interval, Number: number, Text: text}
	for i := range cells {
		if cells[i] != "" {
			p.seen[i] = true
		} else if p.seen[i] {
			cells[i] = Missing
		}
	}
	row.Start, row.BadTime = p.time(cells[0])
	row.Open, row.High, row.Low, row.Close, row.Volume = cells[1], cells[2], cells[3], cells[4], cells[5]
	p.emit(row)
}

// refuse emits a record that cannot be read; why is a sentence without its full stop.
func (p *pushed) refuse(number int, text, why string) {
	p.emit(market.Row{Series: p.series, Interval: p.interval, Number: number, Text: text, Unreadable: why})
}

// time reads a time as Unix seconds, or returns the text again if it cannot be read or is not a whole second.
func (p *pushed) time(text string) (start int64, bad string) {
	whole, decimals, _ := strings.Cut(text, ".")
	if n, err := strconv.ParseInt(whole, 10, 64); err == nil && strings.Trim(decimals, "0") == "" {
		unit := p.unit
		if unit == 0 {
			unit = unitOf(n)
		}
		if n%unit != 0 {
			return 0, text
		}
		return n / unit, ""
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		if t.Nanosecond() != 0 {
			return 0, text
		}
		return t.Unix(), ""
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", time.DateTime, "2006-01-02T15:04", "2006-01-02 15:04"} {
		wall, err := time.Parse(layout, text)
		switch {
		case err != nil || wall.Nanosecond() != 0:
			continue
		case layout == time.DateOnly: // a UTC day of that name, as everywhere
			return wall.Unix(), ""
		}
		return at(wall, p.zone, text)
	}
	return 0, cmp.Or(text, Missing)
}

// unitOf tells by its size what a number counts: as seconds 10^11 would be the year 5138.
func unitOf(n int64) int64 {
	switch size := max(n, -n); {
	case size < 1e11:
		return 1
	case size < 1e14:
		return 1e3
	case size < 1e17:
		return 1e6
	default:
		return 1e9
	}
}

// CSV, with a header of names in any order and letter case. Other columns are not looked at.
var pushCSV = format{dataset: "push-csv", parse: parsePushCSV}

func parsePushCSV(p Payload, emit func(market.Row)) error {
	push, err := newPushed(p, emit)
	if err != nil {
		return err
	}
	var header []string
	var comma byte
	var at [6]int
	var row []string
	return push.lines(p.lineReader(), func(number int, text string) error {
		if header == nil {
			text = strings.TrimPrefix(text, "\ufeff")
			comma = separator(text)
			header = trimmed(split(text, comma, nil))
			at, err = pushedColumns(header)
			return err
		}
		row = split(text, comma, row[:0])
		l := line{number: number, text: text, cells: row, header: len(header)}
		if len(l.cells) > l.header {
			push.refuse(number, text, fmt.Sprintf("the line has %d cells, the header has %d, so that nobody knows which is which", len(l.cells), l.header))
			return nil
		}
		var cells [6]string
		for field, column := range at {
			cells[field] = l.cell(column)
		}
		push.record(number, text, &cells)
		return nil
	})
}

// pushedColumns finds the columns of a header; -1 for one that is not there.
func pushedColumns(header []string) ([6]int, error) {
	at := [6]int{-1, -1, -1, -1, -1, -1}
	for column, name := range header {
		field, known := pushedFields[strings.ToLower(name)]
		switch {
		case known && at[field] >= 0:
			return at, fmt.Errorf("the header names %s twice, or both close and price: %w", strings.ToLower(name), ErrFormat)
		case known:
			at[field] = column
		}
	}
	if at[0] < 0 || at[4] < 0 {
		return at, fmt.Errorf("the header is %.120q, want at least time and close (or price), such as time,open,high,low,close,volume: %w", strings.Join(header, ","), ErrFormat)
	}
	return at, nil
}
