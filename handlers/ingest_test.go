package handlers

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"assay/shared/api"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

var mine = market.SeriesID{Instrument: "BTC-USD", Source: "mine"}

// post sends a request to Ingest; headers are name, value, name, value.
func post(t *testing.T, app *App, target string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, target, body)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	handler := app.Ingest()
	if strings.HasSuffix(target, "/api/v1/series") {
		handler = app.Declare()
	}
	handler.ServeHTTP(recorder, r)
	return recorder
}

// pushed is what a good push is answered with.
func pushed(t *testing.T, recorder *httptest.ResponseRecorder) (api.Accepted, store.RawName) {
	t.Helper()
	var a api.Accepted
	if err := json.Unmarshal(recorder.Body.Bytes(), &a); err != nil || recorder.Code != http.StatusAccepted {
		t.Fatalf("%d %s, want 202", recorder.Code, recorder.Body)
	}
	name, err := store.ParseRawName(a.Blob)
	if err != nil || name.Key() != a.Receipt || recorder.Header().Get("Location") != a.Status {
		t.Fatalf("%+v, %v; want a blob, its key as the receipt, and the status as Location %q", a, err, recorder.Header().Get("Location"))
	}
	return a, name
}

// work runs Clean and Load on all that waits.
func work(t *testing.T, app *App) {
	t.Helper()
	for _, message := range take(t, app.Store, store.RawPrices) {
		cleanAndLoad(t, app, message)
	}
}

// Each format holds three good days and one without a close. The good ones are kept, and the bad one is refused by its line.
func TestPushes(t *testing.T) {
	const bars = `
		known BTC-USD.mine  1d: 2024-01-15 to 2024-01-18, watermark -
		BTC-USD.mine 1d 2024-01-15 10 12 9 11 5
		BTC-USD.mine 1d 2024-01-16 11 13 10 12 6.5
		BTC-USD.mine 1d 2024-01-18 12 14 11 13 0.1
	`
	tests := []struct{ name, media, query, body, refused string }{
		{"CSV", "text/csv; charset=utf-8", "", "Time,Open,High,Low,Close,Volume\n2024-01-15,10,12,9,11,5\n2024-01-16T00:00:00Z,11,13,10,12,6.5\n" +
			"2024-01-17,11,13,10,,6\n1705536000,12,14,11,13,0.1\n", "2024-01-17 row 4 absent close: the close is absent"},
		{"CSV with a line too many cells", "text/csv", "", "time,open,high,low,price,volume\n1705276800000,10,12,9,11,5\n1705363200000,11,13,10,12,6.5\n" +
			"2024-01-17,1,1,13,10,12,6\n2024-01-18,12,14,11,13,0.1\n", "- row 4 unreadable : the line has 7 cells, the header has 6, so that nobody knows which is which"},
		{
			"JSON objects", "application/json", "", `[{"time":"2024-01-15","open":10,"high":12,"low":9,"close":11,"volume":5},
			{"time":1705363200,"open":"11","high":13,"low":10,"price":12,"volume":6.5},7,
			{"time":"2024-01-18T01:00:00+01:00","open":12,"high":14,"low":11,"close":13,"volume":0.1}]`,
			"- row 3 unreadable : this is no JSON object of fields such as time and close",
		},
		{
			"JSON columns", "application/json", "", `{"columns":{"time":["2024-01-15",1705363200,"2024-01-17",1705536000],"open":[10,11,null,12],
			"high":[12,13,null,14],"low":[9,10,null,11],"close":[11,12,null,13],"volume":[5,6.5,null,0.1]}}`,
			"2024-01-17 row 3 absent close: the close is absent",
		},
		{
			"NDJSON", "application/x-ndjson", "", `{"time":"2024-01-15","open":10,"high":12,"low":9,"close":11,"volume":5}
{"time":1705363200,"open":"11","high":13,"low":10,"price":12,"volume":6.5}

{"time":"2024-01-17","close":
{"time":"2024-01-18 00:00","open":12,"high":14,"low":11,"close":13,"volume":0.1}`,
			"- row 4 unreadable : this is no JSON object of fields such as time and close",
		},
		{
			"line protocol", "text/plain", "", "# a comment\nprice,venue=a\\ b\\,c open=10,high=12,low=9,close=11,volume=5i,note=\"a, \\\"b\\\" c=1\" 1705276800000000000\n" +
				"price open=11,high=13,low=10,price=12,volume=6.5 1705363200000000000\nprice close=12,volume= 1705449600000000000\n" +
				"price open=12,high=14,low=11,close=13,volume=1e-1 1705536000000000000\n",
			"- row 4 unreadable : the field volume has no value, or a quote that is not closed",
		},
		{
			"line protocol in seconds", "application/vnd.influx.line", "&precision=s", "m open=10,high=12,low=9,close=11,volume=5u 1705276800\r\n" +
				"m open=11,high=13,low=10,close=12,volume=6.5 1705363200\nm close=true,open=1,high=1,low=1,volume=1 1705449600\n m open=12,high=14,low=11,close=13,volume=.1 1705536000",
			"2024-01-17 row 3 not-a-number close: the close \"true\" is not a finite decimal number",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			app := newFlow(storetest.Open(t))
			app.Now = func() time.Time { return received }
			_, name := pushed(t, post(t, app, "/api/v1/ingest/BTC-USD.mine?interval=1d"+test.query, strings.NewReader(test.body), "Content-Type", test.media))
			work(t, app)
			want := lines(bars + "refused BTC-USD.mine " + test.refused)
			if diff := cmp.Diff(want, lines(served(t, app.Store, mine, bitcoin))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			records, err := app.Store.Blobs.Raw(t.Context(), name)
			if err != nil || len(records) != 1 || string(records[0].Body) != test.body {
				t.Errorf("raw blob: %d records, %v; want the body as it was sent", len(records), err)
			}
			if r := receipt(t, app.Store, name); r.State != store.Loaded || r.Bars != 3 || r.Rejects != 1 {
				t.Errorf("receipt %+v; want 3 bars loaded and 1 reject", r)
			}
		})
	}
}

