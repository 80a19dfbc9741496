package sim

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"assay/shared/market"
)

// The market exists in [origin, end): before and after it there are no prices.
const (
	origin    = 1356998400 // 2013-01-01
	days      = 27 * 365   // up to about the end of 2039
	end       = origin + days*int64(market.Day)
	reference = 1767225600 // 2026-01-01: when an instrument's trend passes through its level
	perDay    = 1440
	yearDays  = 365.25
	pull      = 0.0015 // of the distance to its trend that a price goes back in a day
)

// world is the market behind all sources: one price per instrument at the start of every minute.
//
// A day's price at 00:00 is an anchor; all anchors are computed once, from the origin on, because regimes and the pull to
// the trend look back. Within a day the minutes are a bridge between two anchors, so that a day's 1,441 prices need nothing
// but the seed and the day.
type world struct {
	seed    uint64
	list    []instrument
	hours   [2][]uint32        // per day, a bit for each hour in which an instrument moves: 0 for always, 1 for the session
	regimes [factors][]float64 // per day, of a group: how many times its normal volatility
	jumps   [factors][]jump    // per day, of a group

	mu    sync.Mutex
	paths cache[pathKey, *[perDay + 1]float64]
	moves cache[int, *[factors][perDay]float64]
}

// jump is a step at the start of one minute of a day, in standard deviations of a day. Size 0 is none.
type jump struct {
	minute int
	size   float64
}

type pathKey struct{ instrument, day int }

// random returns the numbers that belong to a name and a number.
func random(seed uint64, name string, n int64) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return rand.New(rand.NewPCG(mix(seed^h.Sum64()), mix(uint64(n)^h.Sum64())))
}

// mix is the finalizer of SplitMix64: neighbouring numbers give unrelated ones.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func newWorld(seed uint64) *world {
	w := &world{
		seed: seed, list: slices.Clone(instruments),
		paths: newCache[pathKey, *[perDay + 1]float64](1024), moves: newCache[int, *[factors][perDay]float64](512),
	}
	w.openHours()
	for g := range factors {
		w.moods(g)
	}
	for i := range w.list {
		w.list[i].number = i
		w.list[i].anchors = make([]float64, days+1)
		if w.list[i].follow == "" {
			w.list[i].anchors[0] = w.list[i].trend(0)
		}
	}
	for d := range days {
		r := random(seed, "day", int64(d))
		var shared [factors]float64
		for k := range shared {
			shared[k] = r.NormFloat64()
		}
		for i := range w.list {
			w.step(&w.list[i], d, shared, r.NormFloat64())
		}
	}
	return w
}

// openHours asks the session's calendar: its edges lie on full hours, and between 21:00 and 24:00 UTC, so the hours before
// them are all as noon.
func (w *world) openHours() {
	w.hours = [2][]uint32{make([]uint32, days), make([]uint32, days)}
	for d := range days {
		w.hours[0][d] = 1<<24 - 1
		opens := func(h int) bool {
			return market.MetalSession.Expects(dayStart(d)+int64(h)*int64(market.Hour), market.Hour)
		}
		if opens(12) {
			w.hours[1][d] = 1<<21 - 1
		}
		for h := 21; h < 24; h++ {
			if opens(h) {
				w.hours[1][d] |= 1 << h
			}
		}
	}
}

func (w *world) openOn(in *instrument, d int) uint32 {
	if in.open == market.Always {
		return w.hours[0][d]
	}
	return w.hours[1][d]
}

// moods draws the volatility regimes of a group, which last a month or so, and its jumps, two or three a year.
func (w *world) moods(group int) {
	w.regimes[group], w.jumps[group] = make([]float64, days), make([]jump, days)
	states := []float64{0.6, 1, 1, 2.2}
	state := 1.0
	for d := range days {
		r := random(w.seed, "mood", int64(d*factors+group))
		if r.Float64() < 0.03 {
			state = states[r.IntN(len(states))]
		}
		w.regimes[group][d] = state
		if r.Float64() < 1.0/150 {
			minute, size := r.IntN(perDay), 2.5+2*r.Float64()
			if r.IntN(2) == 0 {
				size = -size
			}
			w.jumps[group][d] = jump{minute, size}
		}
	}
}

