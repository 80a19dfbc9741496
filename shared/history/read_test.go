package history

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/chunk"
	"assay/shared/market"
	"assay/shared/store"
)

const (
	hour = int64(market.Hour)
	// newYear is 2024-01-01.
	newYear = int64(1704067200)
)

var (
	bitcoin = market.SeriesID{Instrument: "BTC-USD"}
	mine    = market.SeriesID{Instrument: "BTC-USD", Source: "mine"} // does not vote
)

// process is a program that cleans, loads and reads, with a clock that the test moves.
type process struct {
	*History
	at time.Time
}

func newProcess(tables Tables) *process {
	p := &process{at: time.Unix(day, 0)}
	p.History = New(tables, func() time.Time { return p.at })
	p.pause = func(context.Context, int) error { return nil }
	return p
}

// deliver merges and settles.
func (p *process) deliver(t *testing.T, id market.SeriesID, i market.Interval, bars []market.Bar) market.Span {
	t.Helper()
	span, err := p.Merge(t.Context(), id, i, 1, bars)
	if err != nil {
		t.Fatal(err)
	}
	if rest, err := p.Settle(t.Context(), []market.Span{span}, 100); err != nil || rest != nil {
		t.Fatalf("settle left %v: %v", rest, err)
	}
	return span
}

// read prints the bars of a series from 2023 to 2025: start, close, flags.
func (p *process) read(t *testing.T, id market.SeriesID, i market.Interval) string {
	t.Helper()
	from := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	answer, err := p.Read(t.Context(), Query{id, i, from, from + 3*366*86400})
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, b := range answer.Bars {
		line := fmt.Sprintf("%s %v %s", time.Unix(b.Start, 0).UTC().Format("2006-01-02T15:04"), b.Close, b.Flags)
		text = append(text, strings.TrimSpace(line))
	}
	return strings.Join(text, "; ")
}

// later moves the clock so far that nothing is trusted any more.
func (p *process) later() { p.at = p.at.Add(trusted) }

// An hour that the stored data have not left is computed when it is asked for, and says so. It is stored, as it ended, once a
// later bar is there. The same holds of the day.
func TestUnfinished(t *testing.T) {
	p := newProcess(&Memory{})
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day, 1, 100, 101))
	want := "2024-01-15T00:00 101 incomplete,derived,sampled,thin,unfinished"
	for _, i := range []market.Interval{market.Hour, market.Day} {
		if got := p.read(t, bitcoin, i); got != want {
			t.Errorf("at %s got %s, want %s", i, got, want)
		}
	}
	if rows := p.rows(t); rows != "" {
		t.Errorf("stored rows %s, want none", rows)
	}

	p.deliver(t, kraken, market.Minute, closes(market.Minute, day+hour, 1, 102))
	p.later()
	want = "2024-01-15T00:00 101 incomplete,derived,sampled,thin; 2024-01-15T01:00 102 incomplete,derived,sampled,thin,unfinished"
	if got := p.read(t, bitcoin, market.Hour); got != want {
		t.Errorf("an hour later got %s, want %s", got, want)
	}
	if rows, want := p.rows(t), "20240115T00 101"; rows != want {
		t.Errorf("stored rows %s, want %s", rows, want)
	}

	p.deliver(t, mine, market.Minute, closes(market.Minute, day+86400, 1, 1)) // it does not vote, but time has gone on
	p.later()
	for i, want := range map[market.Interval]string{
		market.Hour: "2024-01-15T00:00 101 incomplete,derived,sampled,thin; 2024-01-15T01:00 102 incomplete,derived,sampled,thin",
		market.Day:  "2024-01-15T00:00 102 incomplete,derived,sampled,thin",
	} {
		if got := p.read(t, bitcoin, i); got != want {
			t.Errorf("a day later at %s got %s, want %s", i, got, want)
		}
	}
	if rows, want := p.rows(t), "20240115T00 101, 20240115T01 102, 20240115 102"; rows != want {
		t.Errorf("stored rows %s, want %s", rows, want)
	}
}

