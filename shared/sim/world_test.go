package sim

import (
	"math"
	"testing"
	"time"

	"assay/shared/market"
)

const testDay = 4748 // 2026-01-01

func TestRandomAccessEqualsSequential(t *testing.T) {
	forward, backward := newSim(t, Options{Seed: 3}), newSim(t, Options{Seed: 3})
	btc := func(s *Sim) *instrument { return s.world.find("BTC-USD") }
	want := map[int]venueDay{}
	for d := testDay - 40; d < testDay; d++ {
		want[d] = *forward.day(krakenVenue, btc(forward), d)
	}
	for d := testDay - 1; d >= testDay-40; d -= 3 {
		if got := *backward.day(krakenVenue, btc(backward), d); got != want[d] {
			t.Fatalf("day %d asked on its own differs from the same day asked after those before it", d)
		}
	}
	other := newSim(t, Options{Seed: 4})
	if *other.day(krakenVenue, btc(other), testDay-1) == want[testDay-1] {
		t.Error("another seed gives the same market")
	}
}

// A day's path begins and ends where its neighbours do, and its minutes are as one market: no step between days.
func TestDaysJoin(t *testing.T) {
	s := newSim(t, Options{Seed: 1})
	for i := range s.world.list {
		in := &s.world.list[i]
		for d := testDay; d < testDay+14; d++ {
			if a, b := s.world.path(in, d)[perDay], s.world.path(in, d+1)[0]; math.Abs(a/b-1) > 1e-12 {
				t.Errorf("%s: day %d ends at %v, the next begins at %v", in.id, d, a, b)
			}
		}
	}
}

func TestLongerBarsAreTheirMinutes(t *testing.T) {
	s := newSim(t, Options{Seed: 1, Faults: []Kind{Halt}})
	in, now := s.world.find("LTC-USD"), time.Unix(end, 0)
	for _, v := range venues {
		for _, i := range []market.Interval{15 * market.Minute, market.Hour, 6 * market.Hour, market.Day, market.Week} {
			start := i.Floor(dayStart(testDay))
			got := s.bar(v, in, i, start, now)
			want := join(start, s.bars(v, in, market.Minute, start, i.Next(start)-1, now))
			if want.volume, got.volume = 0, got.volume-want.volume; math.Abs(got.volume) > 1e-6 {
				t.Errorf("%s %s: volume differs from its minutes' by %v", v.name, i, got.volume)
			}
			if got.volume = 0; got != want {
				t.Errorf("%s %s: got %+v, its minutes give %+v", v.name, i, got, want)
			}
		}
	}
}

func TestBarsAreConsistent(t *testing.T) {
	s := newSim(t, Options{Seed: 1})
	for _, id := range []string{"BTC-USD", "ETH-USD", "LTC-USD", "PAXG-USD"} {
		for _, v := range venues {
			for d := testDay; d < testDay+5; d++ {
				for _, c := range s.day(v, s.world.find(id), d) {
					if c.count > 0 && (c.low > min(c.open, c.close) || c.high < max(c.open, c.close) || c.low <= 0 || c.volume <= 0) {
						t.Fatalf("%s at %s: inconsistent bar %+v", id, v.name, c)
					}
				}
			}
		}
	}
}

// Returns of whole years have the correlations that the factors imply, and the volatility of the regimes.
func TestInstrumentsMoveTogether(t *testing.T) {
	s := newSim(t, Options{Seed: 1})
	for _, tt := range []struct {
		a, b      string
		low, high float64
	}{
		{"BTC-USD", "ETH-USD", 0.55, 0.85},
		{"XAU-USD", "XAG-USD", 0.55, 0.85},
		{"XAU-USD", "EUR-USD", 0.2, 0.55},
		{"BTC-USD", "XPD-USD", -0.1, 0.25},
	} {
		days, minutes := correlation(s.dailyReturns(tt.a, tt.b)), correlation(s.minuteReturns(tt.a, tt.b))
		if days < tt.low || days > tt.high || minutes < tt.low || minutes > tt.high {
			t.Errorf("%s and %s: correlation %.2f by day, %.2f by minute, want both in [%v, %v]", tt.a, tt.b, days, minutes, tt.low, tt.high)
		}
	}
	for id, want := range map[string][2]float64{"BTC-USD": {0.4, 1}, "XAU-USD": {0.1, 0.3}, "EUR-USD": {0.04, 0.15}} {
		returns, _ := s.dailyReturns(id, id)
		if v := deviation(returns) * math.Sqrt(365); v < want[0] || v > want[1] {
			t.Errorf("%s: annual volatility %.2f, want in %v", id, v, want)
		}
	}
}

