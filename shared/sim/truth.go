package sim

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"time"

	"assay/shared/market"
)

// Fault is one planted fault: what was wrong, where, and what would have been right.
type Fault struct {
	Kind       Kind       `json:"kind"`
	Source     string     `json:"source"`
	Instrument string     `json:"instrument,omitempty"` // none where all of a source is concerned
	Interval   string     `json:"interval,omitempty"`   // of the bars that are wrong; none for all
	From       int64      `json:"from"`                 // Unix seconds; the fault holds in [from, to)
	To         int64      `json:"to"`
	Until      int64      `json:"until,omitempty"`  // when a late correction comes
	Factor     float64    `json:"factor,omitempty"` // by which a level shift multiplies
	True       []*float64 `json:"true,omitempty"`   // the closes of the bars, as they should be
	Served     []*float64 `json:"served,omitempty"` // as they are served; null for none
}

// Query says which faults are asked for: those that touch [From, To), Unix seconds. What is empty is not asked.
type Query struct {
	From, To   int64
	Source     string
	Instrument string
	Interval   string
	Kind       Kind
}

func (q Query) wants(source, instrument, interval string) bool {
	return (q.Source == "" || q.Source == source) && (q.Instrument == "" || q.Instrument == instrument) && (q.Interval == "" || q.Interval == interval)
}

// Truth lists planted faults in the order of time.
func (s *Sim) Truth(q Query) []Fault {
	q.From, q.To = max(q.From, origin), min(q.To, end)
	faults := []Fault{}
	for _, source := range sources {
		if q.wants(source, "", "") {
			faults = append(faults, s.outages(source, q)...)
			faults = append(faults, s.halts(source)...)
		}
	}
	for _, se := range s.all() {
		if q.wants(se.source, se.id(), "") {
			faults = append(faults, s.shifts(se)...)
		}
		if q.wants(se.source, se.id(), se.interval.String()) {
			faults = append(faults, s.barFaults(se, q)...)
		}
	}
	faults = slices.DeleteFunc(faults, func(f Fault) bool { return q.Kind != "" && q.Kind != f.Kind || f.To <= q.From || q.To <= f.From })
	slices.SortStableFunc(faults, func(a, b Fault) int { return int(a.From - b.From) })
	return faults
}

var sources = []string{"coinbase", "kraken", "bitstamp", "bitfinex", "goldapi", "swissquote", "ecb", "lbma"}

// all lists every series that is served.
func (s *Sim) all() []series {
	var list []series
	for n := range s.world.list {
		in := &s.world.list[n]
		if in.open == market.Always {
			for _, v := range venues {
				for _, i := range market.Stored {
					list = append(list, series{source: v.name, instrument: in, interval: i})
				}
			}
		}
		if s.metal(in.base) != nil {
			list = append(list, series{source: "goldapi", instrument: in, interval: market.Minute}, series{source: "swissquote", instrument: in, interval: market.Minute})
		}
		for _, name := range []string{"", "-AM", "-PM", "-FIX"} {
			if f, ok := fixes[in.id+name]; ok {
				list = append(list, series{map[market.Calendar]string{market.Target: "ecb", market.London: "lbma"}[f.calendar], in, market.Day, name})
			}
		}
	}
	return list
}

func (s *Sim) outages(source string, q Query) []Fault {
	var faults []Fault
	for _, kind := range answerKinds {
		for hour := market.Hour.Floor(q.From); hour < q.To && s.faults[kind]; hour += int64(market.Hour) {
			if from, ok := s.outageIn(kind, source, hour); ok {
				faults = append(faults, Fault{Kind: kind, Source: source, From: from, To: from + outageTime})
			}
		}
	}
	return faults
}

func (s *Sim) halts(source string) []Fault {
	var faults []Fault
	if (series{source: source}).venue() == nil {
		return nil
	}
	for block := range days/haltBlock + 1 {
		if from, to, ok := s.haltIn(source, block); ok {
			faults = append(faults, Fault{Kind: Halt, Source: source, From: from, To: to})
		}
	}
	return faults
}

// shifts lists the level shifts of a series, once for all of its intervals.
func (s *Sim) shifts(se series) []Fault {
	var faults []Fault
	for block := range days/shiftBlock + 1 {
		first, factor, ok := s.shiftIn(se, block)
		if ok && s.faults[Shift] && se.interval == market.Minute {
			faults = append(faults, Fault{Kind: Shift, Source: se.source, Instrument: se.id(), From: dayStart(first), To: dayStart(first + shiftDays), Factor: factor})
		}
	}
	return faults
}

