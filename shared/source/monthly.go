// The data set gold-prices: averages of the price of gold by month since 1833.
//
// Documentation: https://github.com/datasets/gold-prices
// Terms: Public Domain Dedication and License.
//
// Oddities: each price is the average of a month, and no bar. assay stores minutes, hours and days: the average becomes the
// close of a bar of the month's first day, in a series whose name says so: XAU-USD.monthly. Such a series has no role, so
// that no consensus ever takes an average for a day's price. Under another name the file is refused.

package source

import (
	"fmt"
	"strings"

	"assay/shared/market"
)

var monthly = format{dataset: "monthly-csv", parse: parseMonthly, detect: detectMonthly}

func parseMonthly(p Payload, emit func(market.Row)) error {
	series, err := p.only()
	if err != nil {
		return err
	}
	if !strings.Contains(series.Source, "monthly") {
		return fmt.Errorf("each price is the average of a month and no day's: name a series that says so, such as %s.monthly: %w", series.Instrument, ErrFormat)
	}
	s, err := p.sheet("Date", "Price")
	if err != nil {
		return err
	}
	for l := range s.lines() {
		row := l.row(series, market.Day)
		if row.BadTime == "" {
			setDay(&row, l.cell(s.column("Date"))+"-01")
		}
		row.Close = l.cell(s.column("Price"))
		emit(row)
	}
	return nil
}

func detectMonthly(f file) (Detected, bool) {
	s, ok := f.sheet("Date", "Price")
	if !ok || len(s.header) != 2 {
		return Detected{}, false
	}
	found := Detected{Dataset: "monthly-csv", Source: "monthly", Interval: market.Day}
	for _, metal := range metals {
		if strings.Contains(f.name, metal.name) {
			found.Series = []market.SeriesID{{Instrument: metal.code + "-USD", Source: "monthly"}}
		}
	}
	for l := range s.lines() {
		_, whole := day(l.cell(0) + "-01")
		return found, whole
	}
	return Detected{}, false
}
