package source

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clock reads the times of one file. What a file leaves open is decided by all of its times together, or refused: a date
// such as 03/04/2016, and numbers that are a time of our days in more than one unit.
//
// A date without an hour is the UTC day of that name. A time of day is in the file's time zone unless it says an offset; an
// hour that the zone's clocks skip or pass twice cannot be read.
type clock struct {
	zone   *time.Location
	dates  string // dmy or mdy: the order of 03/04/2016
	unit   int64  // of numbers: parts of a second; 0 while they are dates such as 20160304
	layout *int   // the index of the layout that was right last
}

// layouts are the ways in which times are written.
var layouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00",
	"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04",
	"2006-01-02", "2006/01/02", "20060102", "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006", "2-Jan-2006",
}

const (
	localTimes = 3 // layouts before this one say an offset
	wholeDays  = 7 // layouts from this one on are dates
)

// newClock looks at all times of a file.
func newClock(options Options, times iter.Seq[string]) (clock, error) {
	zone, err := zoneNamed(options.TimeZone)
	if err != nil {
		return clock{}, err
	}
	c := clock{zone: zone, dates: options.Dates, layout: new(int)}
	var dates []shortDate
	var numbers []int64
	for text := range times {
		if d, ok := readShortDate(text); ok && d.first != d.second {
			dates = append(dates, d)
		} else if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			numbers = append(numbers, v)
		}
	}
	if err := c.setDates(dates); err != nil {
		return c, err
	}
	return c, c.setUnit(options.Times, numbers)
}

// zoneNamed returns the time zone of an IANA name, UTC for the empty one. Local is refused: it is another zone on each machine.
func zoneNamed(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fmt.Errorf("time zone %.40q is not known, want a name such as Europe/London: %w", name, ErrFormat)
	}
	return zone, nil
}

// setDates decides the order of day and month.
func (c *clock) setDates(dates []shortDate) error {
	switch c.dates {
	case "dmy", "mdy":
		return nil
	case "":
	default:
		return fmt.Errorf("dates %.40q: want dmy or mdy: %w", c.dates, ErrFormat)
	}
	dayFirst := slices.IndexFunc(dates, func(d shortDate) bool { return d.first > 12 })
	monthFirst := slices.IndexFunc(dates, func(d shortDate) bool { return d.second > 12 })
	switch {
	case dayFirst >= 0 && monthFirst >= 0:
		return fmt.Errorf("%s has the day first and %s the month: %w", dates[dayFirst].text, dates[monthFirst].text, ErrFormat)
	case dayFirst >= 0:
		c.dates = "dmy"
	case monthFirst >= 0:
		c.dates = "mdy"
	case len(dates) > 0:
		d := dates[0]
		return fmt.Errorf("%s is %d %s or %s %d: say --dates dmy or mdy: %w",
			d.text, d.first, time.Month(d.second), time.Month(d.first), d.second, ErrFormat)
	}
	return nil
}

// units are the parts of a second in which numbers count.
var units = map[string]int64{"s": 1, "ms": 1000, "us": 1_000_000}

// setUnit decides what numbers count. There is at most one unit in which the latest of them is a time between 1973 and 2100. It is
// taken when all numbers are times of bars in it. Where they are not, a unit in which they are is taken, and two such units are
// refused. Where no unit fits, the first one is taken after all if there is one.
func (c *clock) setUnit(times string, numbers []int64) error {
	if times != "" {
		unit, ok := units[times]
		if !ok {
			return fmt.Errorf("times %.40q: want s, ms or us: %w", times, ErrFormat)
		}
		c.unit = unit
		return nil
	}
	if !slices.ContainsFunc(numbers, func(v int64) bool { return !isNumericDate(v) }) {
		return nil
	}
	const since1973, until2100 = 100_000_000, 4_102_444_800
	latest := slices.Max(numbers)
	var recent int64
	var readings []string
	for _, name := range []string{"s", "ms", "us"} {
		unit := units[name]
		at := latest / unit
		if since1973 <= at && at < until2100 {
			recent = unit
		}
		if at >= until2100 || !areTimes(numbers, unit) {
			continue
		}
		if c.unit = unit; unit == recent {
			return nil
		}
		readings = append(readings, time.Unix(at, 0).UTC().Format(time.RFC3339)+" in "+name)
	}
	switch {
	case len(readings) == 0 && recent != 0:
		c.unit = recent
		return nil
	case len(readings) == 0:
		return fmt.Errorf("numbers such as %d are no times of bars a minute, an hour or a day apart, in s, ms or us: %w", latest, ErrFormat)
	case len(readings) == 1:
		return nil
	default:
		return fmt.Errorf("%d is %s: say --times s, ms or us: %w", latest, strings.Join(readings, " or "), ErrFormat)
	}
}

