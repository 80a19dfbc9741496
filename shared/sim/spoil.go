package sim

import (
	"math"
	"time"

	"assay/shared/market"
)

// record is one record of an answer: what a source says of one interval.
type record struct {
	candle
	absent bool // its close is left out
}

// tellCandles plants the faults into a venue's bars, which are in the order of the answer.
func (s *Sim) tellCandles(v *venue, in *instrument, i market.Interval, list []candle, now time.Time) []record {
	se := series{source: v.name, instrument: in, interval: i}
	var told []record
	for _, c := range list {
		e, ok := s.faultAt(se, c.start)
		if !ok || c.count == 0 {
			told = append(told, record{candle: s.shifted(se, c)})
			continue
		}
		served, keep := s.spoil(se, e, c, now)
		if !keep {
			continue
		}
		if told = append(told, served); e.kind == Duplicate {
			told = append(told, record{candle: c})
		}
		if n := len(told); e.kind == Disorder && n > 1 && e.from <= told[n-2].start && told[n-2].start < e.to {
			told[n-2], told[n-1] = told[n-1], told[n-2]
		}
	}
	return told
}

// shifted is a bar during a level shift, and the bar itself outside one.
func (s *Sim) shifted(se series, c candle) candle {
	if factor := s.shift(se, c.start); factor != 1 {
		c = c.times(factor)
		return se.rounded(c)
	}
	return c
}

// spoil is what is served of a bar that has a fault; false when it is left out.
func (s *Sim) spoil(se series, e event, c candle, now time.Time) (record, bool) {
	r := record{candle: c}
	switch e.kind {
	case Zero:
		r.candle = c.times(0)
	case Absent:
		r.absent = true
	case Times10:
		r.candle = c.times(10)
	case Times100:
		r.candle = c.times(100)
	case Times1000:
		r.candle = c.times(1000)
	case Gram:
		r.candle = c.times(1 / troyOunce)
	case Inverse:
		r.open, r.high, r.low, r.close = 1/c.open, 1/c.low, 1/c.high, 1/c.close
	case Spike:
		r.candle = c.times(map[bool]float64{true: 1.25, false: 0.8}[e.up])
	case Duplicate:
		r.candle = c.times(1.01)
	case Late:
		if now.Unix() < e.corrected(se.interval) {
			r.candle = c.times(1.01)
		}
	case Stuck:
		first := s.truth(se, se.instrument, e.from).close
		r.open, r.high, r.low, r.close = first, first, first, first
	case Swapped:
		start, volume := c.start, c.volume
		r.candle = s.truth(se, s.world.find(se.instrument.other()), c.start)
		r.start, r.volume, r.count = start, volume, c.count
	case Gap:
		return record{}, false
	}
	r.candle = se.rounded(r.candle)
	return r, true
}

// corrected is when a late correction comes, in Unix seconds.
func (e event) corrected(i market.Interval) int64 {
	if i == market.Minute {
		return e.to + 600
	}
	return e.to + int64(market.Day)
}

// truth is what a source would say of an instrument's finished interval if it had no faults.
func (s *Sim) truth(se series, in *instrument, start int64) candle {
	if v := se.venue(); v != nil {
		return s.span(v, in, start, se.interval.Next(start))
	}
	price := 0.0
	if se.interval == market.Day {
		price = s.fixing(series{se.source, in, se.interval, se.fix}, start)
	} else {
		price = s.quote(se.source, in, start)
	}
	return candle{start: start, open: price, high: price, low: price, close: price, count: 1}
}

func (c candle) times(factor float64) candle {
	c.open, c.high, c.low, c.close = c.open*factor, c.high*factor, c.low*factor, c.close*factor
	return c
}

// rounded prints prices as the source would, also absurd ones. What is below a cent keeps digits: an inverse needs them.
func (se series) rounded(c candle) candle {
	tick := func(x float64) float64 {
		switch v := se.venue(); {
		case x > 0 && x < 0.1:
			return round(x, 8)
		case v != nil:
			return v.tick(se.instrument, x)
		default:
			return round(x, 4)
		}
	}
	c.open, c.high, c.low, c.close = tick(c.open), tick(c.high), tick(c.low), tick(c.close)
	return c
}

// value is the one price of a source that has no bars, faults planted; NaN when it is left out.
func (s *Sim) value(se series, start int64, now time.Time) float64 {
	c := s.truth(se, se.instrument, start)
	e, ok := s.faultAt(se, start)
	if !ok {
		return s.shifted(se, c).close
	}
	r, keep := s.spoil(se, e, c, now)
	if !keep || r.absent {
		return math.NaN()
	}
	return r.close
}
