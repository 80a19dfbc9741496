package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/clean"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

const longMinutes = 100_000

// longPush is a push of so many minutes that it is cleaned piece by piece. Row 500 has a close of 0, and row 700 is told again at the
// end, with another close.
func longPush(media string) string {
	begin := received.Unix() - longMinutes*60
	padding := strings.Repeat("-", 80)
	rows := make([]string, longMinutes, longMinutes+1)
	for n := range rows {
		start, price := begin+int64(n)*60, fmt.Sprint(100+n%50)
		if n == 499 {
			price = "0"
		}
		rows[n] = longRow(media, start, price, padding)
	}
	rows = append(rows, longRow(media, begin+699*60, "777", padding))
	switch media {
	case "application/json":
		return "[" + strings.Join(rows, ",") + "]"
	case "text/csv":
		return "note,time,close\n" + strings.Join(rows, "\n")
	}
	return strings.Join(rows, "\n")
}

func longRow(media string, start int64, price, padding string) string {
	switch media {
	case "text/csv":
		return fmt.Sprintf("%s,%d,%s", padding, start, price)
	case "text/plain":
		return fmt.Sprintf("m note=\"%s\",close=%s %d", padding, price, start)
	}
	return fmt.Sprintf(`{"note":%q,"time":%d,"close":%s}`, padding, start, price)
}

// A long push ends as a short one does, whatever its format: the good rows are kept, the bad ones refused by their line, and the
// later of two for one time stands. Killed at any piece and delivered again it ends the same.
func TestLongPush(t *testing.T) {
	long(t)
	for _, test := range []struct {
		media    string
		bad, two int // the rows that are refused
	}{{"text/plain", 500, 700}, {"text/csv", 501, 701}, {"application/json", 500, 700}, {"application/x-ndjson", 500, 700}} {
		t.Run(test.media, func(t *testing.T) {
			settings := storetest.Azurite(t)
			app := newFlow(storetest.Reopen(t, settings))
			app.Now = func() time.Time { return received }
			body := longPush(test.media)
			if len(body) < longBody {
				t.Fatalf("the push has %d bytes, which is not long", len(body))
			}
			_, name := pushed(t, post(t, app, "/api/v1/ingest/BTC-USD.mine?interval=1m&precision=s", strings.NewReader(body), "Content-Type", test.media))
			message := take(t, app.Store, store.RawPrices)[0]
			for dies := 1; dies <= 3; dies += 2 { // at the first piece, and at a later one
				dead := newFlow(storetest.Reopen(t, settings, &storetest.Fail{Match: isBatchOfChunks, First: dies, Count: -1}))
				if err := dead.Clean(t.Context(), message); err == nil {
					t.Fatalf("Clean survives that write %d and all after it fail", dies)
				}
			}
			for range 2 {
				cleanAndLoad(t, app, message)
			}
			read, err := app.History.Read(t.Context(), history.Query{Series: mine, Interval: market.Minute, From: received.Unix() - longMinutes*60, To: received.Unix()})
			if bars := read.Bars; err != nil || len(bars) != longMinutes-1 || bars[698].Close != 777 { // the one of row 500 is not there
				t.Errorf("%d bars, %v; want %d, the later close for row 700", len(bars), err, longMinutes-1)
			}
			rejects, err := app.Store.RejectsOf(t.Context(), name, mine.String(), 0)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rejects {
				got = append(got, fmt.Sprint(r.Row, " ", r.Rule))
			}
			want := []string{fmt.Sprint(test.bad, " zero"), fmt.Sprint(test.two, " duplicate"), fmt.Sprint(test.two-700+longMinutes+1, " out-of-order")}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("refused (-want +got):\n%s", diff)
			}
			if r := receipt(t, app.Store, name); r.State != store.Loaded || r.Bars != longMinutes-1 || r.Rejects != 3 {
				t.Errorf("receipt %s: %d bars, %d rejects; want %d loaded and 3", r.State, r.Bars, r.Rejects, longMinutes-1)
			}
		})
	}
}

func isBatchOfChunks(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/$batch") }

// A blob may hold several long records: each has a span of its own.
func TestLongRecordsOfOneBlob(t *testing.T) {
	app := newFlow(storetest.Open(t))
	start := market.Minute.Floor(received.Unix()) - 3600
	var found judgement
	for n, want := range []market.Span{
		{Series: market.SeriesID{Instrument: "BTC-USD", Source: "mine"}, Interval: market.Minute, From: start, To: start + 60},
		{Series: market.SeriesID{Instrument: "ETH-USD", Source: "mine"}, Interval: market.Minute, From: start, To: start + 60},
	} {
		row := market.Row{Series: want.Series, Interval: want.Interval, Number: 1, Start: start, Close: "100"}
		long, err := clean.Survey(clean.Origin{Record: n, Received: received.UnixMilli()}, func(emit func(market.Row)) error { emit(row); return nil })
		if err != nil {
			t.Fatal(err)
		}
		got, err := app.mergeLong(t.Context(), long, &found)
		if diff := cmp.Diff([]market.Span{want}, got); err != nil || diff != "" {
			t.Errorf("record %d: %v, spans (-want +got):\n%s", n, err, diff)
		}
	}
	if found.bars() != 2 {
		t.Errorf("%d bars, want 2", found.bars())
	}
}
