package analysis

import (
	"math"

	"assay/shared/market"
)

// Performance is what a price did, per unit of risk. Returns are simple, between consecutive observations.
type Performance struct {
	N                 int    `doc:"Returns"`
	Mean              Value  `doc:"Of returns, per period"`
	Volatility        Value  `doc:"Standard deviation (n-1) of returns, annualised"`
	Growth            Growth `doc:"From the first price to the last"`
	Sharpe            Value  `doc:"mean(e)/sd(e), annualised; e is the return above the risk-free rate"`
	Sortino           Value  `doc:"mean(e)/downsideDeviation, annualised"`
	DownsideDeviation Value  `doc:"sqrt(sum(min(e,0)^2)/n) over all n returns, annualised"`
	MaxDrawdown       Value  `doc:"The deepest fall from a peak, a negative fraction"`
	Calmar            Value  `doc:"cagr/|maxDrawdown|"`
	Ulcer             Value  `doc:"Root mean square drawdown after the first observation, a fraction"`
	Omega             Value  `doc:"Sum of e above zero over that below"`
	HitRatio          Value  `doc:"Share of returns above zero"`
	Skew              Value  `doc:"Of population moments"`
	Kurtosis          Value  `doc:"Of population moments; that of a normal distribution is 0"`
	Best              Value  `doc:"Greatest return"`
	Worst             Value  `doc:"Least return"`
}

// Perform returns the performance of prices; what is absent is dropped first. riskFree is a rate per year; a period's is
// (1+riskFree)^(1/periodsPerYear)-1.
//
// Definitions: Sharpe 1994; Sortino and van der Meer 1991; Keating and Shadwick 2002 (Omega); Martin and McCann 1989 (Ulcer).
func Perform(prices Series, riskFree, periodsPerYear float64) Performance {
	present := Drop(prices.Value)
	var r []float64
	if len(present) > 0 {
		r = Drop(SimpleReturns(present)[1:])
	}
	n, year := float64(len(r)), math.Sqrt(periodsPerYear)
	rate := math.Pow(1+riskFree, 1/periodsPerYear) - 1
	p := Performance{N: len(r), Growth: Grow(prices, periodsPerYear), MaxDrawdown: MaxDrawdown(present)}
	if p.MaxDrawdown.Ok() && p.Growth.CAGR.Ok() {
		p.Calmar = divide(p.Growth.CAGR.Number, -p.MaxDrawdown.Number, ZeroDenominator)
	} else {
		p.Calmar = None(firstReason(p.Growth.CAGR, p.MaxDrawdown))
	}
	p.Ulcer = ulcer(present)
	if len(r) == 0 {
		for _, v := range []*Value{
			&p.Mean, &p.Volatility, &p.Sharpe, &p.Sortino, &p.DownsideDeviation, &p.Omega, &p.HitRatio, &p.Skew, &p.Kurtosis, &p.Best, &p.Worst,
		} {
			*v = None(TooFew)
		}
		return p
	}
	shape := ShapeOf(r)
	p.Mean, p.Skew, p.Kurtosis = Of(shape.Mean), shape.Skew, shape.Kurtosis
	excess := shape.Mean - rate
	gains, losses, squared, hits, best, worst := tally(r, rate)
	p.DownsideDeviation = Of(math.Sqrt(squared/n) * year)
	p.Sortino = divide(excess*periodsPerYear, p.DownsideDeviation.Number, ZeroDenominator)
	p.Omega = divide(gains, losses, ZeroDenominator)
	p.HitRatio, p.Best, p.Worst = Of(float64(hits)/n), Of(best), Of(worst)
	p.Volatility, p.Sharpe = None(TooFew), None(TooFew)
	if sd := StdDev(r); len(r) > 1 {
		p.Volatility, p.Sharpe = Of(sd*year), divide(excess*year, sd, Constant)
	}
	return p
}

// tally goes once through returns, their excess over the rate per period, and the squares of those below it.
func tally(r []float64, rate float64) (gains, losses, squared float64, hits int, best, worst float64) {
	best, worst = r[0], r[0]
	for _, v := range r {
		if e := v - rate; e > 0 {
			gains += e
		} else {
			losses -= e
			squared += float64(e * e)
		}
		if v > 0 {
			hits++
		}
		best, worst = max(best, v), min(worst, v)
	}
	return gains, losses, squared, hits, best, worst
}

// ulcer is the root mean square of the drawdowns after the first price.
func ulcer(prices []float64) Value {
	if len(prices) < 2 {
		return None(TooFew)
	}
	sum := 0.0
	for _, d := range Drawdowns(prices)[1:] {
		if market.IsAbsent(d) {
			return None(NonPositive)
		}
		sum += float64(d * d)
	}
	return Of(math.Sqrt(sum / float64(len(prices)-1)))
}

// firstReason returns the reason of the first value that has one.
func firstReason(values ...Value) Reason {
	for _, v := range values {
		if !v.Ok() {
			return v.Reason
		}
	}
	return ""
}
