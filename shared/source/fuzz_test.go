package source_test

import (
	"errors"
	"slices"
	"testing"

	"assay/shared/clean"
	"assay/shared/market"
	"assay/shared/source"
)

var kinds = []error{source.ErrLimited, source.ErrUnavailable, source.ErrRefused, source.ErrUnknownSymbol, source.ErrFormat}

// FuzzParse reads any bytes as any dataset: a parser does not panic, its error has a kind, it gives the same rows twice, and
// what the cleaner makes of them keeps the promises of its Result.
func FuzzParse(f *testing.F) {
	datasets := []string{
		"coinbase-candles", "kraken-ohlc", "bitstamp-ohlc", "lbma-json", "bitfinex-csv", "ecb-csv", "quandl-gold-csv",
		"quandl-silver-csv", "lppm-csv", "cryptodatadownload-csv", "coinmarketcap-csv", "yahoo-csv", "stooq-csv", "fred-csv",
		"monthly-csv", "workshop-json", "columns-csv", "bitfinex-candles", "goldapi-price", "swissquote-quotes", "ecb-sdmx-csv",
		"ecb-xml", "nbp-gold", "binance-klines", "coingecko-price", "kraken-ws-ohlc",
	}
	for _, answer := range live {
		f.Add([]byte(answer.body), uint8(slices.Index(datasets, answer.dataset)))
	}
	f.Add([]byte("1364774820000,93.25,93.3,93.3,93.25,93.3\n"), uint8(4))
	for n, header := range []string{
		"Date,USD,JPY,\n", "Date,USD (AM),USD (PM)\n", "Date,USD,GBP,EURO\n", "Date,USD AM,USD PM\n",
		"unix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n", "SNo,Symbol,Date,High,Low,Open,Close,Marketcap\n",
		"Date,Open,High,Low,Close\n", "Date,Open,High,Low,Close\n", "DATE,DEXUSEU\n", "Date,Price\n",
	} {
		f.Add([]byte(header+"2024-01-15,1,2,0.5,1.5,3,4,5,6\n2024-01-16,1,2\n"), uint8(5+n))
	}
	f.Add([]byte(`{"intervals":[{"start":"1478995200","last":1211.25}]}`), uint8(15))
	f.Add([]byte("time;close\n03/14/2016 10:00;1\n1500000000;\"1,200.5\"\n"), uint8(16))
	for n, body := range []string{
		`{"symbol":"XAU","currency":"USD","price":1,"updatedAt":"2026-08-18T13:29:35Z"}`,
		`[{"spreadProfilePrices":[{"spreadProfile":"standard","bid":1,"ask":1.5}],"ts":1791288000000}]`,
		"CURRENCY,TIME_PERIOD,OBS_VALUE\nUSD,2026-03-17,1.1531\n",
		"<E><Cube><Cube time='2018-06-11'><Cube currency='USD' rate='1.1790'/></Cube></Cube></E>",
	} {
		f.Add([]byte(body), uint8(18+n))
	}
	f.Fuzz(func(t *testing.T, body []byte, dataset uint8) {
		p := source.Payload{
			Dataset: datasets[int(dataset)%len(datasets)], Interval: market.Day, Body: body, Received: today,
			Series:  []market.SeriesID{{Instrument: "XAU-USD-PM", Source: "monthly"}},
			Options: source.Options{Columns: map[string]string{"time": "time", "close": "close"}},
		}
		if p.Dataset == "quandl-silver-csv" {
			p.Series[0].Instrument = "XAG-USD-FIX"
		}
		if p.Dataset == "kraken-ws-ohlc" {
			p.Series[0], p.Interval = market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}, market.Minute
		}
		var rows []market.Row
		cleaner := clean.New(clean.Origin{Received: p.Received})
		err := source.Parse(p, func(row market.Row) { rows = append(rows, row); cleaner.Add(row) })
		if err != nil && !slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) }) {
			t.Errorf("error %v has no kind", err)
		}
		n := 0
		if again := source.Parse(p, func(row market.Row) {
			if n >= len(rows) || rows[n] != row {
				t.Errorf("row %d is %+v the second time", n, row)
			}
			n++
		}); (again == nil) != (err == nil) {
			t.Errorf("got %v, then %v", err, again)
		}
		check(t, cleaner.Result())
	})
}

// check holds a result against what clean promises of it.
func check(t *testing.T, result clean.Result) {
	t.Helper()
	for key, bars := range result.Bars {
		for i, bar := range bars {
			if !(bar.Close > 0) || bar.Open <= 0 || bar.High <= 0 || bar.Low <= 0 || bar.Volume < 0 || bar.High < bar.Low {
				t.Errorf("%v: %+v", key, bar)
			}
			if bar.Start != key.Interval.Floor(bar.Start) || i > 0 && bars[i-1].Start >= bar.Start {
				t.Errorf("%v: %+v out of place", key, bar)
			}
		}
	}
	if len(result.Rejects) > min(result.Rejected, 1000) {
		t.Errorf("%d rejects kept of %d", len(result.Rejects), result.Rejected)
	}
	for _, reject := range result.Rejects {
		if reject.Rule == "" || reject.Reason == "" || len(reject.Text) > 4096 {
			t.Errorf("reject %+v", reject)
		}
	}
}

// FuzzDetect reads any bytes as a file of any name.
func FuzzDetect(f *testing.F) {
	f.Add("gold_pm.json", []byte(live[3].body), "")
	f.Add("merged.csv", []byte("1364774820000,93.25,93.3,93.3,93.25,93.3\n"), "")
	f.Add("x.csv.gz", []byte("\x1f\x8b"), "")
	f.Add("x.csv.gz", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00"), "time")
	f.Add("x.zip", []byte("PK\x03\x04"), "time")
	f.Add("x.csv", []byte("time,close\n03/04/2016,1\n"), "time")
	f.Fuzz(func(t *testing.T, name string, body []byte, column string) {
		var options source.Options
		if column != "" {
			options.Columns = map[string]string{"time": column, "close": "2"}
		}
		found, err := source.Detect(name, body, options)
		if err != nil && !errors.Is(err, source.ErrFormat) {
			t.Errorf("error %v does not wrap ErrFormat", err)
		}
		if err == nil && found.Dataset == "" {
			t.Errorf("recognised as nothing: %+v", found)
		}
	})
}
