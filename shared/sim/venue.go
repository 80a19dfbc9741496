package sim

import (
	"math"
	"math/rand/v2"
	"time"

	"assay/shared/market"
)

// venue is an exchange: its own order book, a little beside the market, and its own volumes.
type venue struct {
	name     string
	first    int64          // Unix seconds of its first bar
	share    float64        // of the volume of all venues
	noise    float64        // standard deviation of its price from the market's, from one minute to the next
	quiet    float64        // share of minutes in which bitcoin does not trade
	decimals map[string]int // of a price, by base; 2 where not said
	digits   int            // significant digits of a price; 0 for no limit
}

var (
	coinbaseVenue = &venue{name: "coinbase", first: 1437350400, share: 0.4, noise: 0.8e-4, quiet: 0.01}
	krakenVenue   = &venue{name: "kraken", first: origin, share: 0.25, noise: 1.0e-4, quiet: 0.02, decimals: map[string]int{"BTC": 1}}
	bitstampVenue = &venue{name: "bitstamp", first: origin, share: 0.2, noise: 1.2e-4, quiet: 0.013}
	bitfinexVenue = &venue{name: "bitfinex", first: 1364774400, share: 0.15, noise: 1.2e-4, quiet: 0.025, digits: 5}
	venues        = []*venue{coinbaseVenue, krakenVenue, bitstampVenue, bitfinexVenue}
)

// candle is what a venue says of one interval, before any fault. Count 0 means that nothing traded: it has no prices then.
type candle struct {
	start                          int64
	open, high, low, close, volume float64
	count                          int
}

type dayKey struct {
	venue      string
	instrument int
	day        int
}

type venueDay [perDay]candle

// decimalsOf returns how many decimals a venue prints of a price.
func (v *venue) decimalsOf(in *instrument, price float64) int {
	if v.digits > 0 {
		n := v.digits - 1
		for ; n > 0 && price >= 10; price /= 10 {
			n--
		}
		return n
	}
	if n, ok := v.decimals[in.base]; ok {
		return n
	}
	return 2
}

// tick rounds a price to what the venue prints.
func (v *venue) tick(in *instrument, price float64) float64 {
	return round(price, v.decimalsOf(in, price))
}

func round(x float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(x*scale) / scale
}

// draws are the random numbers of one venue's minute, always all of them, in this order.
type draws struct{ noise, up, down, volume, quiet float64 }

func draw(r *rand.Rand) draws {
	return draws{r.NormFloat64(), math.Abs(r.NormFloat64()), math.Abs(r.NormFloat64()), r.NormFloat64(), r.Float64()}
}

func (s *Sim) venueRandom(v *venue, in *instrument, d int) *rand.Rand {
	return random(s.seed, "venue "+v.name+" "+in.id, int64(d))
}

// premium is how far a venue stands beside the market for days on end, as a logarithm.
func (s *Sim) premium(v *venue, d int) float64 {
	return float64(3e-4 * random(s.seed, "premium "+v.name, int64(d)).NormFloat64())
}

// day returns a venue's minutes of a day.
func (s *Sim) day(v *venue, in *instrument, d int) *venueDay {
	key := dayKey{v.name, in.number, d}
	s.mu.Lock()
	known, ok := s.days.get(key)
	s.mu.Unlock()
	if ok {
		return known
	}
	c := s.trade(v, in, d)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.days.put(key, c)
	return c
}

// trade computes a venue's minutes of a day. A minute's open is the close of the one before it, as the venue sees both.
func (s *Sim) trade(v *venue, in *instrument, d int) *venueDay {
	path := s.world.path(in, d)
	r, today, tomorrow := s.venueRandom(v, in, d), s.premium(v, d), s.premium(v, d+1)
	next := draw(s.venueRandom(v, in, min(d+1, days-1)))
	price := func(m int, x draws) float64 {
		beside := today + float64((tomorrow-today)*float64(m)/perDay)
		return v.tick(in, path[m]*(1+beside+float64(v.noise*x.noise)))
	}
	halted := s.haltedMinutes(v.name, d)
	c, now := new(venueDay), draw(r)
	open := price(0, now)
	for m := range perDay {
		after := next
		if m+1 < perDay {
			after = draw(r)
		}
		last := price(m+1, after)
		b := candle{start: dayStart(d) + int64(m)*int64(market.Minute), open: open, close: last}
		b.high = max(v.tick(in, max(open, last)*(1+float64(v.noise*now.up))), open, last)
		b.low = min(v.tick(in, min(open, last)*(1-float64(v.noise*now.down))), open, last)
		busy := v.share * math.Exp(now.volume)
		b.volume, b.count = max(round(in.volume*busy, 8), 1e-8), 1+int(20*busy)
		if now.quiet < v.quiet*in.quiet || halted(m) || b.start < v.first {
			b = candle{start: b.start}
		}
		c[m] = b
		open, now = last, after
	}
	return c
}

