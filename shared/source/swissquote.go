// Swissquote, quotes of metals: what the bank would buy and sell at, by platform and by kind of account.
//
// Documentation: none; the feed is that of the bank's own page, https://www.swissquote.com/
// Limit: none stated.
// Terms: none stated; it may vanish.
//
// Oddities: one element for each platform, each with its own "ts" in milliseconds: the newest counts. Of its spread profiles
// one is taken, always the same: standard, else premium. The price is the middle of bid and ask, for a troy ounce. 0/0 is no
// quote. "ts" stands still while the market is closed: the old quote is of its old minute. Nothing names the pair but the URL.

package source

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"assay/shared/market"
)

var swissquote = Source{
	Name:     "swissquote",
	Title:    "Swissquote",
	Docs:     "https://www.swissquote.com/",
	Terms:    "Nothing is stated: the feed of the bank's own page, for own use.",
	Roles:    map[market.Class]market.Role{market.Metal: market.Quote},
	Budget:   Budget{Calls: 1, Per: time.Second},
	Cadence:  market.Minute,
	Symbol:   spotMetal,
	Requests: swissquoteRequests,
	Manner: Manner{
		Limits:  "None stated.",
		Window:  "The newest quote only.",
		History: "None: what was not asked for in time is gone.",
		Order:   "One element for each platform; the newest counts.",
		Empty:   "The time stands still while the market is closed; nothing is asked then.",
		Times:   "When the quote was made, in milliseconds; its bar is that minute.",
	},
	formats: []format{{dataset: "swissquote-quotes", parse: parseSwissquote}},
}

func swissquoteRequests(in market.Instrument, ask Ask) []Request {
	code, ok := spotMetal(in)
	if !ok || !isOpen(in, ask) {
		return nil
	}
	return []Request{{
		URL:     "https://forex-data-feed.swissquote.com/public-quotes/bboquotes/instrument/" + code + "/USD",
		Dataset: "swissquote-quotes", Interval: market.Minute, Series: []market.SeriesID{{Instrument: in.ID, Source: "swissquote"}},
		Conditional: true,
	}}
}

// swissquoteProfiles are the spread profiles that a price is taken from, the preferred first.
var swissquoteProfiles = []string{"standard", "premium"}

// platformQuotes is one element of an answer.
type platformQuotes struct {
	Time   json.RawMessage `json:"ts"`
	Prices []object        `json:"spreadProfilePrices"`
}

func parseSwissquote(p Payload, emit func(market.Row)) error {
	if err := answered(p); err != nil {
		return err
	}
	series, err := p.only()
	if err != nil {
		return err
	}
	var platforms []json.RawMessage
	if err := decode(p.Body, &platforms); err != nil {
		return err
	}
	var newest *market.Row
	at := int64(0)
	for n, text := range platforms {
		var quotes platformQuotes
		if err := decode(text, &quotes); err != nil {
			return err
		}
		ts, err := strconv.ParseInt(scalar(quotes.Time), 10, 64)
		if err != nil || ts <= 0 {
			return fmt.Errorf("platform %d has the time %.40q, want milliseconds: %w", n+1, scalar(quotes.Time), ErrFormat)
		}
		price, found := quotes.price()
		if !found {
			return fmt.Errorf("platform %d has no spread profile standard or premium: %s: %w", n+1, excerpt(text), ErrFormat)
		}
		if price != "" && (newest == nil || ts > at) {
			row := quoted(series, ts/1000, price, string(text))
			row.Number = n + 1
			newest, at = &row, ts
		}
	}
	if newest != nil {
		emit(*newest)
	}
	return nil
}

// price returns the middle of the preferred profile's bid and ask; the empty text for one that has neither.
func (q platformQuotes) price() (price string, found bool) {
	for _, profile := range swissquoteProfiles {
		for _, quote := range q.Prices {
			if quote.value("spreadProfile") != profile {
				continue
			}
			bid, ask := quote.value("bid"), quote.value("ask")
			if isZero(bid) && isZero(ask) {
				return "", true
			}
			return middle(bid, ask), true
		}
	}
	return "", false
}

func isZero(text string) bool {
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && v == 0
}