// What cannot be taken is answered with a problem that says why, and leaves nothing behind.
func TestPushesThatAreRefused(t *testing.T) {
	const day = "time,close\n2024-01-15,1\n"
	tests := []struct {
		target  string
		body    string
		headers []string
		code    int
		says    string
	}{
		{"BTC-USD.mine?interval=1d", day, []string{"Content-Type", "application/xml"}, 415, "text/csv, application/json, application/x-ndjson, or text/plain"},
		{"BTC-USD.mine?interval=1d", day, nil, 415, "text/csv"},
		{"BTC-USD.mine?interval=1d", day, []string{"Content-Type", "text/csv", "Content-Encoding", "br"}, 415, "gzip"},
		{"BTC-USD.kraken?interval=1d", day, []string{"Content-Type", "text/csv"}, 403, "name of a provider"},
		{"BTC-USD.operator?interval=1d", day, []string{"Content-Type", "text/csv"}, 403, "the program itself"},
		{"BTC-USD?interval=1d", day, []string{"Content-Type", "text/csv"}, 400, "BTC-USD.mine"},
		{"btc?interval=1d", day, []string{"Content-Type", "text/csv"}, 400, "no series"},
		{"XCU-USD.mine?interval=1d", day, []string{"Content-Type", "text/csv"}, 404, "assay series add XCU-USD.mine"},
		{"BTC-USD.mine", day, []string{"Content-Type", "text/csv"}, 400, "?interval=1m"},
		{"BTC-USD.mine?interval=15m", day, []string{"Content-Type", "text/csv"}, 400, "1m, 1h or 1d"},
		{"BTC-USD.mine?interval=1d&precision=m", day, []string{"Content-Type", "text/plain"}, 400, "s, ms, us or ns"},
		{"BTC-USD.mine?intervall=1d", day, []string{"Content-Type", "text/plain"}, 400, "intervall"},
		{"BTC-USD.mine?interval=1d", "", []string{"Content-Type", "text/csv"}, 400, "empty"},
		{"BTC-USD.mine?interval=1d", day, []string{"Content-Type", "text/csv", "Content-Encoding", "gzip"}, 400, "no gzip"},
		{"BTC-USD.mine?interval=1d", packed(t, day)[:30], []string{"Content-Type", "text/csv", "Content-Encoding", "gzip"}, 400, "ends before it should"},
		{"BTC-USD.mine?interval=1d", day, []string{"Content-Type", "text/csv", "Idempotency-Key", strings.Repeat("k", 256)}, 400, "at most 255"},
	}
	app := newFlow(storetest.Open(t))
	for _, test := range tests {
		recorder := post(t, app, "/api/v1/ingest/"+test.target, strings.NewReader(test.body), test.headers...)
		if code, says := problem(t, recorder); code != test.code || !strings.Contains(says, test.says) {
			t.Errorf("%s %v: %d %s, want %d and %q", test.target, test.headers, code, says, test.code, test.says)
		}
	}
	if sources, err := app.Store.Blobs.Sources(t.Context()); err != nil || len(sources) > 0 {
		t.Errorf("raw blobs of %v, %v; want none", sources, err)
	}
}

