package analysis

import (
	"math"
	"testing"
	"time"

	"assay/shared/market"

	"github.com/google/go-cmp/cmp"
)

const day = int64(market.Day)

// TestStubDaysAreNoObservations goes through a year of spot metal: no return ends on a Sunday, and none is lost.
func TestStubDaysAreNoObservations(t *testing.T) {
	var bars []market.Bar
	from, to := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	days, price := 0, 2000.0
	for at := from; at < to; at += day {
		price *= 1 + 0.01*math.Sin(float64(at))
		bar := market.Bar{Start: at, Open: price, High: price, Low: price, Close: price}
		if market.MetalSession.Expects(at, market.Day) {
			days++
		} else if time.Unix(at, 0).UTC().Weekday() != time.Sunday {
			continue // Saturdays and holidays have no bar
		} else {
			bar.Flags |= market.Stub
		}
		bars = append(bars, bar)
	}
	closes := Closes(bars)
	returns := SimpleReturns(closes.Value)[1:]
	if len(returns) != days-1 {
		t.Errorf("got %d returns of %d days, want one fewer", len(returns), days)
	}
	product := 1.0
	for i, r := range returns {
		product *= 1 + r
		if end := time.Unix(closes.Time[i+1], 0).UTC(); end.Weekday() == time.Sunday {
			t.Errorf("a return ends on Sunday, %s", end.Format(time.DateOnly))
		}
	}
	if want := closes.Value[len(closes.Value)-1] / closes.Value[0]; math.Abs(product-want) > 1e-12 {
		t.Errorf("all returns together: got %v, want the whole move, %v", product, want)
	}
}

// TestAlignments follows one weekend: the fix has Friday and Monday, the coin every day.
func TestAlignments(t *testing.T) {
	fix := Series{Time: []int64{0, 3 * day, 4 * day}, Value: []float64{100, 110, 121}}
	coin := Series{Time: []int64{0, day, 2 * day, 3 * day, 4 * day}, Value: []float64{10, 20, 40, 20, 30}}
	for _, c := range []struct {
		how     Alignment
		times   []int64
		columns [][]float64
	}{
		{PricesFirst, []int64{3 * day, 4 * day}, [][]float64{{0.1, 0.1}, {1, 0.5}}}, // the coin doubled over the weekend
		{ReturnsFirst, []int64{3 * day, 4 * day}, [][]float64{{0.1, 0.1}, {-0.5, 0.5}}},
		{ForwardFill, []int64{day, 2 * day, 3 * day, 4 * day}, [][]float64{{0, 0, 0.1, 0.1}, {1, 1, -0.5, 0.5}}},
	} {
		times, columns := JoinReturns(c.how, SimpleReturns, fix, coin)
		if d := cmp.Diff(c.times, times) + cmp.Diff(c.columns, columns, closely); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.how, d)
		}
	}
}

func TestAsOf(t *testing.T) {
	s := Series{Time: []int64{10, 20, 30}, Value: []float64{1, nan, 3}}
	got := AsOf([]int64{5, 10, 15, 21, 29, 30, 36}, s, 5)
	if d := cmp.Diff([]float64{nan, 1, 1, nan, nan, 3, nan}, got, same); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestAlignAt asks for the price at the afternoon fix, which is an hour earlier by UTC in summer.
func TestAlignAt(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	winter, summer := time.Date(2024, 1, 15, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2024, 7, 15, 0, 0, 0, 0, time.UTC).Unix()
	var hours Series
	for _, date := range []int64{winter, summer} {
		for h := range int64(24) {
			hours.Time, hours.Value = append(hours.Time, date+h*3600), append(hours.Value, float64(h))
		}
	}
	got := AlignAt([]int64{winter, summer}, Clock{15, 0, london}, hours, market.Hour, 3600)
	if d := cmp.Diff([]float64{14, 13}, got.Value, same); d != "" {
		t.Errorf("the bars that end at 15:00 in London (-want +got):\n%s", d)
	}
}

// TestConvert prices gold in euro: Tuesday's rate comes at 16:00 in Frankfurt, 15:00 UTC in winter.
func TestConvert(t *testing.T) {
	frankfurt, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	monday := time.Date(2024, 1, 15, 0, 0, 0, 0, time.UTC).Unix()
	rates := Series{Time: []int64{monday, monday + day}, Value: []float64{0.5, 0.25}}
	hours := Series{Value: []float64{100, 100, 200, 200}}
	for _, h := range []int64{13, 24 + 13, 24 + 14, 24*6 + 15} { // the last bar ends 5 days and an hour after the last rate
		hours.Time = append(hours.Time, monday+h*3600)
	}
	got := Convert(hours, market.Hour, rates, Clock{16, 0, frankfurt}, 5*day)
	if d := cmp.Diff([]float64{nan, 50, 50, nan}, got.Value, same) + cmp.Diff([]int{-1, 0, 1, -1}, got.Rate); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	price, currency := SplitReturns(hours, got, rates)
	want := []float64{nan, nan, math.Log(2), nan}
	if d := cmp.Diff(want, price, closely) + cmp.Diff([]float64{nan, nan, -math.Log(2), nan}, currency, closely); d != "" {
		t.Errorf("parts (-want +got):\n%s", d)
	}
}

func TestPeriodsPerYear(t *testing.T) {
	for _, c := range []struct {
		calendar market.Calendar
		interval market.Interval
		want     float64
	}{
		{market.Always, market.Day, 365},
		{market.Always, market.Hour, 8760},
		{market.MetalSession, market.Day, 259},
		{market.MetalSession, market.Hour, 259 * 23},
		{market.London, market.Day, 253},
		{market.Always, market.Week, 52},
		{market.London, market.Month, 12},
	} {
		if got := PeriodsPerYear(c.calendar, c.interval); got != c.want {
			t.Errorf("%s of %s: got %v, want %v", c.interval, c.calendar, got, c.want)
		}
	}
}

func TestResample(t *testing.T) {
	hour := int64(market.Hour)
	minutes := Bars{
		Time: []int64{0, 60, 3600, 3 * hour}, Open: []float64{1, 2, nan, 7}, High: []float64{3, 5, nan, 8},
		Low: []float64{1, 2, nan, 6}, Close: []float64{2, 4, nan, 7}, Volume: []float64{10, 20, nan, 1},
	}
	want := Bars{
		Time: []int64{0, 3 * hour}, Open: []float64{1, 7}, High: []float64{5, 8}, Low: []float64{1, 6}, Close: []float64{4, 7}, Volume: []float64{30, 1},
	}
	hours := Resample(minutes, market.Hour)
	if d := cmp.Diff(want, hours, same); d != "" {
		t.Errorf("hours (-want +got):\n%s", d)
	}
	filled, made := FillPrevious(hours, market.Hour)
	if d := cmp.Diff([]float64{4, 4, 4, 7}, filled.Close, same) + cmp.Diff([]int{1, 2}, made); d != "" {
		t.Errorf("filled (-want +got):\n%s", d)
	}
}

// TestResampleInSteps makes days of minutes at once and over hours.
func TestResampleInSteps(t *testing.T) {
	x := walk(10_000)
	bars := Bars{Open: x, High: x, Low: x, Close: x, Volume: x}
	for i := range x {
		bars.Time = append(bars.Time, int64(i)*60+int64(i/700)*86_400)
	}
	atOnce, inSteps := Resample(bars, market.Day), Resample(Resample(bars, market.Hour), market.Day)
	if d := cmp.Diff(atOnce, inSteps, closely); d != "" {
		t.Errorf("(-at once +in steps):\n%s", d)
	}
}
