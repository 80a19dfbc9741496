package api

import (
	"math"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/analysis"
)

// moment is a time as a client writes it.
type moment string

// Schema describes a moment in the OpenAPI document.
func (moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: "string", Examples: []any{"2013-03-15", "2013-03-15T00:00:00Z", "1363305600"},
		Description: "RFC 3339, a date (UTC), or a number: below 10^11 seconds, above milliseconds since 1970.",
	}
}

// whole is a whole number as a client writes it.
type whole string

// Schema describes a whole number in the OpenAPI document.
func (whole) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "integer", Format: "int64"}
}

// parameters lists the names of the query parameters of an input struct.
func parameters(input reflect.Type) []string {
	var names []string
	for i := range input.NumField() {
		if name := input.Field(i).Tag.Get("query"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// checkQuery refuses a parameter that is not known, or given twice. A function key may stand in code anywhere.
func checkQuery(raw string, known []string) error {
	if raw == "" {
		return nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return badRequest("The query cannot be read: %v. Write a percent sign as %%25, and separate parameters with &.", err)
	}
	for name, given := range values {
		switch {
		case name == "code":
		case !slices.Contains(known, name) && len(known) == 0:
			return badRequest("There is no parameter %s: this resource takes none.", quoted(name))
		case !slices.Contains(known, name):
			return badRequest("There is no parameter %s: want %s.", quoted(name), strings.Join(known, ", "))
		case len(given) > 1:
			return badRequest("The parameter %s is given %d times: want it once.", name, len(given))
		}
	}
	return nil
}

// earliest and latest are the first and last second that a time may name: those of four-digit years.
var (
	earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
)

// parseClock reads a time of day and a time zone.
func parseClock(name, text string) (*analysis.Clock, error) {
	hour, zone, _ := strings.Cut(text, " ")
	at, err := time.Parse("15:04", hour)
	where, unknown := time.LoadLocation(zone)
	if err != nil || unknown != nil || zone == "" || zone == "Local" {
		return nil, badRequest("%s=%s: want a time and a time zone, such as 15:00 Europe/London.", name, quoted(text))
	}
	return &analysis.Clock{Hour: at.Hour(), Minute: at.Minute(), Where: where}, nil
}

// milliseconds begin at this size of a number: as seconds that would be the year 5138.
const milliseconds = 1e11

// parseTime reads a moment as Unix seconds. A fraction of a second counts as a whole one: bars start at whole seconds, so
// that a range keeps its meaning at both ends.
func parseTime(name string, m moment) (int64, error) {
	text := string(m)
	seconds, ok := timeOf(text)
	switch {
	case !ok:
		return 0, badRequest("%s=%s is no time: want RFC 3339 such as 2013-03-15T00:00:00Z, a date such as 2013-03-15, or seconds or milliseconds since 1970.", name, quoted(text))
	case seconds < float64(earliest) || seconds > float64(latest):
		return 0, badRequest("%s=%s lies outside the years 1 to 9999.", name, quoted(text))
	}
	return int64(math.Ceil(seconds)), nil
}

func timeOf(text string) (seconds float64, ok bool) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if math.Abs(n) >= milliseconds {
			n /= 1000
		}
		return n, !math.IsNaN(n)
	}
	// A plus sign that was not escaped arrives as a space.
	text = strings.Replace(text, " ", "+", 1)
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return float64(t.Unix()) + float64(t.Nanosecond())/1e9, true
		}
	}
	return 0, false
}

// parseRange reads both ends of a range; an end that is not given is nil.
func parseRange(fromName, toName string, from, to moment) (start, end *int64, err error) {
	for _, one := range []struct {
		name string
		text moment
		into **int64
	}{{fromName, from, &start}, {toName, to, &end}} {
		if one.text == "" {
			continue
		}
		t, err := parseTime(one.name, one.text)
		if err != nil {
			return nil, nil, err
		}
		*one.into = &t
	}
	if start != nil && end != nil && *start > *end {
		return nil, nil, badRequest("The range is reversed: %s=%s is after %s=%s.", fromName, printed(*start), toName, printed(*end))
	}
	return start, end, nil
}

// parseCount reads a whole number between least and most; otherwise is the value of one that is not given.
func parseCount(name string, n whole, least, most, otherwise int) (int, error) {
	if n == "" {
		return otherwise, nil
	}
	v, err := strconv.Atoi(string(n))
	if err != nil || v < least || v > most {
		return 0, badRequest("%s=%s: want a whole number from %d to %d.", name, quoted(string(n)), least, most)
	}
	return v, nil
}

// parseChoice reads one of a few words; the first is the value of one that is not given.
func parseChoice(name, text string, choices ...string) (string, error) {
	if text == "" {
		return choices[0], nil
	}
	if !slices.Contains(choices, text) {
		return "", badRequest("%s=%s: want %s.", name, quoted(text), strings.Join(choices, " or "))
	}
	return text, nil
}

// printed writes Unix seconds as RFC 3339 in UTC.
func printed(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