// problem returns the status and the sentence of an answer that is one.
func problem(t *testing.T, recorder *httptest.ResponseRecorder) (int, string) {
	t.Helper()
	var p huma.ErrorModel
	if err := json.Unmarshal(recorder.Body.Bytes(), &p); err != nil || recorder.Header().Get("Content-Type") != "application/problem+json" || p.Status != recorder.Code {
		t.Fatalf("%d %s is no problem", recorder.Code, recorder.Body)
	}
	return p.Status, p.Detail
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPushThatIsPacked(t *testing.T) {
	const body = "time,close\n2024-01-15,1\n"
	app := newFlow(storetest.Open(t))
	_, name := pushed(t, post(t, app, "/api/v1/ingest/BTC-USD.mine?interval=1d", strings.NewReader(packed(t, body)), "Content-Type", "text/csv", "Content-Encoding", "gzip"))
	records, err := app.Store.Blobs.Raw(t.Context(), name)
	if err != nil || string(records[0].Body) != body {
		t.Errorf("%v, %q; want the body unpacked", err, records[0].Body)
	}
}

// rowReader is a body that is made while it is read.
type rowReader struct {
	left int
	row  []byte
	at   int
}

func (r *rowReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && r.left > 0 {
		if r.at == len(r.row) {
			r.at = 0
			copy(r.row, fmt.Sprintf("m close=%08d", r.left))
		}
		c := copy(p[n:min(len(p), n+r.left)], r.row[r.at:])
		n, r.at, r.left = n+c, r.at+c, r.left-c
	}
	return n, nil
}

// 64 MiB are taken, chunked, in half as much memory; one byte more is refused, also where gzip hides it.
func TestLongPushes(t *testing.T) {
	app := newFlow(storetest.Open(t))
	body := func(size int) *rowReader {
		return &rowReader{left: size, row: []byte("m close=00000000,open=1,high=2,low=1 1705276800000000000\n")}
	}
	target := "/api/v1/ingest/BTC-USD.mine?interval=1m"
	runtime.GC()
	before, most := heap(), uint64(0)
	stop := watchHeap(t, &most)
	recorder := post(t, app, target, body(maxPush), "Content-Type", "text/plain")
	stop()
	_, name := pushed(t, recorder)
	t.Logf("the heap grew by %d MiB at most while %d MiB were taken", (most-before)>>20, maxPush>>20)
	if grown := most - before; grown > maxPush/2 {
		t.Errorf("the heap grew by %d bytes, want at most half of the body's %d", grown, maxPush)
	}
	records, err := app.Store.Blobs.Raw(t.Context(), name)
	if err != nil || len(records[0].Body) != maxPush {
		t.Errorf("%v, a raw blob of %d bytes; want the %d that were sent", err, len(records[0].Body), maxPush)
	}
	for what, long := range map[string]struct {
		body    io.Reader
		headers []string
	}{
		"one byte more": {body(maxPush + 1), nil},
		"a gzip bomb":   {strings.NewReader(packed(t, strings.Repeat("0", maxPush+1))), []string{"Content-Encoding", "gzip"}},
		"said so":       {bytes.NewReader(make([]byte, maxPush+1)), nil},
	} {
		recorder := post(t, app, target, long.body, append([]string{"Content-Type", "text/plain"}, long.headers...)...)
		if code, says := problem(t, recorder); code != http.StatusRequestEntityTooLarge || !strings.Contains(says, "64 MiB") {
			t.Errorf("%s: %d %s, want 413", what, code, says)
		}
	}
}

// heap returns the bytes in use, garbage included.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// watchHeap collects garbage and keeps the most that is in use, until it is stopped.
func watchHeap(t *testing.T, most *uint64) (stop func()) {
	t.Helper()
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				runtime.GC()
				*most = max(*most, heap())
			}
		}
	}()
	return func() { close(end); <-ended }
}

