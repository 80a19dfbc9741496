package source_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"

	"assay/shared/source"
)

func TestDetect(t *testing.T) {
	const (
		daily    = "Date,Open,High,Low,Close\n2000-03-01,292.2,294.2,289.25,289.25\n"
		adjusted = "Date,Open,High,Low,Close,Adj Close,Volume\n2018-01-01,14112.2,14112.2,13154.7,13657.2,13657.2,10291200000\n"
		dump     = "1364774820000,93.25,93.3,93.35,93.2,93.3\n1364774880000,93.3,93.2,93.4,93.1,93.3\n"
		lppm     = "Date,USD AM,EUR AM,GBP AM,USD PM,EUR PM,GBP PM\n2020-08-25,922.0,780.36,703.82,930.0,786.47,707.49\n"
		fixes    = `[{"is_cms_locked":0,"d":"1968-04-01","v":[37.7,15.68,null]}]`
		download = "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume LTC,Volume USD\n" +
			"1758672000,2025-09-24 00:00:00,LTC/USD,112,113,111,112,1.8,201.6\n"
	)
	columns := source.Options{Columns: map[string]string{"time": "when", "close": "last"}}
	for _, test := range []struct {
		name, body string
		options    source.Options
		want       string
	}{
		{name: "xauusd_d.csv", body: daily, want: "stooq-csv stooq [XAU-USD.stooq] 1d"},
		{name: "prices.csv", body: daily, want: "stooq-csv stooq [] 1d"},
		{name: "noise.csv", body: "Date,Open,High,Low,Close\n2000-08-30,273.9,273.9,273.9,273.8999938964844\n", want: "yahoo-csv yahoo [] 1d"},
		{name: "BTC-USD.csv", body: adjusted, want: "yahoo-csv yahoo [BTC-USD.yahoo] 1d"},
		{name: "data/GC=F.csv", body: adjusted, want: "yahoo-csv yahoo [XAU-USD-FUT.yahoo] 1d"},
		{name: `C:\prices\WBTCUSD.csv`, body: adjusted, want: "yahoo-csv yahoo [] 1d"},
		{name: "merged.csv", body: dump, want: "bitfinex-csv bitfinex [] 1m"},
		{name: "BTC_USD.csv", body: "\ufeff" + strings.ReplaceAll(dump, "\n", "\r\n"), want: "bitfinex-csv bitfinex [BTC-USD.bitfinex] 1m"},
		{name: "LPPM-PLAT.csv", body: lppm, want: "lppm-csv lbma [XPT-USD-AM.lbma XPT-USD-PM.lbma] 1d"},
		{name: "LPPM-PALL.csv", body: lppm, want: "lppm-csv lbma [XPD-USD-AM.lbma XPD-USD-PM.lbma] 1d"},
		{name: "fixes.csv", body: lppm, want: "lppm-csv lbma [] 1d"},
		{name: "gold_pm.json", body: fixes, want: "lbma-json lbma [XAU-USD-PM.lbma] 1d"},
		{name: "platinum_am.json", body: fixes, want: "lbma-json lbma [XPT-USD-AM.lbma] 1d"},
		{name: "silver.json", body: fixes, want: "lbma-json lbma [XAG-USD-FIX.lbma] 1d"},
		{name: "gold.json", body: fixes, want: "lbma-json lbma [] 1d"},
		{name: "Bitstamp_LTCUSD_d.csv", body: download, want: "cryptodatadownload-csv bitstamp [LTC-USD.bitstamp] 1d"},
		{name: "ltc.csv", body: download, want: "cryptodatadownload-csv cryptodatadownload [LTC-USD.cryptodatadownload] 1d"},
		{name: "x.csv", body: "observation_date,DEXUSUK\n2019-03-08,1.30\n", want: "fred-csv fred [] 1d"},
		{name: "x.csv", body: "Date, USD, JPY, CZK, GBP, \n13 April 2026, 1.1684, 186.75, 24.378, 0.87, \n", want: "ecb-csv ecb [EUR-USD.ecb] 1d"},
		{name: "x.csv", body: "title\nwhen,last\n2016-03-04 10:00,1\n2016-03-04 11:00,2\n", options: columns, want: "columns-csv  [] 1h"},
		{name: "x.csv", body: "when,last\n2016-03-04 10:00,1\n2016-03-04 10:15,2\n", options: columns, want: "columns-csv  [] 0w"},

		{name: "x.csv", body: "when,last\n03/04/2016,1\n", options: columns, want: "x.csv: 03/04/2016 is 3 April or March 4: say --dates dmy or mdy"},
		{name: "ohlc.csv", body: "1364774820000,93.25,93.35,93.2,93.3,93.3\n1364774880000,93.3,93.4,93.1,93.2,93.3\n", want: `ohlc.csv begins with "1364774820000,93.25,93.35,93.2,93.3,93.3", which is no format known here: name its columns, such as --columns time=Date,close=Close`},
		{name: "daily.csv", body: "Date,Price\n2000-03-01,292.2\n", want: `daily.csv begins with "Date,Price", which is no format known here: name its columns, such as --columns time=Date,close=Close`},
		{name: "x.csv", body: "<!DOCTYPE html><html></html>", want: `x.csv: an HTML page where prices were due: "<!DOCTYPE html><html></html>"`},
		{name: "x.csv", body: " \n", want: "x.csv: nothing where prices were due"},
		{name: "photo.jpg", body: "\xff\xd8\xff\xe0\x00\x10JFIF", want: "photo.jpg begins with \"\\xff\\xd8\\xff\\xe0\\x00\\x10JFIF\", which is no format known here: name its columns, such as --columns time=Date,close=Close"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, pack := range []func(*testing.T, string) []byte{plain, gzipped, zipped} {
				found, err := source.Detect(test.name, pack(t, test.body), test.options)
				got := fmt.Sprint(found.Dataset, " ", found.Source, " ", found.Series, " ", found.Interval)
				if err != nil {
					got = err.Error()
					test.want = strings.TrimSuffix(test.want, suffix) + suffix
					if !errors.Is(err, source.ErrFormat) {
						t.Errorf("got %v, want an error that wraps ErrFormat", err)
					}
				}
				if got != test.want {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
			}
		})
	}
}

