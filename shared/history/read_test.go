package history

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

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
