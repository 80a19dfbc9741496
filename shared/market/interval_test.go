package market_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"assay/shared/market"
)

// at reads 2018-03-30 or 2018-03-30T10:00, in UTC.
func at(t *testing.T, s string) int64 {
	t.Helper()
	layout := "2006-01-02T15:04"
	v, err := time.Parse(layout[:len(s)], s)
	if err != nil {
		t.Fatal(err)
	}
	return v.Unix()
}

func TestBarsOfAnInterval(t *testing.T) {
	for _, tt := range []struct {
		interval          string
		at, start, behind string
	}{
		{"1m", "2018-03-30T10:59", "2018-03-30T10:59", "2018-03-30T11:00"},
		{"15m", "2018-03-30T10:59", "2018-03-30T10:45", "2018-03-30T11:00"},
		{"1h", "1969-12-31T23:59", "1969-12-31T23:00", "1970-01-01T00:00"},
		{"1d", "1833-02-28T01:00", "1833-02-28", "1833-03-01"},
		{"1w", "1970-01-01", "1969-12-29", "1970-01-05"},
		{"1w", "2018-04-01", "2018-03-26", "2018-04-02"}, // Easter Sunday
		{"2w", "1970-01-05", "1970-01-05", "1970-01-19"},
		{"1mo", "2016-02-29T23:59", "2016-02-01", "2016-03-01"},
		{"1mo", "1969-12-31T23:59", "1969-12-01", "1970-01-01"},
		{"3mo", "2018-12-31", "2018-10-01", "2019-01-01"},
		{"3mo", "1969-11-01", "1969-10-01", "1970-01-01"},
		{"5mo", "1970-05-31", "1970-01-01", "1970-06-01"},
		{"12mo", "1833-06-01", "1833-01-01", "1834-01-01"},
	} {
		i, err := market.ParseInterval(tt.interval)
		if err != nil {
			t.Fatal(err)
		}
		start := i.Floor(at(t, tt.at))
		if start != at(t, tt.start) || i.Next(start) != at(t, tt.behind) {
			t.Errorf("%s bar that holds %s: got [%s, %s), want [%s, %s)", i, tt.at, clock(start), clock(i.Next(start)), tt.start, tt.behind)
		}
	}
}

func clock(t int64) string { return time.Unix(t, 0).UTC().Format(time.RFC3339) }

// Of any interval at any time: a bar holds the times that it is the floor of, bars lie end to end, and a start is its own
// floor and ceiling.
func TestBarsLieEndToEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		i := market.Minute * market.Interval(1+r.IntN(20_000))
		if r.IntN(3) == 0 {
			i = market.Month * market.Interval(1+r.IntN(120))
		}
		when := r.Int64N(16e9) - 8e9
		start := i.Floor(when)
		next := i.Next(start)
		if start > when || next <= when || i.Floor(next) != next || i.Floor(start) != start || i.Floor(next-1) != start {
			t.Fatalf("%s bar that holds %d: got [%d, %d)", i, when, start, next)
		}
		if i.Ceil(start) != start || i.Ceil(next-1) != next && next-1 != start {
			t.Fatalf("%s: the ceiling of %d is %d, that of %d is %d", i, start, i.Ceil(start), next-1, i.Ceil(next-1))
		}
	}
}

func TestParseInterval(t *testing.T) {
	for text, want := range map[string]struct {
		interval market.Interval
		printed  string
	}{
		"1m": {60, "1m"}, "90m": {5400, "90m"}, "60m": {3600, "1h"}, "24h": {86400, "1d"}, "7d": {7 * 86400, "1w"}, "3d": {3 * 86400, "3d"},
		"1mo": {-1, "1mo"}, "12mo": {-12, "12mo"}, "120mo": {-120, "120mo"}, "3653d": {3653 * 86400, "3653d"}, "01h": {3600, "1h"},
	} {
		got, err := market.ParseInterval(text)
		if err != nil || got != want.interval || got.String() != want.printed {
			t.Errorf("interval %q: got %d, printed %s, error %v, want %d, printed %s", text, got, got, err, want.interval, want.printed)
		}
	}
	for _, text := range []string{
		"", "m", "1", "0m", "-1m", "+1m", "1.5h", "1M", "1y", "1 m", "1mo ", "3654d", "121mo", "99999999999999999999m", "9223372036854775807m", "１m",
	} {
		if got, err := market.ParseInterval(text); err == nil || !strings.Contains(err.Error(), "want a number and a unit") {
			t.Errorf("interval %q: got %s and error %v, want one that says what is right", text, got, err)
		}
	}
}

func TestBase(t *testing.T) {
	for text, want := range map[string]market.Interval{
		"1m": market.Minute, "90m": market.Minute, "3h": market.Hour, "36h": market.Hour, "1d": market.Day, "1w": market.Day, "1mo": market.Day,
	} {
		if i, _ := market.ParseInterval(text); i.Base() != want {
			t.Errorf("%s is computed from: got %s, want %s", text, i.Base(), want)
		}
	}
}

func FuzzParseInterval(f *testing.F) {
	for _, text := range []string{"1m", "3653d", "120mo", "0w", "1h1h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		i, err := market.ParseInterval(text)
		if err != nil {
			return
		}
		again, err := market.ParseInterval(i.String())
		if err != nil || again != i {
			t.Errorf("interval %q is %d, printed %s, which is read as %d (%v)", text, i, i, again, err)
		}
		if start := i.Floor(1_500_000_000); i.Next(start) <= 1_500_000_000 {
			t.Errorf("interval %q: the bar [%d, %d) does not hold its time", text, start, i.Next(start))
		}
	})
}
