package handlers

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/google/go-cmp/cmp"

	"assay/shared/api"
	"assay/shared/config"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// received is when the files of these tests were imported: after all that is in them.
var received = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

var bitstampBTC = market.SeriesID{Instrument: "BTC-USD", Source: "bitstamp"}

// threeFlatDays is a file of CryptoDataDownload: a day in progress, one on which Bitstamp was down, and one whose two volumes
// are exchanged: 10.5 bitcoins for 3,654 dollars.
const threeFlatDays = `https://www.CryptoDataDownload.com
unix,date,symbol,open,high,low,close,Volume BTC,Volume USD
1420675200,2015-01-08 00:00:00,BTC/USD,260,270,255,265,3,800
1420588800,2015-01-07 00:00:00,BTC/USD,321,321,321,321,0,0
1419984000,2014-12-31 00:00:00,BTC/USD,350,352,344,348,3654,10.5
`

// shared returns a file of the folder beside the repository that holds real data, or skips the test.
func shared(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", "shared", "data", name))
	if os.IsNotExist(err) {
		t.Skipf("../shared/data/%s is not here: this test needs the real file", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// imported is a program into which a file was imported.
func imported(t *testing.T, dataset, body string, id market.SeriesID) (*App, store.RawName) {
	t.Helper()
	app := newFlow(storetest.Open(t))
	name, message := keep(t, app, id.Source, received, file(received, dataset, market.Day, body, id))
	cleanAndLoad(t, app, message)
	if state := receipt(t, app.Store, name).State; state != store.Loaded {
		t.Fatalf("the receipt is %s", state)
	}
	return app, name
}

// On 2016-11-13 the workshop's file has no open, and its chart showed a price of 0. Here the close stands, what is missing is
// said, and any WARC reader finds the text of it in the blob that the explanation names.
func TestGoldThatFellToZero(t *testing.T) {
	for name, body := range map[string]func(*testing.T) string{
		"written here":  func(*testing.T) string { return twoDays },
		"the real file": func(t *testing.T) string { return shared(t, "workshop-gold.json.gz") },
	} {
		t.Run(name, func(t *testing.T) {
			body := body(t)
			app, blob := imported(t, "workshop-json", body, workshopGold)
			got := explain(t, app, workshopGold, "2016-11-13")
			if b := got.Bar; b == nil || b.Open != nil || b.Close == nil || *b.Close < 1200 || *b.Close > 1230 {
				t.Fatalf("the bar is %+v; want no open, and the close of the day", b)
			}
			if diff := cmp.Diff([]string{"partial"}, got.Bar.Flags); diff != "" {
				t.Errorf("flags (-want +got):\n%s", diff)
			}
			if len(got.Sources) != 1 || got.Sources[0].Raw == nil || *got.Sources[0].Raw != blob.String() || len(got.Sources[0].Rejects) != 1 {
				t.Fatalf("sources %+v; want the workshop with one reject, and blob %s", got.Sources, blob)
			}
			reject := got.Sources[0].Rejects[0]
			if reject.Rule != "absent" || reject.Field != "open" || reject.Raw != blob.String() || !strings.Contains(reject.Text, `"1478995200"`) {
				t.Errorf("reject %+v; want the absent open of the record that begins at 1478995200, in blob %s", reject, blob)
			}
			records, err := app.Store.Blobs.Raw(t.Context(), blob)
			if err != nil || len(records) != 1 || string(records[0].Body) != body {
				t.Errorf("raw blob: %d records, %v; want the file as it was", len(records), err)
			}
		})
	}
}

// explain asks the API how a daily bar came about.
func explain(t *testing.T, app *App, id market.SeriesID, day string) api.Explanation {
	t.Helper()
	recorder := httptest.NewRecorder()
	app.Api().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/api/v1/series/"+id.String()+"/explain?t="+day, nil))
	var e api.Explanation
	if err := json.Unmarshal(recorder.Body.Bytes(), &e); err != nil || recorder.Code != http.StatusOK {
		t.Fatalf("explain: %d %v %s", recorder.Code, err, recorder.Body)
	}
	return e
}

// warcio is the reference reader of WARC files (PyPI: warcio). It opens the blob as it lies in storage.
func TestWarcioOpensWhatWasImported(t *testing.T) {
	if err := exec.Command("python3", "-c", "import warcio").Run(); err != nil {
		t.Skip("python3 cannot import warcio: pip install warcio, then this test runs")
	}
	settings := storetest.Azurite(t)
	app := newFlow(storetest.Reopen(t, settings))
	name, _ := keep(t, app, "workshop", received, file(received, "workshop-json", market.Day, twoDays, workshopGold))
	blob := filepath.Join(t.TempDir(), "raw.warc.gz")
	download(t, settings, name, blob)
	const script = `
import sys
from warcio.archiveiterator import ArchiveIterator
for r in ArchiveIterator(open(sys.argv[1], 'rb'), check_digests='raise'):
    sys.stdout.write(r.rec_headers.get_header('Assay-Series') + ' ' + r.content_stream().read().decode())
`
	out, err := exec.Command("python3", "-c", script, blob).CombinedOutput()
	if want := "XAU-USD.workshop " + twoDays; err != nil || string(out) != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, out, want)
	}
}

// download saves a blob as it lies in storage.
func download(t *testing.T, settings config.Storage, name store.RawName, to string) {
	t.Helper()
	client, err := azblob.NewClientFromConnectionString(settings.Connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer saved.Close()
	if _, err := client.DownloadFile(t.Context(), "raw", name.String(), saved, nil); err != nil {
		t.Fatal(err)
	}
}

// Days on which Bitstamp was down are flat and have no volume; up to 2018 the file has the two volumes exchanged. Both are
// said of the bars.
func TestBitstampsBadDays(t *testing.T) {
	app, _ := imported(t, "cryptodatadownload-csv", threeFlatDays, bitstampBTC)
	want := lines(`
		known BTC-USD  1d: 2014-12-31 to 2015-01-07, watermark -
		known BTC-USD.bitstamp venue 1d: 2014-12-31 to 2015-01-07, watermark -
		BTC-USD.bitstamp 1d 2014-12-31 350 352 344 348 10.5 repaired,swapped-volume
		BTC-USD.bitstamp 1d 2015-01-07 321 321 321 321 0 untraded
		refused BTC-USD.bitstamp 2015-01-08 row 3 unfinished : the source's newest bar was in progress when the source wrote this
		BTC-USD 1d 2014-12-31 350 352 344 348 10.5 repaired,swapped-volume,thin
		BTC-USD 1d 2015-01-07 321 321 321 321 0 untraded,thin`)
	if diff := cmp.Diff(want, lines(served(t, app.Store, bitstampBTC, bitcoin))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBitstampsBadDaysOfTheRealFile(t *testing.T) {
	app, _ := imported(t, "cryptodatadownload-csv", shared(t, "btcusd-1d-bitstamp-cdd.csv.gz"), bitstampBTC)
	answer, err := app.History.Read(t.Context(), history.Query{Series: bitcoin, Interval: market.Day, From: 0, To: received.Unix()})
	if err != nil {
		t.Fatal(err)
	}
	var untraded []string
	repaired := 0
	for _, b := range answer.Bars {
		if b.Flags.Has(market.Untraded) {
			untraded = append(untraded, clock(b.Start))
		} else if b.Volume == 0 {
			t.Errorf("%s has no volume and is not untraded", clock(b.Start))
		}
		if b.Flags.Has(market.Repaired | market.SwappedVolume) {
			repaired++
		}
	}
	want := []string{"2014-12-15", "2015-01-06", "2015-01-07", "2015-01-08", "2015-01-09", "2015-01-10", "2015-01-11", "2015-08-06"}
	if diff := cmp.Diff(want, untraded); diff != "" {
		t.Errorf("untraded days (-want +got):\n%s", diff)
	}
	if len(answer.Bars) != 3953 || repaired != 1180 {
		t.Errorf("%d bars, %d of them with volumes put right; want 3953 and 1180", len(answer.Bars), repaired)
	}
}
