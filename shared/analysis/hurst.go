package analysis

import (
	"math"
	"slices"
)

// Hurst is three estimates of how far a move reaches: 0.5 for a random walk, more where moves continue, less where they turn back.
type Hurst struct {
	RescaledRange Scaling `doc:"Rescaled range"`
	DFA           Scaling `doc:"Detrended fluctuation analysis, linear"`
	Generalised   float64 `doc:"Exponent, from the mean absolute move over 1 to 20 periods"`
}

// Scaling is a straight line through the logarithms of points.
type Scaling struct {
	Exponent float64      `doc:"Slope of log value on log size"`
	Points   []ScalePoint `doc:"What the slope is fitted to"`
}

// ScalePoint is a statistic at a block size, in returns.
type ScalePoint struct {
	Size  int     `doc:"Returns in a block"`
	Value float64 `doc:"Mean over the blocks of that size"`
}

// HurstExponents of log returns.
//
// Definitions: Mandelbrot and Wallis, Water Resources Research 5 (1969), twelve block sizes from 8 to n/2 in equal steps of their
// logarithm; Peng et al., Physical Review E 49 (1994), fifteen from 10 to n/4; Di Matteo, Quantitative Finance 7 (2007), q = 1.
// Blocks do not overlap and begin at the first return.
func HurstExponents(returns []float64) (Hurst, error) {
	x, err := sample(returns, 40)
	if err != nil {
		return Hurst{}, err
	}
	e := centred(x)
	if e == nil {
		return Hurst{}, Constant
	}
	n, profile := float64(len(x)), cumulated(e)
	out := Hurst{
		RescaledRange: scaling(blockSizes(8, n/16, 11), func(size int) float64 { return rescaledRange(x, size) }),
		DFA:           scaling(blockSizes(10, n/40, 14), func(size int) float64 { return fluctuation(profile, size) }),
	}
	prices := append([]float64{0}, cumulated(x)...)
	out.Generalised = scaling(sequence(1, 20), func(lag int) float64 { return meanMove(prices, lag) }).Exponent
	return out, allFinite([]float64{out.RescaledRange.Exponent, out.DFA.Exponent, out.Generalised})
}

// blockSizes are least * ratio^(i/steps), rounded half to even, each once.
func blockSizes(least, ratio float64, steps int) []int {
	var sizes []int
	for i := range steps + 1 {
		sizes = append(sizes, int(math.RoundToEven(least*math.Pow(ratio, float64(i)/float64(steps)))))
	}
	return slices.Compact(sizes)
}

func sequence(from, to int) []int {
	var s []int
	for i := from; i <= to; i++ {
		s = append(s, i)
	}
	return s
}

// scaling fits the line through the points whose statistic is positive; a flat block has none.
func scaling(sizes []int, statistic func(size int) float64) Scaling {
	var out Scaling
	var x, y []float64
	for _, size := range sizes {
		v := statistic(size)
		if !(v > 0) {
			continue
		}
		out.Points = append(out.Points, ScalePoint{size, v})
		x, y = append(x, math.Log(float64(size))), append(y, math.Log(v))
	}
	out.Exponent = slope(x, y)
	return out
}

// slope of the least squares line, NaN where x does not vary.
func slope(x, y []float64) float64 {
	if len(x) < 2 {
		return math.NaN()
	}
	mx, my := Mean(x), Mean(y)
	sxx, sxy := 0.0, 0.0
	for i := range x {
		sxx += float64((x[i] - mx) * (x[i] - mx))
		sxy += float64((x[i] - mx) * (y[i] - my))
	}
	return sxy / sxx
}

func cumulated(x []float64) []float64 {
	y, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		sum += v
		y[i] = sum
	}
	return y
}

func rescaledRange(x []float64, size int) float64 {
	total, blocks := 0.0, 0
	for ; len(x) >= size; x = x[size:] {
		e := centred(x[:size])
		if e == nil {
			continue
		}
		path := cumulated(e)
		total += (slices.Max(path) - slices.Min(path)) / math.Sqrt(dot(e, e)/float64(size))
		blocks++
	}
	return total / float64(blocks)
}

func fluctuation(profile []float64, size int) float64 {
	time := centred(ramp(size))
	spread := dot(time, time)
	total, blocks := 0.0, 0
	for ; len(profile) >= size; profile = profile[size:] {
		if e := centred(profile[:size]); e != nil {
			subtract(e, dot(e, time)/spread, time)
			total += dot(e, e) / float64(size)
		}
		blocks++
	}
	return math.Sqrt(total / float64(blocks))
}

func meanMove(prices []float64, lag int) float64 {
	sum := 0.0
	for i := lag; i < len(prices); i++ {
		sum += math.Abs(prices[i] - prices[i-lag])
	}
	return sum / float64(len(prices)-lag)
}
