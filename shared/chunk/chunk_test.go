package chunk_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"assay/shared/chunk"
	"assay/shared/market"
)

// exactly compares floats by their bits, but takes every NaN for the same: absent.
var exactly = cmp.Options{
	cmp.Comparer(func(a, b float64) bool {
		return math.Float64bits(a) == math.Float64bits(b) || market.IsAbsent(a) && market.IsAbsent(b)
	}),
	cmpopts.EquateEmpty(),
}

func roundTrip(t *testing.T, c chunk.Chunk) chunk.Columns {
	t.Helper()
	columns := chunk.Encode(c)
	got, err := chunk.Decode(c.Interval, columns)
	if err != nil {
		t.Fatal(err)
	}
	got.Rules = c.Rules // is kept beside the columns
	if !same(c, got) {
		t.Fatalf("decoded is not what was encoded (-want +got):\n%s", cmp.Diff(c, got, exactly))
	}
	if (got.Decisions == nil) != (c.Decisions == nil) {
		t.Errorf("decisions: got nil %t, want nil %t", got.Decisions == nil, c.Decisions == nil)
	}
	if chunk.StateHash(got) != chunk.StateHash(c) || chunk.ValueHash(got) != chunk.ValueHash(c) {
		t.Error("the hashes of the decoded chunk differ")
	}
	for name, column := range columns {
		if len(column) == 0 || len(column) > 64<<10 {
			t.Errorf("column %s has %d bytes, want 1 to 65536", name, len(column))
		}
	}
	return columns
}

// same says what cmp.Equal says with the options exactly, a hundred times as fast.
func same(a, b chunk.Chunk) bool {
	return sameBars(a.Bars, b.Bars) && slices.EqualFunc(a.Decisions, b.Decisions, func(x, y market.Decision) bool {
		sameDispersion := market.IsAbsent(x.Dispersion) && market.IsAbsent(y.Dispersion) || math.Float64bits(x.Dispersion) == math.Float64bits(y.Dispersion)
		return x.Votes == y.Votes && sameDispersion && slices.Equal(x.Verdicts, y.Verdicts)
	})
}

func sameBars(a, b []market.Bar) bool {
	return slices.EqualFunc(a, b, func(x, y market.Bar) bool { return x.Start == y.Start && market.Compare(&x, &y) == 0 })
}

func TestRoundTrip(t *testing.T) {
	for seed := range uint64(300) {
		c := randomChunk(random(seed))
		first := roundTrip(t, c)
		if !maps.EqualFunc(first, chunk.Encode(c), bytes.Equal) {
			t.Fatalf("seed %d: encoding again gives other bytes", seed)
		}
	}
}

func TestRoundTripOfTheEmptyChunk(t *testing.T) {
	for _, interval := range market.Stored {
		roundTrip(t, chunk.Chunk{Interval: interval})
		roundTrip(t, chunk.Chunk{Interval: interval, Decisions: []market.Decision{}})
	}
}

func TestEveryNumberComesBack(t *testing.T) {
	start := time.Date(2018, 3, 30, 0, 0, 0, 0, time.UTC).Unix()
	for _, v := range hardFloats {
		alone := market.Empty(start)
		alone.Close = v
		after := alone
		after.Start += 60
		after.Volume = v
		roundTrip(t, chunk.Chunk{Interval: market.Minute, Bars: []market.Bar{alone, after}})
	}
}

// A day of minutes of which every one was decided in another way, by as many sources as there may be.
func TestMostVerdictsFit(t *testing.T) {
	c := chunk.Chunk{Interval: market.Minute}
	for i := range 1440 {
		var verdicts []market.Verdict
		for source := range 40 {
			ruling := market.Voted
			if i>>source&1 == 1 {
				ruling = market.LowerRole
			}
			verdicts = append(verdicts, market.Verdict{Source: fmt.Sprintf("a-source-with-number-%03d", source), Ruling: ruling})
		}
		c.Bars = append(c.Bars, market.Empty(int64(i)*int64(market.Minute)))
		c.Decisions = append(c.Decisions, market.Decision{Votes: 1, Dispersion: math.Sqrt(float64(i)), Verdicts: verdicts})
	}
	roundTrip(t, c)
}