// rows prints the rows of the table bars of 2023 and 2024, hours before days: key and close.
func (p *process) rows(t *testing.T) string {
	t.Helper()
	var text []string
	for _, partition := range []string{"BTC-USD~1h~2023", "BTC-USD~1h~2024", "BTC-USD~1d~2023", "BTC-USD~1d~2024"} {
		found, err := p.tables.Query(t.Context(), rowsTable, partition, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range found {
			text = append(text, fmt.Sprint(e.Row, " ", e.Values["close"]))
		}
	}
	return strings.Join(text, ", ")
}

// An unfinished bar is only shown to those who ask for the time in which it lies, and an empty range has no bars.
func TestReadRanges(t *testing.T) {
	p := newProcess(&Memory{})
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day, 1, 100, 101, 102))
	for _, c := range []struct {
		interval market.Interval
		from, to int64
		want     int
	}{
		{market.Minute, day, day + 180, 3},
		{market.Minute, day + 1, day + 180, 2},
		{market.Minute, day, day + 120, 2},
		{market.Minute, day + 60, day + 61, 1},
		{market.Minute, day + 180, day + 99999, 0},
		{market.Minute, day + 120, day, 0},
		{market.Hour, day, day + 1, 1},
		{market.Hour, day + 1, day + hour, 0},
		{market.Hour, day - hour, day, 0},
		{market.Day, day - 86400, day + 1, 1},
		{market.Day, day, day, 0},
	} {
		answer, err := p.Read(t.Context(), Query{bitcoin, c.interval, c.from, c.to})
		if err != nil || len(answer.Bars) != c.want || len(answer.Decisions) != c.want {
			t.Errorf("%s [%d, %d): %d bars and %d decisions, %v; want %d", c.interval, c.from-day, c.to-day, len(answer.Bars), len(answer.Decisions), err, c.want)
		}
	}
	if _, err := p.Read(t.Context(), Query{bitcoin, market.Week, 0, day}); err == nil || !strings.Contains(err.Error(), "interval 1w is not stored") {
		t.Errorf("a week: got %v, want an error that says that it is not stored", err)
	}
}

// What a source published at an hour or a day stands, in its own series and in its vote; its minutes give the others.
func TestPublishedBeatsComputed(t *testing.T) {
	p := newProcess(&Memory{})
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day, 1, 100))
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day+hour, 1, 110))
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day+2*hour, 1, 120))
	p.deliver(t, kraken, market.Hour, closes(market.Hour, day+hour, 1, 115))
	const computed = " incomplete,derived,sampled"
	want := "2024-01-15T00:00 100" + computed + "; 2024-01-15T01:00 115; 2024-01-15T02:00 120" + computed
	if got := p.read(t, kraken, market.Hour); got != want {
		t.Errorf("the source: got %s, want %s", got, want)
	}
	want = "2024-01-15T00:00 100" + computed + ",thin; 2024-01-15T01:00 115 thin; 2024-01-15T02:00 120" + computed + ",thin,unfinished"
	if got := p.read(t, bitcoin, market.Hour); got != want {
		t.Errorf("the consensus: got %s, want %s", got, want)
	}
	chunks, err := p.chunks(t.Context(), kraken, market.Hour, day, day+86400)
	if err != nil || len(chunks) != 1 || len(chunks[0].Bars) != 1 {
		t.Errorf("the source's own chunks hold %v, %v; want the hour that it published and no other", chunks, err)
	}
}

// The published day of today is no unfinished one, whatever the minutes say.
func TestPublishedIsFinished(t *testing.T) {
	p := newProcess(&Memory{})
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day, 1, 100))
	p.deliver(t, kraken, market.Day, closes(market.Day, day, 1, 115))
	if got, want := p.read(t, bitcoin, market.Day), "2024-01-15T00:00 115 thin"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A reader believes for five seconds what it has read; then it sees what another process wrote.
