// Binance, klines: prices in USDT, which is not the dollar.
//
// Documentation: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
// Limit: 6,000 units of weight a minute per address, 2 a call; then 429, later 418, both with Retry-After.
// Terms: not for users in some places, which get 451; whether data may be passed on is unclear.
//
// Oddities: oldest first, at most 1,000 rows; twelve fields, prices as strings, times in milliseconds: start, open, high, low,
// close, volume, the bar's last millisecond, quote volume, … The last bar is in progress: its end lies in the future. An
// interval without trades repeats the last price with volume 0. Failures are {"code":…,"msg":…}.

package source

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"assay/shared/market"
)

var binance = Source{
	Name:     "binance",
	Title:    "Binance",
	Docs:     "https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints",
	Terms:    "Not offered everywhere: some places get 451. Its prices are in USDT, so watch BTC-USDT; they never vote on BTC-USD.",
	OptIn:    true,
	Roles:    map[market.Class]market.Role{market.Crypto: market.Venue},
	Budget:   Budget{Calls: 10, Per: time.Second},
	Cadence:  market.Minute,
	Symbol:   binanceSymbol,
	Requests: binanceRequests,
	Past:     Past{Intervals: market.Stored[:], Window: binanceWindow, First: 1502928000, request: binanceRequest},
	Manner: Manner{
		Limits:  "6,000 units of weight a minute per address, 2 a call.",
		Window:  "1,000 bars a call.",
		History: "From 2017-08-17 for BTC-USDT.",
		Order:   "Oldest first; the last bar may be in progress.",
		Empty:   "Repeats the last price with volume 0.",
		Times:   "Start of the bar, in milliseconds.",
	},
	formats: []format{{dataset: "binance-klines", parse: parseBinance}},
}

func binanceSymbol(in market.Instrument) (string, bool) {
	base, quote := pair(in.ID)
	return base + quote, in.Class == market.Crypto && quote == "USDT"
}

// binanceWindow is how many bars one call returns.
const binanceWindow = 1000

func binanceRequests(in market.Instrument, ask Ask) []Request {
	if _, ok := binanceSymbol(in); !ok {
		return nil
	}
	return windows(in, ask, binanceWindow, binanceRequest)
}

func binanceRequest(in market.Instrument, interval market.Interval, from, last int64) Request {
	symbol, _ := binanceSymbol(in)
	query := url.Values{
		"symbol": {symbol}, "interval": {interval.String()}, "limit": {fmt.Sprint(binanceWindow)},
		"startTime": {fmt.Sprint(from * 1000)}, "endTime": {fmt.Sprint(last * 1000)},
	}
	return Request{
		URL:     "https://data-api.binance.vision/api/v3/klines?" + query.Encode(),
		Dataset: "binance-klines", Interval: interval, Series: []market.SeriesID{{Instrument: in.ID, Source: "binance"}},
	}
}

func parseBinance(p Payload, emit func(market.Row)) error {
	if err := binanceFailure(p); err != nil {
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
		fields, err := array(text, n, 12)
		if err != nil {
			return err
		}
		start, bad1 := strconv.ParseInt(scalar(fields[0]), 10, 64)
		last, bad2 := strconv.ParseInt(scalar(fields[6]), 10, 64)
		if bad1 == nil && bad2 == nil && last+1-start != int64(c.Interval)*1000 {
			return fmt.Errorf("row %d is a bar of %d ms, want one of %s: %w", n+1, last+1-start, c.Interval, ErrFormat)
		}
		c.add(market.Row{
			Open: scalar(fields[1]), High: scalar(fields[2]), Low: scalar(fields[3]), Close: scalar(fields[4]),
			Volume: scalar(fields[5]), QuoteVolume: scalar(fields[7]),
		}, wholeSeconds(scalar(fields[0])), text)
	}
	return c.emit(emit)
}

// binanceFailure reads {"code":-1121,"msg":"Invalid symbol."}. A refusal by place has code 0.
func binanceFailure(p Payload) error {
	var failure struct{ Code, Msg json.RawMessage }
	if json.Unmarshal(p.Body, &failure) != nil || failure.Code == nil {
		return answered(p)
	}
	kind := statusKind(p.Status)
	switch scalar(failure.Code) {
	case "-1121":
		kind = ErrUnknownSymbol
	case "-1003", "-1015":
		kind = ErrLimited
	case "-1000", "-1001", "-1007", "-1008", "-1016":
		kind = ErrUnavailable
	default:
		if kind == nil {
			kind = ErrRefused
		}
	}
	return fmt.Errorf("binance says %s: %w", excerpt(p.Body), kind)
}
