// Quandl, later Nasdaq Data Link: the London fixes as CSV. LBMA/GOLD, LBMA/SILVER, LPPM/PLAT and LPPM/PALL.
//
// Documentation: https://data.nasdaq.com/data/LBMA (discontinued)
// Terms: those of the fixes, see lbma.go.
//
// Oddities: newest first or oldest first. An empty cell is a day without this fix: an afternoon of 24 or 31 December, gold's
// afternoons before 1968-04, silver's dollars on 19 days of 1968. Only the dollars become rows: the other columns hold
// known errors (LPPM 2018-12-24: pounds of palladium among those of platinum). A few rows are dated on weekends and repeat
// another day's prices with day and month exchanged. The two LPPM files have the same header: their names tell them apart.

package source

import (
	"fmt"
	"slices"
	"strings"

	"assay/shared/market"
)

var (
	quandlGold = format{
		dataset: "quandl-gold-csv",
		parse:   parseFixes("USD (AM)", "USD (PM)"),
		detect:  detectFixes("quandl-gold-csv", func(string) string { return "XAU-USD" }, "USD (AM)", "USD (PM)"),
	}
	quandlSilver = format{
		dataset: "quandl-silver-csv",
		parse:   parseFixes("USD"),
		detect:  detectFixes("quandl-silver-csv", func(string) string { return "XAG-USD" }, "USD", "GBP", "EURO"),
	}
	lppm = format{
		dataset: "lppm-csv",
		parse:   parseFixes("USD AM", "USD PM"),
		detect:  detectFixes("lppm-csv", lppmMetal, "USD AM", "USD PM"),
	}
)

// lppmMetal is what a file's name says of the metal in it.
func lppmMetal(name string) string {
	switch {
	case strings.Contains(name, "plat"):
		return "XPT-USD"
	case strings.Contains(name, "pall"):
		return "XPD-USD"
	default:
		return ""
	}
}

// fixOf returns the ending of the instrument whose prices are in a column.
func fixOf(column string) string {
	switch {
	case strings.Contains(column, "AM"):
		return "-AM"
	case strings.Contains(column, "PM"):
		return "-PM"
	default:
		return "-FIX"
	}
}

// parseFixes makes a parser of files with a column for each fix. Those of the declared series that are in the file are read.
func parseFixes(names ...string) func(Payload, func(market.Row)) error {
	return func(p Payload, emit func(market.Row)) error {
		s, err := p.sheet(append(names, "Date")...)
		if err != nil {
			return err
		}
		date := s.column("Date")
		columns, err := fixColumns(s, p.Series, names)
		if err != nil {
			return err
		}
		for l := range s.lines() {
			for i, id := range p.Series {
				row := l.daily(id, date)
				if row.Close, row.Currency, row.Unit = l.cell(columns[i]), "USD", "toz"; !l.empty(columns[i]) {
					emit(row)
				}
			}
		}
		return nil
	}
}

// fixColumns returns the column of each of the declared series.
func fixColumns(s sheet, series []market.SeriesID, names []string) ([]int, error) {
	columns := make([]int, len(series))
	for i, id := range series {
		n := slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(id.Instrument, fixOf(name)) })
		if n < 0 || id.Source == "" {
			return nil, fmt.Errorf("file holds %s, which is not the price of %s: %w", strings.Join(names, " and "), id, ErrFormat)
		}
		columns[i] = s.column(names[n])
	}
	if len(series) == 0 {
		return nil, fmt.Errorf("nobody said what %s is the price of: %w", strings.Join(names, " and "), ErrFormat)
	}
	return columns, nil
}

// detectFixes recognises the files with these columns. Instrument says by the file's name what is fixed.
func detectFixes(dataset string, instrument func(name string) string, names ...string) func(file) (Detected, bool) {
	return func(f file) (Detected, bool) {
		if _, ok := f.sheet(append(names, "Date")...); !ok {
			return Detected{}, false
		}
		found := Detected{Dataset: dataset, Source: "lbma", Interval: market.Day}
		base := instrument(f.name)
		for _, name := range names {
			if base != "" && strings.HasPrefix(name, "USD") {
				found.Series = append(found.Series, market.SeriesID{Instrument: base + fixOf(name), Source: "lbma"})
			}
		}
		return found, true
	}
}
