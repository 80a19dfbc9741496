package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"

	"assay/shared/market"
)

const (
	socketTick     = time.Second // real time between two looks at the market
	socketSnapshot = 10          // bars that a subscription begins with
	socketTime     = "2006-01-02T15:04:05.000000000Z"
)

// subscription is one symbol's channel of bars: what has been told of it.
type subscription struct {
	instrument *instrument
	interval   market.Interval
	start      int64  // of the newest bar that was told
	told       string // that bar, as it was told
}

// command is what a client of the socket sends.
type command struct {
	Method string
	Params struct {
		Channel  string
		Symbol   []string
		Interval int64
		Snapshot *bool
	}
}

// krakenSocket speaks Kraken's WebSocket v2 at /v2, the channel ohlc: a snapshot, then every change of the bar in progress and
// a heartbeat each second. A bar without a trade is left out. A symbol that it does not have, such as XBT/USD, is refused by
// a message; the connection stays, and is silent but for the heartbeats.
func (s *Sim) krakenSocket(w http.ResponseWriter, r *http.Request, _ time.Time) {
	if r.URL.Path != "/v2" {
		reply(w, http.StatusNotFound, "text/plain", "not found\n")
		return
	}
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // the Origin of a program says nothing
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = c.CloseNow() }()
	commands := make(chan command)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		defer cancel()
		for {
			_, text, err := c.Read(ctx)
			if err != nil {
				return
			}
			var asked command
			_ = json.Unmarshal(text, &asked) // what is not JSON is an unknown method
			select {
			case commands <- asked:
			case <-ctx.Done():
				return
			}
		}
	}()
	s.talk(ctx, commands, func(text string) error { return c.Write(ctx, websocket.MessageText, []byte(text)) })
}

// talk answers commands and tells what is new until the connection ends.
func (s *Sim) talk(ctx context.Context, commands <-chan command, send func(string) error) {
	ticker := time.NewTicker(socketTick)
	defer ticker.Stop()
	var open []*subscription
	err := send(`{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":1,"upcoming_maintenance":[],"emergency":[]}]}`)
	for err == nil {
		var messages []string
		select {
		case <-ctx.Done():
			return
		case asked := <-commands:
			messages, open = s.obey(asked, open)
		case <-ticker.C:
			now := s.now().UTC()
			for _, sub := range open {
				messages = append(messages, s.news(sub, now)...)
			}
			messages = append(messages, `{"channel":"heartbeat"}`)
		}
		for _, text := range messages {
			if err = send(text); err != nil {
				return
			}
		}
	}
}

// obey answers a command.
func (s *Sim) obey(asked command, open []*subscription) ([]string, []*subscription) {
	now := s.now().UTC()
	stamps := fmt.Sprintf(`"time_in":"%s","time_out":"%s"`, now.Format(time.RFC3339Nano), now.Format(time.RFC3339Nano))
	p := asked.Params
	switch {
	case asked.Method == "ping":
		return []string{`{"method":"pong",` + stamps + `}`}, open
	case asked.Method != "subscribe" || p.Channel != "ohlc" || !slices.Contains(krakenMinutes, p.Interval):
		return []string{`{"error":"Unsupported method, channel or interval","method":"` + jsonText(asked.Method) + `","success":false,` + stamps + `}`}, open
	}
	var messages []string
	for _, symbol := range p.Symbol {
		base, dollars := strings.CutSuffix(symbol, "/USD")
		in := s.coin(base)
		if !dollars || in == nil {
			messages = append(messages, fmt.Sprintf(`{"error":"Currency pair not supported %s","method":"subscribe","success":false,"symbol":"%s",%s}`, jsonText(symbol), jsonText(symbol), stamps))
			continue
		}
		sub := &subscription{instrument: in, interval: market.Interval(p.Interval) * market.Minute}
		sub.start = sub.interval.Floor(now.Unix()) - socketSnapshot*int64(sub.interval)
		open = append(open, sub)
		messages = append(messages, fmt.Sprintf(`{"method":"subscribe","result":{"channel":"ohlc","interval":%d,"snapshot":true,"symbol":"%s",`+
			`"warnings":["timestamp is deprecated, use interval_begin"]},"success":true,%s}`, p.Interval, symbol, stamps))
		if rows := s.changes(sub, now); p.Snapshot == nil || *p.Snapshot {
			messages = append(messages, frame("snapshot", rows, now))
		}
	}
	return messages, open
}

// news are the updates of a subscription, one for each bar that is new or has changed.
func (s *Sim) news(sub *subscription, now time.Time) []string {
	var messages []string
	for _, row := range s.changes(sub, now) {
		messages = append(messages, frame("update", []string{row}, now))
	}
	return messages
}

// changes are the bars since the one that was told last, itself included if it has changed.
func (s *Sim) changes(sub *subscription, now time.Time) []string {
	bars := s.bars(krakenVenue, sub.instrument, sub.interval, sub.start, now.Unix(), now)
	bars = slices.DeleteFunc(bars, func(c candle) bool { return c.count == 0 })
	var rows []string
	for _, c := range s.tellCandles(krakenVenue, sub.instrument, sub.interval, bars, now) {
		if row := socketRow(sub, c); row != sub.told {
			rows = append(rows, row)
			sub.start, sub.told = c.start, row
		}
	}
	return rows
}

func socketRow(sub *subscription, c record) string {
	last := ""
	if !c.absent {
		last = `"close":` + oneDecimal(c.close) + ","
	}
	begin, stop := time.Unix(c.start, 0).UTC(), time.Unix(sub.interval.Next(c.start), 0).UTC()
	return fmt.Sprintf(`{"symbol":"%s/USD","open":%s,"high":%s,"low":%s,%s"trades":%d,"volume":%s,"vwap":%s,"interval_begin":"%s","interval":%d,"timestamp":"%s"}`,
		sub.instrument.base, oneDecimal(c.open), oneDecimal(c.high), oneDecimal(c.low), last, c.count, number(c.volume, false),
		oneDecimal(krakenVenue.tick(sub.instrument, (c.high+c.low+c.close)/3)), begin.Format(socketTime), int64(sub.interval/market.Minute), stop.Format("2006-01-02T15:04:05.000000Z"))
}

func frame(kind string, rows []string, now time.Time) string {
	return fmt.Sprintf(`{"channel":"ohlc","type":"%s","timestamp":"%s","data":%s}`, kind, now.Format(socketTime), list(rows))
}

// jsonText is a client's text as it can stand within quotes.
func jsonText(s string) string {
	text, _ := json.Marshal(s) // a string can always be encoded
	return string(text[1 : len(text)-1])
}
