package analysis

import (
	"math"
	"slices"
)

// The bounds of the search, and the seasonal strength from which seasons are differenced.
const (
	maxOrder, maxSeasonalOrder, maxDifferences = 5, 2, 2
	maxModels                                  = 94
	longestSeason                              = 24 // rows; longer seasons are not modelled
	strongSeason                               = 0.64
)

// ChooseARIMA searches step by step for the order with the least AICc: seasonal differences by the strength of the season, others
// by the KPSS test at 5 %, then the neighbours of the best model so far until none is better. stopped is asked before each model; an
// error of it is returned.
//
// Definition: Hyndman and Khandakar, Journal of Statistical Software 27 (2008), as auto.arima of R's forecast without approximation.
func ChooseARIMA(x []float64, period int, stopped Stopped) (ARIMA, error) {
	mustAtLeast("period", period, 1)
	x, err := sample(x, 8)
	if err != nil {
		return ARIMA{}, err
	}
	if centred(x) == nil {
		return ARIMA{}, Constant
	}
	if period > longestSeason || len(x) <= 2*period {
		period = 1
	}
	s := arimaSearch{x: x, period: period, stopped: stopped, tried: map[Order]bool{}, best: ARIMA{AICc: math.Inf(1)}, err: NotConverged}
	s.bound()
	s.start()
	for len(s.tried) < maxModels && s.step() {
	}
	if err := stopped.why(); err != nil {
		return ARIMA{}, err
	}
	if math.IsInf(s.best.AICc, 1) {
		return ARIMA{}, s.err
	}
	return s.best, nil
}

// arimaSearch is a search under way.
type arimaSearch struct {
	x       []float64
	period  int
	stopped Stopped
	tried   map[Order]bool
	best    ARIMA
	err     error

	most, mostSeasonal int  // terms of a kind
	mayShift           bool // a mean or a drift may be in the model: at most one difference
}

func (s *arimaSearch) bound() {
	third := len(s.x) / 3
	s.most = min(maxOrder, third)
	if s.period > 1 {
		s.mostSeasonal = min(maxSeasonalOrder, third/s.period)
	}
	if s.mostSeasonal > 0 {
		s.most = min(s.most, s.period-1) // a lag of a period is the season's
	}
}

func (s *arimaSearch) start() {
	base := Order{Period: s.period}
	if s.period > 1 {
		if d, err := Decompose(s.x, STLOptions{Period: s.period, Seasonal: 11, steady: true}); err == nil && d.SeasonalStrength.Number > strongSeason {
			base.SeasonalD = 1
		}
	}
	for base.D = 0; base.D < maxDifferences; base.D++ {
		w := differenced(s.x, base)
		test, err := KPSS(w, ConstantOnly, int(3*math.Sqrt(float64(len(w)))/13))
		if err != nil || test.Statistic <= test.Critical[1] {
			break
		}
	}
	s.mayShift = base.D+base.SeasonalD <= 1
	base.Mean = s.mayShift
	two, season := min(2, s.most), min(1, s.mostSeasonal)
	for _, pq := range [][4]int{{two, two, season, season}, {0, 0, 0, 0}, {1, 0, season, 0}, {0, 1, 0, season}} {
		o := base
		o.P, o.Q, o.SeasonalP, o.SeasonalQ = pq[0], pq[1], pq[2], pq[3]
		s.try(o)
	}
	base.Mean = false
	s.try(base)
}

// step tries the neighbours of the best model, and reports whether one is better.
func (s *arimaSearch) step() bool {
	if math.IsInf(s.best.AICc, 1) {
		return false
	}
	moves := [][2]int{{-1, 0}, {0, -1}, {1, 0}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}}
	if s.mostSeasonal > 0 {
		for _, m := range moves {
			o := s.best.Order
			o.SeasonalP, o.SeasonalQ = o.SeasonalP+m[0], o.SeasonalQ+m[1]
			if s.try(o) {
				return true
			}
		}
	}
	for _, m := range moves {
		o := s.best.Order
		o.P, o.Q = o.P+m[0], o.Q+m[1]
		if s.try(o) {
			return true
		}
	}
	o := s.best.Order
	o.Mean = !o.Mean
	return s.mayShift && s.try(o)
}

// try fits an order that is within bounds and new, and reports whether it is the best so far. A model whose roots come within
// 1 % of the unit circle is none.
func (s *arimaSearch) try(o Order) bool {
	within := min(o.P, o.Q, o.SeasonalP, o.SeasonalQ) >= 0 && max(o.P, o.Q) <= s.most && max(o.SeasonalP, o.SeasonalQ) <= s.mostSeasonal
	if !within || s.tried[o] || len(s.tried) >= maxModels || s.stopped.why() != nil {
		return false
	}
	s.tried[o] = true
	m, err := FitARIMA(s.x, o)
	if err != nil {
		s.err = err
		return false
	}
	if m.AICc >= s.best.AICc || !m.wellWithin() {
		return false
	}
	s.best = m
	return true
}

func (m ARIMA) wellWithin() bool {
	for i, c := range [][]float64{m.AR, m.SeasonalAR, m.MA, m.SeasonalMA} {
		r := 1.01
		if i%2 == 1 {
			r = math.Pow(r, float64(m.Order.Period))
		}
		c = slices.Clone(c)
		if i >= 2 {
			scale(c, -1)
		}
		if !stable(c, r) {
			return false
		}
	}
	return true
}
