package analysis

import "math"

// LeadLag is the cross-correlation of two series.
type LeadLag struct {
	N    int       `doc:"Common returns"`
	Lags []int     `doc:"-maxLag to maxLag; where one is positive, b leads a"`
	CCF  []float64 `doc:"corr(a_{t+lag}, b_t), with the means and deviations of the whole and divisor n"`
	Band float64   `doc:"95 % of them lie within it where there is no correlation"`
	Best int       `doc:"The lag of the greatest by size"`
}

// CrossCorrelate returns the cross-correlations of two aligned series up to maxLag in both directions; rows where either is absent
// are dropped first. At daily steps that of a fix with a later close leads by construction: AlignAt.
func CrossCorrelate(a, b []float64, maxLag int) (LeadLag, error) {
	a, b = bothPresent(a, b)
	n := len(a)
	if maxLag < 0 {
		panic("analysis: a negative lag")
	}
	if n < 2 || maxLag >= n {
		return LeadLag{}, TooFew
	}
	ma, aa := squares(a)
	mb, bb := squares(b)
	if aa == 0 || bb == 0 {
		return LeadLag{}, Constant
	}
	x, y, sa, sb := make([]float64, n), make([]float64, n), math.Sqrt(aa), math.Sqrt(bb)
	for i := range x {
		x[i], y[i] = (a[i]-ma)/sa, (b[i]-mb)/sb
	}
	l := LeadLag{N: n, Band: normal975 / math.Sqrt(float64(n))}
	best := -1.0
	for lag := -maxLag; lag <= maxLag; lag++ {
		r := 0.0
		if lag >= 0 {
			r = dot(x[lag:], y[:n-lag])
		} else {
			r = dot(x[:n+lag], y[-lag:])
		}
		if r-r != 0 {
			return LeadLag{}, NotFinite
		}
		l.Lags, l.CCF = append(l.Lags, lag), append(l.CCF, r)
		if size := math.Abs(r); size > best {
			best, l.Best = size, lag
		}
	}
	return l, nil
}
