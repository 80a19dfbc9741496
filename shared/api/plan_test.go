package api

import (
	"fmt"
	"strings"
	"testing"

	"assay/shared/history"
	"assay/shared/market"
)

// extents makes a source's series whose stored bars reach over the given days of January 2024, 1 being the first.
func extents(reaches map[market.Interval][2]int) known {
	in, _ := market.Lookup("BTC-USD")
	id := market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}
	e := history.Entry{ID: id, Instrument: in, Intervals: map[market.Interval]history.Extent{}}
	for i, days := range reaches {
		first := monday + int64(days[0]-15)*int64(market.Day)
		last := monday + int64(days[1]-14)*int64(market.Day) - int64(i)
		e.Intervals[i] = history.Extent{First: first, Last: last}
	}
	return known{Entry: e, stored: true}
}

func at(text moment) *int64 {
	t, err := parseTime("", text)
	if err != nil {
		panic(err)
	}
	return &t
}

func TestChoose(t *testing.T) {
	all := extents(map[market.Interval][2]int{market.Minute: {1, 31}, market.Hour: {1, 31}, market.Day: {1, 31}})
	daily := extents(map[market.Interval][2]int{market.Day: {1, 31}})
	hourly := extents(map[market.Interval][2]int{market.Hour: {1, 31}})
	minutes := extents(map[market.Interval][2]int{market.Minute: {3, 4}})
	// A consensus of one source that stopped and has minutes, and of one that goes on and has days.
	consensus := extents(map[market.Interval][2]int{market.Minute: {3, 4}, market.Hour: {3, 4}, market.Day: {1, 31}})
	consensus.ID.Source, consensus.sources = "", []history.Entry{minutes.Entry, daily.Entry}
	for _, c := range []struct {
		name   string
		series known
		asked  request
		want   string // interval of the answer, interval read, range of the answer, bars read
	}{
		{"all days", all, request{interval: market.Day}, "1d of 1d, 01-01 00:00 to 02-01 00:00, reads 31"},
		{"a range", all, request{interval: market.Hour, from: at("2024-01-02"), to: at("2024-01-03")}, "1h of 1h, 01-02 00:00 to 01-03 00:00, reads 24"},
		{"a range beyond what is stored", all, request{interval: market.Day, from: at("2000-01-01"), to: at("2030-01-01")}, "1d of 1d, 01-01 00:00 to 01-01 00:00, reads 31"},
		{"bars that start in the range", all, request{interval: market.Day, from: at("2024-01-02T01:00:00Z"), to: at("2024-01-04T01:00:00Z")}, "1d of 1d, 01-02 01:00 to 01-04 01:00, reads 2"},
		{"an empty range", all, request{interval: market.Day, from: at("2024-01-02"), to: at("2024-01-02")}, "1d of 1d, 01-02 00:00 to 01-02 00:00, reads 0"},
		{"after all that is stored", all, request{interval: market.Day, from: at("2025-01-02")}, "1d of 1d, 01-02 00:00 to 01-02 00:00, reads 0"},
		{"the newest 5,000 by default", all, request{interval: market.Minute}, "1m of 1m, 01-28 12:40 to 02-01 00:00, reads 5000"},
		{"computed", all, request{interval: 15 * market.Minute, from: at("2024-01-02"), to: at("2024-01-03")}, "15m of 1m, 01-02 00:00 to 01-03 00:00, reads 1440"},
		{"weeks start on Mondays", all, request{interval: market.Week}, "1w of 1d, 01-01 00:00 to 02-05 00:00, reads 35"},
		{"weeks that start in the range", all, request{interval: market.Week, from: at("2024-01-02"), to: at("2024-01-16")}, "1w of 1d, 01-02 00:00 to 01-16 00:00, reads 14"},
		{"months", all, request{interval: market.Month}, "1mo of 1d, 01-01 00:00 to 02-01 00:00, reads 31"},
		{"days of a source that has minutes only", minutes, request{interval: market.Day}, "1d of 1d, 01-03 00:00 to 01-05 00:00, reads 2"},
		{"days of a source that has hours only", hourly, request{interval: market.Day}, "1d of 1h, 01-01 00:00 to 02-01 00:00, reads 744"},
		{"minutes of a source that has days only", daily, request{interval: market.Minute}, "1m of 1m, 01-01 00:00 to 01-01 00:00, reads 0"},
		{"hours of a consensus whose newer source has days only", consensus, request{interval: market.Hour}, "1h of 1h, 01-03 00:00 to 01-05 00:00, reads 48"},
		{"days of that consensus", consensus, request{interval: market.Day}, "1d of 1d, 01-01 00:00 to 02-01 00:00, reads 31"},

		{"maxPoints that fits", all, request{interval: market.Day, maxPoints: 31}, "1d of 1d, 01-01 00:00 to 02-01 00:00, reads 31"},
		{"maxPoints: two days", all, request{interval: market.Day, maxPoints: 30}, "2d of 1d, 12-31 00:00 to 02-01 00:00, reads 32"},
		{"maxPoints: whole bars around the range", all, request{interval: market.Day, from: at("2024-01-04"), to: at("2024-01-09"), maxPoints: 3}, "2d of 1d, 01-04 00:00 to 01-10 00:00, reads 6"},
		{"maxPoints: minutes where they must be", all, request{interval: market.Minute, from: at("2024-01-02"), to: at("2024-01-03"), maxPoints: 100}, "15m of 1m, 01-02 00:00 to 01-03 00:00, reads 1440"},
		{"maxPoints: hours instead of 60 minutes", all, request{interval: market.Minute, from: at("2024-01-02"), to: at("2024-01-03"), maxPoints: 24}, "1h of 1h, 01-02 00:00 to 01-03 00:00, reads 24"},
		{"maxPoints: two hours instead of 72 minutes", all, request{interval: market.Minute, from: at("2024-01-02"), to: at("2024-01-03"), maxPoints: 20}, "2h of 1h, 01-02 00:00 to 01-03 00:00, reads 24"},
		{"maxPoints: days instead of 30 hours", all, request{interval: market.Minute, maxPoints: 25}, "2d of 1d, 12-31 00:00 to 02-01 00:00, reads 32"},
		{"maxPoints: hours where there are no days; of 30 hours 26 bars would touch it", hourly, request{interval: market.Hour, maxPoints: 25}, "31h of 1h, 12-31 11:00 to 02-01 18:00, reads 775"},
		{"maxPoints: months", all, request{interval: market.Month, from: at("2023-12-01"), maxPoints: 2}, "1mo of 1d, 12-01 00:00 to 02-01 00:00, reads 31"},
		{"maxPoints of a range beyond what is stored", all, request{interval: market.Day, from: at("2000-01-01"), to: at("2030-01-01"), maxPoints: 31}, "1d of 1d, 01-01 00:00 to 01-01 00:00, reads 31"},
	} {
		p, err := c.series.choose(c.asked)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := fmt.Sprintf("%s of %s, %s to %s, reads %d", p.interval, p.base, short(p.from), short(p.to), (p.read.to-p.read.from)/int64(p.base))
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func short(seconds int64) string { return strings.Replace(printed(seconds)[5:16], "T", " ", 1) }

// A year of minutes to 4,000 points is read as hours: minutes would be 60 times as many.
func TestYearOfMinutesIsReadAsHours(t *testing.T) {
	year := extents(map[market.Interval][2]int{market.Minute: {1, 366}, market.Hour: {1, 366}})
	p, err := year.choose(request{interval: market.Minute, maxPoints: 4000})
	if err != nil || p.interval != 3*market.Hour || p.base != market.Hour {
		t.Errorf("got %s of %s, %v; want 3h of 1h", p.interval, p.base, err)
	}
}

func TestChooseRefusesTooMuch(t *testing.T) {
	years := extents(map[market.Interval][2]int{market.Minute: {1, 800}})
	_, err := years.choose(request{interval: market.Minute, from: at("2024-01-01")})
	if err == nil || !strings.Contains(err.Error(), "up to 1152000 stored ones, and at most 600000 are read") {
		t.Errorf("got %v, want an error that names both numbers", err)
	}
	if p, err := years.choose(request{interval: market.Minute, from: at("2024-01-01"), maxPoints: 100_000}); err != nil || p.interval != market.Hour {
		t.Errorf("with maxPoints: got %s, %v; want 1h", p.interval, err)
	}
}
