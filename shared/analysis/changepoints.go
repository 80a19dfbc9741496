package analysis

import (
	"math"
	"slices"
)

// SegmentCost says what a segment without change costs.
type SegmentCost int

// The costs of a segment of k values.
const (
	ChangeInMean     SegmentCost = iota // sum of squares about the mean
	ChangeInVariance                    // -2 log likelihood of a normal distribution with the segment's own mean and variance
)

// Segments are where a series changes.
type Segments struct {
	Changes   []int   // rows that begin a new segment, counted without what is absent
	Objective float64 // costs of all segments and a penalty for each change
	N         int
}

// SegmentOptions say how a series is cut.
type SegmentOptions struct {
	Cost    SegmentCost
	Penalty float64 // for each change, not negative
	MinSize int     // values of a segment, at least one
	Stopped Stopped // asked before each row
}

// ChangePoints cuts a series into segments of at least MinSize values, such that costs and penalties together are least.
//
// Definition: Killick, Fearnhead and Eckley, "Optimal Detection of Changepoints With a Linear Computational Cost", Journal of the American
// Statistical Association 107 (2012). A start that another has beaten is kept for MinSize rows more, until the other may be used:
// so the result is exact. Time is linear where changes are frequent and quadratic where there are none.
func ChangePoints(x []float64, o SegmentOptions) (Segments, error) {
	cost, penalty, minSize := o.Cost, o.Penalty, o.MinSize
	mustAtLeast("minSize", minSize, 1)
	if !(penalty >= 0) {
		panic("analysis: a negative penalty")
	}
	x, err := sample(x, minSize)
	if err != nil {
		return Segments{}, err
	}
	n, sums := len(x), newRuns(x)
	best, from := make([]float64, n+1), make([]int, n+1)
	for t := range best {
		best[t] = math.Inf(1)
	}
	best[0] = -penalty
	var starts []start
	value := make([]float64, n)
	for t := minSize; t <= n; t++ {
		if err := o.Stopped.why(); err != nil {
			return Segments{}, err
		}
		if s := t - minSize; s == 0 || s >= minSize {
			starts = append(starts, start{s, math.MaxInt})
		}
		cost.after(sums, best, starts, t, value)
		for i, s := range starts {
			if v := value[i] + penalty; v < best[t] {
				best[t], from[t] = v, s.at
			}
		}
		kept := starts[:0]
		for i, s := range starts {
			if value[i] > best[t] {
				s.until = min(s.until, t+minSize)
			}
			if t+1 < s.until {
				kept = append(kept, s)
			}
		}
		starts = kept
	}
	out := Segments{Changes: []int{}, Objective: best[n], N: n}
	for t := from[n]; t > 0; t = from[t] {
		out.Changes = append(out.Changes, t)
	}
	slices.Reverse(out.Changes)
	return out, allFinite([]float64{out.Objective})
}

// start is where the last segment may begin; it is usable for ends before until.
type start struct{ at, until int }

// after writes the least costs up to each start, and of one segment from there to an end.
func (c SegmentCost) after(sums runs, best []float64, starts []start, end int, value []float64) {
	for i, s := range starts {
		value[i] = max(sums.cost(s.at, end), 0)
	}
	for i, s := range starts {
		if c == ChangeInVariance {
			value[i] = normalCost(value[i], float64(end-s.at), sums.square[end]-sums.square[s.at])
		}
		value[i] += best[s.at]
	}
}

// normalConstant is ln 2π + 1.
const normalConstant = 2.8378770664093454835606594728112

// normalCost of k values with a sum of squares about their mean, and one about the mean of all.
func normalCost(squares, k, all float64) float64 {
	if squares < 1e-14*all {
		squares = 0 // what is left of a constant segment is rounding
	}
	return k * (normalConstant + math.Log(max(squares/k, 1e-300)))
}
