package analysis

import "math"

// The rolling statistics look back over a trailing window of w rows, the current one included. A result is absent until w rows
// are there, and wherever one of them is absent. They panic if w < 1.

// RollingSum returns the sum of each window.
func RollingSum(x []float64, w int) []float64 {
	sums := RollingMean(x, w)
	for i := range sums {
		sums[i] = finite(sums[i] * float64(w))
	}
	return sums
}

// RollingMean returns the mean of each window.
func RollingMean(x []float64, w int) []float64 {
	means, n := make([]float64, len(x)), 1/float64(w)
	limit := lost / roundings * float64(w)
	windows(w, means, func(first, last int) {
		anchor, sum, rounding := x[first], math.NaN(), 0.0
		for i := first; i < last; i++ {
			if i > first {
				sum += x[i] - x[i-w]
			}
			rounding += math.Abs(sum)
			mean := anchor + float64(sum*n)
			if !(rounding <= limit*math.Abs(mean)) {
				anchor, sum = sumAbout(x[i-w+1:i+1], mean)
				mean, rounding = anchor+float64(sum*n), 0
			}
			means[i] = finite(mean)
		}
	}, x)
	return means
}

// sumAbout returns an anchor and the sum of the values relative to it. The anchor is near the mean, given a guess that is.
func sumAbout(x []float64, guess float64) (anchor, sum float64) {
	if guess-guess != 0 {
		guess = x[0]
	}
	for _, v := range x {
		sum += v - guess
	}
	anchor = guess + sum/float64(len(x))
	sum = 0
	for _, v := range x {
		sum += v - anchor
	}
	return anchor, sum
}

// RollingVariance returns the sample variance (divisor w-1) of each window; absent throughout for w = 1.
func RollingVariance(x []float64, w int) []float64 {
	return rollingSquares(x, w, float64(w-1), false)
}

// RollingStdDev returns the square root of RollingVariance.
func RollingStdDev(x []float64, w int) []float64 {
	return rollingSquares(x, w, float64(w-1), true)
}

// rollingSquares returns the sum of squares about the mean of each window over a divisor, or its root.
func rollingSquares(x []float64, w int, divisor float64, root bool) []float64 {
	out, n, scale := make([]float64, len(x)), 1/float64(w), 1/divisor
	windows(w, out, func(first, last int) {
		anchor, s1, s2, rounding := x[first], 0.0, math.NaN(), 0.0
		for i := first; i < last; i++ {
			if i > first {
				in, gone := x[i]-anchor, x[i-w]-anchor
				s1 += in - gone
				s2 += float64((in - gone) * (in + gone))
			}
			rounding += s2
			m2 := s2 - float64(float64(s1*s1)*n)
			if !(rounding <= lost/roundings*m2) {
				anchor, s1, s2 = squaresAbout(x[i-w+1 : i+1])
				m2, rounding = max(0, s2-float64(float64(s1*s1)*n)), 0
			}
			v := m2 * scale
			if root { // here, the root takes no time of its own
				v = math.Sqrt(v)
			}
			out[i] = finite(v)
		}
	}, x)
	return out
}

// squaresAbout returns an anchor near the mean, and the sums of the values and of their squares relative to it.
func squaresAbout(x []float64) (anchor, s1, s2 float64) {
	anchor = Mean(x)
	for _, v := range x {
		d := v - anchor
		s1 += d
		s2 += float64(d * d)
	}
	return anchor, s1, s2
}

// RollingZScore returns how many standard deviations each value lies above the mean of its window; absent where the window has
// no spread.
func RollingZScore(x []float64, w int) []float64 {
	z, deviations := RollingMean(x, w), RollingStdDev(x, w)
	for i := range z {
		z[i] = finite((x[i] - z[i]) / deviations[i])
	}
	return z
}

// RollingSkew returns the bias-corrected skewness G1 of each window (Joanes and Gill 1998); absent for w < 3 and where the window
// has no spread.
func RollingSkew(x []float64, w int) []float64 {
	n := float64(w)
	return rollingShape(x, w, 3, func(m2, m3, _ float64) float64 {
		return math.Sqrt(n*(n-1)) / (n - 2) * m3 / (m2 * math.Sqrt(m2))
	})
}

// RollingKurtosis returns the bias-corrected excess kurtosis G2 of each window (Joanes and Gill 1998); absent for w < 4 and where
// the window has no spread.
func RollingKurtosis(x []float64, w int) []float64 {
	n := float64(w)
	return rollingShape(x, w, 4, func(m2, _, m4 float64) float64 {
		return (n - 1) / ((n - 2) * (n - 3)) * (float64((n+1)*m4/(m2*m2)) - float64(3*(n-1)))
	})
}

// rollingShape gives the second to fourth population moment about the mean of each window to statistic, which is free of scale.
func rollingShape(x []float64, w, least int, statistic func(m2, m3, m4 float64) float64) []float64 {
	out, n := make([]float64, len(x)), float64(w)
	windows(w, out, func(first, last int) {
		var s powers
		rounding := math.NaN()
		for i := first; i < last; i++ {
			if i > first {
				s.add(x[i], 1)
				s.add(x[i-w], -1)
			}
			rounding += s.s4
			m2, m3, m4 := s.central(n)
			if !(rounding*4*roundings <= 1e-9*m2*m2*n) {
				s.restart(x[i-w+1 : i+1])
				m2, m3, m4 = s.central(n)
				rounding = 0
			}
			if m2 <= 0 || w < least {
				m2 = math.NaN()
			}
			out[i] = finite(statistic(m2, m3, m4))
		}
	}, x)
	return out
}

// powers are sums of the powers of (x-anchor)*scale. The scale is a power of two, so that no digit and no range is lost.
type powers struct{ anchor, scale, s1, s2, s3, s4 float64 }

func (s *powers) add(v, sign float64) {
	d := (v - s.anchor) * s.scale
	d2 := d * d
	s.s1 += float64(sign * d)
	s.s2 += float64(sign * d2)
	s.s3 += float64(sign * d * d2)
	s.s4 += float64(sign * d2 * d2)
}

func (s *powers) restart(x []float64) {
	anchor := Mean(x)
	far := 0.0
	for _, v := range x {
		far = max(far, math.Abs(v-anchor))
	}
	_, exponent := math.Frexp(far)
	*s = powers{anchor: anchor, scale: math.Ldexp(1, max(-1000, min(1000, -exponent)))}
	for _, v := range x {
		s.add(v, 1)
	}
}

// central returns the population moments about the mean.
func (s *powers) central(n float64) (m2, m3, m4 float64) {
	m := s.s1 / n
	q := float64(m * m)
	m2 = s.s2/n - q
	m3 = s.s3/n - float64(3*m*s.s2/n) + float64(2*q*m)
	m4 = s.s4/n - float64(4*m*s.s3/n) + float64(6*q*s.s2/n) - float64(3*q*q)
	return m2, m3, m4
}
