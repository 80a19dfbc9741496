package market

import (
	"time"
	_ "time/tzdata" // the sessions need New York's and London's clocks where the system has none
)

// Calendar says when a market is expected to have a price.
type Calendar string

// The calendars.
const (
	Always       Calendar = "always"        // every minute of every day
	MetalSession Calendar = "metal-session" // Sunday 18:00 to Friday 17:00 New York, with an hour's break from 17:00 each day
	London       Calendar = "london"        // London business days: one price a day
	NewYork      Calendar = "new-york"      // New York business days: one price a day
	Target       Calendar = "target"        // days of the euro system's TARGET: one price a day
	Warsaw       Calendar = "warsaw"        // Polish business days: one price a day
)

// Calendars lists the calendars.
var Calendars = []Calendar{Always, MetalSession, London, NewYork, Target, Warsaw}

var newYork = mustLoad("America/New_York")

func mustLoad(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the zone files are compiled in
	}
	return l
}

// Expects reports whether the market should have a bar that starts at start (Unix seconds). A UTC day of metal spot counts
// when at least half of its session lies in it; a business day does, and so does each of its hours and minutes.
func (c Calendar) Expects(start int64, i Interval) bool {
	switch {
	case c == Always:
		return true
	case c != MetalSession || i.Base() == Day:
		return c.businessDay(time.Unix(start, 0).UTC())
	default:
		return c.inSession(start)
	}
}

// Count returns the number of bars of a stored interval that the market should have in [from, to).
func (c Calendar) Count(from, to int64, i Interval) int {
	if c == Always {
		return int(max(0, (i.Ceil(to)-i.Ceil(from))/int64(i)))
	}
	n := 0
	for t := i.Ceil(from); t < to; t = i.Next(t) {
		if c.Expects(t, i) {
			n++
		}
	}
	return n
}

// PerYear returns how many daily bars the market has in an average year.
func (c Calendar) PerYear() float64 {
	switch c {
	case Always:
		return 365
	case MetalSession:
		return 259
	case London:
		return 253
	case Target:
		return 256
	case Warsaw:
		return 251
	default:
		return 252
	}
}

// inSession reports whether metal spot trades at t.
func (c Calendar) inSession(t int64) bool {
	local := time.Unix(t, 0).In(newYork)
	if local.Hour() == 17 {
		return false
	}
	day := local // the session's day: an evening belongs to the next
	if local.Hour() >= 18 {
		day = local.AddDate(0, 0, 1)
	}
	return c.businessDay(day)
}

func (c Calendar) businessDay(d time.Time) bool {
	if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
		return false
	}
	easter := d.YearDay() - easterSunday(d.Year()).YearDay() // days after Easter Sunday
	month, day := d.Month(), d.Day()
	if month == time.January && day == 1 || month == time.December && day == 25 || easter == -2 && c != Warsaw {
		return false
	}
	switch c {
	case Warsaw:
		return easter != 1 && easter != 60 && !polishHoliday(d)
	case London:
		return easter != 1 && !londonHoliday(d)
	case Target:
		return easter != 1 && !(month == time.May && day == 1) && !(month == time.December && day == 26)
	case NewYork:
		return !newYorkHoliday(d)
	default:
		return true
	}
}

// londonHoliday reports whether d, a weekday, is one of the bank holidays of England beside Easter: the first and last
// Monday of May, the last of August, and the days given in lieu at the turn of the year. One-off holidays are not known.
func londonHoliday(d time.Time) bool {
	monday := d.Weekday() == time.Monday
	switch d.Month() {
	case time.January:
		return monday && d.Day() <= 3
	case time.May:
		return monday && (d.Day() <= 7 || d.Day() >= 25)
	case time.August:
		return monday && d.Day() >= 25
	case time.December:
		return d.Day() == 26 || (d.Day() == 27 || d.Day() == 28) && d.Weekday() <= time.Tuesday
	default:
		return false
	}
}

// polishHoliday reports whether d is one of Poland's holidays of a fixed date, beside New Year and Christmas Day. Christmas Eve is
// one since 2025.
func polishHoliday(d time.Time) bool {
	switch d.Month() {
	case time.January:
		return d.Day() == 6
	case time.May:
		return d.Day() == 1 || d.Day() == 3
	case time.August:
		return d.Day() == 15
	case time.November:
		return d.Day() == 1 || d.Day() == 11
	case time.December:
		return d.Day() == 26 || d.Day() == 24 && d.Year() >= 2025
	default:
		return false
	}
}

// newYorkHoliday reports whether d, a weekday, is one of COMEX's full holidays beside New Year, Good Friday and Christmas.
func newYorkHoliday(d time.Time) bool {
	monday, week := d.Weekday() == time.Monday, (d.Day()-1)/7+1
	switch d.Month() {
	case time.January, time.February:
		return monday && week == 3
	case time.May:
		return monday && d.Day() >= 25
	case time.July:
		return d.Day() == 4
	case time.September:
		return monday && week == 1
	case time.November:
		return d.Weekday() == time.Thursday && week == 4
	default:
		return false
	}
}

// easterSunday returns Easter by the Gregorian computus (Meeus, Astronomical Algorithms, chapter 8).
func easterSunday(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	month, day := (h+l-7*m+114)/31, (h+l-7*m+114)%31+1
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}