func TestVenuesStandClose(t *testing.T) {
	s := newSim(t, Options{Seed: 1})
	in := s.world.find("BTC-USD")
	far := 0
	for d := testDay; d < testDay+3; d++ {
		a, b := s.day(coinbaseVenue, in, d), s.day(bitfinexVenue, in, d)
		for m := range a {
			if a[m].count > 0 && b[m].count > 0 && math.Abs(a[m].close/b[m].close-1) > 20e-4 {
				far++
			}
			if a[m].volume > 0 && a[m].volume == b[m].volume {
				t.Fatalf("minute %d: two venues have one volume", m)
			}
		}
	}
	if far > 0 {
		t.Errorf("%d minutes in which two venues stand more than 20 basis points apart", far)
	}
}

// The hours in which metal moves are the calendar's, also when New York's clocks change (2026-03-08, 2026-11-01).
func TestSessionHours(t *testing.T) {
	w := newWorld(1)
	gold := w.find("XAU-USD")
	for hour := dayStart(testDay - 400); hour < dayStart(testDay+400); hour += int64(market.Hour) {
		if got, want := w.isOpen(gold, hour), market.MetalSession.Expects(hour, market.Minute); got != want {
			t.Fatalf("%s: got open %t, the calendar says %t", time.Unix(hour, 0).UTC(), got, want)
		}
	}
}

// 2026-01-03 is a Saturday: metal rests from Friday 22:00 to Sunday 23:00 UTC, bitcoin does not.
func TestMetalsRest(t *testing.T) {
	s := newSim(t, Options{Seed: 1})
	gold, btc := s.world.find("XAU-USD"), s.world.find("BTC-USD")
	friday, sunday := time.Date(2026, 1, 2, 22, 0, 0, 0, time.UTC), time.Date(2026, 1, 4, 23, 0, 0, 0, time.UTC)
	if a, b := s.world.at(gold, friday), s.world.at(gold, sunday); math.Abs(a/b-1) > 1e-9 {
		t.Errorf("gold moved over the weekend, from %v to %v", a, b)
	}
	if s.world.at(gold, sunday) == s.world.at(gold, sunday.Add(time.Minute)) || s.world.at(btc, friday) == s.world.at(btc, sunday) {
		t.Error("gold stands still in its session, or bitcoin at the weekend")
	}
}

func TestRegimesAndJumps(t *testing.T) {
	w := newWorld(1)
	for g := range factors {
		changes, jumps := 0, 0
		for d := 1; d < days; d++ {
			if w.regimes[g][d] != w.regimes[g][d-1] {
				changes++
			}
			if w.jumps[g][d].size != 0 {
				jumps++
			}
		}
		if changes < 50 || changes > 400 || jumps < 30 || jumps > 110 {
			t.Errorf("group %d: %d changes of regime and %d jumps in 27 years, want about 200 and 66", g, changes, jumps)
		}
	}
}

func newSim(t *testing.T, o Options) *Sim {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// dailyReturns are those of days on which both markets moved.
func (s *Sim) dailyReturns(a, b string) (x, y []float64) {
	p, q := s.world.find(a).anchors, s.world.find(b).anchors
	for d := testDay - 2000; d < testDay; d++ {
		if p[d+1] != p[d] && q[d+1] != q[d] {
			x, y = append(x, p[d+1]-p[d]), append(y, q[d+1]-q[d])
		}
	}
	return x, y
}

func (s *Sim) minuteReturns(a, b string) (x, y []float64) {
	for d := testDay + 4; d < testDay+8; d++ { // Monday to Thursday
		p, q := s.world.path(s.world.find(a), d), s.world.path(s.world.find(b), d)
		for m := range 20 * 60 {
			x, y = append(x, math.Log(p[m+1]/p[m])), append(y, math.Log(q[m+1]/q[m]))
		}
	}
	return x, y
}

func correlation(x, y []float64) float64 {
	mx, my, xy := mean(x), mean(y), 0.0
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
	}
	return xy / float64(len(x)) / deviation(x) / deviation(y)
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func deviation(x []float64) float64 {
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(len(x)))
}
