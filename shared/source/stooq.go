// Stooq: daily bars.
//
// Documentation: none; https://stooq.com/q/d/?s=xauusd
// Terms: none stated; programs meet a page with a puzzle instead of the file.
//
// Oddities: the file does not say what it holds: its name may (xauusd_d.csv). Line ends are CR LF. The page that stands in
// the file's place comes with status 200.

package source

import "assay/shared/market"

var stooq = format{
	dataset: "stooq-csv",
	parse: func(p Payload, emit func(market.Row)) error {
		return parseDaily(p, func(row market.Row, _ string) { emit(row) })
	},
	detect: func(f file) (Detected, bool) {
		_, ok := f.sheet(dailyColumns...)
		return Detected{Dataset: "stooq-csv", Source: "stooq", Series: seriesNamed(f.name, "stooq"), Interval: market.Day}, ok
	},
}
