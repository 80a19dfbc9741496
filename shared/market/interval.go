package market

import (
	"fmt"
	"strconv"
	"time"
)

// Interval is the length of a bar. A positive one is a number of seconds, a negative one a number of calendar months.
type Interval int64

// Minute, Hour and Day are stored; every other interval is computed from them.
const (
	Minute Interval = 60
	Hour   Interval = 60 * Minute
	Day    Interval = 24 * Hour
	Week   Interval = 7 * Day
	Month  Interval = -1
)

// Stored lists the intervals that are stored, the shortest first.
var Stored = [...]Interval{Minute, Hour, Day}

// firstMonday is 1970-01-05: weeks start on Monday.
const firstMonday = 4 * int64(Day)

// IsStored reports whether bars of this interval are stored.
func (i Interval) IsStored() bool { return i == Minute || i == Hour || i == Day }

// Floor returns the start of the bar that holds t. Seconds are counted from the epoch, weeks from a Monday, months by the
// calendar from January 1970; all in UTC.
func (i Interval) Floor(t int64) int64 {
	if i < 0 {
		d := time.Unix(t, 0).UTC()
		months := (d.Year()-1970)*12 + int(d.Month()) - 1
		return monthStart(months - mod(months, int(-i)))
	}
	origin := int64(0)
	if i%Week == 0 {
		origin = firstMonday
	}
	return t - mod(t-origin, int64(i))
}

// Next returns the end of the bar that starts at start: the start of the one after it.
func (i Interval) Next(start int64) int64 {
	if i < 0 {
		d := time.Unix(start, 0).UTC()
		return monthStart((d.Year()-1970)*12 + int(d.Month()) - 1 + int(-i))
	}
	return start + int64(i)
}

// Ceil returns the first start of a bar at or after t.
func (i Interval) Ceil(t int64) int64 {
	if start := i.Floor(t); start < t {
		return i.Next(start)
	}
	return t
}

// Base returns the longest stored interval that this one is a whole number of.
func (i Interval) Base() Interval {
	switch {
	case i < 0 || i%Day == 0:
		return Day
	case i%Hour == 0:
		return Hour
	default:
		return Minute
	}
}

// String prints the interval as ParseInterval reads it, in its largest unit: 15m, 3h, 1d, 1w, 1mo.
func (i Interval) String() string {
	switch {
	case i < 0:
		return strconv.FormatInt(int64(-i), 10) + "mo"
	case i%Week == 0:
		return strconv.FormatInt(int64(i/Week), 10) + "w"
	case i%Day == 0:
		return strconv.FormatInt(int64(i/Day), 10) + "d"
	case i%Hour == 0:
		return strconv.FormatInt(int64(i/Hour), 10) + "h"
	default:
		return strconv.FormatInt(int64(i/Minute), 10) + "m"
	}
}

// ParseInterval reads a whole number and a unit: m, h, d, w or mo. The longest is 10 years.
func ParseInterval(s string) (Interval, error) {
	units := map[string]Interval{"m": Minute, "h": Hour, "d": Day, "w": Week, "mo": Month}
	digits := 0
	for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	n, err := strconv.Atoi(s[:digits])
	unit, known := units[s[digits:]]
	if err != nil || !known || n < 1 || tooLong(n, unit) {
		return 0, fmt.Errorf("interval %.20q: want a number and a unit up to ten years, such as 1m, 15m, 1h, 1d, 1w or 1mo", s)
	}
	return Interval(n) * unit, nil
}

// MarshalText prints an interval in JSON as String does.
func (i Interval) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText refuses what ParseInterval refuses.
func (i *Interval) UnmarshalText(text []byte) error {
	parsed, err := ParseInterval(string(text))
	*i = parsed
	return err
}

func tooLong(n int, unit Interval) bool {
	if unit < 0 {
		return n > 120
	}
	return n > int(3653*Day/unit)
}

func monthStart(months int) int64 {
	return time.Date(1970, time.Month(1+months), 1, 0, 0, 0, 0, time.UTC).Unix()
}

// mod is the remainder that is never negative, for n > 0.
func mod[T int | int64](v, n T) T {
	if r := v % n; r >= 0 {
		return r
	} else {
		return r + n
	}
}
