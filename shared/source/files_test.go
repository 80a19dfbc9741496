package source_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/clean"
	"assay/shared/market"
	"assay/shared/source"
)

var today = time.Date(2026, 11, 23, 12, 0, 20, 0, time.UTC).UnixMilli()

// Each real file: how it is recognised, then per series the bars, the first and the last close, and how many bars have which
// flags, then how many rows were refused by which rule.
func TestFiles(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{"btcusd-1d-bitstamp-cdd.csv.gz", `
			cryptodatadownload-csv bitstamp 1d
			BTC-USD.bitstamp 3953: 2014-11-28 376.28 ... 2025-09-23 112025
			repaired,swapped-volume 1180
			untraded 8
			rejected unfinished 1`},
		{"ethusd-1d-bitstamp-cdd.csv.gz", `
			cryptodatadownload-csv bitstamp 1d
			ETH-USD.bitstamp 2795: 2017-11-09 321.32 ... 2025-07-04 2508.7
			repaired,swapped-volume 111
			rejected unfinished 1`},
		{"btcusd-1d-coinmarketcap.csv.gz", `
			coinmarketcap-csv coinmarketcap 1d
			BTC-USD.coinmarketcap 2991: 2013-04-29 144.5399932861328 ... 2021-07-06 34235.19345116
			untraded 1`},
		{"ethusd-1d-coinmarketcap.csv.gz", `
			coinmarketcap-csv coinmarketcap 1d
			ETH-USD.coinmarketcap 2160: 2015-08-08 0.7533249855041504 ... 2021-07-06 2324.67944917`},
		{"ltcusd-1d-coinmarketcap.csv.gz", `
			coinmarketcap-csv coinmarketcap 1d
			LTC-USD.coinmarketcap 2991: 2013-04-29 4.383900165557861 ... 2021-07-06 138.98563599`},
		{"btcusd-1d-yahoo.csv.gz", `
			yahoo-csv yahoo 1d
			BTC-USD.yahoo 2792: 2018-01-01 13657.2001953125 ... 2025-08-23 114786.4296875`},
		{"ethusd-1d-yahoo.csv.gz", `
			yahoo-csv yahoo 1d
			ETH-USD.yahoo 2792: 2018-01-01 772.6409912109375 ... 2025-08-23 4750.529296875`},
		{"ltcusd-1d-yahoo.csv.gz", `
			yahoo-csv yahoo 1d
			LTC-USD.yahoo 2792: 2018-01-01 229.0330047607422 ... 2025-08-23 120.89141082763672`},
		{"gold-yahoo-gcf-1d.csv.gz", `
			yahoo-csv yahoo 1d
			XAU-USD-FUT.yahoo 6489: 2000-08-30 273.8999938964844 ... 2026-07-13 4020.199951171875
			outside-range 440
			partial 1
			rejected high-below-low high 1
			rejected high-below-low low 1`},
		{"silver-yahoo-sif-1d.csv.gz", `
			yahoo-csv yahoo 1d
			XAG-USD-FUT.yahoo 6491: 2000-08-30 4.929999828338623 ... 2026-07-13 58.29999923706055
			outside-range 243`},
		{"platinum-yahoo-plf-1d.csv.gz", `
			yahoo-csv yahoo 1d
			XPT-USD-FUT.yahoo 1922: 2018-01-02 943.7999877929688 ... 2025-08-22 1355.4000244140625
			untraded 770`},
		{"gold-stooq-xauusd-1d.csv.gz", `
			stooq-csv stooq 1d
			XAU-USD.stooq 6674: 2000-03-01 289.25 ... 2026-02-04 4965`},
		{"fx-fred-dexuseu.csv.gz", `
			fred-csv fred 1d
			EUR-USD.fred 1251: 2019-03-08 1.1243 ... 2024-03-08 1.0941`},
		{"fx-ecb-eurofxref-hist.zip", `
			ecb-csv ecb 1d
			EUR-USD.ecb 6983: 1999-01-04 1.1789 ... 2026-04-13 1.1684`},
		{"gold-lbma-ampm-quandl.csv.gz", `
			quandl-gold-csv lbma 1d
			XAU-USD-AM.lbma 14067: 1968-01-02 35.18 ... 2023-09-01 1944.3
			XAU-USD-PM.lbma 13921: 1968-04-01 37.7 ... 2023-09-01 1940.55`},
		{"gold-lbma-pm.json.gz", `
			lbma-json lbma 1d
			XAU-USD-PM.lbma 14660: 1968-04-01 37.7 ... 2026-08-12 4426.65`},
		{"silver-lbma-quandl.csv.gz", `
			quandl-silver-csv lbma 1d
			XAG-USD-FIX.lbma 13716: 1968-01-02 2.173 ... 2022-04-21 24.645
			rejected not-a-business-day 1`},
		{"platinum-lppm-quandl.csv.gz", `
			lppm-csv lbma 1d
			XPT-USD-AM.lbma 7673: 1990-04-02 471 ... 2020-08-25 922
			XPT-USD-PM.lbma 7618: 1990-04-02 470.5 ... 2020-08-25 930
			rejected not-a-business-day 8`},
		{"palladium-lppm-quandl.csv.gz", `
			lppm-csv lbma 1d
			XPD-USD-AM.lbma 7675: 1990-04-02 128 ... 2020-08-25 2166
			XPD-USD-PM.lbma 7621: 1990-04-02 127.65 ... 2020-08-25 2163
			rejected not-a-business-day 4`},
		{"gold-monthly-1833.csv.gz", `
			monthly-csv monthly 1d
			XAU-USD.monthly 2322: 1833-01-01 18.93 ... 2026-06-01 4228`},
		{"workshop-gold.json.gz", `
			workshop-json workshop 1d
			XAU-USD.workshop 2693: 2008-03-17 1004.5 ... 2018-03-14 1326.71
			outside-range 1
			partial 6
			rejected absent high 3
			rejected absent low 5
			rejected absent open 1`},
		{"btcusd-1m-bitfinex-2013.csv.gz", `
			bitfinex-csv bitfinex 1m
			BTC-USD.bitfinex 148055: 2013-04-01 93.3 ... 2013-12-31 729.99`},
		{"btcusd-1m-bitfinex-2014.csv.gz", `
			bitfinex-csv bitfinex 1m
			BTC-USD.bitfinex 283787: 2014-01-01 730.24 ... 2014-11-21 349.26`},
		{"btcusd-1m-bitfinex-2015.csv.gz", `
			bitfinex-csv bitfinex 1m
			BTC-USD.bitfinex 366710: 2015-01-01 322.09 ... 2015-12-31 429.02`},
		{"btcusd-1m-bitfinex-2016.csv.gz", `
			bitfinex-csv bitfinex 1m
			BTC-USD.bitfinex 293230: 2016-01-01 429.17 ... 2016-12-31 966.58`},
		{"btcusd-1m-bitfinex-2017.csv.gz", `
			bitfinex-csv bitfinex 1m
			BTC-USD.bitfinex 505209: 2017-01-01 966.61 ... 2017-12-31 13769`},
		{"btcusd-1m-bitfinex-2018.csv.gz", `
			bitfinex-csv bitfinex 1m
			BTC-USD.bitfinex 520499: 2018-01-01 13753 ... 2018-12-31 3830.5`},
	} {
		t.Run(test.file, func(t *testing.T) {
			body := shared(t, "data", test.file)
			found, err := source.Detect(test.file, body, source.Options{})
			if err != nil {
				t.Fatal(err)
			}
			result := cleaned(t, source.Payload{Dataset: found.Dataset, Series: found.Series, Interval: found.Interval, Body: body, Received: today})
			got := fmt.Sprintf("%s %s %s\n", found.Dataset, found.Source, found.Interval) + summary(result)
			if diff := cmp.Diff(strings.TrimSpace(strings.ReplaceAll(test.want, "\t", "")), strings.TrimSpace(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func cleaned(t testing.TB, p source.Payload) clean.Result {
	t.Helper()
	cleaner := clean.New(clean.Origin{Received: p.Received})
	if err := source.Parse(p, cleaner.Add); err != nil {
		t.Fatal(err)
	}
	return cleaner.Result()
}

func summary(result clean.Result) string {
	var text strings.Builder
	counts := map[string]int{}
	for _, key := range slices.SortedFunc(maps.Keys(result.Bars), func(a, b clean.Key) int { return a.Series.Compare(b.Series) }) {
		bars := result.Bars[key]
		first, last := bars[0], bars[len(bars)-1]
		fmt.Fprintf(&text, "%s %d: %s %v ... %s %v\n", key.Series, len(bars), date(first.Start), first.Close, date(last.Start), last.Close)
		for _, bar := range bars {
			if bar.Flags != 0 {
				counts[bar.Flags.String()]++
			}
		}
	}
	for _, reject := range result.Rejects {
		counts[strings.TrimSpace("rejected "+reject.Rule+" "+reject.Field)]++
	}
	order := func(a, b string) int {
		if x, y := strings.HasPrefix(a, "rejected"), strings.HasPrefix(b, "rejected"); x != y {
			if x {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	}
	for _, name := range slices.SortedFunc(maps.Keys(counts), order) {
		fmt.Fprintf(&text, "%s %d\n", name, counts[name])
	}
	return text.String()
}

func date(start int64) string { return time.Unix(start, 0).UTC().Format(time.DateOnly) }

// The bar that the workshop drew at zero, and the days on which Bitstamp was down.
func TestKnownDirt(t *testing.T) {
	gold := cleaned(t, source.Payload{
		Dataset: "workshop-json", Series: []market.SeriesID{{Instrument: "XAU-USD", Source: "workshop"}}, Received: today,
		Body: shared(t, "data", "workshop-gold.json.gz"),
	})
	bar := barOf(t, gold, "2016-11-13")
	if !market.IsAbsent(bar.Open) || bar.Close != 1211.25 || bar.Flags != market.Partial {
		t.Errorf("got %+v, want no open, a close of 1211.25 and the flag partial", bar)
	}
	i := slices.IndexFunc(gold.Rejects, func(r market.Reject) bool { return r.Start == bar.Start })
	if i < 0 || gold.Rejects[i].Rule != "absent" || gold.Rejects[i].Field != "open" || !strings.Contains(gold.Rejects[i].Text, "1478995200") {
		t.Errorf("got %+v, want a reject of the absent open with its text", gold.Rejects)
	}

	bitcoin := cleaned(t, source.Payload{
		Dataset: "cryptodatadownload-csv", Series: []market.SeriesID{{Instrument: "BTC-USD", Source: "bitstamp"}}, Interval: market.Day,
		Received: today, Body: shared(t, "data", "btcusd-1d-bitstamp-cdd.csv.gz"),
	})
	for _, day := range []string{"2014-12-15", "2015-01-06", "2015-01-07", "2015-01-08", "2015-01-09", "2015-01-10", "2015-01-11", "2015-08-06"} {
		if bar := barOf(t, bitcoin, day); bar.Flags != market.Untraded || bar.Volume != 0 {
			t.Errorf("got %+v, want the flag untraded and no volume", bar)
		}
	}
	if bar := barOf(t, bitcoin, "2014-11-29"); bar.Volume != 7245.19 || bar.Flags != market.Repaired|market.SwappedVolume {
		t.Errorf("got %+v, want a volume of 7245.19 bitcoins, repaired", bar)
	}
}

func barOf(t *testing.T, result clean.Result, day string) market.Bar {
	t.Helper()
	start, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	for _, bars := range result.Bars {
		if i := slices.IndexFunc(bars, func(b market.Bar) bool { return b.Start == start.Unix() }); i >= 0 {
			return bars[i]
		}
	}
	t.Fatalf("no bar on %s", day)
	return market.Bar{}
}

// BenchmarkYear is what importing a year of minutes costs before it is stored: bytes into rows into bars.
func BenchmarkYear(b *testing.B) {
	body, err := source.Open(shared(b, "data", "btcusd-1m-bitfinex-2018.csv.gz"))
	if err != nil {
		b.Fatal(err)
	}
	p := source.Payload{
		Dataset: "bitfinex-csv", Series: []market.SeriesID{{Instrument: "BTC-USD", Source: "bitfinex"}}, Interval: market.Minute,
		Body: body, Received: today,
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		cleaned(b, p)
	}
}
