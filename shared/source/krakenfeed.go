// Kraken, WebSocket v2, channel ohlc.
//
// Documentation: https://docs.kraken.com/api/docs/websocket-v2/ohlc
// Limit: no number is documented for connections; people report that an address is shut out for ten minutes after about 150
// in ten minutes. "Exceeded msg rate" when too much is asked.
// Terms: market data for own use.
//
// Oddities: a subscription is answered once for each symbol. One that Kraken does not have is refused with "success":false, and
// then only heartbeats come. First comes a snapshot of the last bars, then an update each time the newest bar has changed;
// nothing says that a bar is finished. Prices and volumes are JSON numbers, times have nanoseconds. The bar's "timestamp" is
// its end, and deprecated; the frame's "timestamp" is Kraken's clock. A minute without trades is left out. Bitcoin is BTC here,
// not XBT. A heartbeat comes about once a second.

package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"assay/shared/market"
)

var krakenFeed = &Feed{
	URL:       "wss://ws.kraken.com/v2",
	Dataset:   "kraken-ws-ohlc",
	Interval:  market.Minute,
	Connects:  Budget{Calls: 60, Per: 10 * time.Minute},
	Silence:   10 * time.Second,
	Symbol:    func(instrument string) string { base, quote := pair(instrument); return base + "/" + quote },
	Subscribe: krakenSubscribe,
	Ping:      `{"method":"ping"}`,
	Read:      readKraken,
}

func krakenSubscribe(symbols []string) string {
	list, _ := json.Marshal(symbols) // texts can always be encoded
	return `{"method":"subscribe","params":{"channel":"ohlc","symbol":` + string(list) + `,"interval":1,"snapshot":true}}`
}

func readKraken(text []byte) (Frame, error) {
	var o object
	if err := decode(text, &o); err != nil {
		return Frame{}, err
	}
	_, channel := o["channel"]
	_, method := o["method"]
	_, failure := o["error"]
	switch {
	case o.value("channel") == "ohlc":
		return krakenBars(o)
	case method || failure:
		return krakenAnswer(o)
	case channel: // status, heartbeat
		return Frame{}, nil
	default:
		return Frame{}, fmt.Errorf("it is of no channel and answers nothing: %s: %w", excerpt(text), ErrFormat)
	}
}

// krakenAnswer reads the answer to what we have sent.
func krakenAnswer(o object) (Frame, error) {
	var frame Frame
	frame.Time, _ = time.Parse(time.RFC3339Nano, o.value("time_out"))
	if message := o.value("error"); message != Missing {
		frame.Failure = krakenFailure([]string{message})
		if symbol := o.value("symbol"); symbol != Missing && errors.Is(frame.Failure, ErrUnknownSymbol) {
			frame.Refused, frame.Failure = symbol, nil
		}
		return frame, nil
	}
	if o.value("method") == "subscribe" {
		var result object
		if err := decode(o["result"], &result); err != nil {
			return Frame{}, err
		}
		frame.Joined = result.value("symbol")
	}
	return frame, nil
}

// krakenBars reads a snapshot or an update.
func krakenBars(o object) (Frame, error) {
	at, err := time.Parse(time.RFC3339Nano, o.value("timestamp"))
	if err != nil {
		return Frame{}, fmt.Errorf("its time is %.40q: %w", o.value("timestamp"), ErrFormat)
	}
	if kind := o.value("type"); kind != "snapshot" && kind != "update" {
		return Frame{}, fmt.Errorf("it is of type %.40q, want snapshot or update: %w", kind, ErrFormat)
	}
	var data []json.RawMessage
	if err := decode(o["data"], &data); err != nil {
		return Frame{}, err
	}
	frame := Frame{Time: at, Bars: make([]Told, len(data))}
	for n, text := range data {
		frame.Bars[n] = krakenBar(text)
	}
	return frame, nil
}

func krakenBar(text json.RawMessage) Told {
	var o object
	err := decode(text, &o)
	start, badTime := time.Parse(time.RFC3339Nano, o.value("interval_begin"))
	_, quote, paired := strings.Cut(o.value("symbol"), "/")
	row := market.Row{
		Start: start.Unix(), Open: o.value("open"), High: o.value("high"), Low: o.value("low"), Close: o.value("close"), Volume: o.value("volume"),
		Currency: quote, Text: string(text),
	}
	switch {
	case err != nil:
		row.Unreadable = err.Error()
	case badTime != nil || start.Nanosecond() != 0:
		row.Unreadable = fmt.Sprintf("its interval_begin is %.40q, want a whole second", o.value("interval_begin"))
	case o.value("interval") != "1":
		row.Unreadable = fmt.Sprintf("its interval is %.40q, want 1 minute", o.value("interval"))
	case !paired:
		row.Unreadable = fmt.Sprintf("its symbol is %.40q, want one such as BTC/USD", o.value("symbol"))
	}
	return Told{Symbol: o.value("symbol"), Row: row}
}
