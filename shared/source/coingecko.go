// CoinGecko, prices of coins over many exchanges.
//
// Documentation: https://docs.coingecko.com/v3.0.1/reference/simple-price
// Limit: with a Demo key 100 calls a minute and 10,000 a month.
// Terms: "Data provided by CoinGecko" with a link must stand beside what is shown.
//
// Oddities: one call answers for all coins, so that a month's calls last for one every five minutes. Coins have names, not
// codes. "last_updated_at" is in seconds. A wrong key is 401; the limit 429, as JSON or as a page. An answer leaves out what it
// does not know.

package source

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"assay/shared/market"
)

var coinGecko = Source{
	Name:     "coingecko",
	Title:    "CoinGecko",
	Docs:     "https://docs.coingecko.com/v3.0.1/reference/simple-price",
	Terms:    `Needs a key of one's own; "Data provided by CoinGecko", with a link, must stand beside what is shown.`,
	Key:      Key{Setting: "ASSAY_COINGECKO_KEY", Header: "X-Cg-Demo-Api-Key"},
	Roles:    map[market.Class]market.Role{market.Crypto: market.Aggregator},
	Budget:   Budget{Calls: 320, Per: 24 * time.Hour},
	Cadence:  market.Minute,
	Symbol:   coinGeckoSymbol,
	Requests: coinGeckoRequests,
	Manner: Manner{
		Limits:  "100 calls a minute and 10,000 a month with a Demo key.",
		Window:  "The newest price of every coin.",
		History: "None is asked for: what was not asked for in time is gone.",
		Order:   "One price for each coin.",
		Empty:   "Repeats the last price; its time stands still.",
		Times:   "When the price was computed, in seconds; its bar is that minute.",
	},
	formats: []format{{dataset: "coingecko-price", parse: parseCoinGecko}},
}

// coinNames are CoinGecko's names of the coins that it is asked for.
var coinNames = []struct{ code, name string }{
	{"BTC", "bitcoin"},
	{"ETH", "ethereum"},
	{"LTC", "litecoin"},
	{"PAXG", "pax-gold"},
	{"XAUT", "tether-gold"},
	{"SOL", "solana"},
	{"XRP", "ripple"},
	{"DOGE", "dogecoin"},
	{"ADA", "cardano"},
	{"BCH", "bitcoin-cash"},
	{"LINK", "chainlink"},
	{"XMR", "monero"},
}

func coinGeckoSymbol(in market.Instrument) (string, bool) {
	base, quote := pair(in.ID)
	for _, coin := range coinNames {
		if coin.code == base {
			return coin.name, in.Class == market.Crypto && quote == "USD"
		}
	}
	return "", false
}

// coinGeckoRequests asks for all coins, whichever is wanted: the same question for each of them is asked once.
func coinGeckoRequests(in market.Instrument, _ Ask) []Request {
	if _, ok := coinGeckoSymbol(in); !ok {
		return nil
	}
	var names []string
	for _, coin := range coinNames {
		names = append(names, coin.name)
	}
	query := url.Values{"ids": {strings.Join(names, ",")}, "vs_currencies": {"usd"}, "include_last_updated_at": {"true"}, "precision": {"full"}}
	return []Request{{
		URL:     "https://api.coingecko.com/api/v3/simple/price?" + query.Encode(),
		Dataset: "coingecko-price", Interval: market.Minute, Series: []market.SeriesID{{Instrument: in.ID, Source: "coingecko"}},
	}}
}

// parseCoinGecko takes from an answer the series that were asked for.
func parseCoinGecko(p Payload, emit func(market.Row)) error {
	if kind := statusKind(p.Status); kind != nil {
		return fmt.Errorf("coingecko answered %d: %w", p.Status, kind) // without the body, which may repeat the key
	}
	if err := hasData(p.Body); err != nil {
		return err
	}
	var answer map[string]json.RawMessage
	if err := decode(p.Body, &answer); err != nil {
		return err
	}
	var failure struct {
		Code json.RawMessage `json:"error_code"`
	}
	if json.Unmarshal(answer["status"], &failure) == nil && failure.Code != nil {
		kind := ErrRefused
		if scalar(failure.Code) == "429" {
			kind = ErrLimited
		}
		return fmt.Errorf("coingecko says error_code %.10s: %w", scalar(failure.Code), kind)
	}
	return coinGeckoPrices(p.Series, answer, emit)
}

// coinGeckoPrices refuses an answer that prices none of what was asked for: that is another format. Of one that leaves a coin
// out, the others count.
func coinGeckoPrices(series []market.SeriesID, answer map[string]json.RawMessage, emit func(market.Row)) error {
	var rows []market.Row
	priced := 0
	for n, id := range series {
		name, ok := coinGeckoSymbol(market.Instrument{ID: id.Instrument, Class: market.Crypto})
		if !ok {
			return fmt.Errorf("payload is declared to hold %s, which CoinGecko has no name for here: %w", id, ErrFormat)
		}
		var coin object
		if text, ok := answer[name]; ok {
			if err := decode(text, &coin); err != nil {
				return err
			}
		}
		if coin.value("usd") != Missing {
			priced++
		}
		at, err := strconv.ParseInt(coin.value("last_updated_at"), 10, 64)
		row := quoted(id, at, coin.value("usd"), string(answer[name]))
		if row.Number, row.Currency = n+1, "USD"; err != nil {
			row.BadTime = coin.value("last_updated_at")
		}
		rows = append(rows, row)
	}
	if priced == 0 {
		return fmt.Errorf("answer has no price in usd of what was asked for: %w", ErrFormat)
	}
	for _, row := range rows {
		emit(row)
	}
	return nil
}
