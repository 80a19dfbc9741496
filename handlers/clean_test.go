package handlers

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

var (
	coinbaseBTC  = market.SeriesID{Instrument: "BTC-USD", Source: "coinbase"}
	bitcoin      = market.SeriesID{Instrument: "BTC-USD"}
	workshopGold = market.SeriesID{Instrument: "XAU-USD", Source: "workshop"}
)

// threeMinutes are 09:58, 09:59 and 10:00 on 2024-01-15, the newest first: time, low, high, open, close, volume.
const threeMinutes = `[[1705312800,99,104,100,103,1],[1705312740,98,102,101,100,2],[1705312680,97,101,100,101,0.5]]`

// twoDays are 2016-11-12, and 2016-11-13 without an open, as the workshop's file has it.
const twoDays = `{"intervals":[
	{"start":"1478908800","open":1227.1,"high":1228,"low":1226,"last":1227.5},
	{"start":"1478995200","high":1231.6,"low":1219.9,"last":1221.61}]}`

func TestCleanAndLoad(t *testing.T) {
	for _, c := range []struct {
		name          string
		source        string
		record        store.Record
		series        []market.SeriesID
		bars, rejects int
		want          string
	}{
		{
			"minutes of a venue: the hour ended when the next one began", "coinbase", candles(noon, threeMinutes),
			[]market.SeriesID{coinbaseBTC, bitcoin},
			3, 0, `
			known BTC-USD  1m: 2024-01-15T09:58 to 2024-01-15T10:00, watermark -
			known BTC-USD  1h: 2024-01-15T09:00 to 2024-01-15T09:00, watermark -
			known BTC-USD.coinbase venue 1m: 2024-01-15T09:58 to 2024-01-15T10:00, watermark 2024-01-15T10:01
			BTC-USD.coinbase 1m 2024-01-15T09:58 100 101 97 101 0.5
			BTC-USD.coinbase 1m 2024-01-15T09:59 101 102 98 100 2
			BTC-USD.coinbase 1m 2024-01-15T10:00 100 104 99 103 1
			BTC-USD.coinbase 1h 2024-01-15T09:00 100 102 97 100 2.5 incomplete,derived
			BTC-USD.coinbase 1h 2024-01-15T10:00 100 104 99 103 1 incomplete,derived
			BTC-USD.coinbase 1d 2024-01-15 100 104 97 103 3.5 incomplete,derived
			BTC-USD 1m 2024-01-15T09:58 100 101 97 101 0.5 thin
			BTC-USD 1m 2024-01-15T09:59 101 102 98 100 2 thin
			BTC-USD 1m 2024-01-15T10:00 100 104 99 103 1 thin
			BTC-USD 1h 2024-01-15T09:00 100 102 97 100 2.5 incomplete,derived,thin
			BTC-USD 1h 2024-01-15T10:00 100 104 99 103 1 incomplete,derived,thin,unfinished
			BTC-USD 1d 2024-01-15 100 104 97 103 3.5 incomplete,derived,thin,unfinished
			bars BTC-USD~1h~2024 20240115T09 close 100 votes 1 incomplete,derived,thin`,
		},
		{
			"a file that does not vote, with an open that is not there", "workshop", file(noon, "workshop-json", market.Day, twoDays, workshopGold),
			[]market.SeriesID{workshopGold, {Instrument: "XAU-USD"}},
			2, 1, `
			known XAU-USD.workshop  1d: 2016-11-12 to 2016-11-13, watermark -
			XAU-USD.workshop 1d 2016-11-12 1227.1 1228 1226 1227.5 -
			XAU-USD.workshop 1d 2016-11-13 - 1231.6 1219.9 1221.61 - partial
			refused XAU-USD.workshop 2016-11-13 row 2 absent open: the open is absent`,
		},
		{"nothing new at a provider", "coinbase", candles(noon, `[]`), []market.SeriesID{coinbaseBTC, bitcoin}, 0, 0, ``},
		{
			"a provider's days, published: they need nothing after them", "bitstamp",
			file(noon, "columns-csv", market.Day, "day,last\n2024-01-13,100\n2024-01-14,101\n", market.SeriesID{Instrument: "BTC-USD", Source: "bitstamp"}),
			[]market.SeriesID{bitcoin},
			2, 0, `
			known BTC-USD  1d: 2024-01-13 to 2024-01-14, watermark -
			known BTC-USD.bitstamp venue 1d: 2024-01-13 to 2024-01-14, watermark -
			BTC-USD 1d 2024-01-13 - - - 100 - thin
			BTC-USD 1d 2024-01-14 - - - 101 - thin
			bars BTC-USD~1d~2024 20240113 close 100 votes 1 thin
			bars BTC-USD~1d~2024 20240114 close 101 votes 1 thin`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := newFlow(storetest.Open(t))
			if c.record.Dataset == "columns-csv" {
				c.record.Options = `{"columns":{"time":"day","close":"last"}}`
			}
			name, message := keep(t, app, c.source, noon, c.record)
			cleanAndLoad(t, app, message)
			r := receipt(t, app.Store, name)
			if r.State != store.Loaded || r.Bars != c.bars || r.Rejects != c.rejects || r.Reason != "" {
				t.Errorf("receipt %+v; want it loaded with %d bars and %d rejects", r, c.bars, c.rejects)
			}
			if diff := cmp.Diff(lines(c.want), lines(served(t, app.Store, c.series...))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A payload of which nothing can be used is not an error: trying again would not help. It is kept, and the receipt says why.
func TestCleanRejects(t *testing.T) {
	var bomb bytes.Buffer
	packer := gzip.NewWriter(&bomb)
	fmt.Fprintf(packer, "Date,Open,High,Low,Close,Adj Close,Volume\n%s", strings.Repeat("0", 1<<24))
	packer.Close()
	yahooBTC := market.SeriesID{Instrument: "BTC-USD", Source: "yahoo"}
	for _, c := range []struct {
		name, source string
		record       store.Record
		rejects      int
		reason       string
	}{
		{"a page for people", "coinbase", candles(noon, "<!DOCTYPE html><html><body>Just a moment...</body></html>"), 1, "an HTML page where prices were due"},
		{"garbage", "coinbase", candles(noon, "\xff\x00garbage"), 1, "not in the documented format"},
		{"another shape", "coinbase", candles(noon, `{"prices":[1,2]}`), 1, "not in the documented format"},
		{"no bytes at all", "coinbase", candles(noon, ""), 1, "nothing where prices were due"},
		{"a gzip bomb", "yahoo", file(noon, "yahoo-csv", market.Day, bomb.String(), yahooBTC), 1, "file unpacks to more than"},
		{"a damaged file", "yahoo", file(noon, "yahoo-csv", market.Day, "\x1f\x8bgold", yahooBTC), 1, "damaged gzip file"},
		{"two bars that cost nothing", "coinbase", candles(noon, `[[1705312740,98,102,101,0,2],[1705312680,97,101,100,0,0.5]]`), 2, "no row could be used; row 1: the close is 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := newFlow(storetest.Open(t))
			name, message := keep(t, app, c.source, noon, c.record)
			for range 2 {
				if followed := cleanAndLoad(t, app, message); len(followed) != 0 {
					t.Errorf("Load got %s, want nothing", followed)
				}
				r := receipt(t, app.Store, name)
				if r.State != store.Rejected || !strings.Contains(r.Reason, c.reason) || r.Rejects != c.rejects || r.Bars != 0 {
					t.Errorf("receipt %+v; want it rejected with %d rejects, because %q", r, c.rejects, c.reason)
				}
			}
			kept, err := app.Store.Blobs.Raw(t.Context(), name)
			if err != nil || len(kept) != 1 || !bytes.Equal(kept[0].Body, c.record.Body) {
				t.Errorf("raw blob: %d records, %v; want the payload as it came", len(kept), err)
			}
			rejects, err := app.Store.Rejects(t.Context(), c.record.Series[0].String(), 0)
			if err != nil || len(rejects) != c.rejects || rejects[0].Blob != name {
				t.Errorf("rejects %+v, %v; want %d that name the blob", rejects, err, c.rejects)
			}
			if entries, err := app.History.Entries(t.Context()); err != nil || len(entries) != 0 {
				t.Errorf("the catalogue knows %v, %v; want nothing", entries, err)
			}
		})
	}
}

// One record that cannot be read does not keep the others of its blob from being used.
func TestCleanUsesWhatItCan(t *testing.T) {
	app := newFlow(storetest.Open(t))
	name, message := keep(t, app, "coinbase", noon, candles(noon, "<html>"), candles(noon, threeMinutes))
	cleanAndLoad(t, app, message)
	r := receipt(t, app.Store, name)
	if r.State != store.Loaded || r.Bars != 3 || r.Rejects != 1 || !strings.Contains(r.Reason, "HTML") {
		t.Errorf("receipt %+v; want it loaded with 3 bars and the reason of the reject", r)
	}
}

// What cannot be done now, or never by this release, is an error that says what is wrong: the queue tries again, then puts
// the message aside. Nothing is written of it.
func TestCleanErrors(t *testing.T) {
	unknown := candles(noon, threeMinutes)
	unknown.Dataset = "coinbase-trades"
	options := file(noon, "columns-csv", market.Day, "day,last\n", workshopGold)
	options.Options = `{"columns":`
	for _, c := range []struct {
		name   string
		record store.Record
		want   string
	}{
		{"a dataset of another release", unknown, `dataset "coinbase-trades": unknown dataset`},
		{"options that are cut", options, "record 0: Assay-Options"},
	} {
		app := newFlow(storetest.Open(t))
		name, message := keep(t, app, "coinbase", noon, c.record)
		err := app.Clean(t.Context(), message)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name.String()) {
			t.Errorf("%s: %v; want an error with %q that names the blob", c.name, err, c.want)
		}
		if r := receipt(t, app.Store, name); r.State != store.Stored || r.Reason != "" {
			t.Errorf("%s: receipt %+v; want it stored, as before", c.name, r)
		}
		if left := take(t, app.Store, store.CleanPrices); len(left) != 0 {
			t.Errorf("%s: Load got %s", c.name, left)
		}
	}

	app := newFlow(storetest.Open(t))
	gone := store.RawName{Source: "coinbase", Received: noon.UnixMilli(), Sum: "0123abcd"}
	if err := app.Clean(t.Context(), []byte(Pointer{Blob: gone}.Encode())); !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), gone.String()) {
		t.Errorf("a blob that is not there: %v; want ErrNotFound and its name", err)
	}
	name, message := keep(t, app, "coinbase", noon, unknown)
	if err := app.Clean(t.Context(), message); !errors.Is(err, source.ErrUnknownDataset) {
		t.Errorf("%s: %v; want ErrUnknownDataset", name, err)
	}
}

