package host

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// Schedule is an NCRONTAB expression of six fields in UTC: second, minute, hour, day of month, month, day of week (Sunday is 0).
type Schedule struct{ expression string }

// A field is a list of *, n and n-m, the first and last with a step. Other crons know more (names, L, W, n/step), but not all
// alike, and the Functions host must read a schedule as we do.
var cronField = regexp.MustCompile(`^(\*(/\d+)?|\d+(-\d+(/\d+)?)?)(,(\*(/\d+)?|\d+(-\d+(/\d+)?)?))*$`)

// ParseSchedule reads an expression, and refuses one that never occurs.
func ParseSchedule(expression string) (Schedule, error) {
	fields := strings.Fields(expression)
	if len(fields) != 6 {
		return Schedule{}, fmt.Errorf("%q has %d fields: want six (second minute hour day month weekday)", expression, len(fields))
	}
	for _, field := range fields {
		if !cronField.MatchString(field) {
			return Schedule{}, fmt.Errorf("%q: field %q: want numbers, ranges, * and steps such as 20, 7,37, 9-18 or */5", expression, field)
		}
	}
	if fields[3] != "*" && fields[5] != "*" {
		// NCRONTAB wants both to match, most crons one of them.
		return Schedule{}, fmt.Errorf("%q names a day of month and a weekday: want * for one of them", expression)
	}
	s := Schedule{strings.Join(fields, " ")}
	if !gronx.IsValid(s.expression) {
		return Schedule{}, fmt.Errorf("%q: a number is out of its field's range", expression)
	}
	if _, err := gronx.NextTickAfter(s.expression, time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), true); err != nil {
		return Schedule{}, fmt.Errorf("%q never occurs", expression)
	}
	return s, nil
}

// Last returns the latest occurrence at or before t, in UTC.
func (s Schedule) Last(t time.Time) time.Time {
	last, err := gronx.PrevTickBefore(s.expression, t.UTC(), true)
	if err != nil {
		panic(fmt.Sprintf("schedule %q: %v", s.expression, err)) // ParseSchedule made sure that it occurs
	}
	return last
}

// Next returns the first occurrence after t, in UTC.
func (s Schedule) Next(t time.Time) time.Time {
	next, err := gronx.NextTickAfter(s.expression, t.UTC(), false)
	if err != nil {
		panic(fmt.Sprintf("schedule %q: %v", s.expression, err)) // ParseSchedule made sure that it occurs
	}
	return next
}
