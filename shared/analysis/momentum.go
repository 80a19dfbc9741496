package analysis

import "math"

// RSI is 100 times the share of rises in the moves of the last n bars, smoothed as Wilder does; 0 where nothing moves, or has not
// for long (Wilder 1978).
func RSI(x []float64, n int) []float64 {
	mustWindow(n, 1)
	if len(x) <= n {
		return absent(len(x))
	}
	rises, falls := make([]float64, len(x)-1), make([]float64, len(x)-1)
	for i := range rises {
		move := x[i+1] - x[i]
		rises[i], falls[i] = max(move, 0), max(-move, 0)
	}
	up, down := wilder(rises, n), wilder(falls, n)
	for i := range up {
		up[i] = 100 * settledShare(up[i], up[i]+down[i])
	}
	return pad(len(x), up)
}

// share is a/b, or 0 where b is.
func share(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// settled is what TA-Lib takes for zero: a smoothed move halves for ever where nothing moves.
const settled = 1e-14

// settledShare is a/b, or 0 where b is as good as that.
func settledShare(a, b float64) float64 {
	if math.Abs(b) < settled {
		return 0
	}
	return a / b
}

// wilder is Wilder's smoothing: the mean of the first n, then (n-1 parts of the last and one of the new)/n.
func wilder(x []float64, n int) []float64 {
	if len(x) < n {
		return nil
	}
	out := make([]float64, 1, len(x)-n+1)
	out[0] = Mean(x[:n])
	for _, v := range x[n:] {
		out = append(out, (float64(out[len(out)-1]*float64(n-1))+v)/float64(n))
	}
	return out
}

// ROC is the change over n bars in per cent; absent where the earlier value is zero.
func ROC(x []float64, n int) []float64 {
	return lagged(x, n, func(now, before float64) float64 { return 100 * ((now - before) / before) })
}

// MOM is the change over n bars.
func MOM(x []float64, n int) []float64 {
	return lagged(x, n, func(now, before float64) float64 { return now - before })
}

func lagged(x []float64, n int, f func(now, before float64) float64) []float64 {
	mustWindow(n, 1)
	out := absent(len(x))
	for i := n; i < len(x); i++ {
		out[i] = finite(f(x[i], x[i-n]))
	}
	return out
}

// Stochastic is where the close lies in the range of the last k bars, 0 to 100, as a mean of slowK bars, and that as a mean of slowD
// bars; 0 where the range is nothing (Lane).
func Stochastic(high, low, closing []float64, k, slowK, slowD int) [][]float64 {
	raw := dropLeading(placeInRange(high, low, closing, k), k-1)
	slow := dropLeading(RollingMean(raw, slowK), slowK-1)
	signal := dropLeading(RollingMean(slow, slowD), slowD-1)
	return [][]float64{pad(len(closing), dropLeading(slow, slowD-1)), pad(len(closing), signal)}
}

// StochasticRSI is Stochastic of the RSI itself, without its first smoothing (Chande and Kroll 1994).
func StochasticRSI(x []float64, n, k, d int) [][]float64 {
	rsi := dropLeading(RSI(x, n), n)
	out := Stochastic(rsi, rsi, rsi, k, 1, d)
	return [][]float64{pad(len(x), dropLeading(out[0], k+d-2)), pad(len(x), dropLeading(out[1], k+d-2))}
}

// placeInRange is 100 (close-lowest)/(highest-lowest) of the last n bars.
func placeInRange(high, low, closing []float64, n int) []float64 {
	highest, lowest := RollingMax(high, n), RollingMin(low, n)
	for i, h := range highest {
		highest[i] = 100 * share(closing[i]-lowest[i], h-lowest[i])
	}
	return highest
}

// WilliamsR is how far the close lies below the highest of the last n bars, in per cent of their range, from -100 to 0 (Williams).
func WilliamsR(high, low, closing []float64, n int) []float64 {
	highest, lowest := RollingMax(high, n), RollingMin(low, n)
	for i, h := range highest {
		highest[i] = -100 * share(h-closing[i], h-lowest[i])
	}
	return highest
}

// CCI is how far the typical price (high+low+close)/3 lies from its mean over n bars, in units of 0.015 mean absolute deviations; 0
// where there are none (Lambert 1980).
func CCI(high, low, closing []float64, n int) []float64 {
	typical := typicalPrices(high, low, closing)
	out := RollingMean(typical, n)
	for i, mean := range out {
		if mean != mean {
			continue
		}
		deviation := 0.0
		for _, v := range typical[i-n+1 : i+1] {
			deviation += math.Abs(v - mean)
		}
		out[i] = share(typical[i]-mean, 0.015*(deviation/float64(n)))
	}
	return out
}

func typicalPrices(high, low, closing []float64) []float64 {
	out := make([]float64, len(closing))
	for i := range out {
		out[i] = (high[i] + low[i] + closing[i]) / 3
	}
	return out
}

// Aroon is how recent the lowest low and the highest high of the last n+1 bars are, 100 for the newest bar and 0 for the oldest; of
// equals the latest counts: down, up (Chande 1995).
func Aroon(high, low []float64, n int) [][]float64 {
	return [][]float64{recency(low, n, -1), recency(high, n, 1)}
}

func recency(x []float64, n int, sign float64) []float64 {
	mustWindow(n, 1)
	out, best := absent(len(x)), 0
	for i := range x {
		if sign*x[i] >= sign*x[best] {
			best = i
		}
		if i-best > n {
			best = i - n
			for j := best + 1; j <= i; j++ {
				if sign*x[j] >= sign*x[best] {
					best = j
				}
			}
		}
		if i >= n {
			out[i] = 100 * float64(n-(i-best)) / float64(n)
		}
	}
	return out
}
