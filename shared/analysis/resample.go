package analysis

import (
	"math"

	"assay/shared/market"
)

// Resample makes bars of a longer interval: the first open, the highest high, the lowest low, the last close, the sum of the
// volumes, of what is not absent. A bar is half-open and labelled by its start; days are UTC, weeks start on Monday, months by the
// calendar. A longer bar without any value is left out.
func Resample(bars Bars, to market.Interval) Bars {
	var out Bars
	out.grow(bars.Time, to)
	for from := 0; from < len(bars.Time); {
		start := to.Floor(bars.Time[from])
		end, until := to.Next(start), from
		for until < len(bars.Time) && bars.Time[until] < end {
			until++
		}
		open, closing := first(bars.Open[from:until]), last(bars.Close[from:until])
		low, high := extremes(bars.Low[from:until], bars.High[from:until])
		volume := total(bars.Volume[from:until])
		if !(market.IsAbsent(open) && market.IsAbsent(high) && market.IsAbsent(low) && market.IsAbsent(closing) && market.IsAbsent(volume)) {
			out.add(start, open, high, low, closing, volume)
		}
		from = until
	}
	return out
}

// FillPrevious adds the bars that are missing between the first and the last, with the close before as all four prices and a
// volume of 0, and says which rows those are. It makes up data: never by default, and to be reported.
func FillPrevious(bars Bars, i market.Interval) (filled Bars, made []int) {
	for row, t := range bars.Time {
		if row > 0 {
			previous := filled.Close[len(filled.Close)-1]
			for at := i.Next(bars.Time[row-1]); at < t; at = i.Next(at) {
				made = append(made, len(filled.Time))
				filled.add(at, previous, previous, previous, previous, 0)
			}
		}
		filled.add(t, bars.Open[row], bars.High[row], bars.Low[row], bars.Close[row], bars.Volume[row])
	}
	return filled, made
}

// grow makes room for the bars of an interval that lie between the first time and the last.
func (b *Bars) grow(times []int64, i market.Interval) {
	if len(times) == 0 {
		return
	}
	width := int64(i)
	if i < 0 {
		width = -width * 28 * int64(market.Day)
	}
	n := min(len(times), int((times[len(times)-1]-times[0])/width)+2)
	b.Time = make([]int64, 0, n)
	for _, column := range []*[]float64{&b.Open, &b.High, &b.Low, &b.Close, &b.Volume} {
		*column = make([]float64, 0, n)
	}
}

func (b *Bars) add(start int64, open, high, low, closing, volume float64) {
	b.Time = append(b.Time, start)
	b.Open, b.High, b.Low = append(b.Open, open), append(b.High, high), append(b.Low, low)
	b.Close, b.Volume = append(b.Close, closing), append(b.Volume, volume)
}

func first(x []float64) float64 {
	for _, v := range x {
		if v == v {
			return v
		}
	}
	return market.Absent
}

func last(x []float64) float64 {
	for i := len(x) - 1; i >= 0; i-- {
		if x[i] == x[i] {
			return x[i]
		}
	}
	return market.Absent
}

func extremes(lows, highs []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for i, v := range lows {
		if v < low {
			low = v
		}
		if w := highs[i]; w > high {
			high = w
		}
	}
	return finite(low), finite(high)
}

func total(x []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range x {
		if v == v {
			sum += v
			n++
		}
	}
	if n == 0 {
		return market.Absent
	}
	return finite(sum)
}
