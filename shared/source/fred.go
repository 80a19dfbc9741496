// FRED, Federal Reserve Bank of St. Louis: one series as CSV, such as the exchange rates of the H.10 release.
//
// Documentation: https://fred.stlouisfed.org/docs/api/fred/ and https://fred.stlouisfed.org/graph/fredgraph.csv?id=DEXUSEU
// Terms: public domain, but for series marked otherwise.
//
// Oddities: the header is DATE, or observation_date since 2025, and the name of the series. A holiday is a point. DEXUS and a
// country is dollars for its currency; a country before US is the other way round and is refused.

package source

import (
	"fmt"
	"strings"

	"assay/shared/market"
)

var fred = format{dataset: "fred-csv", parse: parseFRED, detect: detectFRED}

func parseFRED(p Payload, emit func(market.Row)) error {
	series, err := p.only()
	if err != nil {
		return err
	}
	s, err := p.sheet()
	if err != nil {
		return err
	}
	name, ok := fredSeries(s)
	if !ok {
		return fmt.Errorf("header is %s, want DATE and the name of one series: %w", strings.Join(s.header, ","), ErrFormat)
	}
	if strings.HasPrefix(name, "DEX") && !strings.HasPrefix(name, "DEXUS") {
		return fmt.Errorf("%s is in another currency for one dollar, want dollars for one of another: %w", name, ErrFormat)
	}
	for l := range s.lines() {
		row := l.daily(series, 0)
		if row.Close = l.cell(1); !l.empty(1) {
			emit(row)
		}
	}
	return nil
}

// fredSeries returns the name of the series in a sheet.
func fredSeries(s sheet) (string, bool) {
	if len(s.header) != 2 || s.header[0] != "DATE" && s.header[0] != "observation_date" || s.header[1] != strings.ToUpper(s.header[1]) {
		return "", false
	}
	return s.header[1], true
}

func detectFRED(f file) (Detected, bool) {
	s, ok := f.sheet()
	if !ok {
		return Detected{}, false
	}
	name, ok := fredSeries(s)
	found := Detected{Dataset: "fred-csv", Source: "fred", Interval: market.Day}
	if name == "DEXUSEU" {
		found.Series = []market.SeriesID{{Instrument: "EUR-USD", Source: "fred"}}
	}
	return found, ok
}