// A key that has run out is taken for another push just when Reconcile deletes it: it stays, and so does what it says.
func TestKeyTakenWhileForgotten(t *testing.T) {
	settings := storetest.Azurite(t)
	now := noon
	open := func(policies ...policy.Policy) *App {
		app := newFlow(storetest.Reopen(t, settings, policies...))
		app.Now = func() time.Time { return now }
		return app
	}
	send := func() store.RawName {
		_, name := pushed(t, post(t, open(), "/api/v1/ingest/BTC-USD.mine?interval=1d", strings.NewReader("time,close\n2024-01-15,1\n"),
			"Content-Type", "text/csv", "Idempotency-Key", "monday's prices"))
		return name
	}
	send()
	now = now.Add(keysKept + time.Hour)
	var taken store.RawName
	disturbed := &beforeRequest{
		match: func(r *http.Request) bool {
			return r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "RowKey='key~")
		},
		do: func() { taken = send() },
	}
	if err := open(disturbed).Reconcile(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	if again := send(); taken == (store.RawName{}) || again != taken {
		t.Errorf("the push is %v, and with the same key a minute later %v; want the same", taken, again)
	}
}

// beforeRequest does something once, before the first request that matches.
type beforeRequest struct {
	match func(*http.Request) bool
	do    func()
	once  sync.Once
}

func (b *beforeRequest) Do(request *policy.Request) (*http.Response, error) {
	if b.match(request.Raw()) {
		b.once.Do(b.do)
	}
	return request.Next()
}

// The same key is the same payload, also when both arrive at once and on two machines. For another body it is refused, and after
// 30 days it is free.
func TestIdempotencyKey(t *testing.T) {
	s := storetest.Open(t)
	now := noon
	app := newFlow(s)
	app.Now = func() time.Time { return now }
	send := func(app *App, body string) *httptest.ResponseRecorder {
		return post(t, app, "/api/v1/ingest/BTC-USD.mine?interval=1d", strings.NewReader(body), "Content-Type", "text/csv", "Idempotency-Key", "monday's prices")
	}
	const body = "time,close\n2024-01-15,1\n"
	answers := make([]api.Accepted, 8)
	var group sync.WaitGroup
	for n := range answers {
		group.Go(func() {
			other := newFlow(s)
			other.Now = func() time.Time { return now.Add(time.Duration(n) * time.Second) }
			if recorder := send(other, body); recorder.Code == http.StatusAccepted {
				_ = json.Unmarshal(recorder.Body.Bytes(), &answers[n]) // what is not JSON leaves an answer that differs
			}
		})
	}
	group.Wait()
	now = now.Add(time.Minute)
	again, first := pushed(t, send(app, body))
	for n := range answers {
		if answers[n] != again {
			t.Errorf("answer %d is %+v, and later %+v; want the same", n, answers[n], again)
		}
	}
	if blobs, err := s.Blobs.ListRaw(t.Context(), "mine", 0, now.UnixMilli()); err != nil || len(blobs) != 1 {
		t.Errorf("%d blobs, %v; want 1", len(blobs), err)
	}
	if code, says := problem(t, send(app, body+"2024-01-16,2\n")); code != http.StatusUnprocessableEntity || !strings.Contains(says, "another push") {
		t.Errorf("another body: %d %s; want 422", code, says)
	}
	now = now.Add(keysKept + time.Hour)
	if _, name := pushed(t, send(app, body)); name == first {
		t.Errorf("after 30 days the answer is still that of the first push")
	}
	now = now.Add(keysKept + time.Hour)
	if err := app.Reconcile(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if keys, err := s.Tables.Query(t.Context(), store.TableSources, "mine", store.Range{From: "key~", To: "key~~"}); err != nil || len(keys) > 0 {
		t.Errorf("keys %v, %v; want none that has run out", keys, err)
	}
}
