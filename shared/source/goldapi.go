// gold-api.com, spot prices of metals.
//
// Documentation: https://gold-api.com/docs
// Limit: none stated; a price is renewed every 30 seconds or so.
// Terms: free to use, without a key.
//
// Oddities: one number, without bid and ask, for a troy ounce, of no stated origin. "updatedAt" moves on while the market is
// closed, also at weekends: it does not prove a price, so outside the market's session nothing is asked and nothing is taken.

package source

import (
	"fmt"
	"strings"
	"time"

	"assay/shared/market"
)

var goldAPI = Source{
	Name:     "goldapi",
	Title:    "gold-api.com",
	Docs:     "https://gold-api.com/docs",
	Terms:    "Free to use.",
	Roles:    map[market.Class]market.Role{market.Metal: market.Aggregator},
	Budget:   Budget{Calls: 1, Per: time.Second},
	Cadence:  market.Minute,
	Symbol:   spotMetal,
	Requests: goldAPIRequests,
	Manner: Manner{
		Limits:  "None stated.",
		Window:  "The newest price only.",
		History: "None: what was not asked for in time is gone.",
		Order:   "One price.",
		Empty:   "Nothing is asked while the market is closed: the time of the price moves on then.",
		Times:   "When the price was renewed; its bar is that minute.",
	},
	formats: []format{{dataset: "goldapi-price", parse: parseGoldAPI}},
}

func goldAPIRequests(in market.Instrument, ask Ask) []Request {
	code, ok := spotMetal(in)
	if !ok || !isOpen(in, ask) {
		return nil
	}
	return []Request{{
		URL:     "https://api.gold-api.com/price/" + code,
		Dataset: "goldapi-price", Interval: market.Minute, Series: []market.SeriesID{{Instrument: in.ID, Source: "goldapi"}},
	}}
}

func parseGoldAPI(p Payload, emit func(market.Row)) error {
	if err := answered(p); err != nil {
		return err
	}
	series, err := p.only()
	if err != nil {
		return err
	}
	var o object
	if err := decode(p.Body, &o); err != nil {
		return err
	}
	if message := o.value("error"); message != Missing {
		kind := ErrUnavailable
		if strings.Contains(strings.ToLower(message), "too many") {
			kind = ErrLimited
		}
		return fmt.Errorf("gold-api says %.120q: %w", message, kind)
	}
	code, _ := pair(series.Instrument)
	if got := o.value("symbol"); got != code {
		return fmt.Errorf("answer is about %.40q, want %s: %s: %w", got, code, excerpt(p.Body), ErrFormat)
	}
	at, bad := time.Parse(time.RFC3339, o.value("updatedAt"))
	row := quoted(series, at.Unix(), o.value("price"), string(p.Body))
	if row.Currency = o.value("currency"); bad != nil {
		row.BadTime = o.value("updatedAt")
	}
	emit(row)
	return nil
}
