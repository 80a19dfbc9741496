package analysis

import (
	"fmt"
	"slices"
	"time"

	"assay/shared/market"
)

// Closes returns the closes of bars that count as observations. A stub day of metal spot, the hour or two of a Sunday evening,
// is none: its move belongs to the return that ends on Monday.
func Closes(bars []market.Bar) Series {
	s := Series{Time: make([]int64, 0, len(bars)), Value: make([]float64, 0, len(bars))}
	for i := range bars {
		if !bars[i].Flags.Has(market.Stub) {
			s.Time, s.Value = append(s.Time, bars[i].Start), append(s.Value, bars[i].Close)
		}
	}
	return s
}

// Columns returns the columns of bars that count as observations, as Closes does.
func Columns(bars []market.Bar) Bars {
	var columns Bars
	for i := range bars {
		if b := &bars[i]; !b.Flags.Has(market.Stub) {
			columns.add(b.Start, b.Open, b.High, b.Low, b.Close, b.Volume)
		}
	}
	return columns
}

// InnerJoin keeps the times at which every series has a value, and returns one column per series.
func InnerJoin(series ...Series) (times []int64, columns [][]float64) {
	columns = make([][]float64, len(series))
	at := make([]int, len(series)) // the next row of each
	if len(series) == 0 {
		return nil, columns
	}
	for row, t := range series[0].Time {
		all := !market.IsAbsent(series[0].Value[row])
		at[0] = row
		for s := 1; s < len(series); s++ {
			for at[s] < len(series[s].Time) && series[s].Time[at[s]] < t {
				at[s]++
			}
			all = all && at[s] < len(series[s].Time) && series[s].Time[at[s]] == t && !market.IsAbsent(series[s].Value[at[s]])
		}
		if all {
			times = append(times, t)
			for s := range series {
				columns[s] = append(columns[s], series[s].Value[at[s]])
			}
		}
	}
	return times, columns
}

// AsOf returns, for every time, the last value of a series at or before it that is at most maxAge seconds old; absent where there
// is none.
func AsOf(times []int64, s Series, maxAge int64) []float64 {
	values, next, latest := absent(len(times)), 0, -1
	for i, t := range times {
		for ; next < len(s.Time) && s.Time[next] <= t; next++ {
			if !market.IsAbsent(s.Value[next]) {
				latest = next
			}
		}
		if latest >= 0 && t-s.Time[latest] <= maxAge {
			values[i] = s.Value[latest]
		}
	}
	return values
}

// Clock is a time of day somewhere: 15:00 in London is when the afternoon gold fix is struck.
type Clock struct {
	Hour, Minute int
	Where        *time.Location
}

// On returns the moment of a UTC date, given by any of its seconds, at which the clock shows this time.
func (c Clock) On(date int64) int64 {
	y, m, d := time.Unix(date, 0).UTC().Date()
	return time.Date(y, m, d, c.Hour, c.Minute, 0, 0, c.Where).Unix()
}

// String is as in 15:00 Europe/London.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d %s", c.Hour, c.Minute, c.Where) }

// AlignAt returns a series at the dates of fixes as it stood when they were struck: the close of its last bar that had ended by
// then, at most maxAge seconds before. Bars are labelled by their start; i is their interval.
func AlignAt(dates []int64, at Clock, bars Series, i market.Interval, maxAge int64) Series {
	ends := make([]int64, len(bars.Time))
	for row, t := range bars.Time {
		ends[row] = i.Next(t)
	}
	moments := make([]int64, len(dates))
	for row, date := range dates {
		moments[row] = at.On(date)
	}
	return Series{Time: dates, Value: AsOf(moments, Series{Time: ends, Value: bars.Value}, maxAge)}
}

// Alignment says how several series come to common times before their returns are compared.
type Alignment string

// The alignments. Only the first is unbiased; the others exist so that the difference can be shown.
const (
	PricesFirst  Alignment = "inner"         // prices at common times, then returns between those
	ReturnsFirst Alignment = "returns-first" // returns on each series' own calendar, then those that end at common times: weekends are lost
	ForwardFill  Alignment = "ffill"         // every price repeated until the next, then returns at all times: zeros are made up
)

// JoinReturns aligns prices and returns the returns at the times at which they end, one column per series. The function of
// returns is LogReturns or SimpleReturns. It panics on an unknown alignment.
func JoinReturns(how Alignment, returns func([]float64) []float64, prices ...Series) (times []int64, columns [][]float64) {
	switch how {
	case PricesFirst:
		times, columns = InnerJoin(prices...)
	case ForwardFill:
		times, columns = fillForward(prices)
	case ReturnsFirst:
		own := make([]Series, len(prices))
		for i, p := range prices {
			p = p.Drop()
			own[i] = Series{Time: p.Time, Value: returns(p.Value)}
		}
		return InnerJoin(own...)
	default:
		panic("analysis: unknown alignment " + string(how))
	}
	if len(times) == 0 {
		return nil, columns
	}
	for i, c := range columns {
		columns[i] = returns(c)[1:]
	}
	return times[1:], columns
}

// fillForward repeats every price until the next, from the first time at which all series have one.
func fillForward(prices []Series) (times []int64, columns [][]float64) {
	var all []int64
	for _, p := range prices {
		all = append(all, p.Drop().Time...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	filled := make([]Series, len(prices))
	for i, p := range prices {
		filled[i] = Series{Time: all}
		if len(all) > 0 {
			filled[i].Value = AsOf(all, p, all[len(all)-1]-all[0])
		}
	}
	return InnerJoin(filled...)
}

// PeriodsPerYear returns how many bars of an interval a calendar has in a year: a market's days, 23 hours in each day of metal spot
// and 24 in each of crypto, 52 weeks, 12 months. Of two series the smaller number counts.
func PeriodsPerYear(c market.Calendar, i market.Interval) float64 {
	switch {
	case i < 0:
		return 12 / float64(-i)
	case i%market.Week == 0:
		return 52 / float64(i/market.Week)
	case i%market.Day == 0:
		return c.PerYear() / float64(i/market.Day)
	case c == market.Always:
		return c.PerYear() * float64(market.Day) / float64(i)
	default:
		return c.PerYear() * 23 * float64(market.Hour) / float64(i)
	}
}
