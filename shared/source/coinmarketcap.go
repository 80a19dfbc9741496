// CoinMarketCap: daily bars as the data sets on Kaggle have them.
//
// Documentation: https://coinmarketcap.com/api/documentation/v1/ (the files hold what its pages show)
// Terms: the data sets are marked CC0; CoinMarketCap's own terms forbid passing prices on.
//
// Oddities: an average over many exchanges. The columns are high, low, open, close. The volume is in dollars, which is no
// volume of a bar here, and 0 for want of data until the end of 2013. A date may carry the day's last second.

package source

import (
	"strings"

	"assay/shared/market"
)

var coinMarketCap = format{dataset: "coinmarketcap-csv", parse: parseCoinMarketCap, detect: detectCoinMarketCap}

var coinMarketCapColumns = []string{"SNo", "Symbol", "Date", "High", "Low", "Open", "Close", "Marketcap"}

func parseCoinMarketCap(p Payload, emit func(market.Row)) error {
	series, err := p.only()
	if err != nil {
		return err
	}
	s, err := p.sheet(coinMarketCapColumns...)
	if err != nil {
		return err
	}
	symbol, date, volume := s.column("Symbol"), s.column("Date"), s.column("Volume")
	open, high, low, closing := s.column("Open"), s.column("High"), s.column("Low"), s.column("Close")
	for l := range s.lines() {
		row := l.daily(series, date)
		if d, ok := strings.CutSuffix(row.BadTime, " 23:59:59"); ok {
			setDay(&row, d)
		}
		row.Open, row.High, row.Low, row.Close = l.cell(open), l.cell(high), l.cell(low), l.cell(closing)
		row.QuoteVolume, row.Currency, row.Unit = l.cell(volume), "USD", l.cell(symbol)
		emit(row)
	}
	return nil
}

func detectCoinMarketCap(f file) (Detected, bool) {
	s, ok := f.sheet(coinMarketCapColumns...)
	if !ok {
		return Detected{}, false
	}
	found := Detected{Dataset: "coinmarketcap-csv", Source: "coinmarketcap", Interval: market.Day}
	for l := range s.lines() {
		if id, err := market.ParseSeriesID(l.cell(s.column("Symbol")) + "-USD.coinmarketcap"); err == nil {
			found.Series = []market.SeriesID{id}
		}
		break
	}
	return found, true
}
