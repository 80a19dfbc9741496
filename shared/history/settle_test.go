package history

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/store"
)

// The hour and the day of the last bar end when the next bar comes, from whichever source, however much later.
func TestTheBarBeforeEnds(t *testing.T) {
	last := newYear - 60 // 2023-12-31T23:59
	for _, c := range []struct {
		name     string
		id       market.SeriesID
		interval market.Interval
		next     int64
		want     string
	}{
		{"in the same hour", kraken, market.Minute, last - 60, ""},
		{"the next minute", kraken, market.Minute, newYear, "20231231T23 100, 20231231 100"},
		{"weeks later", kraken, market.Minute, newYear + 20*86400 + 7*hour, "20231231T23 100, 20231231 100"},
		{"a year later", kraken, market.Minute, newYear + 366*86400, "20231231T23 100, 20231231 100"},
		{"of another venue", coinbase, market.Minute, newYear + 20*86400, "20231231T23 100, 20231231 100"},
		{"of a source that does not vote", mine, market.Day, newYear + 20*86400, "20231231T23 100, 20231231 100"},
		{"a published hour of the same day", coinbase, market.Hour, last - last%hour, "20231231T23 101"},
	} {
		for _, processes := range []string{"one process", "two processes"} {
			tables := &Memory{}
			p := newProcess(tables)
			p.deliver(t, kraken, market.Minute, closes(market.Minute, last, 1, 100))
			if processes == "two processes" {
				p = newProcess(tables)
			}
			p.deliver(t, c.id, c.interval, closes(c.interval, c.next, 1, 102))
			if got := p.rows(t); got != c.want {
				t.Errorf("%s, %s: rows %s, want %s", c.name, processes, got, c.want)
			}
		}
	}
}

// Days that begin before the last minute and reach beyond it end its hour, though they touch no hours themselves.
func TestDaysEndTheHourWithinThem(t *testing.T) {
	p := newProcess(&Memory{})
	p.deliver(t, kraken, market.Minute, closes(market.Minute, newYear-60, 1, 100))
	p.deliver(t, mine, market.Day, closes(market.Day, newYear-2*86400, 1, 97, 98, 99, 100))
	if got, want := p.rows(t), "20231231T23 100, 20231231 100"; got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
}

// An older bar that comes late, weeks before all that is stored, ends at once, and ends nothing else.
func TestALateBar(t *testing.T) {
	p := newProcess(&Memory{})
	p.deliver(t, kraken, market.Minute, closes(market.Minute, newYear+20*86400, 1, 100))
	p.deliver(t, kraken, market.Minute, closes(market.Minute, newYear-60, 1, 99))
	if got, want := p.rows(t), "20231231T23 99, 20231231 99"; got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
}