func (s *Sim) barFaults(se series, q Query) []Fault {
	var faults []Fault
	size := blockBars * int64(se.interval)
	for block := q.From / size; block*size < q.To && len(s.faults) > 0; block++ {
		for _, e := range s.plan(se, block) {
			if (q.Kind == "" || q.Kind == e.kind) && e.from < q.To && q.From < e.to {
				faults = append(faults, s.fault(se, e))
			}
		}
	}
	return faults
}

// fault is an event for people: as served before any correction.
func (s *Sim) fault(se series, e event) Fault {
	f := Fault{Kind: e.kind, Source: se.source, Instrument: se.id(), Interval: se.interval.String(), From: e.from, To: e.to}
	if e.kind == Late {
		f.Until = e.corrected(se.interval)
	}
	for t := e.from; t < e.to; t += int64(se.interval) {
		c := s.truth(se, se.instrument, t)
		served, keep := s.spoil(se, e, c, time.Unix(e.to, 0))
		f.True = append(f.True, optional(c.close))
		if !keep || served.absent {
			served.close = math.NaN()
		}
		f.Served = append(f.Served, optional(served.close))
	}
	return f
}

func optional(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

// own answers what is asked of the market itself: /truth lists the planted faults of the last day, or of ?from= and ?to=,
// and of one ?source=, ?instrument=, ?interval= or ?kind= where it is said. /truth/bars lists a series' bars without faults.
func (s *Sim) own(w http.ResponseWriter, r *http.Request) {
	now := s.now()
	q := r.URL.Query()
	from, err1 := seconds(q, "from", now.Unix()-int64(market.Day))
	to, err2 := seconds(q, "to", now.Unix())
	if err1 != nil || err2 != nil {
		reply(w, http.StatusBadRequest, "text/plain", "from and to: want Unix seconds, a date or RFC 3339\n")
		return
	}
	switch r.URL.Path {
	case "/truth":
		faults := s.Truth(Query{from, to, q.Get("source"), q.Get("instrument"), q.Get("interval"), Kind(q.Get("kind"))})
		replyValue(w, struct {
			Seed   uint64    `json:"seed"`
			Now    time.Time `json:"now"`
			Faults []Fault   `json:"faults"`
		}{s.seed, now.UTC(), faults})
	case "/truth/bars":
		s.ownBars(w, r, from, to)
	default:
		reply(w, http.StatusNotFound, "text/plain", "This is a simulated market. Ask with a provider's name in the Host header, or for /truth or /truth/bars?source=kraken&instrument=BTC-USD&interval=1m\n")
	}
}

// Bar is a series' bar without faults.
type Bar struct {
	Start  int64   `json:"start"` // Unix seconds
	Open   float64 `json:"open"`
	High   float64 `json:"high"`
	Low    float64 `json:"low"`
	Close  float64 `json:"close"`
	Volume float64 `json:"volume"`
	Count  int     `json:"count"` // trades; 0 for a price that was struck or quoted
}

// Bars lists what a source would have said of [from, to), Unix seconds, without any fault: the finished bars in which it traded, or
// the prices that it quoted or struck. It is empty for what the source does not have.
func (s *Sim) Bars(source, id string, i market.Interval, from, to int64) []Bar {
	bars := []Bar{}
	for _, se := range s.all() {
		if se.source != source || se.id() != id || se.interval != i {
			continue
		}
		for t := i.Ceil(max(from, origin)); t < min(to, end); t = i.Next(t) {
			if !s.says(se, t) {
				continue
			}
			c := s.truth(se, se.instrument, t)
			if se.venue() == nil {
				c.count = 0
			}
			bars = append(bars, Bar{c.start, c.open, c.high, c.low, c.close, c.volume, c.count})
		}
	}
	return bars
}

func (s *Sim) ownBars(w http.ResponseWriter, r *http.Request, from, to int64) {
	q := r.URL.Query()
	i, err := market.ParseInterval(q.Get("interval"))
	if err != nil {
		reply(w, http.StatusBadRequest, "text/plain", err.Error()+"\n")
		return
	}
	replyValue(w, s.Bars(q.Get("source"), q.Get("instrument"), i, from, to))
}

func replyValue(w http.ResponseWriter, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		reply(w, http.StatusInternalServerError, "text/plain", err.Error()+"\n")
		return
	}
	replyJSON(w, http.StatusOK, string(body))
}
