// National Bank of Poland, price of gold: one price of each business day.
//
// Documentation: https://api.nbp.pl/en.html
// Limit: none stated; at most 93 days a call.
// Terms: all rights reserved; the data may be used with the bank named as the source.
//
// Oddities: zloty per GRAM, which the answer does not say: an instrument of its own. "data" is the date and "cena" the price.
// Oldest first. A window without a business day is 404.

package source

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"assay/shared/market"
)

var nbp = Source{
	Name:     "nbp",
	Title:    "National Bank of Poland",
	Docs:     "https://api.nbp.pl/en.html",
	Terms:    "All rights reserved by the bank; name it as the source.",
	OptIn:    true,
	Roles:    map[market.Class]market.Role{market.Metal: market.Publisher},
	Budget:   Budget{Calls: 1, Per: time.Second},
	Cadence:  market.Day,
	Symbol:   nbpSymbol,
	Requests: nbpRequests,
	Past:     Past{Intervals: []market.Interval{market.Day}, Window: nbpWindow, First: 1357084800, request: nbpRequest},
	Manner: Manner{
		Limits:  "None stated.",
		Window:  "93 days a call.",
		History: "From 2013-01-02.",
		Order:   "Oldest first.",
		Empty:   "No row on holidays.",
		Times:   "The date in Warsaw on which the price holds.",
	},
	formats: []format{{dataset: "nbp-gold", parse: parseNBP}},
}

func nbpSymbol(in market.Instrument) (string, bool) { return "cenyzlota", in.ID == "XAU-PLN-FIX" }

// nbpWindow is how many days one call may span.
const nbpWindow = 93

func nbpRequests(in market.Instrument, ask Ask) []Request {
	if _, ok := nbpSymbol(in); !ok {
		return nil
	}
	today := market.Day.Floor(ask.Now)
	if month := today - 30*int64(market.Day); ask.From == 0 || ask.From > month {
		r := nbpSpan(in, "last/30") // an address that stays the same has validators
		r.From, r.To = month, today
		return []Request{r}
	}
	var requests []Request
	for from := market.Day.Floor(ask.From); from <= today && len(requests) < maxWindows; from += nbpWindow * int64(market.Day) {
		last := min(from+(nbpWindow-1)*int64(market.Day), today)
		r := nbpRequest(in, market.Day, from, last)
		r.From, r.To = from, min(last+int64(market.Day), today)
		requests = append(requests, r)
	}
	return requests
}

func nbpRequest(in market.Instrument, _ market.Interval, from, last int64) Request {
	return nbpSpan(in, date(from)+"/"+date(last))
}

func nbpSpan(in market.Instrument, span string) Request {
	symbol, _ := nbpSymbol(in)
	return Request{
		URL:     "https://api.nbp.pl/api/" + symbol + "/" + span + "/?format=json",
		Dataset: "nbp-gold", Interval: market.Day, Series: []market.SeriesID{{Instrument: in.ID, Source: "nbp"}},
		Conditional: true,
	}
}

// date returns the UTC day of a time, 2006-01-02.
func date(t int64) string { return time.Unix(t, 0).UTC().Format(time.DateOnly) }

func parseNBP(p Payload, emit func(market.Row)) error {
	if p.Status == http.StatusNotFound && !isHTML(p.Body) {
		return nil // no business day in the window
	}
	if err := answered(p); err != nil {
		return err
	}
	series, err := p.only()
	if err != nil {
		return err
	}
	var days []json.RawMessage
	if err := decode(p.Body, &days); err != nil {
		return err
	}
	rows := make([]market.Row, len(days))
	for n, text := range days {
		var day object
		if err := decode(text, &day); err != nil {
			return err
		}
		if day["data"] == nil && day["cena"] == nil {
			return fmt.Errorf(`day %d has neither "data" nor "cena": %s: %w`, n+1, excerpt(text), ErrFormat)
		}
		rows[n] = market.Row{
			Series: series, Interval: market.Day, Number: n + 1, Close: day.value("cena"), Currency: "PLN", Unit: "g", Text: string(text),
		}
		setDay(&rows[n], day.value("data"))
	}
	for _, row := range rows {
		emit(row)
	}
	return nil
}
