package source_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/source"
)

// recorded are answers that the providers really gave, and what becomes of them.
var recorded = []struct {
	file, dataset, series string
	interval              market.Interval
	received              string // shortly after the newest row
	status                int
	want                  string // the summary of what was cleaned
	kind                  error
}{
	{
		file: "coinbase-candles-btcusd-1m.json", dataset: "coinbase-candles", series: "BTC-USD.coinbase", interval: market.Minute,
		received: "2018-02-01T00:09:20Z", status: 200, want: "BTC-USD.coinbase 9: 2018-02-01 10099.98 ... 2018-02-01 10106.01",
	},
	{
		file: "kraken-ohlc-xbtusd-1m.json", dataset: "kraken-ohlc", series: "BTC-USD.kraken", interval: market.Minute,
		received: "2017-08-11T10:01:20Z", status: 200, want: "BTC-USD.kraken 719: 2017-08-10 3449.999 ... 2017-08-11 3531.999\nuntraded 17",
	},
	{
		file: "bitstamp-ohlc-btcusd-1d.json", dataset: "bitstamp-ohlc", series: "BTC-USD.bitstamp", interval: market.Day,
		received: "2020-01-01T00:00:20Z", status: 200, want: "BTC-USD.bitstamp 999: 2017-04-07 1190.66 ... 2019-12-31 7168.36\nrejected duplicate 1",
	},
	{
		file: "lbma-gold_pm.json", dataset: "lbma-json", series: "XAU-USD-PM.lbma", interval: market.Day,
		received: "2026-08-12T15:00:00Z", status: 200, want: "XAU-USD-PM.lbma 14660: 1968-04-01 37.7 ... 2026-08-12 4426.65",
	},
	{
		file: "stooq-xauusd-1d.csv", dataset: "stooq-csv", series: "XAU-USD.stooq",
		received: "2026-02-05T00:00:00Z", status: 200, want: "XAU-USD.stooq 6674: 2000-03-01 289.25 ... 2026-02-04 4965",
	},
	{
		file: "fred-csv-dexuseu.csv", dataset: "fred-csv", series: "EUR-USD.fred",
		received: "2024-03-11T00:00:00Z", status: 200, want: "EUR-USD.fred 1251: 2019-03-08 1.1243 ... 2024-03-08 1.0941",
	},
	{
		file: "ecb-eurofxref-oneday.csv", dataset: "ecb-csv", series: "EUR-USD.ecb",
		received: "2026-04-13T16:00:00Z", status: 200, want: "EUR-USD.ecb 1: 2026-04-13 1.1684 ... 2026-04-13 1.1684",
	},
	{
		file: "nfusion-historicalspots-gold.json", dataset: "workshop-json", series: "XAU-USD.workshop",
		received: "2018-03-15T16:00:00Z", status: 200,
		want: "XAU-USD.workshop 2693: 2008-03-17 1004.5 ... 2018-03-14 1326.71\noutside-range 1\npartial 6\n" +
			"rejected absent high 3\nrejected absent low 5\nrejected absent open 1",
	},
	{
		file: "bitfinex-candles-tbtcusd-1m-full.json", dataset: "bitfinex-candles", series: "BTC-USD.bitfinex", interval: market.Minute,
		received: "2018-01-01T00:00:20Z", status: 200, want: "BTC-USD.bitfinex 120: 2017-12-17 19839 ... 2017-12-17 19693",
	},
	{
		file: "bitfinex-candles-tbtcusd-1m-sparse.json", dataset: "bitfinex-candles", series: "BTC-USD.bitfinex", interval: market.Minute,
		received: "2013-04-01T02:00:20Z", status: 200, want: "BTC-USD.bitfinex 20: 2013-04-01 93.3 ... 2013-04-01 93.1",
	},
	{
		file: "bitfinex-candles-empty.json", dataset: "bitfinex-candles", series: "BTC-USD.bitfinex", interval: market.Minute,
		received: "2016-08-05T14:00:20Z", status: 200, want: "",
	},
	{
		file: "gold-api-price-xau.json", dataset: "goldapi-price", series: "XAU-USD.goldapi", interval: market.Minute,
		received: "2026-08-18T13:29:40Z", status: 200, want: "XAU-USD.goldapi 1: 2026-08-18 4392 ... 2026-08-18 4392\nsampled 1",
	},
	{
		file: "swissquote-bbo-xauusd.json", dataset: "swissquote-quotes", series: "XAU-USD.swissquote", interval: market.Minute,
		received: "2026-10-06T16:28:20Z", status: 200, want: "XAU-USD.swissquote 1: 2026-10-06 4161.025 ... 2026-10-06 4161.025\nsampled 1",
	},
	{
		file: "ecb-sdmx-exr-recent.csv", dataset: "ecb-sdmx-csv", series: "EUR-USD.ecb", interval: market.Day,
		received: "2026-03-18T16:00:20Z", status: 200, want: "EUR-USD.ecb 22: 2026-02-17 1.1826 ... 2026-03-18 1.15",
	},
	{
		file: "ecb-eurofxref-daily.xml", dataset: "ecb-xml", series: "EUR-USD.ecb", interval: market.Day,
		received: "2018-06-11T16:00:20Z", status: 200, want: "EUR-USD.ecb 1: 2018-06-11 1.179 ... 2018-06-11 1.179",
	},
	{
		file: "ecb-eurofxref-hist-90d.xml", dataset: "ecb-xml", series: "EUR-USD.ecb", interval: market.Day,
		received: "2018-06-11T16:00:20Z", status: 200, want: "EUR-USD.ecb 61: 2018-03-14 1.2369 ... 2018-06-11 1.179",
	},
	{
		file: "ecb-eurofxref-hist-partial.xml", dataset: "ecb-xml", series: "EUR-USD.ecb", interval: market.Day,
		received: "2021-06-11T16:00:20Z", status: 200, want: "EUR-USD.ecb 10: 1999-01-04 1.1789 ... 2021-01-08 1.225\nrejected future 1",
	},
	{
		file: "binance-klines-btcusdt-1m.json", dataset: "binance-klines", series: "BTC-USDT.binance", interval: market.Minute,
		received: "2020-05-06T05:41:28Z", status: 200, want: "BTC-USDT.binance 59: 2020-05-06 9033.15 ... 2020-05-06 9021.32",
	},
	{file: "binance-klines-btcusdt-5m.json", dataset: "binance-klines", series: "BTC-USDT.binance", interval: market.Minute, status: 200, kind: source.ErrFormat},
	{
		file: "kraken-ws-v2-ohlc-frames.jsonl", dataset: "kraken-ws-ohlc", series: "BTC-USDT.kraken", interval: market.Minute,
		received: "2026-09-10T17:44:50Z", want: "BTC-USDT.kraken 9: 2026-09-10 77416.3 ... 2026-09-10 77340.1",
	},
	{file: "coinbase-error-404-notfound.json", dataset: "coinbase-candles", status: 404, kind: source.ErrUnknownSymbol},
	{file: "coinbase-error-429.json", dataset: "coinbase-candles", status: 429, kind: source.ErrLimited},
	{file: "coinbase-error-400-end-too-old.json", dataset: "coinbase-candles", status: 400, kind: source.ErrRefused},
	{file: "coinbase-error-400-start-before-end.json", dataset: "coinbase-candles", status: 400, kind: source.ErrRefused},
	{file: "kraken-error-unknown-pair.json", dataset: "kraken-ohlc", status: 200, kind: source.ErrUnknownSymbol},
	{file: "kraken-error-too-many-requests.json", dataset: "kraken-ohlc", status: 200, kind: source.ErrLimited},
	{file: "kraken-error-invalid-arguments.json", dataset: "kraken-ohlc", status: 200, kind: source.ErrRefused},
	{file: "html-instead-of-json-xrates.html", dataset: "bitstamp-ohlc", status: 200, kind: source.ErrFormat},
	{file: "html-instead-of-json-xrates.html", dataset: "kraken-ohlc", status: 503, kind: source.ErrUnavailable},
	{file: "html-instead-of-json-xrates.html", dataset: "coinbase-candles", status: 429, kind: source.ErrLimited},
	{file: "binance-error-451-restricted.json", dataset: "coinbase-candles", status: 451, kind: source.ErrRefused},
	{file: "stooq-botwall-http200.html", dataset: "stooq-csv", series: "XAU-USD.stooq", status: 200, kind: source.ErrFormat},
	{file: "stooq-botwall-http200.html", dataset: "lbma-json", series: "XAU-USD-PM.lbma", status: 200, kind: source.ErrFormat},
	{file: "bitfinex-error-429-ratelimit.json", dataset: "bitfinex-candles", status: 429, kind: source.ErrLimited},
	{file: "bitfinex-error-legacy-ratelimit.json", dataset: "bitfinex-candles", status: 429, kind: source.ErrLimited},
	{file: "bitfinex-error-maintenance.json", dataset: "bitfinex-candles", status: 503, kind: source.ErrUnavailable},
	{file: "binance-error-1121-invalid-symbol.json", dataset: "binance-klines", status: 400, kind: source.ErrUnknownSymbol},
	{file: "binance-error-1121-spot.json", dataset: "binance-klines", status: 400, kind: source.ErrUnknownSymbol},
	{file: "binance-error-4088-interval-too-long.json", dataset: "binance-klines", status: 400, kind: source.ErrRefused},
	{file: "binance-error-451-restricted.json", dataset: "binance-klines", status: 451, kind: source.ErrRefused},
	{file: "coingecko-error-429.json", dataset: "coingecko-price", series: "BTC-USD.coingecko", status: 429, kind: source.ErrLimited},
	{file: "coingecko-simple-price.json", dataset: "coingecko-price", series: "BTC-USD.coingecko", status: 200, kind: source.ErrFormat},
	{file: "html-instead-of-json-xrates.html", dataset: "goldapi-price", series: "XAU-USD.goldapi", status: 200, kind: source.ErrFormat},
	{file: "html-instead-of-json-xrates.html", dataset: "swissquote-quotes", series: "XAU-USD.swissquote", status: 200, kind: source.ErrFormat},
	{file: "html-instead-of-json-xrates.html", dataset: "nbp-gold", series: "XAU-PLN-FIX.nbp", status: 200, kind: source.ErrFormat},
	{file: "html-instead-of-json-xrates.html", dataset: "bitfinex-candles", status: 502, kind: source.ErrUnavailable},
	{file: "nbp-table-a.json", dataset: "nbp-gold", series: "XAU-PLN-FIX.nbp", status: 200, kind: source.ErrFormat},
	{file: "ecb-illegal.xml", dataset: "ecb-xml", series: "EUR-USD.ecb", status: 200, kind: source.ErrFormat},
	{file: "ecb-illegal.xml", dataset: "ecb-csv", series: "EUR-USD.ecb", status: 200, kind: source.ErrFormat},
}

func TestRecorded(t *testing.T) {
	for _, test := range recorded {
		t.Run(test.file+" "+test.dataset, func(t *testing.T) {
			p := source.Payload{
				Dataset: test.dataset, Interval: test.interval, Status: test.status,
				Body: shared(t, "wire", test.file), Received: at(t, test.received),
			}
			if test.series != "" {
				p.Series = []market.SeriesID{seriesID(t, test.series)}
			}
			if test.kind != nil {
				if err := source.Parse(p, func(market.Row) {}); !errors.Is(err, test.kind) {
					t.Errorf("got %v, want an error that wraps %q", err, test.kind)
				}
				return
			}
			if diff := cmp.Diff(test.want, strings.TrimSpace(summary(cleaned(t, p)))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func seriesID(t testing.TB, text string) market.SeriesID {
	t.Helper()
	id, err := market.ParseSeriesID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// at reads a time into Unix milliseconds; of no text it makes today.
func at(t testing.TB, text string) int64 {
	t.Helper()
	if text == "" {
		return today
	}
	received, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return received.UnixMilli()
}
