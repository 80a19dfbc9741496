// Kraken, OHLC.
//
// Documentation: https://docs.kraken.com/api/docs/rest-api/get-ohlc-data
// Limit: about one request a second per address; then "EGeneral:Too many requests".
// Terms: market data for own use.
//
// Oddities: failures come with status 200, in "error". At most the 720 newest bars, whatever "since" says. Oldest first;
// time, open, high, low, close, vwap, volume, count; times are seconds, prices and volumes strings. The last row is in
// progress; "last" names the last finished one. A minute without trades repeats the last close with volume 0 and vwap 0.
// Bitcoin is XBT, Dogecoin XDG; the question's XBTUSD is answered as XXBTZUSD.

package source

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/shared/market"
)

var kraken = Source{
	Name:     "kraken",
	Title:    "Kraken",
	Docs:     "https://docs.kraken.com/api/docs/rest-api/get-ohlc-data",
	Terms:    "Market data may be used by yourself.",
	Roles:    map[market.Class]market.Role{market.Crypto: market.Venue},
	Budget:   Budget{Calls: 1, Per: time.Second},
	Cadence:  market.Minute,
	Symbol:   krakenSymbol,
	Requests: krakenRequests,
	Feed:     krakenFeed,
	Past:     Past{Intervals: market.Stored[:], Window: krakenWindow, Newest: krakenWindow, request: krakenRequest},
	Manner: Manner{
		Limits:  "About one call a second per address.",
		Window:  "The 720 newest bars, whatever is asked for.",
		History: "12 hours of minutes, 30 days of hours, two years of days.",
		Order:   "Oldest first; the last bar is in progress.",
		Empty:   "Repeats the last price with volume 0.",
		Times:   "Start of the bar, in seconds.",
	},
	formats: []format{{dataset: "kraken-ohlc", parse: parseKraken}, {dataset: krakenFeed.Dataset, parse: krakenFeed.parse}},
}

// krakenCodes are the two coins that Kraken calls by names of its own.
var krakenCodes = map[string]string{"BTC": "XBT", "DOGE": "XDG"}

func krakenSymbol(in market.Instrument) (string, bool) {
	base, quote := krakenPair(in.ID)
	return base + quote, in.Class == market.Crypto
}

func krakenPair(id string) (base, quote string) {
	base, quote = pair(id)
	if code, ok := krakenCodes[base]; ok {
		base = code
	}
	return base, quote
}

// krakenWindow is how many bars there are: the newest.
const krakenWindow = 720

func krakenRequests(in market.Instrument, ask Ask) []Request {
	if _, ok := krakenSymbol(in); !ok {
		return nil
	}
	request := func(i market.Interval, since int64) Request {
		r := krakenRequest(in, i, since, 0)
		r.To = i.Floor(ask.Now)
		r.From = max(i.Floor(since), r.To-(krakenWindow-1)*int64(i))
		return r
	}
	requests := []Request{request(market.Minute, ask.From)}
	if ask.Full {
		requests = append(requests, request(market.Hour, 0), request(market.Day, 0))
	}
	return requests
}

// krakenRequest asks from a bar on, or for all when from is 0: where it ends cannot be said.
func krakenRequest(in market.Instrument, i market.Interval, from, _ int64) Request {
	symbol, _ := krakenSymbol(in)
	query := url.Values{"pair": {symbol}, "interval": {fmt.Sprint(int64(i / market.Minute))}}
	if from > 0 {
		query.Set("since", fmt.Sprint(i.Floor(from)-int64(i))) // the bar of "since" itself may be left out
	}
	return Request{
		URL:     "https://api.kraken.com/0/public/OHLC?" + query.Encode(),
		Dataset: "kraken-ohlc", Interval: i, Series: []market.SeriesID{{Instrument: in.ID, Source: "kraken"}},
	}
}

func parseKraken(p Payload, emit func(market.Row)) error {
	var answer struct {
		Error  []string
		Result object
	}
	malformed := json.Unmarshal(p.Body, &answer)
	if err := krakenFailure(answer.Error); err != nil {
		return err
	}
	if err := answered(p); err != nil {
		return err
	}
	if malformed != nil {
		return fmt.Errorf("%w: %s: %w", malformed, excerpt(p.Body), ErrFormat)
	}
	c, err := newCandles(p)
	if err != nil {
		return err
	}
	rows, last, err := krakenResult(answer.Result, c.series)
	if err != nil {
		return err
	}
	for n, text := range rows {
		fields, err := array(text, n, 8)
		if err != nil {
			return err
		}
		start, err := strconv.ParseInt(scalar(fields[0]), 10, 64)
		c.add(market.Row{
			Open: scalar(fields[1]), High: scalar(fields[2]), Low: scalar(fields[3]), Close: scalar(fields[4]), Volume: scalar(fields[6]),
			Unfinished: err == nil && start > last,
		}, scalar(fields[0]), text)
	}
	return c.emit(emit)
}

// krakenResult takes the rows of the pair that was asked for, and the start of the last finished one.
func krakenResult(result object, series market.SeriesID) (rows []json.RawMessage, last int64, err error) {
	last, err = strconv.ParseInt(result.value("last"), 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf(`"last" is %.40q, want the time of the last finished bar: %w`, result.value("last"), ErrFormat)
	}
	base, quote := krakenPair(series.Instrument)
	plain, _ := pair(series.Instrument)
	names := []string{base + quote, "X" + base + "Z" + quote, base + "/" + quote, plain + "/" + quote}
	for name, value := range result {
		if name == "last" {
			continue
		}
		if !slices.Contains(names, name) || len(result) != 2 {
			return nil, 0, fmt.Errorf("answer is about %.40q, want %s and nothing else: %w", name, base+quote, ErrFormat)
		}
		if err := decode(value, &rows); err != nil {
			return nil, 0, err
		}
		return rows, last, nil
	}
	return nil, 0, fmt.Errorf("answer holds no pair, want %s: %w", base+quote, ErrFormat)
}

// krakenFailure reads "error". What begins with W is a warning.
func krakenFailure(messages []string) error {
	kinds := []struct {
		contains string
		kind     error
	}{
		{"Too many requests", ErrLimited},
		{"Rate limit", ErrLimited},
		{"Throttled", ErrLimited},
		{"lockout", ErrLimited},
		{"Exceeded msg rate", ErrLimited},
		{"Currency pair not supported", ErrUnknownSymbol},
		{"Unknown asset", ErrUnknownSymbol},
		{"Invalid arguments", ErrRefused},
		{"Permission denied", ErrRefused},
	}
	for _, message := range messages {
		if strings.HasPrefix(message, "W") {
			continue
		}
		kind := ErrUnavailable
		for _, k := range kinds {
			if strings.Contains(message, k.contains) {
				kind = k.kind
			}
		}
		return fmt.Errorf("kraken says %.120q: %w", message, kind)
	}
	return nil
}