// join makes one bar of several, which are in order.
func join(start int64, parts []candle) candle {
	b := candle{start: start}
	for _, p := range parts {
		if p.count == 0 {
			continue
		}
		if b.count == 0 {
			b.open, b.high, b.low = p.open, p.high, p.low
		}
		b.high, b.low, b.close = max(b.high, p.high), min(b.low, p.low), p.close
		b.volume, b.count = b.volume+p.volume, b.count+p.count
	}
	b.volume = round(b.volume, 8)
	return b
}

// long returns a venue's 24 hours of a day, and after them the day, from the minutes.
func (s *Sim) long(v *venue, in *instrument, d int) *[25]candle {
	key := dayKey{v.name, in.number, d}
	s.mu.Lock()
	known, ok := s.hours.get(key)
	s.mu.Unlock()
	if ok {
		return known
	}
	minutes, c := s.day(v, in, d), new([25]candle)
	for h := range 24 {
		c[h] = join(minutes[60*h].start, minutes[60*h:60*h+60])
	}
	c[24] = join(dayStart(d), c[:24])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hours.put(key, c)
	return c
}

// bar returns a venue's bar of any interval of whole minutes, aligned to the epoch, as far as it has come at now.
func (s *Sim) bar(v *venue, in *instrument, i market.Interval, start int64, now time.Time) candle {
	stop := i.Next(start)
	if now.Unix() >= stop {
		return s.span(v, in, start, stop)
	}
	minute := market.Minute.Floor(now.Unix())
	done := s.span(v, in, start, minute)
	current := s.span(v, in, minute, minute+int64(market.Minute))
	if current.count > 0 {
		current = current.until(float64(now.UnixMilli()-minute*1000)/60_000, func(x float64) float64 { return v.tick(in, x) })
	}
	return join(start, []candle{done, current})
}

// until is a minute of which only a part has passed.
func (c candle) until(part float64, tick func(float64) float64) candle {
	c.close = tick(c.open + float64(part*(c.close-c.open)))
	c.high, c.low = max(c.open, c.close), min(c.open, c.close)
	c.volume, c.count = max(round(c.volume*part, 8), 1e-8), max(1, int(float64(c.count)*part))
	return c
}

// span joins a venue's minutes of [from, to), by whole days and hours where it can.
func (s *Sim) span(v *venue, in *instrument, from, to int64) candle {
	var parts []candle
	for t := max(from, origin); t < min(to, end); {
		d, _ := dayOf(t)
		since := t - dayStart(d)
		switch {
		case since == 0 && t+int64(market.Day) <= to:
			parts = append(parts, s.long(v, in, d)[24])
			t += int64(market.Day)
		case since%int64(market.Hour) == 0 && t+int64(market.Hour) <= to:
			parts = append(parts, s.long(v, in, d)[since/int64(market.Hour)])
			t += int64(market.Hour)
		default:
			parts = append(parts, s.day(v, in, d)[since/int64(market.Minute)])
			t += int64(market.Minute)
		}
	}
	if len(parts) == 1 {
		parts[0].start = from
		return parts[0]
	}
	return join(from, parts)
}

// lastClose is the close of the newest bar before t in which a venue traded; 0 when there was none.
func (s *Sim) lastClose(v *venue, in *instrument, t int64) float64 {
	for d, ok := dayOf(t - 1); ok && d >= 0; d-- {
		minutes := s.day(v, in, d)
		for m := perDay - 1; m >= 0; m-- {
			if minutes[m].start < t && minutes[m].count > 0 {
				return minutes[m].close
			}
		}
		if dayStart(d) < v.first {
			return 0
		}
	}
	return 0
}

// bars returns a venue's bars with starts in [from, to], the one in progress included. Those without a trade have count 0.
func (s *Sim) bars(v *venue, in *instrument, i market.Interval, from, to int64, now time.Time) []candle {
	var list []candle
	from, to = i.Ceil(max(from, i.Floor(v.first))), min(to, now.Unix(), end-1)
	for start := from; start <= to; start = i.Next(start) {
		list = append(list, s.bar(v, in, i, start, now))
	}
	return list
}

// fill gives bars without a trade the last close before them, as venues do that leave no bar out.
func (s *Sim) fill(v *venue, in *instrument, list []candle) []candle {
	last := 0.0
	if len(list) > 0 && list[0].count == 0 {
		last = s.lastClose(v, in, list[0].start)
	}
	filled := list[:0]
	for _, c := range list {
		if c.count == 0 {
			c.open, c.high, c.low, c.close = last, last, last, last
		}
		if last = c.close; last > 0 {
			filled = append(filled, c)
		}
	}
	return filled
}
