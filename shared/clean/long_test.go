package clean_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/chunk"
	"assay/shared/clean"
	"assay/shared/market"
)

// minuteRows are n good minutes up to the moment of receipt, with a few bad ones among them.
func minuteRows(n int) []market.Row {
	id := market.SeriesID{Instrument: "BTC-USD", Source: "mine"}
	rows := make([]market.Row, n)
	for k := range rows {
		rows[k] = market.Row{
			Series: id, Interval: market.Minute, Start: received/60000*60 - int64(n-k)*60, Open: "1", High: "3", Low: "0.5", Close: fmt.Sprintf("1.%05d", k), Volume: "7",
		}
	}
	rows[10].Close, rows[20].Volume, rows[30].BadTime, rows[40].Unreadable = "0", "much", "yesterday", "nothing can be read"
	rows[50].Start++
	rows[60].Start += 1 << 40
	return rows
}

// However long a record is and in whatever order its rows are, in pieces comes of it what comes of it at once.
func TestLongRecords(t *testing.T) {
	const n = 100_000
	random := rand.New(rand.NewPCG(1, 1))
	orders := map[string]func(rows []market.Row) []market.Row{
		"ascending":  func(rows []market.Row) []market.Row { return rows },
		"descending": func(rows []market.Row) []market.Row { slices.Reverse(rows); return rows },
		"shuffled": func(rows []market.Row) []market.Row {
			random.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			return rows
		},
		"each twice": func(rows []market.Row) []market.Row {
			again := slices.Clone(rows)
			for k := range again {
				if k%200 == 0 {
					again[k].Close = "2"
				}
			}
			return append(rows, again...)
		},
		"one minute only": func(rows []market.Row) []market.Row {
			for k := range rows {
				rows[k].Start = rows[0].Start
				if k%1000 > 0 {
					rows[k].Close = rows[k-1].Close
				}
			}
			return slices.Concat(rows, rows, rows)
		},
	}
	for name, order := range orders {
		rows := order(minuteRows(n))
		for k := range rows {
			rows[k].Number, rows[k].Text = k+1, fmt.Sprint("row ", k+1)
		}
		origin := clean.Origin{Record: 2, Received: received}
		once := clean.New(origin)
		for _, row := range rows {
			once.Add(row)
		}
		want := once.Result()

		passes := 0
		long, err := clean.Survey(origin, func(emit func(market.Row)) error {
			passes++
			for _, row := range rows {
				emit(row)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got := clean.Result{Bars: map[clean.Key][]market.Bar{}}
		most := 0
		err = long.Pieces(func(bars []market.Bar) error {
			most = max(most, len(bars))
			got.Bars[long.Key] = chunk.Merge(got.Bars[long.Key], bars)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d passes, at most %d bars at once, %d rejects", name, passes, most, long.Rejected)
		got.Rejects, got.Rejected = long.Rejects, long.Rejected
		if most > n/2 {
			t.Errorf("%s: %d bars at once, want pieces", name, most)
		}
		if !slices.EqualFunc(got.Bars[long.Key], want.Bars[long.Key], func(a, b market.Bar) bool { return a.SameValue(&b) && a.Received == b.Received }) || len(want.Bars) != 1 {
			t.Errorf("%s: %d bars, want the %d of one piece", name, len(got.Bars[long.Key]), len(want.Bars[long.Key]))
		}
		if diff := cmp.Diff(want.Rejects, got.Rejects); diff != "" || got.Rejected != want.Rejected {
			t.Errorf("%s: %d rejects, want %d (-want +got):\n%.2000s", name, got.Rejected, want.Rejected, diff)
		}
	}
}

// Of a record that cannot be read to its end nothing is kept; what keeping fails with comes back; and rows that are not the same the
// second time are not waited for.
func TestLongRecordsThatFail(t *testing.T) {
	broken := errors.New("broken")
	if long, err := clean.Survey(clean.Origin{Received: received}, func(emit func(market.Row)) error {
		emit(minuteRows(100)[0])
		return broken
	}); !errors.Is(err, broken) {
		t.Errorf("%v, %v; want the error of the rows", long, err)
	}
	rows := minuteRows(200_000)
	long, err := clean.Survey(clean.Origin{Received: received}, func(emit func(market.Row)) error {
		for _, row := range rows {
			emit(row)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	if err := long.Pieces(func([]market.Bar) error { kept++; return broken }); !errors.Is(err, broken) || kept != 1 {
		t.Errorf("%d pieces, %v; want the first and what it failed with", kept, err)
	}
	rows = rows[:1000]
	if err := long.Pieces(func([]market.Bar) error { return nil }); err == nil || !strings.Contains(err.Error(), "were surveyed") {
		t.Errorf("%v; want an error about rows that are gone", err)
	}
}