// The role of a series is read anew each time: a bar that nobody votes any more goes away, from the consensus and from the
// rows, and comes back with its voter.
func TestRoleChanges(t *testing.T) {
	p := newProcess(&Memory{})
	p.deliver(t, coinbase, market.Day, closes(market.Day, day, 1, 101))
	span := p.deliver(t, kraken, market.Day, closes(market.Day, day, 1, 103, 104))
	if got, want := p.rows(t), "20240115 102, 20240116 104"; got != want {
		t.Fatalf("rows %s, want %s", got, want)
	}
	for _, c := range []struct{ series, role, want string }{
		{"BTC-USD.kraken", "", "20240115 101"},
		{"BTC-USD.kraken", "aggregator", "20240115 101, 20240116 104"},
		{"BTC-USD.coinbase", "", "20240115 103, 20240116 104"},
		{"BTC-USD.kraken", "", ""},
		{"BTC-USD.kraken", "venue", "20240115 103, 20240116 104"},
	} {
		change := store.Entity{Partition: "crypto", Row: c.series, Values: map[string]any{"role": c.role}}
		if _, err := p.tables.Write(t.Context(), catalogueTable, store.Change{Action: store.Merge, Entity: change}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Settle(t.Context(), []market.Span{span}, 100); err != nil {
			t.Fatal(err)
		}
		if got := p.rows(t); got != c.want {
			t.Errorf("with %s as %q: rows %s, want %s", c.series, c.role, got, c.want)
		}
		p.later()
		if read := p.read(t, bitcoin, market.Day); strings.Count(read, ":00 ") != strings.Count(c.want, "2024") {
			t.Errorf("with %s as %q: %s is read where the rows are %s", c.series, c.role, read, c.want)
		}
	}
}

// A row of the table bars that somebody changed or added by hand is put right, or removed, when its bar is settled again.
func TestRowsFollowTheChunk(t *testing.T) {
	p := newProcess(&Memory{})
	span := p.deliver(t, kraken, market.Day, closes(market.Day, day, 1, 100, 101, 102))
	for _, change := range []store.Change{
		{Action: store.Upsert, Entity: store.Entity{Partition: "BTC-USD~1d~2024", Row: "20240116", Values: map[string]any{"close": 0.0}}},
		{Action: store.Delete, Entity: store.Entity{Partition: "BTC-USD~1d~2024", Row: "20240117", ETag: "*"}},
		{Action: store.Insert, Entity: store.Entity{Partition: "BTC-USD~1d~2024", Row: "20240118", Values: map[string]any{"close": 1.0}}},
	} {
		if _, err := p.tables.Write(t.Context(), rowsTable, change); err != nil {
			t.Fatal(err)
		}
	}
	span.To += 86400
	if _, err := p.Settle(t.Context(), []market.Span{span}, 100); err != nil {
		t.Fatal(err)
	}
	if got, want := p.rows(t), "20240115 100, 20240116 101, 20240117 102"; got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
}

func TestTwoInstruments(t *testing.T) {
	p := newProcess(&Memory{})
	ether := market.SeriesID{Instrument: "ETH-USD", Source: "kraken"}
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day, 1, 100))
	p.deliver(t, ether, market.Minute, closes(market.Minute, day+86400, 1, 3)) // does not end the bitcoin's day
	if got := p.rows(t); got != "" {
		t.Errorf("rows %s, want none", got)
	}
	if got, want := p.read(t, bitcoin, market.Minute), "2024-01-15T00:00 100 sampled,thin"; got != strings.Replace(want, "sampled,", "", 1) {
		t.Errorf("bitcoin: %s", got)
	}
	if got, want := p.read(t, market.SeriesID{Instrument: "ETH-USD"}, market.Minute), "2024-01-16T00:00 3 thin"; got != want {
		t.Errorf("ether: got %s, want %s", got, want)
	}
	strange := market.Span{Series: market.SeriesID{Instrument: "DOGE-ZZZ", Source: "kraken"}, Interval: market.Day, From: day, To: day + 86400}
	if _, err := p.Settle(t.Context(), []market.Span{strange}, 100); err == nil || !strings.Contains(err.Error(), "DOGE-ZZZ.kraken: unknown instrument") {
		t.Errorf("an unknown instrument: got %v", err)
	}
}

// A consensus whose inputs change while its value does not is written once, by whoever comes first; a process that had decoded
// it before does not write it again.
func TestInputsAreNotStale(t *testing.T) {
	tables := &Memory{}
	p, q := newProcess(tables), newProcess(tables)
	for _, i := range []market.Interval{market.Minute, market.Day} {
		p.deliver(t, kraken, i, closes(i, day, 1, 100))
		span := q.deliver(t, kraken, i, closes(i, day, 2, 100)) // received again: the value stays
		before := tables.writes
		if _, err := p.Settle(t.Context(), []market.Span{span}, 100); err != nil {
			t.Fatal(err)
		}
		if tables.writes != before {
			t.Errorf("at %s settling again wrote %d rows, want none", i, tables.writes-before)
		}
	}
}

