package analysis

import "assay/shared/market"

// Converted is a series of prices in another currency.
type Converted struct {
	Series
	Rate []int // which row of the rates each price was multiplied with; -1 where none was young enough, and the price is absent
}

// Convert multiplies each price with the last rate that was published by the end of its bar, at most maxAge seconds before. Rates
// carry their date; they are published when the clock shows a time on it: the ECB's at 16:00 in Frankfurt. Bars are labelled by
// their start; i is their interval.
func Convert(prices Series, i market.Interval, rates Series, published Clock, maxAge int64) Converted {
	out := Converted{Series: Series{Time: prices.Time, Value: absent(len(prices.Time))}, Rate: make([]int, len(prices.Time))}
	next, latest, since := 0, -1, int64(0)
	for row, start := range prices.Time {
		end := i.Next(start)
		for ; next < len(rates.Time); next++ {
			at := published.On(rates.Time[next])
			if at > end {
				break
			}
			if !market.IsAbsent(rates.Value[next]) {
				latest, since = next, at
			}
		}
		out.Rate[row] = -1
		if latest >= 0 && end-since <= maxAge {
			out.Rate[row], out.Value[row] = latest, finite(prices.Value[row]*rates.Value[latest])
		}
	}
	return out
}

// SplitReturns takes the log returns of a converted series apart: what the price did in its own currency, and what the currency did.
// The two add up to the return of the converted series. Absent next to a row without a rate.
func SplitReturns(prices Series, converted Converted, rates Series) (price, currency []float64) {
	mustMatch(len(prices.Value), len(converted.Rate))
	used := absent(len(converted.Rate))
	own := absent(len(converted.Rate))
	for row, rate := range converted.Rate {
		if rate >= 0 {
			used[row], own[row] = rates.Value[rate], prices.Value[row]
		}
	}
	return LogReturns(own), LogReturns(used)
}