const suffix = ": not in the documented format"

func plain(_ *testing.T, body string) []byte { return []byte(body) }

func gzipped(t *testing.T, body string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t *testing.T, body string) []byte {
	t.Helper()
	return archive(t, map[string]string{"prices.csv": body, "__MACOSX/prices.csv": "resource fork", "folder/": ""})
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, body := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOpen(t *testing.T) {
	const body = "Date,Price\n1833-01,18.930\n1833-02,18.930\n"
	damaged := gzipped(t, body)
	damaged[len(damaged)-6] ^= 1
	zeros := strings.Repeat("0", 1<<20)
	for _, test := range []struct {
		name string
		file []byte
		want string // the content, or the error
	}{
		{"plain", []byte(body), body},
		{"gzip", gzipped(t, body), body},
		{"two gzip members", append(gzipped(t, body[:20]), gzipped(t, body[20:])...), body},
		{"zip", zipped(t, body), body},
		{"gzip in zip", archive(t, map[string]string{"a.csv.gz": string(gzipped(t, body))}), body},
		{"zip in gzip", gzipped(t, string(zipped(t, body))), body},
		{"cut gzip", gzipped(t, body)[:30], "damaged gzip file: unexpected EOF"},
		{"wrong sum", damaged, "damaged gzip file: gzip: invalid checksum"},
		{"cut zip", zipped(t, body)[:60], "damaged zip file: zip: not a valid zip file"},
		{"two files", archive(t, map[string]string{"a.csv": body, "b.csv": body}), "zip file holds 2 files, want one: unpack it and import each"},
		{"no file", archive(t, nil), "zip file holds 0 files, want one: unpack it and import each"},
		{"workbook", archive(t, map[string]string{"[Content_Types].xml": "", "xl/workbook.xml": ""}), "file is an office document: save it as CSV"},
		{"too deep", gzipped(t, string(gzipped(t, string(gzipped(t, string(gzipped(t, body))))))), "file is packed more than 3 times over"},
		{"gzip bomb", gzipped(t, zeros), "file unpacks to more than"},
		{"zip bomb", archive(t, map[string]string{"a.csv": zeros}), "file unpacks to more than"},
		{"bomb in a bomb", gzipped(t, string(gzipped(t, strings.Repeat(zeros, 64)))), "file unpacks to more than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := source.Open(test.file)
			text := string(got)
			if err != nil {
				text = err.Error()
				if !errors.Is(err, source.ErrFormat) {
					t.Errorf("got %v, want an error that wraps ErrFormat", err)
				}
			}
			if !strings.HasPrefix(text, test.want) {
				t.Errorf("got  %q\nwant %q", text, test.want)
			}
		})
	}
}
