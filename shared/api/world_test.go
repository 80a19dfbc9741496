package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/fetch"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// monday is 2024-01-15.
const monday = int64(1705276800)

// world is the API over a history in memory, or over storage.
type world struct {
	tb      testing.TB
	clock   time.Time
	tables  history.Tables
	history *history.History
	handler http.Handler
}

func newWorld(tb testing.TB, s *store.Store) *world {
	tb.Helper()
	w := &world{tb: tb, clock: time.Date(2024, 2, 1, 12, 0, 0, 0, time.UTC)}
	w.tables = &history.Memory{}
	var client *fetch.Client
	if s != nil {
		w.tables, client = s.Tables, testClient(tb, s, w.now)
	}
	w.history = history.New(w.tables, w.now)
	w.handler = New(Options{History: w.history, Store: s, Fetch: client, Off: inert, Now: w.now, Version: "v1.2.3"})
	return w
}

func (w *world) now() time.Time { return w.clock }

// put does what Clean and Load do with bars of one source.
func (w *world) put(series string, i market.Interval, bars ...market.Bar) {
	w.tb.Helper()
	id, err := market.ParseSeriesID(series)
	if err != nil {
		w.tb.Fatal(err)
	}
	s, err := w.history.Merge(context.Background(), id, i, 1, bars)
	if err != nil {
		w.tb.Fatal(err)
	}
	if _, err := w.history.Settle(context.Background(), []market.Span{s}, 1000); err != nil {
		w.tb.Fatal(err)
	}
	w.clock = w.clock.Add(time.Minute) // what was read before is not trusted any more
}

// declare gives a series of a metal a role before its first bar.
func (w *world) declare(series string, role market.Role) {
	w.tb.Helper()
	row := store.Entity{Partition: string(market.Metal), Row: series, Values: map[string]any{"role": role.String()}}
	if _, err := w.tables.Write(context.Background(), store.TableSeries, store.Change{Action: store.Insert, Entity: row}); err != nil {
		w.tb.Fatal(err)
	}
}

// get asks the API; headers are name, value, name, value.
func (w *world) get(target string, headers ...string) *httptest.ResponseRecorder {
	w.tb.Helper()
	return w.do(http.MethodGet, target, headers...)
}

func (w *world) do(method, target string, headers ...string) *httptest.ResponseRecorder {
	w.tb.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	return recorder
}

// into decodes a good answer; a member that the type does not know is an error.
func into[T any](w *world, target string) T {
	w.tb.Helper()
	recorder := w.get(target)
	if recorder.Code != http.StatusOK {
		w.tb.Fatalf("GET %s: %d %s", target, recorder.Code, recorder.Body)
	}
	return decode[T](w.tb, recorder)
}

func decode[T any](tb testing.TB, recorder *httptest.ResponseRecorder) T {
	tb.Helper()
	var value T
	decoder := json.NewDecoder(recorder.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		tb.Fatal(err)
	}
	return value
}

// problemOf returns the status and the sentence of an answer that is a problem.
func problemOf(tb testing.TB, recorder *httptest.ResponseRecorder) (int, string) {
	tb.Helper()
	if media := recorder.Header().Get("Content-Type"); media != "application/problem+json" {
		tb.Fatalf("%d %s is no problem: %s", recorder.Code, media, recorder.Body)
	}
	p := decode[huma.ErrorModel](tb, recorder)
	if p.Status != recorder.Code || p.Title == "" {
		tb.Errorf("problem %+v does not repeat status %d, or has no title", p, recorder.Code)
	}
	return p.Status, p.Detail
}

// bar makes a bar with an open of v, a high of v+2, a low of v-2, a close of v+1 and a volume of 10.
func bar(start int64, v float64) market.Bar {
	return market.Bar{Start: start, Open: v, High: v + 2, Low: v - 2, Close: v + 1, Volume: 10, Received: 1}
}

// fix makes a bar that has a close only.
func fix(start int64, v float64) market.Bar {
	b := market.Empty(start)
	b.Close, b.Received = v, 1
	return b
}

// run makes n bars in a row.
func run(i market.Interval, start int64, n int, one func(int64, float64) market.Bar) []market.Bar {
	bars := make([]market.Bar, n)
	for k := range bars {
		bars[k] = one(start+int64(k)*int64(i), 100+float64(k%7))
	}
	return bars
}

// inert says what is off where nothing is accepted and no key is set.
func inert(s source.Source) string { return s.Inert(nil, nil) }
