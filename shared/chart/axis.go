package chart

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// axis takes values to pixels: low to start, high to end.
type axis struct {
	low, high  float64
	start, end float64
	log        bool // all values are positive
}

func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	return snap(a.start + float64((v-low)/(high-low)*(a.end-a.start)))
}

// valueAxis spans values with some space around them. Values that hardly differ are as good as equal: a finer axis could not be
// labelled.
func valueAxis(low, high, bottom, top float64, log bool) axis {
	size := max(math.Abs(low), math.Abs(high))
	equal := high-low <= max(size*1e-9, 1/largest)
	if log {
		if equal {
			low, high = low/1.1, high*1.1
		}
		space := math.Pow(high/low, 0.04)
		return axis{low / space, high * space, bottom, top, true}
	}
	if equal {
		if size < 1/largest { // as good as zero
			size = 1
		}
		low, high = low-float64(size*0.05), high+float64(size*0.05)
	}
	space := float64((high - low) * 0.04)
	return axis{low - space, high + space, bottom, top, false}
}

type tick struct {
	at   float64 // pixels
	text string
}

// ticks marks round values, about one in every spacing pixels.
func (a axis) ticks(spacing float64, print func(v, step float64) string) []tick {
	most := max(2, math.Abs(a.end-a.start)/spacing)
	if a.log && a.high/a.low >= 8 {
		return a.decades(most, print)
	}
	step := roundStep((a.high - a.low) / most)
	var ticks []tick
	for n := math.Ceil(a.low / step); float64(n*step) <= a.high; n++ { // below 2^53: see valueAxis
		v := float64(n * step)
		ticks = append(ticks, tick{a.at(v), print(v, step)})
	}
	return ticks
}

// decades marks 1, 2 and 5 of every power of ten, or 1 of each or of every few where these are too many.
func (a axis) decades(most float64, print func(v, step float64) string) []tick {
	first, last := math.Floor(math.Log10(a.low)), math.Ceil(math.Log10(a.high))
	digits, every := []float64{1, 2, 5}, 1.0
	if 3*math.Log10(a.high/a.low) > most+1 {
		digits, every = digits[:1], math.Ceil((last-first)/most)
	}
	var ticks []tick
	for power := float64(math.Floor(first/every) * every); power <= last; power += every {
		for _, digit := range digits {
			if v := digit * math.Pow(10, power); a.low <= v && v <= a.high {
				ticks = append(ticks, tick{a.at(v), print(v, v)})
			}
		}
	}
	return ticks
}

// roundStep returns the least of 1, 2 and 5 times a power of ten that is not below x.
func roundStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, digit := range []float64{1, 2, 5} {
		if step := digit * power; step >= x {
			return step
		}
	}
	return 10 * power
}

// number prints a value to the digits that a step tells apart, thousands separated.
func number(v, step float64) string {
	if math.Abs(v) >= 1e12 || step < 1e-9 {
		return strings.Replace(strconv.FormatFloat(v, 'g', 4, 64), "-", "−", 1)
	}
	digits := 0
	if step < 1 {
		digits = min(9, int(math.Ceil(-float64(math.Log10(step))-1e-9)))
	}
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(v, 'f', digits, 64), ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "−", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if strings.Trim(whole, "0.") == "" {
		sign = ""
	}
	return sign + whole
}

// percent prints a fraction as per cent.
func percent(v, step float64) string { return number(100*v, 100*step) + " %" }

// calendarStep is a distance of marks on a time axis.
type calendarStep struct {
	months  int
	seconds int64
	layout  string
}

var calendarSteps = []calendarStep{
	{0, 60, "15:04"},
	{0, 300, "15:04"},
	{0, 900, "15:04"},
	{0, 3600, "15:04"},
	{0, 3 * 3600, "02 Jan 15:04"},
	{0, 12 * 3600, "02 Jan 15:04"},
	{0, 86400, "02 Jan"},
	{0, 2 * 86400, "02 Jan"},
	{0, 7 * 86400, "02 Jan"},
	{1, 0, "Jan 2006"},
	{3, 0, "Jan 2006"},
	{6, 0, "Jan 2006"},
	{12, 0, "2006"},
	{24, 0, "2006"},
	{60, 0, "2006"},
	{120, 0, "2006"},
	{240, 0, "2006"},
	{600, 0, "2006"},
	{1200, 0, "2006"},
}

// times marks round times, in UTC, about one in every spacing pixels.
func (a axis) times(spacing float64) []tick {
	most := max(2, (a.end-a.start)/spacing)
	var ticks []tick
	for _, step := range calendarSteps {
		length := float64(step.seconds) + float64(float64(step.months)*30.44*86400)
		if (a.high-a.low)/length > most {
			continue
		}
		for t := step.floor(int64(a.low)); t <= int64(a.high); t = step.next(t) {
			if float64(t) >= a.low {
				ticks = append(ticks, tick{a.at(float64(t)), time.Unix(t, 0).UTC().Format(step.layout)})
			}
		}
		break
	}
	return ticks
}

// monday is 1970-01-05: weeks are marked on Mondays.
const monday = 4 * 86400

func (s calendarStep) floor(at int64) int64 {
	if s.months == 0 {
		since := (at - monday) % s.seconds
		if since < 0 {
			since += s.seconds
		}
		return at - since
	}
	t := time.Unix(at, 0).UTC()
	month := t.Year()*12 + int(t.Month()) - 1
	return time.Date(0, time.Month(month-month%s.months+1), 1, 0, 0, 0, 0, time.UTC).Unix()
}

func (s calendarStep) next(at int64) int64 {
	if s.months == 0 {
		return at + s.seconds
	}
	return time.Unix(at, 0).UTC().AddDate(0, s.months, 0).Unix()
}
