// European Central Bank, euro foreign exchange reference rates: files of the whole history or of one day.
//
// Documentation: https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/
// Limit: none stated; a new rate at about 16:00 CET on TARGET days.
// Terms: free, with the source named.
//
// Oddities: units of a currency for one euro. The history is newest first, with N/A for currencies that have ended; the file
// of one day has blanks after its commas and writes "13 April 2026". Every line ends in a comma: an empty column. Zipped.
// Only EUR-USD is taken.

package source

import (
	"strings"
	"time"

	"assay/shared/market"
)

var ecb = Source{
	Name:     "ecb",
	Title:    "European Central Bank",
	Docs:     "https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/",
	Terms:    "Free for any use with the European Central Bank named as the source.",
	Roles:    map[market.Class]market.Role{market.FX: market.Publisher},
	Symbol:   ecbSymbol,
	Requests: func(market.Instrument, Ask) []Request { return nil },
	formats:  []format{{dataset: "ecb-csv", parse: parseECB, detect: detectECB}},
}

func ecbSymbol(in market.Instrument) (string, bool) {
	base, quote := pair(in.ID)
	return quote, in.Class == market.FX && base == "EUR"
}

func parseECB(p Payload, emit func(market.Row)) error {
	series, err := p.only()
	if err != nil {
		return err
	}
	s, err := p.sheet("Date", "USD")
	if err != nil {
		return err
	}
	date, dollars := s.column("Date"), s.column("USD")
	for l := range s.lines() {
		row := l.daily(series, date)
		if long, err := time.Parse("2 January 2006", row.BadTime); err == nil {
			row.Start, row.BadTime = long.Unix(), ""
		}
		if row.Close, row.Currency, row.Unit = l.cell(dollars), "USD", "EUR"; !l.empty(dollars) {
			emit(row)
		}
	}
	return nil
}

func detectECB(f file) (Detected, bool) {
	if s, ok := f.sheet("Date", "USD", "JPY", "GBP"); !ok || !strings.HasPrefix(strings.Join(s.header, ","), "Date,USD,JPY") {
		return Detected{}, false
	}
	return Detected{Dataset: "ecb-csv", Source: "ecb", Interval: market.Day, Series: []market.SeriesID{{Instrument: "EUR-USD", Source: "ecb"}}}, true
}