func TestTrust(t *testing.T) {
	tables := &Memory{}
	reader, writer := newProcess(tables), newProcess(tables)
	writer.deliver(t, kraken, market.Day, closes(market.Day, day, 1, 100))
	const before, after = "2024-01-15T00:00 100 thin", "2024-01-15T00:00 101 thin"
	if got := reader.read(t, bitcoin, market.Day); got != before {
		t.Fatalf("got %s, want %s", got, before)
	}
	writer.deliver(t, kraken, market.Day, closes(market.Day, day, 2, 101))
	if entries, err := reader.Entries(t.Context()); err != nil || len(entries) != 2 {
		t.Fatalf("%d entries, %v; want 2", len(entries), err)
	}
	writer.deliver(t, coinbase, market.Day, closes(market.Day, day, 2, 101))
	writer.deliver(t, mine, market.Day, closes(market.Day, day, 2, 101))
	reader.at = reader.at.Add(trusted - 1)
	if got := reader.read(t, bitcoin, market.Day); got != before {
		t.Errorf("after less than 5 s got %s, want %s", got, before)
	}
	if entries, err := reader.Entries(t.Context()); err != nil || len(entries) != 2 {
		t.Errorf("after less than 5 s %d entries, %v; want 2", len(entries), err)
	}
	reader.at = reader.at.Add(1)
	if got, want := reader.read(t, bitcoin, market.Day), strings.TrimSuffix(after, " thin"); got != want {
		t.Errorf("after 5 s got %s, want %s", got, want)
	}
	if entries, err := reader.Entries(t.Context()); err != nil || len(entries) != 4 {
		t.Errorf("after 5 s %d entries, %v; want 4", len(entries), err)
	}
}

// The hash of an answer changes with what is in it, and with nothing else.
func TestAnswerHash(t *testing.T) {
	p := newProcess(&Memory{})
	hashed := func() string {
		p.later()
		answer, err := p.Read(t.Context(), Query{bitcoin, market.Hour, day, day + 86400})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Hash
	}
	seen := map[string]bool{hashed(): true}
	for n, bars := range [][]market.Bar{
		closes(market.Minute, day, 1, 100), closes(market.Minute, day+60, 1, 101), closes(market.Minute, day, 2, 99), closes(market.Minute, day+hour, 1, 102),
	} {
		p.deliver(t, kraken, market.Minute, bars)
		if seen[hashed()] {
			t.Errorf("payload %d changes a bar, but not the hash", n)
		}
		seen[hashed()] = true
	}
	same := hashed()
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day+hour, 9, 102)) // said again
	if hashed() != same {
		t.Error("the hash changes though no bar did")
	}
}