// step computes an instrument's price a day later.
func (w *world) step(in *instrument, d int, shared [factors]float64, own float64) {
	if in.follow != "" {
		return
	}
	open := openMinutes(w.openOn(in, d))
	x, part := in.anchors[d], float64(open)/perDay
	x += float64(part * (in.growth/yearDays + float64(pull*(in.trend(d)-x))))
	x += float64(w.sigma(in, d) * math.Sqrt(part) * in.innovation(shared, own))
	in.anchors[d+1] = x + w.jumpOf(in, d).size
}

// sigma is the standard deviation of a whole day's return.
func (w *world) sigma(in *instrument, d int) float64 { return in.daily * w.regimes[in.group][d] }

// jumpOf returns an instrument's jump of a day, as a step of its logarithm. While its market is closed there is none.
func (w *world) jumpOf(in *instrument, d int) jump {
	j := w.jumps[in.group][d]
	if w.openOn(in, d)>>(j.minute/60)&1 == 0 {
		return jump{}
	}
	j.size *= in.daily
	return j
}

func openMinutes(hours uint32) int {
	n := 0
	for h := range 24 {
		n += 60 * int(hours>>h&1)
	}
	return n
}

func dayStart(d int) int64 { return origin + int64(d)*int64(market.Day) }

// dayOf returns the day that holds t, and whether the market exists then.
func dayOf(t int64) (int, bool) {
	return int(market.Day.Floor(t)-origin) / int(market.Day), t >= origin && t < end
}

// path returns the price at the start of each minute of a day, and at its end.
func (w *world) path(in *instrument, d int) *[perDay + 1]float64 {
	if in.follow != "" {
		in = w.find(in.follow)
	}
	w.mu.Lock()
	p, ok := w.paths.get(pathKey{in.number, d})
	w.mu.Unlock()
	if ok {
		return p
	}
	p = w.bridge(in, d)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paths.put(pathKey{in.number, d}, p)
	return p
}

// bridge draws the minutes of a day between its two anchors. A closed minute does not move.
func (w *world) bridge(in *instrument, d int) *[perDay + 1]float64 {
	shared, r := w.factorMoves(d), random(w.seed, "path "+in.id, int64(d))
	hours := w.openOn(in, d)
	var walk [perDay + 1]float64
	for m := range perDay {
		walk[m+1] = walk[m]
		own := r.NormFloat64()
		if hours>>(m/60)&1 == 1 {
			walk[m+1] += in.innovation([factors]float64{shared[0][m], shared[1][m], shared[2][m]}, own)
		}
	}
	j := w.jumpOf(in, d)
	open, passed := max(openMinutes(hours), 1), 0
	smooth := in.anchors[d+1] - in.anchors[d] - j.size
	sd := w.sigma(in, d) / math.Sqrt(perDay)
	p := new([perDay + 1]float64)
	for m := range p {
		part := float64(passed) / float64(open)
		x := in.anchors[d] + float64(part*smooth) + float64(sd*(walk[m]-float64(part*walk[perDay])))
		if j.size != 0 && m > j.minute {
			x += j.size
		}
		p[m] = math.Exp(x)
		if m < perDay {
			passed += int(hours >> (m / 60) & 1)
		}
	}
	return p
}

// factorMoves returns the minute moves of the shared factors on a day.
func (w *world) factorMoves(d int) *[factors][perDay]float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f, ok := w.moves.get(d); ok {
		return f
	}
	r := random(w.seed, "factors", int64(d))
	f := new([factors][perDay]float64)
	for m := range perDay {
		for k := range f {
			f[k][m] = r.NormFloat64()
		}
	}
	w.moves.put(d, f)
	return f
}

// at returns an instrument's price at an instant: between two minutes it moves evenly.
func (w *world) at(in *instrument, t time.Time) float64 {
	d, ok := dayOf(t.Unix())
	if !ok {
		return math.NaN()
	}
	p := w.path(in, d)
	since := float64(t.UnixMilli()-dayStart(d)*1000) / 60_000
	m := int(since)
	return p[m] + float64((since-float64(m))*(p[m+1]-p[m]))
}

// isOpen reports whether an instrument's market is open at t.
func (w *world) isOpen(in *instrument, t int64) bool {
	d, ok := dayOf(t)
	return ok && w.openOn(in, d)>>((t-dayStart(d))/int64(market.Hour))&1 == 1
}
