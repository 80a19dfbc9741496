// Yahoo Finance: daily bars, as its download and the library yfinance write them.
//
// Documentation: none; https://finance.yahoo.com/quote/BTC-USD/history
// Terms: for personal use.
//
// Oddities: the file does not say what it holds: its name may, if it is the symbol (BTC-USD.csv, GC=F.csv). A date may carry
// an exchange's midnight (2018-01-02 00:00:00-05:00): the bar is of that calendar date. A day without trades is a line of
// nulls. Prices carry the noise of 32-bit floats. Coins are CoinMarketCap's, with the volume in dollars; futures have
// contracts as volume and a settlement outside [low, high] on one day in fifteen. Neither is a volume in the unit priced;
// of futures only a volume of 0 is taken, which is 0 in any unit.

package source

import (
	"strings"

	"assay/shared/market"
)

var yahoo = format{dataset: "yahoo-csv", parse: parseYahoo, detect: detectYahoo}

var dailyColumns = []string{"Date", "Open", "High", "Low", "Close"}

func parseYahoo(p Payload, emit func(market.Row)) error {
	return parseDaily(p, func(row market.Row, volume string) {
		if future := strings.HasSuffix(row.Series.Instrument, "-FUT"); !future || volume == "0" {
			row.QuoteVolume = volume
		}
		emit(row)
	})
}

// parseDaily reads sheets of Date, Open, High, Low, Close. A line without any price is a day without trades.
func parseDaily(p Payload, emit func(row market.Row, volume string)) error {
	series, err := p.only()
	if err != nil {
		return err
	}
	s, err := p.sheet(dailyColumns...)
	if err != nil {
		return err
	}
	date, volume := s.column("Date"), s.column("Volume")
	open, high, low, closing := s.column("Open"), s.column("High"), s.column("Low"), s.column("Close")
	for l := range s.lines() {
		row := l.daily(series, date)
		row.Open, row.High, row.Low, row.Close = l.cell(open), l.cell(high), l.cell(low), l.cell(closing)
		if l.empty(open) && l.empty(high) && l.empty(low) && l.empty(closing) {
			continue
		}
		if d, zone, ok := strings.Cut(row.BadTime, " 00:00:00"); ok && (zone == "" || len(zone) == len("+00:00")) {
			setDay(&row, d)
		}
		emit(row, l.cell(volume))
	}
	return nil
}

// yahooFutures are the symbols of the metals' front months, GC=F and so on.
var yahooFutures = []struct{ symbol, instrument string }{
	{"gc", "XAU-USD-FUT"}, {"si", "XAG-USD-FUT"}, {"pl", "XPT-USD-FUT"}, {"pa", "XPD-USD-FUT"},
}

func detectYahoo(f file) (Detected, bool) {
	s, ok := f.sheet(dailyColumns...)
	if !ok || s.column("Adj Close") < 0 && !floatNoise(s) {
		return Detected{}, false
	}
	found := Detected{Dataset: "yahoo-csv", Source: "yahoo", Interval: market.Day, Series: seriesNamed(f.name, "yahoo")}
	for _, future := range yahooFutures {
		if strings.Contains(f.name, future.symbol+"=f") || hasWord(f.name, future.symbol+"f") {
			found.Series = []market.SeriesID{{Instrument: future.instrument, Source: "yahoo"}}
		}
	}
	return found, true
}

// floatNoise reports whether a sheet has prices with more decimals than anybody quotes.
func floatNoise(s sheet) bool {
	for l := range s.lines() {
		if _, decimals, _ := strings.Cut(l.cell(s.column("Close")), "."); len(decimals) > 8 {
			return true
		}
	}
	return false
}
