package source

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"assay/shared/market"
)

// setDay sets a row's time from a date, 2006-01-02: the UTC day of that name, whatever clock the market has.
func setDay(row *market.Row, date string) {
	start, ok := day(date)
	switch {
	case ok:
		row.Start, row.BadTime = start, ""
	case date == "":
		row.BadTime = Missing
	default:
		row.BadTime = date
	}
}

// wholeSeconds returns a time in milliseconds in seconds, both as text. What is no whole second keeps its unit, and setSeconds
// refuses it.
func wholeSeconds(milliseconds string) string {
	if seconds, whole := strings.CutSuffix(milliseconds, "000"); whole && seconds != "" {
		return seconds
	}
	return milliseconds + " ms"
}

// day reads 2006-01-02.
func day(date string) (int64, bool) {
	if len(date) != len(time.DateOnly) {
		return 0, false
	}
	t, err := time.Parse(time.DateOnly, date)
	return t.Unix(), err == nil
}

// intervalOf returns the interval of bars that start at these times, in any order: the longest stored one that all of them
// are aligned to. It is 0 when they are not aligned, or lie too far apart for it: bars of a quarter of an hour are no minutes,
// months are no days. Days may be missing between days.
func intervalOf(starts []int64) market.Interval {
	nearest := int64(math.MaxInt64)
	for i := 1; i < len(starts); i++ {
		if step := starts[i] - starts[i-1]; step != 0 {
			nearest = min(nearest, max(step, -step))
		}
	}
	for _, interval := range []market.Interval{market.Day, market.Hour, market.Minute} {
		if slices.ContainsFunc(starts, func(t int64) bool { return interval.Floor(t) != t }) {
			continue
		}
		longest := int64(interval)
		if interval == market.Day {
			longest = 27 * int64(market.Day)
		}
		if nearest != math.MaxInt64 && nearest > longest {
			return 0
		}
		return interval
	}
	return 0
}

// errInterval says of a file that nobody can tell what its bars are.
var errInterval = fmt.Errorf("bars are not a minute, an hour or a day apart, want one of these: %w", ErrFormat)
