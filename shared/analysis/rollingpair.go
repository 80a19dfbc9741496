package analysis

import "math"

// RollingCorrelation returns Pearson's correlation of the two in each trailing window of w rows; absent where either has no
// spread, where w rows are not there, or where one of them is absent.
func RollingCorrelation(x, y []float64, w int) []float64 {
	return rollingPair(x, y, w, correlate)
}

// RollingCovariance returns the sample covariance (divisor w-1) of each window.
func RollingCovariance(x, y []float64, w int) []float64 {
	return rollingPair(x, y, w, func(_, _, xy float64) float64 { return xy / float64(w-1) })
}

// RollingBeta returns the slope of y on x in each window: their covariance over the variance of x.
func RollingBeta(x, y []float64, w int) []float64 {
	return rollingPair(x, y, w, func(xx, _, xy float64) float64 { return xy / xx })
}

// correlate turns sums of squares and products about the means into a correlation.
func correlate(xx, yy, xy float64) float64 {
	if xx <= 0 || yy <= 0 {
		return math.NaN()
	}
	return max(-1, min(1, xy/(math.Sqrt(xx)*math.Sqrt(yy))))
}

// pair holds the sums over a window of two columns, relative to an anchor in each.
type pair struct{ ax, ay, x, y, xx, yy, xy float64 }

func rollingPair(x, y []float64, w int, statistic func(xx, yy, xy float64) float64) []float64 {
	out, n := make([]float64, len(x)), 1/float64(w)
	windows(w, out, func(first, last int) {
		s := pair{xx: math.NaN()}
		roundX, roundY := 0.0, 0.0
		for i := first; i < last; i++ {
			if i > first {
				s.slide(x[i], y[i], x[i-w], y[i-w])
			}
			roundX += s.xx
			roundY += s.yy
			xx, yy := s.xx-float64(float64(s.x*s.x)*n), s.yy-float64(float64(s.y*s.y)*n)
			if !(roundX <= lost/roundings*xx && roundY <= lost/roundings*yy) {
				s = pairAbout(x[i-w+1:i+1], y[i-w+1:i+1])
				xx, yy = max(0, s.xx-float64(float64(s.x*s.x)*n)), max(0, s.yy-float64(float64(s.y*s.y)*n))
				roundX, roundY = 0, 0
			}
			out[i] = finite(statistic(xx, yy, s.xy-float64(float64(s.x*s.y)*n)))
		}
	}, x, y)
	return out
}

// slide lets one row in and another go.
func (s *pair) slide(x, y, goneX, goneY float64) {
	x, y, goneX, goneY = x-s.ax, y-s.ay, goneX-s.ax, goneY-s.ay
	s.x += x - goneX
	s.y += y - goneY
	s.xx += float64((x - goneX) * (x + goneX))
	s.yy += float64((y - goneY) * (y + goneY))
	s.xy += float64(x*y) - float64(goneX*goneY)
}

func pairAbout(x, y []float64) pair {
	s := pair{ax: Mean(x), ay: Mean(y)}
	for i := range x {
		dx, dy := x[i]-s.ax, y[i]-s.ay
		s.x += dx
		s.y += dy
		s.xx += float64(dx * dx)
		s.yy += float64(dy * dy)
		s.xy += float64(dx * dy)
	}
	return s
}
