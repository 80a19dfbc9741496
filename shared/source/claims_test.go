package source_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"assay/shared/market"
	"assay/shared/source"
)

// unclaimed says of the recorded answers that no parser reads why not; a name may hold the wildcards of path.Match.
var unclaimed = []struct{ files, why string }{
	{"SHA256SUMS", "no answer"},
	{"index.md", "no answer"},
	{"*.headers.json", "the headers of the answer beside it"},
	{"alphavantage-*", "not gathered: 25 calls a day"},
	{"yahoo-chart-*", "not gathered: its terms; files of Yahoo's are CSV"},
	{"ccdata-*", "not gathered: a key, and another index of what the venues say"},
	{"cryptocompare-*", "not gathered: as ccdata"},
	{"coindesk-*", "dead"},
	{"coinmarketcap-historical-*", "not gathered: a web page's own interface; files of CoinMarketCap's are CSV"},
	{"coingecko-coin-history-*", "another question than the one that is asked"},
	{"coingecko-market-chart-*", "another question than the one that is asked"},
	{"coingecko-ohlc-*", "another question than the one that is asked"},
	{"boe-*", "not gathered: the ECB has the rate"},
	{"cbr-*", "not gathered: the ECB has the rate"},
	{"frankfurter-*", "not gathered: it repeats the ECB"},
	{"fred-observations-*", "not gathered: a key; files of FRED's are CSV"},
	{"exchangeratehost-*", "not gathered: a key"},
	{"fixer-*", "not gathered: a key"},
	{"gemini-*", "not gathered"},
	{"poloniex-*", "not gathered"},
	{"metalsdev-*", "not gathered: a key, 100 calls a month"},
	{"*-ticker-*", "a price without an interval: bars are asked for"},
	{"*-ticker24hr-*", "a price without an interval: bars are asked for"},
	{"coinbase-stats-*", "a day that rolls: bars are asked for"},
	{"coinbase-products-*", "a list of pairs: pairs are asked for by name"},
	{"bitfinex-conf-pairs-*", "a list of pairs: pairs are asked for by name"},
	{"*-ws-*", "frames of a socket, which hold a bar in progress"},
}

// TestEveryRecordedFile: each recorded file is read by a parser in this package's tests, or no parser is for it and that is why. With
// -v it prints the table.
func TestEveryRecordedFile(t *testing.T) {
	var table strings.Builder
	columns := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	used := map[string]bool{}
	for _, file := range recordedFiles(t) {
		var by []string
		for _, test := range recorded {
			if test.file == file {
				by = append(by, test.dataset)
			}
		}
		why := ""
		for _, u := range unclaimed {
			if match, _ := path.Match(u.files, file); match && why == "" && len(by) == 0 {
				why, used[u.files] = u.why, true
			}
		}
		if len(by) == 0 && why == "" {
			t.Errorf("no parser reads %s, and nothing says why", file)
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\n", file, strings.Join(by, " "), why)
	}
	for _, u := range unclaimed {
		if !used[u.files] {
			t.Errorf("%s: no file is called so, or a parser reads them all", u.files)
		}
	}
	columns.Flush()
	t.Logf("\n%s", &table)
}

// TestAnswersOfOthers gives every live parser every recorded answer that is not for it, as a server that mixes things up would: no bar
// comes of any.
func TestAnswersOfOthers(t *testing.T) {
	files := recordedFiles(t)
	claimed := map[string]bool{} // file and dataset
	for _, test := range recorded {
		claimed[test.file+" "+test.dataset] = true
	}
	tried := map[string]bool{}
	for _, src := range source.All {
		for _, in := range market.Instruments {
			for _, r := range src.Requests(in, source.Ask{Now: today / 1000, From: today/1000 - 86400, Full: true}) {
				for _, file := range files {
					which := fmt.Sprint(file, " ", r.Dataset)
					if claimed[which] || tried[which] {
						continue
					}
					tried[which] = true
					p := source.Payload{Dataset: r.Dataset, Series: r.Series, Interval: r.Interval, Status: 200, Body: shared(t, "wire", file), Received: today}
					if n := len(accepted(t, p)); n > 0 {
						t.Errorf("%s of %v at %s: %d bars of %s", r.Dataset, r.Series, r.Interval, n, file)
					}
				}
			}
		}
	}
	t.Logf("%d answers tried with parsers that they are not for", len(tried))
}

// recordedFiles lists the folder of recorded answers, or skips the test.
func recordedFiles(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "..", "..", "shared", "wire"))
	if os.IsNotExist(err) {
		t.Skip("../shared/wire is not here: this test needs the recorded answers")
	}
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
