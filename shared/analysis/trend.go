package analysis

import "math"

// TrueRange is the range of a bar that includes the close before it (Wilder 1978); absent for the first.
func TrueRange(high, low, closing []float64) []float64 {
	return pad(len(high), trueRanges(high, low, closing))
}

// trueRanges starts with the second bar.
func trueRanges(high, low, closing []float64) []float64 {
	if len(high) == 0 {
		return nil
	}
	out := make([]float64, len(high)-1)
	for i := range out {
		out[i] = max(high[i+1], closing[i]) - min(low[i+1], closing[i])
	}
	return out
}

// ATR is the true range smoothed as Wilder does.
func ATR(high, low, closing []float64, n int) []float64 {
	mustWindow(n, 1)
	return pad(len(high), wilder(trueRanges(high, low, closing), n))
}

// NATR is ATR in per cent of the close; absent where that is zero.
func NATR(high, low, closing []float64, n int) []float64 {
	out := ATR(high, low, closing, n)
	for i, v := range out {
		out[i] = finite(v / closing[i] * 100)
	}
	return out
}

// directional is the movement up and down and the true range, each summed as Wilder does: the sum of the first n-1, then every
// new value and all but an nth of the last.
type directional struct{ plus, minus, trueRange []float64 }

// directions starts with bar n, counted from 0.
func directions(high, low, closing []float64, n int) directional {
	mustWindow(n, 1)
	if len(high) <= n {
		return directional{}
	}
	plus, minus := make([]float64, len(high)-1), make([]float64, len(high)-1)
	for i := range plus {
		up, down := high[i+1]-high[i], low[i]-low[i+1]
		if down > 0 && up < down {
			minus[i] = down
		} else if up > 0 && up > down {
			plus[i] = up
		}
	}
	return directional{wilderSum(plus, n), wilderSum(minus, n), wilderSum(trueRanges(high, low, closing), n)}
}

func wilderSum(x []float64, n int) []float64 {
	sum := 0.0
	for _, v := range x[:n-1] {
		sum += v
	}
	out := make([]float64, 0, len(x)-n+1)
	for _, v := range x[n-1:] {
		sum = sum - sum/float64(n) + v
		out = append(out, sum)
	}
	return out
}

// PlusDI is the movement up in per cent of the true range; 0 where there is none (Wilder 1978).
func PlusDI(high, low, closing []float64, n int) []float64 {
	d := directions(high, low, closing, n)
	return pad(len(high), percentages(d.plus, d.trueRange))
}

// MinusDI is the movement down in per cent of the true range.
func MinusDI(high, low, closing []float64, n int) []float64 {
	d := directions(high, low, closing, n)
	return pad(len(high), percentages(d.minus, d.trueRange))
}

func percentages(parts, wholes []float64) []float64 {
	out := make([]float64, len(parts))
	for i := range out {
		out[i] = 100 * settledShare(parts[i], wholes[i])
	}
	return out
}

// ADX is the difference of the two in per cent of their sum, smoothed as Wilder does; a bar without movement leaves it as it was.
func ADX(high, low, closing []float64, n int) []float64 {
	d := directions(high, low, closing, n)
	plus, minus := percentages(d.plus, d.trueRange), percentages(d.minus, d.trueRange)
	if len(plus) < n {
		return absent(len(high))
	}
	sum := 0.0
	for i := range n {
		sum += float64(100 * settledShare(math.Abs(minus[i]-plus[i]), minus[i]+plus[i]))
	}
	out := make([]float64, 1, len(plus)-n+1)
	out[0] = sum / float64(n)
	for i := n; i < len(plus); i++ {
		adx := out[len(out)-1]
		if both := minus[i] + plus[i]; both >= settled {
			adx = (float64(adx*float64(n-1)) + float64(100*(math.Abs(minus[i]-plus[i])/both))) / float64(n)
		}
		out = append(out, adx)
	}
	return pad(len(high), out)
}

// SAR is Wilder's parabolic stop and reverse (1978), from the second bar on. It starts short where the first move down is the
// larger one.
func SAR(high, low []float64, acceleration, maximum float64) []float64 {
	out := absent(len(high))
	if len(high) < 2 {
		return out
	}
	s := stop{step: min(acceleration, maximum), most: maximum}
	down := low[0] - low[1]
	s.rising = !(down > 0 && high[1]-high[0] < down)
	s.speed = s.step
	s.at, s.extreme = low[0], high[1]
	if !s.rising {
		s.at, s.extreme = high[0], low[1]
	}
	before := 1 // the first bar is its own predecessor
	for i := 1; i < len(high); i++ {
		if s.rising {
			out[i] = s.follow(high[i], low[i], min(low[i], low[before]), max(high[i], high[before]))
		} else { // a falling stop is a rising one of the prices turned over
			s.turn()
			out[i] = -s.follow(-low[i], -high[i], -max(high[i], high[before]), -min(low[i], low[before]))
			s.turn()
		}
		if s.reversed {
			s.rising, s.reversed = !s.rising, false
		}
		before = i
	}
	return out
}

// stop is where a stop stands, and the extreme that it moves towards.
type stop struct {
	at, extreme, speed, step, most float64
	rising, reversed               bool
}

func (s *stop) turn() { s.at, s.extreme = -s.at, -s.extreme }

// follow moves a rising stop by one bar and returns where it stood for that bar. It may not rise above floor, the lowest of this
// bar and the one before; once hit, it stands at the extreme, at least at ceiling, and falls from there.
func (s *stop) follow(high, low, floor, ceiling float64) float64 {
	if low <= s.at {
		at := max(s.extreme, ceiling)
		s.speed, s.extreme, s.reversed = s.step, low, true
		s.at = max(at+float64(s.speed*(s.extreme-at)), ceiling)
		return at
	}
	at := s.at
	if high > s.extreme {
		s.extreme, s.speed = high, min(s.speed+s.step, s.most)
	}
	s.at = min(at+float64(s.speed*(s.extreme-at)), floor)
	return at
}