// Two daily closes by hand: 2018 has 365 slots, a bitmap of 46 bytes; one cent, then one more (a varint doubles it).
func TestBytes(t *testing.T) {
	first := market.Empty(time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	first.Close = 0.01
	second := market.Empty(first.Start + int64(market.Day))
	second.Close, second.Flags, second.Authority, second.Received = 0.02, market.Repaired, market.Own, 3
	got := chunk.Encode(chunk.Chunk{Interval: market.Day, Bars: []market.Bar{first, second}})
	want := chunk.Columns{
		"t": slices.Concat([]byte{1}, binary.AppendVarint(nil, first.Start), []byte{2, 0b11}, make([]byte, 45)),
		"o": {0}, "h": {0}, "l": {0}, "v": {0},
		"c": {1, 1, 2, 2, 2},
		"f": {1, 1, 0, 1, 2}, "a": {1, 1, 0, 1, 1}, "r": {1, 1, 0, 1, 6},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the layout has changed (-want +got):\n%s", diff)
	}
}

func TestEncodePanicsOverWhatIsNoChunk(t *testing.T) {
	bar := func(start int64) market.Bar { return market.Bar{Start: start} }
	for name, c := range map[string]chunk.Chunk{
		"an interval that is not stored": {Interval: market.Week},
		"off the grid":                   {Interval: market.Minute, Bars: []market.Bar{bar(30)}},
		"descending":                     {Interval: market.Minute, Bars: []market.Bar{bar(60), bar(0)}},
		"a start twice":                  {Interval: market.Minute, Bars: []market.Bar{bar(60), bar(60)}},
		"two days of minutes":            {Interval: market.Minute, Bars: []market.Bar{bar(0), bar(86400)}},
		"beyond the calendar":            {Interval: market.Day, Bars: []market.Bar{bar(86400 * 366 * 10000)}},
		"a decision missing":             {Interval: market.Minute, Bars: []market.Bar{bar(0)}, Decisions: []market.Decision{}},
		"verdicts unsorted": {Interval: market.Minute, Bars: []market.Bar{bar(0)}, Decisions: []market.Decision{
			{Votes: 2, Verdicts: []market.Verdict{{Source: "kraken", Ruling: market.Voted}, {Source: "bitstamp", Ruling: market.Voted}}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r, _ := recover().(string); !strings.HasPrefix(r, "chunk: ") {
					t.Errorf("got %q, want a panic that begins with chunk:", r)
				}
			}()
			chunk.Encode(c)
		})
	}
}

func TestDecodeNamesTheColumn(t *testing.T) {
	start := time.Date(2018, 3, 30, 0, 0, 0, 0, time.UTC).Unix()
	c := chunk.Chunk{Interval: market.Minute, Bars: []market.Bar{
		{Start: start, Open: 1, High: 2, Low: 0.5, Close: math.Pi, Volume: 7},
		{Start: start + 60, Open: 1, High: 2, Low: 0.5, Close: math.E, Volume: market.Absent},
	}, Decisions: []market.Decision{
		{Votes: 1, Dispersion: market.Absent, Verdicts: []market.Verdict{{Source: "kraken", Ruling: market.Voted}}},
		{Votes: 1, Dispersion: market.Absent, Verdicts: []market.Verdict{{Source: "kraken", Ruling: market.Voted}}},
	}}
	for name, packed := range chunk.Encode(c) {
		for what, change := range map[string]func(columns chunk.Columns){
			"with another codec": func(columns chunk.Columns) { columns[name] = append([]byte{99}, packed[1:]...) },
			"too short":          func(columns chunk.Columns) { columns[name] = packed[:len(packed)-1] },
			"too long":           func(columns chunk.Columns) { columns[name] = append(packed[:len(packed):len(packed)], 0) },
			"huge":               func(columns chunk.Columns) { columns[name] = make([]byte, 1<<16+1) },
			"missing":            func(columns chunk.Columns) { delete(columns, name) },
		} {
			if name == "n" && what == "missing" {
				continue // says that the chunk is no consensus
			}
			columns := chunk.Encode(c)
			change(columns)
			_, err := chunk.Decode(market.Minute, columns)
			if err == nil || !strings.Contains(err.Error(), "column "+name+" ") {
				t.Errorf("column %s %s: got error %v, want one that names it", name, what, err)
			}
		}
	}
}

func TestSpans(t *testing.T) {
	for _, tt := range []struct {
		interval          market.Interval
		at, start, behind string
	}{
		{market.Minute, "2016-02-29T23:59:00Z", "2016-02-29T00:00:00Z", "2016-03-01T00:00:00Z"},
		{market.Hour, "2016-02-29T23:00:00Z", "2016-02-01T00:00:00Z", "2016-03-01T00:00:00Z"},
		{market.Day, "2016-02-29T00:00:00Z", "2016-01-01T00:00:00Z", "2017-01-01T00:00:00Z"},
		{market.Day, "1833-06-01T00:00:00Z", "1833-01-01T00:00:00Z", "1834-01-01T00:00:00Z"},
		{market.Hour, "1969-12-31T23:00:00Z", "1969-12-01T00:00:00Z", "1970-01-01T00:00:00Z"},
	} {
		start := chunk.Floor(tt.interval, unix(t, tt.at))
		if start != unix(t, tt.start) || chunk.Next(tt.interval, start) != unix(t, tt.behind) {
			t.Errorf("%s at %s: got [%d, %d), want [%s, %s)", tt.interval, tt.at, start, chunk.Next(tt.interval, start), tt.start, tt.behind)
		}
	}
}

func unix(t *testing.T, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix()
}
