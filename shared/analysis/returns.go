package analysis

import (
	"math"

	"assay/shared/market"
)

// SimpleReturns returns P_t/P_{t-1} - 1 between consecutive rows. The first is absent, and so is every one next to an absent
// price or after a price of zero.
func SimpleReturns(prices []float64) []float64 {
	r := make([]float64, len(prices))
	if len(r) > 0 {
		r[0] = market.Absent
	}
	for i := 1; i < len(prices); i++ {
		r[i] = finite((prices[i] - prices[i-1]) / prices[i-1])
	}
	return r
}

// LogReturns returns ln(P_t/P_{t-1}) between consecutive rows. The first is absent, and so is every one next to an absent price
// or to one that is not positive.
func LogReturns(prices []float64) []float64 {
	r := make([]float64, len(prices))
	if len(r) > 0 {
		r[0] = market.Absent
	}
	for i := 1; i < len(prices); {
		for end := min((i|3)+1, len(prices)); i < end; i++ { // up to a multiple of four: no write crosses a line of the cache
			r[i] = logRatio(prices[i], prices[i-1])
		}
		i += smallMoves(r[i:], prices[i-1:])
	}
	return r
}

const (
	smallMove  = 0.025    // (b-a)/(b+a) of a move of five per cent
	largestSum = 0x1p1021 // of two prices: above it they might overflow
)

// logRatio is ln(p/previous), or absent. Nearly every return is of a small move, and is spared the logarithm: it is 2 artanh(s) for
// s = (b-a)/(b+a), of which five terms of the series (Abramowitz and Stegun 4.6.33) give the last bit or the one before.
// Within a factor of two the difference of the prices is exact, their quotient is not.
func logRatio(p, previous float64) float64 {
	sum := p + previous
	s := (p - previous) / sum
	if q := s * s; q < smallMove*smallMove && sum > 0 && sum <= largestSum { // then both are positive
		return 2 * (s + float64(float64(s*q)*(1.0/3+float64(q*(1.0/5+float64(q*(1.0/7+float64(q*(1.0/9)))))))))
	}
	if !(p > 0 && previous > 0) {
		return market.Absent
	}
	switch q := p / previous; {
	case q >= 0.5 && q <= 2:
		return math.Log1p((p - previous) / previous)
	case q > 0 && q <= math.MaxFloat64:
		return math.Log(q)
	default:
		return finite(math.Log(p) - math.Log(previous))
	}
}

// Rebase returns base*P_t/P_first, where P_first is the first price that is not absent: an index. Absent where that is zero.
func Rebase(prices []float64, base float64) []float64 {
	index := absent(len(prices))
	first := 0
	for first < len(prices) && market.IsAbsent(prices[first]) {
		first++
	}
	for i := first; i < len(prices); i++ {
		index[i] = finite(prices[i] / prices[first] * base)
	}
	return index
}

// Ratio returns a/b row by row, absent where either is or b is zero. Bring both to common times first: InnerJoin or AsOf.
func Ratio(a, b []float64) []float64 {
	mustMatch(len(a), len(b))
	r := make([]float64, len(a))
	for i := range a {
		r[i] = finite(a[i] / b[i])
	}
	return r
}

// Growth is what a price did from its first value to its last.
type Growth struct {
	N            int   // returns
	Total        Value // P_T/P_0 - 1
	CAGR         Value // (P_T/P_0)^(periodsPerYear/N) - 1
	CAGRCalendar Value // (P_T/P_0)^(365.25/days) - 1, over the days between the two
}

// Grow returns the growth of prices; what is absent is dropped first.
func Grow(prices Series, periodsPerYear float64) Growth {
	first, last, n := -1, -1, -1
	for i, v := range prices.Value {
		if !market.IsAbsent(v) {
			if first < 0 {
				first = i
			}
			last = i
			n++
		}
	}
	if n < 1 {
		return Growth{N: 0, Total: None(TooFew), CAGR: None(TooFew), CAGRCalendar: None(TooFew)}
	}
	a, b := prices.Value[first], prices.Value[last]
	days := float64(prices.Time[last]-prices.Time[first]) / float64(market.Day)
	return Growth{
		N:            n,
		Total:        divide(b-a, a, ZeroDenominator),
		CAGR:         compound(a, b, periodsPerYear/float64(n)),
		CAGRCalendar: compound(a, b, 365.25/days),
	}
}

// compound returns (b/a)^power - 1.
func compound(a, b, power float64) Value {
	if a == 0 || b/a < 0 {
		return None(NonPositive)
	}
	return Of(math.Pow(b/a, power) - 1)
}
