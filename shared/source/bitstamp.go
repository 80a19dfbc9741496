// Bitstamp, OHLC.
//
// Documentation: https://www.bitstamp.net/api/#tag/Market-info/operation/GetOHLCData
// Limit: 400 requests a second and 10,000 in ten minutes per client; codes 400.002, 400.067, 400.068.
// Terms: market data for own use.
//
// Oddities: everything is a string, also the time in seconds. Oldest first, at most 1,000 bars; with start and end the ones
// nearest to the end. An interval without trades is a flat bar of volume 0, also for days on which the venue was down
// (2015-01-06 to 11). The daily list holds 2019-01-09 twice with different values: the later one counts. The newest bar is
// in progress and not marked.

package source

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"assay/shared/market"
)

var bitstamp = Source{
	Name:     "bitstamp",
	Title:    "Bitstamp",
	Docs:     "https://www.bitstamp.net/api/",
	Terms:    "Market data may be used by yourself.",
	Roles:    map[market.Class]market.Role{market.Crypto: market.Venue},
	Budget:   Budget{Calls: 10, Per: time.Second},
	Cadence:  market.Minute,
	Symbol:   bitstampSymbol,
	Requests: bitstampRequests,
	Past:     Past{Intervals: market.Stored[:], Window: bitstampWindow, First: 1313625600, request: bitstampRequest},
	Manner: Manner{
		Limits:  "400 calls a second, 10,000 in ten minutes.",
		Window:  "1,000 bars a call, those nearest to its end.",
		History: "From 2011-08 for BTC-USD.",
		Order:   "Oldest first.",
		Empty:   "Repeats the last price with volume 0.",
		Times:   "Start of the bar, in seconds.",
	},
	formats: []format{{dataset: "bitstamp-ohlc", parse: parseBitstamp}},
}

func bitstampSymbol(in market.Instrument) (string, bool) {
	base, quote := pair(in.ID)
	return strings.ToLower(base + quote), in.Class == market.Crypto
}

// bitstampWindow is how many bars one call returns.
const bitstampWindow = 1000

func bitstampRequests(in market.Instrument, ask Ask) []Request {
	if _, ok := bitstampSymbol(in); !ok {
		return nil
	}
	return windows(in, ask, bitstampWindow, bitstampRequest)
}

func bitstampRequest(in market.Instrument, interval market.Interval, from, last int64) Request {
	symbol, _ := bitstampSymbol(in)
	query := url.Values{
		"step": {fmt.Sprint(int64(interval))}, "limit": {fmt.Sprint(bitstampWindow)},
		"start": {fmt.Sprint(from)}, "end": {fmt.Sprint(last)},
	}
	return Request{
		URL:     "https://www.bitstamp.net/api/v2/ohlc/" + symbol + "/?" + query.Encode(),
		Dataset: "bitstamp-ohlc", Interval: interval, Series: []market.SeriesID{{Instrument: in.ID, Source: "bitstamp"}},
	}
}

func parseBitstamp(p Payload, emit func(market.Row)) error {
	if err := bitstampFailure(p); err != nil {
		return err
	}
	c, err := newCandles(p)
	if err != nil {
		return err
	}
	var answer struct {
		Data *struct {
			OHLC []json.RawMessage
			Pair string
		}
	}
	if err := decode(p.Body, &answer); err != nil {
		return err
	}
	if answer.Data == nil || answer.Data.OHLC == nil {
		return fmt.Errorf(`no "data" with "ohlc": %s: %w`, excerpt(p.Body), ErrFormat)
	}
	c.unit, c.currency, _ = strings.Cut(answer.Data.Pair, "/")
	for _, text := range answer.Data.OHLC {
		var o object
		if err := decode(text, &o); err != nil {
			return err
		}
		c.add(market.Row{
			Open: o.value("open"), High: o.value("high"), Low: o.value("low"), Close: o.value("close"), Volume: o.value("volume"),
		}, o.value("timestamp"), text)
	}
	return c.emit(emit)
}

// bitstampFailure reads {"code":"400.002",…}, with "reason" or "errors" beside it.
func bitstampFailure(p Payload) error {
	var failure struct {
		Code   json.RawMessage
		Reason json.RawMessage
		Errors json.RawMessage
	}
	if json.Unmarshal(p.Body, &failure) != nil || failure.Code == nil && failure.Reason == nil && failure.Errors == nil {
		return answered(p)
	}
	kind := statusKind(p.Status)
	switch scalar(failure.Code) {
	case "400.002", "400.067", "400.068":
		kind = ErrLimited
	default:
		if kind == nil {
			kind = ErrRefused
		}
	}
	return fmt.Errorf("bitstamp says %s: %w", excerpt(p.Body), kind)
}
