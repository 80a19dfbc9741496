package sim

import (
	"fmt"
	"slices"

	"assay/shared/market"
)

// event is one fault of a series: it spoils the bars with starts in [from, to).
type event struct {
	kind     Kind
	from, to int64
	up       bool // of a spike
}

type planKey struct {
	source     string
	instrument int
	fix        string
	interval   market.Interval
	block      int64
}

// plan lists the faults of the bars of a block, those that can be seen, in the order of time.
func (s *Sim) plan(se series, block int64) []event {
	key := planKey{se.source, se.instrument.number, se.fix, se.interval, block}
	s.mu.Lock()
	known, ok := s.plans.get(key)
	s.mu.Unlock()
	if ok {
		return known
	}
	var events []event
	for _, kind := range barKinds {
		r := random(s.seed, fmt.Sprintf("fault %s %s %s %s %s", kind, se.source, se.instrument.id, se.fix, se.interval), block)
		hit, at, up := r.Float64() < blockRate, r.Int64N(blockBars-kind.length()), r.IntN(2) == 0
		step := int64(se.interval)
		from := (block*blockBars + at) * step
		e := event{kind, from, from + kind.length()*step, up}
		if hit && s.faults[kind] && kind.suits(se) && !overlaps(events, e, step) && s.visible(se, e) {
			events = append(events, e)
		}
	}
	slices.SortFunc(events, func(a, b event) int { return int(a.from - b.from) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans.put(key, events)
	return events
}

// overlaps reports whether an event touches one that is planted already, or stands beside it.
func overlaps(events []event, e event, step int64) bool {
	return slices.ContainsFunc(events, func(o event) bool { return e.from <= o.to+step && o.from <= e.to+step })
}

// visible reports whether the source would have said something at each bar of an event, and nothing else is wrong there.
func (s *Sim) visible(se series, e event) bool {
	for t := e.from; t < e.to; t += int64(se.interval) {
		if !s.says(se, t) || s.shift(se, t) != 1 {
			return false
		}
	}
	return true
}

// says reports whether a source has a bar at t, faults apart.
func (s *Sim) says(se series, t int64) bool {
	d, ok := dayOf(t)
	if !ok {
		return false
	}
	if v := se.venue(); v != nil {
		switch se.interval {
		case market.Day:
			return s.long(v, se.instrument, d)[24].count > 0
		case market.Hour:
			return s.long(v, se.instrument, d)[(t-dayStart(d))/int64(market.Hour)].count > 0
		default:
			return s.day(v, se.instrument, d)[(t-dayStart(d))/int64(market.Minute)].count > 0
		}
	}
	if se.interval == market.Day {
		return struckOn(se, t)
	}
	return s.world.isOpen(se.instrument, t)
}

// faultAt returns the fault of the bar that starts at t, if there is one.
func (s *Sim) faultAt(se series, t int64) (event, bool) {
	if len(s.faults) == 0 || !se.interval.IsStored() {
		return event{}, false
	}
	for _, e := range s.plan(se, t/(blockBars*int64(se.interval))) {
		if e.from <= t && t < e.to {
			return e, true
		}
	}
	return event{}, false
}

// shift returns by what a series is multiplied on the day of t: 1 outside a level shift.
func (s *Sim) shift(se series, t int64) float64 {
	d, ok := dayOf(t)
	if !ok || !s.faults[Shift] || se.interval == market.Day && se.venue() == nil {
		return 1
	}
	first, factor, ok := s.shiftIn(se, d/shiftBlock)
	if !ok || d < first || d >= first+shiftDays {
		return 1
	}
	return factor
}

// shiftIn returns the first day of the level shift of a block of days.
func (s *Sim) shiftIn(se series, block int) (first int, factor float64, ok bool) {
	r := random(s.seed, "shift "+se.source+" "+se.instrument.id, int64(block))
	ok = r.Float64() < shiftRate
	first = block*shiftBlock + r.IntN(shiftBlock-shiftDays)
	factor = 1 + round(0.01+0.02*r.Float64(), 4)
	if r.IntN(2) == 0 {
		factor = round(2-factor, 4)
	}
	return first, factor, ok && first+shiftDays <= days
}

// haltIn returns when a venue trades nothing in a block of days: [from, to) in Unix seconds.
func (s *Sim) haltIn(source string, block int) (from, to int64, ok bool) {
	r := random(s.seed, "halt "+source, int64(block))
	ok = s.faults[Halt] && r.Float64() < haltRate
	from = dayStart(block*haltBlock) + int64(market.Minute)*r.Int64N((haltBlock-1)*perDay)
	return from, from + 3*int64(market.Hour) + int64(market.Minute)*r.Int64N(6*60), ok
}

// haltedMinutes tells the minutes of a day in which a venue is halted.
func (s *Sim) haltedMinutes(source string, d int) func(minute int) bool {
	from, to, ok := s.haltIn(source, d/haltBlock)
	return func(m int) bool {
		t := dayStart(d) + int64(m)*int64(market.Minute)
		return ok && from <= t && t < to
	}
}

// outage returns what is wrong with all answers of a source at t, if anything is.
func (s *Sim) outage(source string, t int64) (Kind, bool) {
	for _, kind := range answerKinds {
		if from, ok := s.outageIn(kind, source, market.Hour.Floor(t)); ok && from <= t && t < from+outageTime {
			return kind, true
		}
	}
	return "", false
}

// outageIn returns when in an hour the answers of a source have a fault of this kind. Where two meet, the first of the kinds
// is what is seen.
func (s *Sim) outageIn(kind Kind, source string, hour int64) (from int64, ok bool) {
	if !s.faults[kind] {
		return 0, false
	}
	r := random(s.seed, "outage "+string(kind)+" "+source, hour)
	ok = r.Float64() < outageRate
	return hour + r.Int64N(int64(market.Hour)-outageTime), ok
}
