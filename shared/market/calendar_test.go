package market_test

import (
	"testing"

	"assay/shared/market"
)

func TestExpectedDays(t *testing.T) {
	for _, tt := range []struct {
		day      string
		why      string
		expected string // the calendars that have a price, by their first letters: A M L N T
	}{
		{"2016-11-13", "Sunday", "A"},
		{"2016-11-12", "Saturday", "A"},
		{"2016-11-14", "Monday", "AMLNT"},
		{"2016-11-24", "Thanksgiving", "AMLT"},
		{"2018-03-29", "Thursday before Easter", "AMLNT"},
		{"2018-03-30", "Good Friday", "A"},
		{"2018-04-02", "Easter Monday", "AMN"},
		{"2011-04-22", "Good Friday, late", "A"},
		{"2008-03-21", "Good Friday, early", "A"},
		{"2018-01-01", "New Year", "A"},
		{"2017-01-02", "Monday after New Year's Sunday", "AMNT"},
		{"2018-01-15", "Martin Luther King's day", "AMLT"},
		{"2018-02-19", "Presidents' day", "AMLT"},
		{"2018-05-01", "Labour day", "AMLN"},
		{"2019-05-06", "early May bank holiday", "AMNT"},
		{"2019-05-27", "spring bank holiday and Memorial day", "AMT"},
		{"2019-08-26", "summer bank holiday", "AMNT"},
		{"2019-08-19", "an August Monday", "AMLNT"},
		{"2018-07-04", "Independence day", "AMLT"},
		{"2018-09-03", "Labor day", "AMLT"},
		{"2018-12-25", "Christmas", "A"},
		{"2018-12-26", "Boxing day", "AMN"},
		{"2016-12-27", "in lieu of Christmas on a Sunday", "AMNT"},
		{"2021-12-27", "in lieu of Christmas on a Saturday", "AMNT"},
		{"2021-12-28", "in lieu of Boxing day on a Sunday", "AMNT"},
		{"2018-12-27", "Thursday", "AMLNT"},
	} {
		got := ""
		for _, c := range []market.Calendar{market.Always, market.MetalSession, market.London, market.NewYork, market.Target} {
			if c.Expects(at(t, tt.day), market.Day) {
				got += string(c[0] - 'a' + 'A')
			}
		}
		if got != tt.expected {
			t.Errorf("%s, %s: expected by %s, want %s", tt.day, tt.why, got, tt.expected)
		}
	}
}

func TestWarsaw(t *testing.T) {
	for _, tt := range []struct {
		day  string
		want bool
	}{
		{"2024-03-29", true},  // Good Friday
		{"2024-04-01", false}, // Easter Monday
		{"2024-05-01", false},
		{"2024-05-02", true},
		{"2024-05-03", false},
		{"2024-05-30", false}, // Corpus Christi
		{"2024-08-15", false},
		{"2024-11-01", false},
		{"2024-11-11", false},
		{"2025-01-06", false},
		{"2024-12-24", true},
		{"2025-12-24", false},
		{"2024-12-26", false},
		{"2024-12-28", false},
	} {
		if got := market.Warsaw.Expects(at(t, tt.day), market.Day); got != tt.want {
			t.Errorf("%s: got %t", tt.day, got)
		}
	}
}

// Metal spot trades from Sunday 18:00 to Friday 17:00 in New York, which is UTC-5 in winter and UTC-4 from 2018-03-11 on.
func TestMetalSession(t *testing.T) {
	for _, tt := range []struct {
		at   string
		want bool
	}{
		{"2018-03-04T22:59", false}, // Sunday 17:59, winter
		{"2018-03-04T23:00", true},
		{"2018-03-05T21:59", true},  // Monday 16:59
		{"2018-03-05T22:00", false}, // the break
		{"2018-03-05T22:59", false},
		{"2018-03-05T23:00", true},
		{"2018-03-09T21:59", true}, // Friday 16:59
		{"2018-03-09T22:00", false},
		{"2018-03-09T23:30", false}, // Friday evening would be Saturday's session
		{"2018-03-10T12:00", false},
		{"2018-03-11T21:59", false}, // Sunday 17:59, summer
		{"2018-03-11T22:00", true},
		{"2018-03-12T21:00", false}, // the break, an hour earlier
		{"2018-03-12T22:00", true},
		{"2018-03-29T20:59", true},  // Thursday before Good Friday
		{"2018-03-29T22:30", false}, // Good Friday's session
		{"2018-03-30T12:00", false},
		{"2018-04-01T22:00", true},  // Easter Sunday evening
		{"2018-11-04T22:30", false}, // Sunday 17:30, winter again
		{"2018-11-04T23:00", true},
	} {
		for _, i := range []market.Interval{market.Minute, 15 * market.Minute, market.Hour} {
			when := i.Floor(at(t, tt.at))
			if when != at(t, tt.at) {
				continue
			}
			if got := market.MetalSession.Expects(when, i); got != tt.want {
				t.Errorf("%s bar at %s: got expected %t, want %t", i, tt.at, got, tt.want)
			}
		}
	}
}

func TestCount(t *testing.T) {
	for _, tt := range []struct {
		calendar market.Calendar
		from, to string
		interval market.Interval
		want     int
	}{
		{market.Always, "2018-01-01", "2019-01-01", market.Day, 365},
		{market.Always, "2016-01-01", "2017-01-01", market.Hour, 366 * 24},
		{market.Always, "2018-01-01", "2019-01-01", market.Minute, 525_600},
		{market.Always, "2018-01-01T00:30", "2018-01-01T02:30", market.Hour, 2}, // the bars that start in it: 01:00 and 02:00
		{market.Always, "2018-01-02", "2018-01-01", market.Day, 0},
		{market.London, "2018-01-01", "2019-01-01", market.Day, 253}, // 261 weekdays less 8 bank holidays
		{market.London, "2019-01-01", "2020-01-01", market.Day, 253},
		{market.Target, "2018-01-01", "2019-01-01", market.Day, 255},       // 261 less New Year, Easter twice, 1 May, Christmas twice
		{market.MetalSession, "2018-01-01", "2019-01-01", market.Day, 258}, // 261 less New Year, Good Friday, Christmas
		{market.NewYork, "2018-01-01", "2019-01-01", market.Day, 252},      // 261 less nine
		{market.MetalSession, "2018-03-05", "2018-03-06", market.Hour, 23},
		{market.MetalSession, "2018-03-04", "2018-03-11", market.Hour, 5 * 23},
		{market.MetalSession, "2018-03-11", "2018-03-18", market.Hour, 5 * 23},
		{market.MetalSession, "2018-03-05", "2018-03-06", market.Minute, 23 * 60},
	} {
		if got := tt.calendar.Count(at(t, tt.from), at(t, tt.to), tt.interval); got != tt.want {
			t.Errorf("%s, %s bars in [%s, %s): got %d, want %d", tt.calendar, tt.interval, tt.from, tt.to, got, tt.want)
		}
	}
}

// PerYear is the average that Count gives, to the nearest day or so.
func TestPerYear(t *testing.T) {
	for _, c := range market.Calendars {
		average := float64(c.Count(at(t, "2000-01-01"), at(t, "2028-01-01"), market.Day)) / 28
		if got := c.PerYear(); got < average-1.5 || got > average+1.5 {
			t.Errorf("%s: got %v bars per year, want about %.2f", c, got, average)
		}
	}
}
