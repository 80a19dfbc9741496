package analysis

import "math"

// loess fits straight lines to a window of neighbours, the near ones weighing more (Cleveland et al. 1990, §2). Rows are one
// apart, so that the tricube weights depend on whole distances only and are kept as long as the reach stays the same.
type loess struct {
	flat    bool      // fit means, not lines
	reach   int       // distance at which the weight ends
	tricube []float64 // by distance
	weight  []float64 // of the window in hand
}

// smooth writes the fitted value of every row of y to out. weights, if any, multiply those of the distance.
func (l *loess) smooth(out, y []float64, window int, weights []float64) {
	n := len(y)
	if n < 2 {
		copy(out, y)
		return
	}
	from, to := 0, min(window, n)
	for i := range y {
		if i >= (window+1)/2 && to < n {
			from, to = from+1, to+1
		}
		var ok bool
		if out[i], ok = l.at(i, from, to, y, window, weights); !ok {
			out[i] = y[i]
		}
	}
}

// at fits the window y[from:to] at a row, which may lie outside. It is not ok where all weights are 0.
func (l *loess) at(row, from, to int, y []float64, window int, weights []float64) (float64, bool) {
	reach := max(row-from, to-1-row)
	if window > len(y) {
		reach += (window - len(y)) / 2
	}
	l.set(reach)
	w := l.distances(row, from, to)
	if weights != nil {
		for j, u := range weights[from:to] {
			w[j] *= u
		}
	}
	// One pass gives the moments about the row, from which the line's value there follows.
	var s0, s1, s2, t0, t1 float64
	base := float64(from - row)
	for j, v := range y[from:to] {
		d, u := base+float64(j), w[j]
		ud := float64(u * d)
		s0 += u
		s1 += ud
		s2 += float64(ud * d)
		t0 += float64(u * v)
		t1 += float64(ud * v)
	}
	if s0 <= 0 {
		return 0, false
	}
	centre := s1 / s0
	spread := s2/s0 - float64(centre*centre)
	level := t0 / s0
	if l.flat || reach == 0 || math.Sqrt(max(spread, 0)) <= 0.001*float64(len(y)-1) {
		return level, true
	}
	return level - float64(centre*(t1/s0-float64(centre*level)))/spread, true
}

// set tabulates the tricube weights for a reach.
func (l *loess) set(reach int) {
	if reach == l.reach && len(l.tricube) > reach {
		return
	}
	l.reach = reach
	if cap(l.tricube) <= reach {
		l.tricube = make([]float64, 2*reach+2)
	}
	l.tricube = l.tricube[:reach+1]
	h := float64(reach)
	for d := range l.tricube {
		r := float64(d)
		switch {
		case r <= 0.001*h:
			l.tricube[d] = 1
		case r <= 0.999*h:
			q := r / h
			u := 1 - float64(q*q*q)
			l.tricube[d] = u * u * u
		default:
			l.tricube[d] = 0
		}
	}
}

func (l *loess) distances(row, from, to int) []float64 {
	if cap(l.weight) < to-from {
		l.weight = make([]float64, 2*(to-from))
	}
	w := l.weight[:to-from]
	for j := range w {
		d := from + j - row
		if d < 0 {
			d = -d
		}
		w[j] = l.tricube[d]
	}
	return w
}
