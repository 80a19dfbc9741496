package analysis

import (
	"math"
	"slices"
)

// STL is a series as the sum of a trend, a season and what is left, row by row.
type STL struct {
	Trend            []float64 `doc:"In units of what is taken apart; the three add up to it"`
	Seasonal         []float64 `doc:"Around 0"`
	Residual         []float64 `doc:"What is left"`
	Weights          []float64 `doc:"Of each value in the robust fit, 1 to 0; empty else"`
	TrendStrength    Value     `doc:"1 - var(residual) / var(trend + residual), at least 0"`
	SeasonalStrength Value     `doc:"1 - var(residual) / var(seasonal + residual), at least 0"`
}

// STLOptions say how to decompose.
type STLOptions struct {
	Period   int  // rows in a season, at least 2
	Seasonal int  // window over the same phase of the seasons, odd, at least 3; 0 is 7
	Robust   bool // let outliers weigh less

	steady bool // smooth each phase by means, not lines
}

// Decompose splits x, which is to hold a value in every row, into trend, season and residual.
//
// Definition: Cleveland, Cleveland, McRae and Terpenning, "STL: A Seasonal-Trend Decomposition Procedure Based on Loess", Journal of
// Official Statistics 6 (1990): degrees 1, no jumps, 5 inner loops, or 2 of them in each of 16 robust rounds. The strengths are
// Wang, Smith and Hyndman's (2006). It equals statsmodels' STL.
func Decompose(x []float64, o STLOptions) (STL, error) {
	if o.Seasonal == 0 {
		o.Seasonal = 7
	}
	mustAtLeast("period", o.Period, 2)
	mustAtLeast("seasonal", o.Seasonal, 3)
	if o.Seasonal%2 == 0 {
		panic("analysis: the seasonal window is even")
	}
	if len(x) < 2*o.Period {
		return STL{}, TooFew
	}
	if err := allFinite(x); err != nil {
		return STL{}, err // a gap would shift the seasons
	}
	s := newSTL(x, o)
	inner, outer := 5, 0
	if o.Robust {
		inner, outer = 2, 15
	}
	s.rounds(inner)
	for range outer {
		s.reweigh()
		s.rounds(inner)
	}
	out := STL{Trend: s.trend, Seasonal: s.season, Residual: make([]float64, len(x)), Weights: s.weights}
	for i, v := range x {
		out.Residual[i] = v - s.season[i] - s.trend[i]
	}
	out.TrendStrength = strength(out.Trend, out.Residual)
	out.SeasonalStrength = strength(out.Seasonal, out.Residual)
	return out, allFinite(out.Trend, out.Seasonal)
}

func strength(component, residual []float64) Value {
	both := make([]float64, len(component))
	for i := range both {
		both[i] = component[i] + residual[i]
	}
	e, all := centred(residual), centred(both)
	if all == nil {
		return None(Constant)
	}
	return Of(max(0, 1-dot(e, e)/dot(all, all)))
}

// stl holds the state of a decomposition and its working space.
type stl struct {
	x, trend, season    []float64
	weights             []float64 // nil until the first robust round
	period              int
	seasonal, low, long int // windows: of the season, of the low-pass filter, of the trend

	cycle                       []float64 // the season before its level is taken off, a period longer at either end
	work, averages              []float64
	phase, phaseWeights, smooth []float64
	phases, loess               loess
}

func newSTL(x []float64, o STLOptions) *stl {
	n, padded := len(x), len(x)+2*o.Period
	s := &stl{
		x: x, trend: make([]float64, n), season: make([]float64, n), period: o.Period, seasonal: o.Seasonal,
		low:   oddAbove(o.Period + 1),
		long:  oddAbove(int(math.Ceil(1.5 * float64(o.Period) / (1 - 1.5/float64(o.Seasonal))))),
		cycle: make([]float64, padded), work: make([]float64, padded), averages: make([]float64, padded),
	}
	perPhase := n/o.Period + 1
	s.phases.flat = o.steady
	s.phase, s.phaseWeights, s.smooth = make([]float64, perPhase), make([]float64, perPhase), make([]float64, perPhase+2)
	return s
}

// oddAbove is n, or the next odd number.
func oddAbove(n int) int { return n | 1 }

func (s *stl) rounds(n int) {
	work := s.work[:len(s.x)]
	for range n {
		for i, v := range s.x {
			work[i] = v - s.trend[i]
		}
		s.cycles(work)
		// The low-pass filter: two averages over a period and one over three rows, then loess.
		low := movingAverage(s.averages, s.cycle, s.period)
		low = movingAverage(s.work, low, s.period)
		low = movingAverage(s.averages, low, 3)
		s.loess.smooth(s.work[:len(s.x)], low, s.low, nil)
		for i := range s.season {
			s.season[i] = s.cycle[s.period+i] - s.work[i]
			work[i] = s.x[i] - s.season[i]
		}
		s.loess.smooth(s.trend, work, s.long, s.weights)
	}
}

// cycles smooths each phase over the seasons, and reaches one season beyond either end.
func (s *stl) cycles(detrended []float64) {
	for p := range s.period {
		k := 0
		for i := p; i < len(detrended); i += s.period {
			s.phase[k] = detrended[i]
			if s.weights != nil {
				s.phaseWeights[k] = s.weights[i]
			}
			k++
		}
		y, smooth := s.phase[:k], s.smooth[:k+2]
		var weights []float64
		if s.weights != nil {
			weights = s.phaseWeights[:k]
		}
		s.phases.smooth(smooth[1:k+1], y, s.seasonal, weights)
		var ok bool
		if smooth[0], ok = s.phases.at(-1, 0, min(s.seasonal, k), y, s.seasonal, weights); !ok {
			smooth[0] = smooth[1]
		}
		if smooth[k+1], ok = s.phases.at(k, max(0, k-s.seasonal), k, y, s.seasonal, weights); !ok {
			smooth[k+1] = smooth[k]
		}
		for m, v := range smooth {
			s.cycle[p+m*s.period] = v
		}
	}
}

// reweigh gives each row the bisquare weight of its residual, against six times the median of all.
func (s *stl) reweigh() {
	if s.weights == nil {
		s.weights = make([]float64, len(s.x))
	}
	r := make([]float64, len(s.x))
	for i, v := range s.x {
		r[i] = math.Abs(v - s.trend[i] - s.season[i])
	}
	sorted := slices.Clone(r)
	slices.Sort(sorted)
	mid := len(sorted) / 2
	limit := 3 * (sorted[mid] + sorted[len(sorted)-mid-1])
	for i, v := range r {
		switch {
		case v <= 0.001*limit:
			s.weights[i] = 1
		case v <= 0.999*limit:
			u := 1 - float64((v/limit)*(v/limit))
			s.weights[i] = float64(u * u)
		default:
			s.weights[i] = 0
		}
	}
}

// movingAverage writes the means of each n neighbours to out, which it returns cut to their number.
func movingAverage(out, x []float64, n int) []float64 {
	out = out[:len(x)-n+1]
	sum := 0.0
	for _, v := range x[:n] {
		sum += v
	}
	out[0] = sum / float64(n)
	for i := 1; i < len(out); i++ {
		sum += x[i+n-1] - x[i-1]
		out[i] = sum / float64(n)
	}
	return out
}