// areTimes reports whether numbers of a unit can be the times of bars.
func areTimes(numbers []int64, unit int64) bool {
	starts := make([]int64, len(numbers))
	for i, v := range numbers {
		if v%unit != 0 {
			return false
		}
		starts[i] = v / unit
	}
	return intervalOf(starts) != 0
}

// isNumericDate reports whether a number is a date such as 20160304.
func isNumericDate(v int64) bool {
	t, err := time.Parse("20060102", strconv.FormatInt(v, 10))
	return err == nil && t.Year() >= 1700 && t.Year() < 2100
}

// read returns a time in Unix seconds, or the text again if it cannot be read or is not a whole second.
func (c clock) read(text string) (start int64, bad string) {
	if v, err := strconv.ParseInt(text, 10, 64); err == nil && c.unit != 0 {
		if v%c.unit != 0 {
			return 0, text
		}
		return v / c.unit, ""
	}
	plain := text
	if d, ok := readShortDate(text); ok {
		plain = d.iso(c.dates)
	}
	zone := c.zone
	if utc, ok := strings.CutSuffix(plain, " UTC"); ok {
		plain, zone = utc, time.UTC
	}
	for n := range layouts {
		i := (*c.layout + n) % len(layouts)
		wall, err := time.Parse(layouts[i], plain)
		if err != nil {
			continue
		}
		*c.layout = i
		if wall.Nanosecond() != 0 {
			return 0, text
		}
		if i < localTimes || i >= wholeDays {
			return wall.Unix(), ""
		}
		return at(wall, zone, text)
	}
	return 0, text
}

// at returns when a zone's clocks show a time, which wall gives in UTC. They never do in an hour that they skip, and do twice in one
// that they repeat: then it returns the text.
func at(wall time.Time, zone *time.Location, text string) (start int64, bad string) {
	shown := func(t time.Time) bool {
		_, offset := t.In(zone).Zone()
		return t.Unix()+int64(offset) == wall.Unix()
	}
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	if !shown(t) {
		return 0, text
	}
	for _, shift := range []time.Duration{30 * time.Minute, time.Hour} {
		if shown(t.Add(shift)) || shown(t.Add(-shift)) {
			return 0, text
		}
	}
	return t.Unix(), ""
}

// shortDate is a date such as 03/04/2016, with what follows it.
type shortDate struct {
	text          string
	first, second int
	year, rest    string
}

// readShortDate reads one or two digits, one or two digits and four, with the same of / . - between them.
func readShortDate(text string) (shortDate, bool) {
	i := strings.IndexAny(text, "/.-")
	if i < 1 {
		return shortDate{}, false
	}
	parts := strings.SplitN(text, text[i:i+1], 3)
	if len(parts) != 3 || len(parts[0]) > 2 || len(parts[1]) > 2 || len(parts[2]) < 4 {
		return shortDate{}, false
	}
	first, err1 := strconv.ParseUint(parts[0], 10, 8)
	second, err2 := strconv.ParseUint(parts[1], 10, 8)
	_, err3 := strconv.ParseUint(parts[2][:4], 10, 16)
	d := shortDate{text, int(first), int(second), parts[2][:4], parts[2][4:]}
	return d, err1 == nil && err2 == nil && err3 == nil && first > 0 && second > 0 && min(first, second) <= 12 && max(first, second) <= 31
}

// iso writes the date as 2016-04-03, in the given order of day and month.
func (d shortDate) iso(order string) string {
	month, day := d.second, d.first
	if order == "mdy" {
		month, day = day, month
	}
	return fmt.Sprintf("%s-%02d-%02d%s", d.year, month, day, d.rest)
}
