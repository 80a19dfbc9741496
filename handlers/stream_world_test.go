package handlers

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"assay/shared/fetch"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// line is one connection to the fake market's feed, as the market's side sees it.
type line struct {
	*websocket.Conn
	ctx   context.Context
	asked string // the subscription
}

// say sends texts.
func (l line) say(texts ...string) {
	for _, text := range texts {
		_ = l.Write(l.ctx, websocket.MessageText, []byte(text)) // who has gone hears nothing
	}
}

// stay says nothing more, until the other side goes.
func (l line) stay() {
	for {
		if _, _, err := l.Read(l.ctx); err != nil {
			return
		}
	}
}

// streamWorld is a program that follows a fake market, whose connections play one script after the other. Its clock runs from
// 80 seconds after noon.
type streamWorld struct {
	*fetchWorld
	src     source.Source
	options StreamOptions
	mu      sync.Mutex
	scripts []func(line)
	heard   []string         // subscriptions
	happens chan StreamEvent // each event but those of bars
}

func newStreamWorld(t *testing.T, s *store.Store, scripts ...func(line)) *streamWorld {
	t.Helper()
	w := &streamWorld{scripts: scripts, happens: make(chan StreamEvent, 1000)}
	w.fetchWorld = newFetchWorld(t, s, &fakeMarket{answer: w.minutes})
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	began := time.Now()
	w.Now = func() time.Time { return noon.Add(80*time.Second + time.Since(began)) }
	client, err := fetch.New(s.Tables, fetch.Options{Now: w.Now, URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	w.Fetch = client
	w.History = history.New(s.Tables, w.Now)
	w.src, _ = source.Find("kraken")
	feed := *w.src.Feed
	feed.Silence = time.Minute
	w.src.Feed, w.src.Budget = &feed, source.Budget{}
	w.options = StreamOptions{Tell: w.tell, Every: 50 * time.Millisecond, Pause: time.Millisecond, Again: 100 * time.Millisecond}
	return w
}

func (w *streamWorld) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Host != "ws.kraken.com" {
		w.market.ServeHTTP(rw, r)
		return
	}
	c, err := websocket.Accept(rw, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	_, asked, err := c.Read(r.Context())
	if err != nil {
		return
	}
	w.mu.Lock()
	script := w.scripts[min(len(w.heard), len(w.scripts)-1)]
	w.heard = append(w.heard, string(asked))
	w.mu.Unlock()
	script(line{c, r.Context(), string(asked)})
}

// minutes answers for Kraken: with the minute before noon, and once a connection was lost with the one before that, which no
// connection tells.
func (w *streamWorld) minutes(rw http.ResponseWriter, r *http.Request) bool {
	if r.URL.Query().Get("interval") != "1" {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	missed := ""
	if len(w.heard) > 1 {
		missed = `[1705319880,"42000.0","42100.0","41900.0","42002.0","42001.0","2.0",7],`
	}
	fmt.Fprintf(rw, `{"error":[],"result":{"XXBTZUSD":[%s[1705319940,"42000.0","42100.0","41900.0","42005.0","42001.0","1.5",7],`+
		`[1705320000,"42005.0","42005.0","42005.0","42005.0","0.0","0.0",0]],"last":1705319940}}`, missed)
	return true
}

func (w *streamWorld) tell(e StreamEvent) {
	if e.Event != EventTold {
		w.happens <- e
	}
}

// follow runs the stream until these events have come, in any order, and returns all events and the stream's error.
func (w *streamWorld) follow(t *testing.T, until ...Event) ([]StreamEvent, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- w.Stream(ctx, w.src, w.options) }()
	var events []StreamEvent
	for {
		select {
		case e := <-w.happens:
			events = append(events, e)
			if i := slices.Index(until, e.Event); i >= 0 {
				until = slices.Delete(until, i, i+1)
			}
			if len(until) == 0 {
				cancel()
			}
		case err := <-ended:
			for len(w.happens) > 0 {
				events = append(events, <-w.happens)
			}
			if ctx.Err() == context.DeadlineExceeded {
				t.Errorf("%v did not come within a minute, after:\n%s", until, eventsText(events))
			}
			return events, err
		}
	}
}

// eventsText prints events without what differs from run to run.
func eventsText(events []StreamEvent) string {
	var texts []string
	for _, e := range events {
		texts = append(texts, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Event, strings.Join(e.Instruments, " "), e.Reason)))
	}
	return strings.Join(texts, "\n")
}

// frames returns the lines of the batches that are stored, and how many batches there are.
func (w *streamWorld) frames(t *testing.T) (lines []string, batches int) {
	t.Helper()
	for _, name := range w.rawNames(t, "kraken") {
		records, err := w.Store.Blobs.Raw(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if records[0].Dataset != "kraken-ws-ohlc" {
			continue
		}
		batches++
		for text := range bytes.Lines(records[0].Body) {
			lines = append(lines, strings.TrimSuffix(string(text), "\n"))
		}
	}
	return lines, batches
}

// bars cleans all that is on the queue and returns the minutes that are stored of bitcoin, as their start, close and volume.
func (w *streamWorld) bars(t *testing.T) []string {
	t.Helper()
	for _, message := range w.messages(t, store.RawPrices) {
		if err := w.Clean(t.Context(), []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	id := market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}
	answer, err := w.History.Read(t.Context(), history.Query{
		Series: id, Interval: market.Minute, From: noon.Add(-time.Hour).Unix(), To: noon.Add(time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, bar := range answer.Bars {
		texts = append(texts, fmt.Sprintf("%s %v %v", time.Unix(bar.Start, 0).UTC().Format("15:04"), bar.Close, bar.Volume))
	}
	return texts
}

const (
	online = `{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2"}]}`
	beat   = `{"channel":"heartbeat"}`
)

// ack is the answer to a subscription.
func ack(symbol string) string {
	return fmt.Sprintf(`{"method":"subscribe","result":{"channel":"ohlc","interval":1,"snapshot":true,"symbol":%q},"success":true,"time_out":"2024-01-15T12:00:30Z"}`, symbol)
}

func refusal(symbol string) string {
	return fmt.Sprintf(`{"error":"Currency pair not supported %s","method":"subscribe","success":false,"symbol":%q,"time_out":"2024-01-15T12:00:30Z"}`, symbol, symbol)
}

// told is a frame at a time of 2024-01-15 that tells bars of bitcoin, each its minute, close and volume.
func told(kind, at string, bars ...string) string {
	var data []string
	for _, bar := range bars {
		fields := strings.Fields(bar)
		data = append(data, fmt.Sprintf(`{"symbol":"BTC/USD","open":42000.0,"high":42100.0,"low":41900.0,"close":%s,"trades":7,"volume":%s,`+
			`"interval_begin":"2024-01-15T%s:00.000000000Z","interval":1}`, fields[1], fields[2], fields[0]))
	}
	return fmt.Sprintf(`{"channel":"ohlc","type":%q,"timestamp":"2024-01-15T%sZ","data":[%s]}`, kind, at, strings.Join(data, ","))
}
