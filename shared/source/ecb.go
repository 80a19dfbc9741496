// European Central Bank, euro foreign exchange reference rates: by the data portal, by the file of the newest day when the
// portal fails, and as files of the whole history.
//
// Documentation: https://data.ecb.europa.eu/help/api/data and
// https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/
// Limit: none stated; a new rate at about 16:00 CET on TARGET days.
// Terms: free, with the source named.
//
// Oddities: units of a currency for one euro, dates and no times. The portal's CSV has some thirty columns, fewer with
// detail=dataonly; a value may be empty; a window without rates is 404. The XML file quotes its attributes with ' or ", and
// pads rates with zeros or not. The CSV history is newest first, with N/A for currencies that have ended; the CSV of one day
// has blanks after its commas and writes "13 April 2026". Every line of both ends in a comma: an empty column. Zipped.
// Only EUR-USD is taken.

package source

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"assay/shared/market"
)

var ecb = Source{
	Name:     "ecb",
	Title:    "European Central Bank",
	Docs:     "https://data.ecb.europa.eu/help/api/data",
	Terms:    "Free for any use with the European Central Bank named as the source.",
	Roles:    map[market.Class]market.Role{market.FX: market.Publisher},
	Budget:   Budget{Calls: 1, Per: time.Second},
	Cadence:  market.Day,
	Symbol:   ecbSymbol,
	Requests: ecbRequests,
	Past:     Past{Intervals: []market.Interval{market.Day}, First: ecbFirst, request: ecbRequest},
	Manner: Manner{
		Limits:  "None stated.",
		Window:  "As many days as asked for; one by the second path.",
		History: "From 1999-01-04.",
		Order:   "Oldest first.",
		Empty:   "No row on holidays.",
		Times:   "The date on which the rate is fixed, at 14:15 CET; published at about 16:00.",
	},
	formats: []format{
		{dataset: "ecb-sdmx-csv", parse: parseECBPortal},
		{dataset: "ecb-xml", parse: parseECBDaily},
		{dataset: "ecb-csv", parse: parseECB, detect: detectECB},
	},
}

func ecbSymbol(in market.Instrument) (string, bool) {
	base, quote := pair(in.ID)
	return quote, in.Class == market.FX && base == "EUR" && quote == "USD"
}

// ecbFirst is 1999-01-04, the day of the first rate.
const ecbFirst = 915408000

func ecbRequests(in market.Instrument, ask Ask) []Request {
	if _, ok := ecbSymbol(in); !ok {
		return nil
	}
	r := ecbRequest(in, market.Day, max(ask.From, ecbFirst), 0)
	r.From, r.To = market.Day.Floor(max(ask.From, ecbFirst)), market.Day.Floor(ask.Now)
	return []Request{r}
}

// ecbRequest asks for all from the first of a month on: an address that stays the same has validators.
func ecbRequest(in market.Instrument, _ market.Interval, first, _ int64) Request {
	symbol, _ := ecbSymbol(in)
	from := date(first)
	if first > ecbFirst {
		from = time.Unix(first, 0).UTC().Format("2006-01") + "-01"
	}
	series := []market.SeriesID{{Instrument: in.ID, Source: "ecb"}}
	daily := Request{
		URL:     "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml",
		Dataset: "ecb-xml", Interval: market.Day, Series: series, Conditional: true,
	}
	return Request{
		URL:     "https://data-api.ecb.europa.eu/service/data/EXR/D." + symbol + ".EUR.SP00.A?detail=dataonly&format=csvdata&startPeriod=" + from,
		Dataset: "ecb-sdmx-csv", Interval: market.Day, Series: series, Conditional: true,
		Else: &daily,
	}
}

// parseECBPortal reads the data portal's CSV.
func parseECBPortal(p Payload, emit func(market.Row)) error {
	if p.Status == http.StatusNotFound && strings.Contains(string(p.Body), "No results") {
		return nil // no business day in the window
	}
	if err := answered(p); err != nil {
		return err
	}
	series, err := p.only()
	if err != nil {
		return err
	}
	s, err := p.sheet("CURRENCY", "TIME_PERIOD", "OBS_VALUE")
	if err != nil {
		return err
	}
	currency, date, value := s.column("CURRENCY"), s.column("TIME_PERIOD"), s.column("OBS_VALUE")
	frequency, denominator := s.column("FREQ"), s.column("CURRENCY_DENOM")
	_, quote := pair(series.Instrument)
	var rows []market.Row
	for l := range s.lines() {
		if frequency >= 0 && l.cell(frequency) != "D" || denominator >= 0 && l.cell(denominator) != "EUR" {
			return fmt.Errorf("line %d is no daily rate of the euro: %.120q: %w", l.number, l.text, ErrFormat)
		}
		if l.cell(currency) != quote || l.empty(value) {
			continue
		}
		row := l.daily(series, date)
		row.Close, row.Currency, row.Unit = l.cell(value), l.cell(currency), "EUR"
		rows = append(rows, row)
	}
	for _, row := range rows {
		emit(row)
	}
	return nil
}

// parseECBDaily reads the XML files: of one day, and of several.
func parseECBDaily(p Payload, emit func(market.Row)) error {
	if err := answered(p); err != nil {
		return err
	}
	series, err := p.only()
	if err != nil {
		return err
	}
	_, quote := pair(series.Instrument)
	decoder := xml.NewDecoder(bytes.NewReader(p.Body))
	var rows []market.Row
	date, days := Missing, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: %s: %w", err, excerpt(p.Body), ErrFormat)
		}
		cube, ok := token.(xml.StartElement)
		if !ok || cube.Name.Local != "Cube" {
			continue
		}
		currency := attribute(cube, "currency")
		if currency == Missing { // a day, and what follows is its rates: those of a day without a date are of no day
			if date = attribute(cube, "time"); date != Missing {
				days++
			}
		}
		if currency == quote {
			row := market.Row{
				Series: series, Interval: market.Day, Number: days, Close: attribute(cube, "rate"), Currency: quote, Unit: "EUR",
				Text: date + " " + quote + " " + attribute(cube, "rate"),
			}
			setDay(&row, date)
			rows = append(rows, row)
		}
	}
	if days == 0 {
		return fmt.Errorf("no Cube with a time: %s: %w", excerpt(p.Body), ErrFormat)
	}
	for _, row := range rows {
		emit(row)
	}
	return nil
}

// attribute returns an attribute of an XML element, Missing without it.
func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return present(a.Value)
		}
	}
	return Missing
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
