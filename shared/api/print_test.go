package api

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
)

func TestAppendNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", -2.5: "-2.5", 1227.15: "1227.15", 0.1: "0.1", 1e-6: "0.000001", 1e-7: "1e-07", 123456789012: "123456789012",
		1e20: "100000000000000000000", 1e21: "1e+21", math.Inf(1): "null", math.Inf(-1): "null", 0.30000000000000004: "0.30000000000000004",
	} {
		if got := string(appendNumber(nil, v)); got != want {
			t.Errorf("appendNumber(%v) = %s, want %s", v, got, want)
		}
	}
	if got := string(appendNumber(nil, math.NaN())); got != "null" {
		t.Errorf("NaN is printed as %s, want null", got)
	}
}

// Whatever is stored, what is printed is JSON, and every number in it is the one stored.
func FuzzAppendNumber(f *testing.F) {
	f.Add(1227.15)
	f.Add(math.SmallestNonzeroFloat64)
	f.Add(math.MaxFloat64)
	f.Fuzz(func(t *testing.T, v float64) {
		var got *float64
		if err := json.Unmarshal(appendNumber(nil, v), &got); err != nil {
			t.Fatal(err)
		}
		if finite := !math.IsNaN(v) && !math.IsInf(v, 0); finite != (got != nil) || finite && math.Float64bits(*got) != math.Float64bits(v) {
			t.Errorf("%v is printed as %s", v, appendNumber(nil, v))
		}
	})
}

// sample is two days, of which the second lacks its open, and one that is filled.
func sample() table {
	bars := []market.Bar{bar(monday, 100), bar(monday+86400, 101.5), {Start: monday + 2*86400, Open: 102.5, High: 102.5, Low: 102.5, Close: 102.5, Volume: market.Absent}}
	bars[1].Open, bars[1].Flags = market.Absent, market.Partial|market.Thin
	return table{interval: market.Day, calendar: market.Always, part: span{monday, monday + 3*86400}, bars: bars, filled: []int{2}}
}

