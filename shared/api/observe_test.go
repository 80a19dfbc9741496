package api

import (
	"math"
	"testing"
	"time"

	"assay/shared/market"
	"assay/shared/sim"
)

// A simulated year of gold quotes, one in five minutes. Its UTC days are stored and drawn, those of an hour or two on Sunday evenings
// too; but no return ends on one, and none is lost: all returns together are the move from the first day's close to the last one's.
func TestNoReturnEndsOnAStubDay(t *testing.T) {
	from, to := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	w := newWorld(t, nil)
	w.clock = time.Date(2025, 2, 1, 0, 0, 0, 0, time.UTC)
	simulated, err := sim.New(sim.Options{Seed: 7, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	var quotes []market.Bar
	for _, b := range simulated.Bars("swissquote", "XAU-USD", market.Minute, from, to) {
		if b.Start%300 == 0 {
			quote := fix(b.Start, b.Close)
			quote.Flags = market.Sampled
			quotes = append(quotes, quote)
		}
	}
	w.put("XAU-USD.swissquote", market.Minute, quotes...)

	days := into[BarsColumns](w, "/api/v1/series/XAU-USD.swissquote/bars?from=2024-01-01&to=2025-01-01")
	stubs := map[int64]bool{}
	for _, n := range days.Flags["stub"] {
		stubs[days.Time[n]] = true
	}
	returns := into[struct {
		Analysed
		Result []struct {
			Time  []int64
			Value []*float64
		}
		Undefined map[string]string
	}](w, "/api/v1/analysis/returns?series=XAU-USD.swissquote&from=2024-01-01&to=2025-01-01")
	sum, first, last := 0.0, math.NaN(), math.NaN()
	for n, start := range returns.Result[0].Time {
		if weekday := time.Unix(start, 0).UTC().Weekday(); weekday == time.Sunday || stubs[start] {
			t.Errorf("a return ends on %s %s", weekday, printed(start))
		}
		if v := returns.Result[0].Value[n]; v != nil {
			sum += *v
		}
	}
	for n, start := range days.Time {
		if !stubs[start] {
			if last = *days.Close[n]; math.IsNaN(first) {
				first = last
			}
		}
	}
	if math.Abs(sum-math.Log(last/first)) > 1e-12 {
		t.Errorf("the returns add up to %v, and the year moved by %v", sum, math.Log(last/first))
	}
	sundays := 0
	for start := range stubs {
		if time.Unix(start, 0).UTC().Weekday() == time.Sunday {
			sundays++
		}
	}
	if sundays != 52 || returns.Series[0].LeftOut["stub"] != len(stubs) || returns.N+len(stubs) != len(days.Time) {
		t.Errorf("%d Sundays of %d stub days, %d left out, %d days and %d observations; want 52 Sundays, and every day one or the other",
			sundays, len(stubs), returns.Series[0].LeftOut["stub"], len(days.Time), returns.N)
	}
}