// Spans that are settled in any order, in any cuts, between other payloads or after all of them, end as if everything had
// been settled at once.
func TestSettleInAnyCuts(t *testing.T) {
	for seed := range searched(60) {
		random := rand.New(rand.NewPCG(seed, 3))
		payloads := randomPayloads(random)

		once, all := newProcess(&Memory{}), []market.Span(nil)
		for _, c := range payloads {
			span, err := once.Merge(t.Context(), c.series, c.interval, 1, c.bars)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, span)
		}
		if rest, err := once.Settle(t.Context(), all, 1<<20); err != nil || rest != nil {
			t.Fatalf("rest %v, %v", rest, err)
		}

		inCuts, queue := newProcess(&Memory{}), [][]market.Span(nil)
		random.Shuffle(len(payloads), func(a, b int) { payloads[a], payloads[b] = payloads[b], payloads[a] })
		for len(payloads) > 0 || len(queue) > 0 {
			if random.IntN(3) == 0 {
				other := newProcess(inCuts.tables) // another process goes on
				inCuts = other
			}
			if len(payloads) > 0 && (len(queue) == 0 || random.IntN(2) == 0) {
				n := 1 + random.IntN(len(payloads))
				var spans []market.Span
				for _, c := range payloads[:n] {
					span, err := inCuts.Merge(t.Context(), c.series, c.interval, 1, c.bars)
					if err != nil {
						t.Fatal(err)
					}
					spans = append(spans, span)
				}
				payloads, queue = payloads[n:], append(queue, spans)
				continue
			}
			n := random.IntN(len(queue))
			rest, err := inCuts.Settle(t.Context(), queue[n], 1+random.IntN(100))
			if err != nil {
				t.Fatal(err)
			}
			if queue[n] = rest; len(rest) == 0 {
				queue = slices.Delete(queue, n, n+1)
			}
		}
		check(t, nil, inCuts.tables.(*Memory), once.tables.(*Memory))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// randomPayloads makes up to ten payloads of several sources around the turn of a year, some of them months long.
func randomPayloads(random *rand.Rand) []correction {
	var payloads []correction
	for received := range int64(1 + random.IntN(10)) {
		i := market.Stored[random.IntN(len(market.Stored))]
		start := i.Floor(newYear - 70*86400 + random.Int64N(140*86400))
		step := 1 + random.Int64N(3)
		if i == market.Minute && random.IntN(2) == 0 {
			step = 1 + random.Int64N(5000)
		}
		var bars []market.Bar
		for n := range int64(1 + random.IntN(40)) {
			bars = append(bars, closes(i, start+n*step*int64(i), received, float64(100+random.IntN(3)))...)
		}
		payloads = append(payloads, correction{[]market.SeriesID{kraken, coinbase, mine}[random.IntN(3)], i, bars})
	}
	return payloads
}

// The limit bounds how much is done at once: what is left begins at a chunk, and the last of it is a front no more.
func TestSettleStopsAtTheLimit(t *testing.T) {
	p := newProcess(&Memory{})
	var bars []market.Bar
	for n := range int64(10) {
		bars = append(bars, closes(market.Minute, newYear-5*86400+n*86400, 1, 100)...)
	}
	span, err := p.Merge(t.Context(), kraken, market.Minute, 1, bars)
	if err != nil {
		t.Fatal(err)
	}
	other := span
	other.Series = coinbase
	var lefts []string
	for spans := []market.Span{span, other}; len(spans) > 0; {
		if spans, err = p.Settle(t.Context(), spans, 4); err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, s := range spans {
			left = append(left, fmt.Sprintf("%s from %s", s.Series.Source, time.Unix(s.From, 0).UTC().Format("01-02")))
		}
		lefts = append(lefts, strings.Join(left, ", "))
	}
	want := []string{
		"kraken from 12-31, coinbase from 12-27", "kraken from 01-04, coinbase from 12-27", "coinbase from 12-27",
		"coinbase from 12-31", "coinbase from 01-04", "",
	}
	if diff := cmp.Diff(want, lefts); diff != "" {
		t.Errorf("left each time (-want +got):\n%s", diff)
	}
}