// Sampled bars are printed with the number of their quotes; of minutes as many are expected as quotes are looked at.
func TestPrintQuotes(t *testing.T) {
	open := monday + 12*3600
	first, second := fix(open+60, 2050), fix(open+600, 2051)
	first.Flags, second.Flags = market.Sampled, market.Sampled
	second.SetQuotes(2) // of two dealers
	sampled := table{interval: market.Minute, calendar: market.MetalSession, part: span{open, open + 900}, bars: []market.Bar{first, second}}
	for format, want := range map[string]string{
		"columns": `{"series":"X","quality":{"bars":2,"expected":3,"absent":1,"flagged":2},"time":[1705320060,1705320600],` +
			`"open":[null,null],"high":[null,null],"low":[null,null],"close":[2050,2051],"volume":[null,null],"quotes":[1,2],"flags":{"sampled":[0,1]}}`,
		"rows": `{"series":"X","quality":{"bars":2,"expected":3,"absent":1,"flagged":2},"rows":[` +
			`{"time":"2024-01-15T12:01:00Z","open":null,"high":null,"low":null,"close":2050,"volume":null,"flags":["sampled"],"quotes":1},` +
			`{"time":"2024-01-15T12:10:00Z","open":null,"high":null,"low":null,"close":2051,"volume":null,"flags":["sampled"],"quotes":2}]}`,
	} {
		if diff := cmp.Diff(want, string(sampled.print([]byte(`{"series":"X"}`), format))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
}

func TestPrint(t *testing.T) {
	for format, want := range map[string]string{
		"columns": `{"series":"X","quality":{"bars":2,"expected":3,"absent":1,"flagged":1},"time":[1705276800,1705363200,1705449600],` +
			`"open":[100,null,102.5],"high":[102,103.5,102.5],"low":[98,99.5,102.5],"close":[101,102.5,102.5],"volume":[10,10,null],` +
			`"flags":{"partial":[1],"thin":[1]},"filled":[2]}`,
		"rows": `{"series":"X","quality":{"bars":2,"expected":3,"absent":1,"flagged":1},"rows":[` +
			`{"time":"2024-01-15T00:00:00Z","open":100,"high":102,"low":98,"close":101,"volume":10,"flags":[]},` +
			`{"time":"2024-01-16T00:00:00Z","open":null,"high":103.5,"low":99.5,"close":102.5,"volume":10,"flags":["partial","thin"]},` +
			`{"time":"2024-01-17T00:00:00Z","open":102.5,"high":102.5,"low":102.5,"close":102.5,"volume":null,"flags":[],"filled":true}]}`,
		"csv": "time,open,high,low,close,volume,flags\r\n" +
			"2024-01-15T00:00:00Z,100,102,98,101,10,\r\n" +
			"2024-01-16T00:00:00Z,,103.5,99.5,102.5,10,partial thin\r\n" +
			"2024-01-17T00:00:00Z,102.5,102.5,102.5,102.5,,filled\r\n",
	} {
		if diff := cmp.Diff(want, string(sample().print([]byte(`{"series":"X"}`), format))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
}

// A bar that is not there, and was converted, has both flags, apart.
func TestPrintFlagsOfFilledBars(t *testing.T) {
	bars := sample()
	bars.bars[2].Flags = market.Derived
	if got := string(bars.print(nil, "csv")); !strings.HasSuffix(got, ",102.5,,derived filled\r\n") {
		t.Errorf("got %s; want the flags derived and filled on the last line", got)
	}
}

func TestPrintNothing(t *testing.T) {
	got := string(table{interval: market.Day, calendar: market.Always}.print([]byte(`{"series":"X"}`), "columns"))
	want := `{"series":"X","quality":{"bars":0,"expected":0,"absent":0,"flagged":0},"time":[],"open":[],"high":[],"low":[],"close":[],"volume":[],"flags":{}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFill(t *testing.T) {
	day := int64(market.Day)
	lacksClose := bar(monday+3*day, 104)
	lacksClose.Close = market.Absent
	crypto := table{interval: market.Day, calendar: market.Always, part: span{monday, monday + 6*day}, bars: []market.Bar{
		bar(monday+day, 100), lacksClose, // nothing on the first day, on the third, and on the last two
	}}
	metal := table{interval: market.Day, calendar: market.London, part: span{monday, monday + 8*day}, bars: []market.Bar{
		fix(monday+3*day, 100), fix(monday+7*day, 102), // Thursday, and the next Monday: only Friday is missing
	}}
	for name, c := range map[string]struct {
		table  table
		closes []any
		filled []int
	}{
		"always open": {crypto, []any{101.0, 101.0, nil, 101.0, 101.0}, []int{1, 3, 4}},
		"weekends":    {metal, []any{100.0, 100.0, 102.0}, []int{1}},
	} {
		full := c.table.fill()
		var closes []any
		for _, b := range full.bars {
			if market.IsAbsent(b.Close) {
				closes = append(closes, nil)
				continue
			}
			closes = append(closes, b.Close)
		}
		if diff := cmp.Diff(c.closes, closes); diff != "" {
			t.Errorf("%s: closes (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.filled, full.filled); diff != "" {
			t.Errorf("%s: filled (-want +got):\n%s", name, diff)
		}
	}
}

func TestQualityCountsWhatTheCalendarExpects(t *testing.T) {
	day := int64(market.Day)
	week := table{interval: market.Day, calendar: market.London, part: span{monday, monday + 7*day}, bars: []market.Bar{
		fix(monday, 100), fix(monday+day, 101), fix(monday+5*day, 102), // Monday, Tuesday, and a Saturday that nobody expects
	}}
	if diff := cmp.Diff(Quality{Bars: 3, Expected: 5, Absent: 3}, week.quality()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
