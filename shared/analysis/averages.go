package analysis

import "math"

// The functions of indicators take columns of which no value is absent, one value per bar, and a period of at least 1; Compute of
// an Indicator deals with bars that lack a field. Definitions are those of the C source of TA-Lib 0.4.

// EMA is the exponential moving average with alpha 2/(n+1), seeded with the mean of the first n values; EWMMean is seeded
// otherwise.
func EMA(x []float64, n int) []float64 { return pad(len(x), ema(x, n)) }

// ema returns the averages from the first full window on.
func ema(x []float64, n int) []float64 {
	mustWindow(n, 1)
	if len(x) < n {
		return nil
	}
	return emaFrom(Mean(x[:n]), x[n:], n)
}

// emaFrom goes on from a seed, which it returns first.
func emaFrom(seed float64, x []float64, n int) []float64 {
	out, k := make([]float64, 1, len(x)+1), Span(float64(n))
	out[0] = seed
	for _, v := range x {
		seed += float64((v - seed) * k)
		out = append(out, seed)
	}
	return out
}

// pad puts absent values before tail, to n values in all.
func pad(n int, tail []float64) []float64 { return append(absent(n-len(tail)), tail...) }

// WMA is the average with the weights 1, 2, ..., n, the newest value the heaviest.
func WMA(x []float64, n int) []float64 {
	return weighted(x, n, func(i int) float64 { return 2 * float64(i+1) / (float64(n) * float64(n+1)) })
}

// LinearSlope is the slope per bar of the least squares line through the last n values.
func LinearSlope(x []float64, n int) []float64 {
	middle, m := float64(n-1)/2, float64(n)
	return weighted(x, n, func(i int) float64 { return (float64(i) - middle) * 12 / (m * (float64(m*m) - 1)) })
}

// weighted sums each window with weights from the oldest value to the newest, relative to its newest value where the weights
// add up to one, and to nothing where they add up to zero.
func weighted(x []float64, n int, weight func(i int) float64) []float64 {
	weights, whole := make([]float64, n), 0.0
	for i := range weights {
		weights[i] = weight(i)
		whole += weights[i]
	}
	whole = math.Round(whole)
	out := make([]float64, len(x))
	windows(n, out, func(first, last int) {
		for row := first; row < last; row++ {
			anchor, sum := x[row], 0.0
			for i, v := range x[row-n+1 : row+1] {
				sum += float64(weights[i] * (v - anchor))
			}
			out[row] = finite(sum + float64(whole*anchor))
		}
	}, x)
	return out
}

// DEMA is 2 EMA - EMA(EMA) (Mulloy 1994).
func DEMA(x []float64, n int) []float64 {
	once := ema(x, n)
	twice := ema(once, n)
	out := make([]float64, len(twice))
	for i := range out {
		out[i] = 2*once[i+n-1] - twice[i]
	}
	return pad(len(x), out)
}

// TEMA is 3 EMA - 3 EMA(EMA) + EMA(EMA(EMA)) (Mulloy 1994).
func TEMA(x []float64, n int) []float64 {
	once := ema(x, n)
	twice := ema(once, n)
	thrice := ema(twice, n)
	out := make([]float64, len(thrice))
	for i := range out {
		out[i] = float64(3*once[i+2*(n-1)]) - float64(3*twice[i+n-1]) + thrice[i]
	}
	return pad(len(x), out)
}

// TRIX is the change in per cent of the EMA of the EMA of the EMA (Hutson 1983).
func TRIX(x []float64, n int) []float64 {
	return pad(len(x), dropLeading(ROC(ema(ema(ema(x, n), n), n), 1), 1))
}

func dropLeading(x []float64, n int) []float64 { return x[min(n, len(x)):] }

// KAMA adapts its speed, between those of 2 and of 30 bars, to how straight the way of the last n bars was (Kaufman 1995).
func KAMA(x []float64, n int) []float64 {
	mustWindow(n, 1)
	if len(x) <= n {
		return absent(len(x))
	}
	steps := make([]float64, len(x)-1)
	for i := range steps {
		steps[i] = math.Abs(x[i+1] - x[i])
	}
	const fast, slow = 2.0 / 3, 2.0 / 31
	way, average, out := RollingSum(steps, n), x[n-1], make([]float64, 0, len(x)-n)
	for i := n; i < len(x); i++ {
		straight, move := 1.0, x[i]-x[i-n]
		if way := way[i-1]; way > move && way != 0 {
			straight = math.Abs(move / way)
		}
		speed := float64(straight*(fast-slow)) + slow
		average += float64((x[i] - average) * speed * speed)
		out = append(out, average)
	}
	return pad(len(x), out)
}

// MACD is the EMA of fast bars less that of slow ones, its EMA of signal bars, and the difference of the two. The fast EMA is seeded
// so that it starts together with the slow one (Appel 1979).
func MACD(x []float64, fast, slow, signal int) [][]float64 {
	fast, slow = min(fast, slow), max(fast, slow)
	mustWindow(fast, 1)
	if len(x) < slow+signal-1 {
		return [][]float64{absent(len(x)), absent(len(x)), absent(len(x))}
	}
	quick, line := emaFrom(Mean(x[slow-fast:slow]), x[slow:], fast), ema(x, slow)
	for i := range line {
		line[i] = quick[i] - line[i]
	}
	signals := ema(line, signal)
	line = line[signal-1:]
	histogram := make([]float64, len(line))
	for i := range histogram {
		histogram[i] = line[i] - signals[i]
	}
	return [][]float64{pad(len(x), line), pad(len(x), signals), pad(len(x), histogram)}
}

// PopulationDeviation is the standard deviation with divisor n of the last n values, times factor.
func PopulationDeviation(x []float64, n int, factor float64) []float64 {
	out := rollingSquares(x, n, float64(n), true)
	for i, v := range out {
		out[i] = finite(v * factor)
	}
	return out
}

// Bollinger is the mean of the last n values and the bands up and down population deviations away from it: upper, middle, lower.
func Bollinger(x []float64, n int, up, down float64) [][]float64 {
	upper, middle, lower := PopulationDeviation(x, n, 1), RollingMean(x, n), make([]float64, len(x))
	for i, d := range upper {
		upper[i], lower[i] = middle[i]+float64(up*d), middle[i]-float64(down*d)
	}
	return [][]float64{upper, middle, lower}
}
