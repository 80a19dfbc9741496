// Coinbase Exchange, candles.
//
// Documentation: https://docs.cdp.coinbase.com/exchange/reference/exchangerestapi_getproductcandles
// Limit: 10 requests a second per address, bursts to 15; then 429, without a header that says for how long.
// Terms: market data for own use; passing it on needs an agreement.
//
// Oddities: newest first; the order is time, low, high, open, close, volume; times are seconds, prices JSON numbers, volumes
// carry float noise (4.727521520000001). A minute without trades is left out. At most 300 bars a call, a longer window is
// refused with 400; rows before the window's start may come along. The newest bar is in progress and not marked. Requests
// without a User-Agent are refused.

package source

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"assay/shared/market"
)

var coinbase = Source{
	Name:     "coinbase",
	Title:    "Coinbase Exchange",
	Docs:     "https://docs.cdp.coinbase.com/exchange/reference/exchangerestapi_getproductcandles",
	Terms:    "Market data may be used by yourself; passing it on needs an agreement with Coinbase.",
	Roles:    map[market.Class]market.Role{market.Crypto: market.Venue},
	Budget:   Budget{Calls: 6, Per: time.Second},
	Cadence:  market.Minute,
	Symbol:   coinbaseSymbol,
	Requests: coinbaseRequests,
	Past:     Past{Intervals: market.Stored[:], Window: coinbaseWindow, First: 1437350400, request: coinbaseRequest},
	Manner: Manner{
		Limits:  "10 calls a second per address, bursts to 15.",
		Window:  "300 bars a call.",
		History: "From 2015-07-20 for BTC-USD.",
		Order:   "Newest first.",
		Empty:   "Left out.",
		Times:   "Start of the bar, in seconds.",
	},
	formats: []format{{dataset: "coinbase-candles", parse: parseCoinbase}},
}

func coinbaseSymbol(in market.Instrument) (string, bool) {
	base, quote := pair(in.ID)
	return base + "-" + quote, in.Class == market.Crypto
}

// coinbaseWindow is how many bars one call returns.
const coinbaseWindow = 300

func coinbaseRequests(in market.Instrument, ask Ask) []Request {
	if _, ok := coinbaseSymbol(in); !ok {
		return nil
	}
	return windows(in, ask, coinbaseWindow, coinbaseRequest)
}

func coinbaseRequest(in market.Instrument, interval market.Interval, from, last int64) Request {
	symbol, _ := coinbaseSymbol(in)
	query := url.Values{
		"granularity": {fmt.Sprint(int64(interval))},
		"start":       {fmt.Sprint(from)}, "end": {fmt.Sprint(last)},
	}
	return Request{
		URL:     "https://api.exchange.coinbase.com/products/" + symbol + "/candles?" + query.Encode(),
		Dataset: "coinbase-candles", Interval: interval, Series: []market.SeriesID{{Instrument: in.ID, Source: "coinbase"}},
	}
}

func parseCoinbase(p Payload, emit func(market.Row)) error {
	if err := coinbaseFailure(p); err != nil {
		return err
	}
	c, err := newCandles(p)
	if err != nil {
		return err
	}
	var rows []json.RawMessage
	if err := decode(p.Body, &rows); err != nil {
		return err
	}
	for n, text := range rows {
		fields, err := array(text, n, 6)
		if err != nil {
			return err
		}
		c.add(market.Row{
			Low: scalar(fields[1]), High: scalar(fields[2]), Open: scalar(fields[3]), Close: scalar(fields[4]), Volume: scalar(fields[5]),
		}, scalar(fields[0]), text)
	}
	return c.emit(emit)
}

// coinbaseFailure reads {"message":"…"}, which is also what a failure looks like whose status got lost.
func coinbaseFailure(p Payload) error {
	var failure struct{ Message string }
	if json.Unmarshal(p.Body, &failure) != nil || failure.Message == "" {
		return answered(p)
	}
	kind := statusKind(p.Status)
	switch message := strings.ToLower(failure.Message); {
	case strings.Contains(message, "rate limit"):
		kind = ErrLimited
	case message == "notfound":
		kind = ErrUnknownSymbol
	case kind == nil:
		kind = ErrRefused
	}
	return fmt.Errorf("coinbase says %.120q: %w", failure.Message, kind)
}