// Every message is delivered twice: the second time nothing is written but the receipt.
func TestDeliveredTwice(t *testing.T) {
	app := newFlow(storetest.Open(t))
	_, first := keep(t, app, "coinbase", noon, candles(noon, threeMinutes))
	_, second := keep(t, app, "workshop", noon, file(noon, "workshop-json", market.Day, twoDays, workshopGold))
	var messages [][]byte
	for _, message := range [][]byte{first, second} {
		messages = append(messages, cleanAndLoad(t, app, message)...)
	}
	before := rows(t, app.Store, coinbaseBTC, workshopGold)
	if len(before) < 8 {
		t.Fatalf("only %d rows are stored", len(before))
	}
	for _, app := range []*App{app, newFlow(app.Store)} { // which remembers what it wrote; which has to read it
		for _, message := range messages {
			if err := app.Load(t.Context(), message); err != nil {
				t.Fatal(err)
			}
		}
		for _, message := range [][]byte{first, second} {
			cleanAndLoad(t, app, message)
		}
		after := rows(t, app.Store, coinbaseBTC, workshopGold)
		for key, e := range after {
			if strings.HasPrefix(key, "rejects ") { // written again, for an operator may have added columns
				e.ETag = before[key].ETag
				after[key] = e
			}
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("(-once +again):\n%s", diff)
		}
	}
}

// A later answer of the source itself replaces what it said; a file that somebody imports later does not.
func TestCorrections(t *testing.T) {
	app := newFlow(storetest.Open(t))
	body := `[[1705312680,97,101,100,%v,0.5]]`
	imported := candles(noon.Add(2*time.Hour), fmt.Sprintf(body, 98))
	imported.Authority = market.Given
	for _, record := range []store.Record{
		candles(noon.Add(time.Hour), fmt.Sprintf(body, 99)), candles(noon, fmt.Sprintf(body, 101)), imported,
	} {
		_, message := keep(t, app, "coinbase", record.Date, record)
		cleanAndLoad(t, app, message)
	}
	if got := served(t, app.Store, coinbaseBTC); !strings.Contains(got, "BTC-USD.coinbase 1m 2024-01-15T09:58 100 101 97 99 0.5\n") {
		t.Errorf("got\n%swant the close of 99 that the source itself said last", got)
	}
}
