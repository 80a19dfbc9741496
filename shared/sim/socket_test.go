package sim_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"assay/shared/market"
	"assay/shared/sim"
)

// A subscription gets a status, an answer, a snapshot and updates that agree with the market; a symbol of the older interface
// is refused, and the heart beats.
func TestKrakenSocket(t *testing.T) {
	began := time.Now()
	s, err := sim.New(sim.Options{Seed: 1, Now: func() time.Time { return noon.Add(60 * time.Since(began)) }})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(server.URL, "http", "ws", 1)+"/v2", &websocket.DialOptions{Host: "ws.kraken.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	ask := `{"method":"subscribe","params":{"channel":"ohlc","symbol":["BTC/USD","XBT/USD"],"interval":1}}`
	if err := c.Write(ctx, websocket.MessageText, []byte(ask)); err != nil {
		t.Fatal(err)
	}
	seen, finished := map[string]int{}, map[int64]float64{}
	for seen["ohlc update"] < 3 || seen["heartbeat "] < 2 {
		_, text, err := c.Read(ctx)
		if err != nil {
			t.Fatalf("after %v: %v", seen, err)
		}
		var m struct {
			Channel, Type, Method, Error string
			Data                         []struct {
				Begin time.Time `json:"interval_begin"`
				Close float64
			}
		}
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		seen[m.Channel+m.Error+" "+m.Type+m.Method]++
		for _, bar := range m.Data {
			if m.Channel == "ohlc" {
				finished[bar.Begin.Unix()] = bar.Close
			}
		}
	}
	for _, want := range []string{"status update", " subscribe", "Currency pair not supported XBT/USD subscribe", "ohlc snapshot"} {
		if seen[want] != 1 {
			t.Errorf("%q came %d times, want once; all: %v", want, seen[want], seen)
		}
	}
	bars := s.Bars("kraken", "BTC-USD", market.Minute, noon.Add(-9*time.Minute).Unix(), noon.Add(-time.Minute).Unix())
	for _, b := range bars {
		if finished[b.Start] != b.Close {
			t.Errorf("bar %d: got a close of %v, the market says %v", b.Start, finished[b.Start], b.Close)
		}
	}
	if len(bars) < 5 {
		t.Errorf("the market has %d bars in eight minutes", len(bars))
	}
}