// What a process has decoded is served for as long as the table holds that version, and no longer.
func TestDecodedIsNeverStale(t *testing.T) {
	tables := &Memory{}
	reader, writer := newProcess(tables), newProcess(tables)
	partition := chunkPartition(kraken, market.Minute, day)
	for n := range 20 {
		_, err := writer.Merge(t.Context(), kraken, market.Minute, 1, closes(market.Minute, day+int64(n%3)*86400, int64(n), 100+float64(n)))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []*process{reader, writer, newProcess(tables)} {
			bars, err := p.bars(t.Context(), kraken, market.Minute, day, day+3*86400)
			if err != nil {
				t.Fatal(err)
			}
			if got := bars[min(n%3, len(bars)-1)].Close; got != 100+float64(n) {
				t.Fatalf("after write %d a reader sees %v", n, got)
			}
			chunks, err := p.partition(t.Context(), market.Minute, partition, store.Range{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range chunks {
				e, err := tables.Get(t.Context(), "chunks1m", partition, chunkRow(market.Minute, c.start))
				if err != nil || c.etag != e.ETag || c.state != e.Values["state"] {
					t.Fatalf("after write %d: chunk with ETag %s and state %s, %v; the table has %s %v", n, c.etag, c.state, err, e.ETag, e.Values["state"])
				}
			}
		}
	}
}

// Of what was decoded, the chunks used last are kept, up to a number of bars.
func TestDecodedIsBounded(t *testing.T) {
	d := newDecodedChunks()
	bars := make([]market.Bar, 1440)
	key := func(n int) decodedKey {
		return decodedKey{market.Minute, fmt.Sprint("p", n/100), fmt.Sprint(n)}
	}
	const puts = 1000
	for n := range puts {
		d.put(key(n), stored{Chunk: chunk.Chunk{Bars: bars}, state: "s"})
		d.put(key(n), stored{Chunk: chunk.Chunk{Bars: bars}, state: "s"}) // in place of the first
		if _, ok := d.get(key(0), "s"); !ok {
			t.Fatalf("after %d the one that is used all the time is gone", n)
		}
	}
	if d.bars > maxDecoded || d.bars < maxDecoded-1440 || d.bars != 1440*d.byUse.Len() || len(d.chunks) != d.byUse.Len() {
		t.Errorf("%d bars in %d chunks, %d of them known; want at most %d bars", d.bars, d.byUse.Len(), len(d.chunks), maxDecoded)
	}
	if _, ok := d.get(key(puts-1), "t"); ok {
		t.Error("a chunk of another state is served")
	}
	if _, ok := d.get(key(1), "s"); ok || d.has(market.Minute, "p1") || !d.has(market.Minute, "p0") || !d.has(market.Minute, "p9") {
		t.Error("chunks that were not used for long are kept, or partitions miscounted")
	}
}

func TestEntries(t *testing.T) {
	p := newProcess(&Memory{})
	gold := func(instrument, source string) market.SeriesID {
		return market.SeriesID{Instrument: instrument, Source: source}
	}
	p.deliver(t, gold("XAU-USD-PM", "lbma"), market.Day, closes(market.Day, day, 1, 2000))
	p.deliver(t, gold("XAU-USD", "workshop"), market.Day, closes(market.Day, day+86400, 1, 2001))
	p.deliver(t, gold("XAU-USD-AM", "lbma"), market.Day, closes(market.Day, day+2*86400, 1, 2002))
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day, 1, 100))
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day-60, 1, 100))
	given := closes(market.Minute, day+600, 1, 100)
	given[0].Authority = market.Given
	p.deliver(t, kraken, market.Minute, given)
	p.deliver(t, kraken, market.Day, closes(market.Day, day, 1, 100))

	// A later release may know more instruments than this one.
	later := store.Entity{Partition: "crypto", Row: "DOGE-ZZZ.kraken", Values: map[string]any{"first1d": day, "last1d": day}}
	if _, err := p.tables.Write(t.Context(), catalogueTable, store.Change{Action: store.Insert, Entity: later}); err != nil {
		t.Fatal(err)
	}
	entries, err := p.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		for _, i := range market.Stored {
			if x, ok := e.Intervals[i]; ok {
				got = append(got, fmt.Sprintf("%s %s %s %d..%d %d", e.ID, e.Role, i, x.First-day, x.Last-day, max(x.Watermark-day, 0)))
			}
		}
	}
	want := []string{
		"BTC-USD  1m -60..600 0",
		"BTC-USD  1h -3600..-3600 0",
		"BTC-USD  1d -86400..0 0",
		"BTC-USD.kraken venue 1m -60..600 60",
		"BTC-USD.kraken venue 1d 0..0 86400",
		"XAU-USD.workshop  1d 86400..86400 172800",
		"XAU-USD-AM  1d 172800..172800 0",
		"XAU-USD-AM.lbma publisher 1d 172800..172800 259200",
		"XAU-USD-PM  1d 0..0 0",
		"XAU-USD-PM.lbma publisher 1d 0..0 86400",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	in, _ := market.Lookup("XAU-USD")
	if sources, err := p.sources(t.Context(), in); err != nil || len(sources) != 1 || sources[0].ID.Source != "workshop" {
		t.Errorf("sources of XAU-USD: %v, %v; want the workshop alone", sources, err)
	}
}
