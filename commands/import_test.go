package commands

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/config"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

const (
	// bitstampDays is a file that says of itself what it holds, the newest first; the newest day had not ended.
	bitstampDays = `https://www.CryptoDataDownload.com
unix,date,symbol,open,high,low,close,Volume BTC,Volume USD
1420675200,2015-01-08 00:00:00,BTC/USD,260,270,255,265,3,800
1420588800,2015-01-07 00:00:00,BTC/USD,321,321,321,321,0,0
1420502400,2015-01-06 00:00:00,BTC/USD,310,325,309,321,2,640
`
	// platinumFixes is a file of two series.
	platinumFixes = `Date,USD AM,EUR AM,GBP AM,USD PM,EUR PM,GBP PM
2020-08-25,922.0,780.36,703.82,930.0,786.47,707.49
2020-08-24,918.0,,,920.0,,
`
	ownDays = "Day,Last\n2024-01-01,2000\n2024-01-02,2001\n2024-01-03,\n2024-01-04,-5\n2024-01-05,0\n2024-01-06,x\n"
)

var ownColumns = []string{"--columns", "time=Day,close=Last"}

// tidy takes out of an output what differs from run to run: seconds, and the moment and hash in the names of blobs.
func tidy(text string) string {
	text = regexp.MustCompile(`in \d+\.\d s`).ReplaceAllString(text, "in X s")
	return regexp.MustCompile(`\d{4}/\d{2}/\d{2}/\d{8}T\d{6}\.\d{3}Z~[0-9a-f]{8}`).ReplaceAllString(text, "MOMENT")
}

func TestImport(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	fmt.Fprint(zipped, bitstampDays)
	zipped.Close()
	write(t, folder, "Bitstamp_BTCUSD_d.csv", packed.String())
	write(t, folder, "LPPM-PLAT.csv", platinumFixes)
	write(t, folder, "own.csv", ownDays)
	write(t, folder, "none.csv", "Date,Open,High,Low,Close,Adj Close,Volume\n")
	write(t, folder, "zero.csv", "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,101,111,91,0,106,11\n")
	for _, c := range []struct {
		arguments      []string
		stdout, stderr string
		code           int
	}{
		{[]string{"Bitstamp_BTCUSD_d.csv", "LPPM-PLAT.csv"}, `
Bitstamp_BTCUSD_d.csv: loaded, 2 bars in X s (cryptodatadownload-csv)
  BTC-USD.bitstamp 1d from 2015-01-06 to 2015-01-07
  1 refused:
    row 3: the source's newest bar was in progress when the source wrote this
  kept as raw/bitstamp/MOMENT.warc.gz
LPPM-PLAT.csv: loaded, 4 bars in X s (lppm-csv)
  XPT-USD-AM.lbma 1d from 2020-08-24 to 2020-08-25
  XPT-USD-PM.lbma 1d from 2020-08-24 to 2020-08-25
  kept as raw/lbma/MOMENT.warc.gz
`, "", 0},
		{append([]string{"own.csv", "--series", "XAU-USD.mine"}, ownColumns...), `
own.csv: loaded, 2 bars in X s (columns-csv)
  XAU-USD.mine 1d from 2024-01-01 to 2024-01-02, a series of its own: it does not vote on XAU-USD
  4 refused:
    row 4: the close is absent
    row 5: the close is -5, and no price here is negative
    row 6: the close is 0, and nothing costs nothing
    and 1 more
  kept as raw/mine/MOMENT.warc.gz
`, "", 0},
		{append([]string{"own.csv", "--series", "XAU-USD.other"}, ownColumns...), `
own.csv: loaded, 2 bars in X s (columns-csv)
  XAU-USD.other 1d from 2024-01-01 to 2024-01-02, a series of its own: it does not vote on XAU-USD
  4 refused:
    row 4: the close is absent
    row 5: the close is -5, and no price here is negative
    row 6: the close is 0, and nothing costs nothing
    and 1 more
  kept as raw/other/MOMENT.warc.gz
`, "", 0},
		{[]string{"none.csv", "--series", "BTC-USD"}, `
none.csv: loaded, 0 bars in X s (yahoo-csv)
  kept as raw/yahoo/MOMENT.warc.gz
`, "", 0},
		{[]string{"missing.csv", "zero.csv", "Bitstamp_BTCUSD_d.csv", "--series", "BTC-USD"}, `
zero.csv: rejected, 0 bars in X s (yahoo-csv)
  no row could be used; row 2: the close is 0, and nothing costs nothing
  kept as raw/yahoo/MOMENT.warc.gz
Bitstamp_BTCUSD_d.csv: loaded, 2 bars in X s (cryptodatadownload-csv)
  BTC-USD.bitstamp 1d from 2015-01-06 to 2015-01-07
  1 refused:
    row 3: the source's newest bar was in progress when the source wrote this
  kept as raw/bitstamp/MOMENT.warc.gz
`, "assay: missing.csv: no such file or directory\n1 of 3 files could not be loaded: see above; what was kept stays as it came\n", 1},
	} {
		got := run(t, settings, folder, append([]string{"import"}, c.arguments...)...)
		want := result{strings.TrimPrefix(c.stdout, "\n"), c.stderr, c.code}
		got.stdout = tidy(got.stdout)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); diff != "" {
			t.Errorf("assay import %s (-want +got):\n%s", strings.Join(c.arguments, " "), diff)
		}
	}
	want := []string{
		"BTC-USD 2", "BTC-USD.bitstamp 2", "XAU-USD.mine 2", "XAU-USD.other 2",
		"XPT-USD-AM 2", "XPT-USD-AM.lbma 2", "XPT-USD-PM 2", "XPT-USD-PM.lbma 2",
	}
	if diff := cmp.Diff(want, stored(t, settings)); diff != "" {
		t.Errorf("stored days (-want +got):\n%s", diff)
	}
}

// stored lists the series that are known and how many days each has.
func stored(t *testing.T, settings config.Storage) []string {
	t.Helper()
	h := history.New(storetest.Reopen(t, settings).Tables, time.Now)
	entries, err := h.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		answer, err := h.Read(t.Context(), history.Query{Series: e.ID, Interval: market.Day, From: 0, To: 4e9})
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, fmt.Sprint(e.ID, " ", len(answer.Bars)))
	}
	return found
}

func TestImportJSON(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	write(t, folder, "LPPM-PLAT.csv", platinumFixes)
	write(t, folder, "zero.csv", "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,101,111,91,0,106,11\n")
	got := run(t, settings, folder, "import", "--json", "LPPM-PLAT.csv", "zero.csv", "--series", "XPT-USD-PM")
	type object struct {
		File, Format, State, Reason string
		Series                      []string
		Bars, Rejects               int
		Blob                        string
	}
	var objects []object
	for decoder := json.NewDecoder(strings.NewReader(got.stdout)); ; {
		var o object
		if err := decoder.Decode(&o); err != nil {
			break
		}
		o.Blob = tidy(o.Blob)
		objects = append(objects, o)
	}
	want := []object{
		{"LPPM-PLAT.csv", "lppm-csv", "loaded", "", []string{"XPT-USD-PM.lbma"}, 2, 0, "lbma/MOMENT.warc.gz"},
		{"zero.csv", "yahoo-csv", "rejected", "no row could be used; row 2: the close is 0, and nothing costs nothing", []string{"XPT-USD-PM.yahoo"}, 0, 1, "yahoo/MOMENT.warc.gz"},
	}
	if diff := cmp.Diff(want, objects); diff != "" || got.code != 1 {
		t.Errorf("exit code %d, %s (-want +got):\n%s", got.code, got.stderr, diff)
	}
}

// A mistake is one sentence that names the file and what would be right. Nothing is kept then.
func TestImportMistakes(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	write(t, folder, "notes.txt", "dear diary\n")
	write(t, folder, "page.html", "<!DOCTYPE html><html></html>")
	write(t, folder, "empty.csv", "")
	write(t, folder, "own.csv", ownDays)
	write(t, folder, "short.csv", "Day,Last\n01/02/2024,1\n02/02/2024,2\n")
	write(t, folder, "odd.csv", "Day,Last\n2024-01-01 00:00,1\n2024-01-01 00:05,2\n")
	write(t, folder, "yahoo.csv", "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,101,111,91,100,106,11\n")
	write(t, folder, "cut.csv.gz", "\x1f\x8b\x08\x00gold")
	write(t, folder, "bomb.zip", bomb(t))
	write(t, folder, "two.zip", archive(t, map[string]string{"a.csv": "a", "b.csv": "b"}))
	if err := os.Truncate(filepath.Join(folder, write(t, folder, "big.csv", "")), maxImport+1); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "prices"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		arguments string
		code      int
		want      string
	}{
		{"", 2, "name the files to import: assay import FILE..., see assay import --help"},
		{"own.csv --nope", 2, "unknown flag: --nope"},
		{"missing.csv", 1, "missing.csv: no such file or directory"},
		{"prices", 1, "prices: is a folder: name the files in it"},
		{"big.csv", 1, "big.csv: has 512 MiB: at most 512 can be imported at once; cut it in parts"},
		{"notes.txt", 1, `notes.txt begins with "dear diary", which is no format known here: name its columns, such as --columns time=Date,close=Close`},
		{"page.html", 1, "page.html: an HTML page where prices were due: "},
		{"empty.csv", 1, "empty.csv: nothing where prices were due"},
		{"cut.csv.gz", 1, "cut.csv.gz: damaged gzip file: "},
		{"two.zip", 1, "two.zip: zip file holds 2 files, want one: unpack it and import each"},
		{"bomb.zip --series XAU-USD.mine --columns time=time,close=close", 1, "bomb.zip: file unpacks to more than "},
		{"yahoo.csv", 1, "yahoo.csv: the file is yahoo-csv, which does not say what it prices: add --series, such as --series BTC-USD"},
		{"own.csv --columns time=Day,close=Last", 1, "own.csv: the file is columns-csv, which does not say what it prices: add --series"},
		{"own.csv --series XAU-USD --columns time=Day,close=Last", 1, "own.csv: the file does not say whose prices these are: add a name to --series, such as XAU-USD.mine"},
		{"own.csv --series XAU-USD..%2f --columns time=Day,close=Last", 2, `--series: series "XAU-USD..%2f": want an instrument such as BTC-USD`},
		{"own.csv --series XAU-USD.m'ine --columns time=Day,close=Last", 2, `--series: series "XAU-USD.m'ine": want an instrument such as BTC-USD`},
		{"own.csv --series XAU-USD.mine --interval 5m --columns time=Day,close=Last", 2, "--interval 5m: want 1m, 1h or 1d"},
		{"own.csv --series XAU-USD.mine --columns time=Day,close=Price", 1, `own.csv: no line names the columns Price, Day; the file begins with "Day,Last"`},
		{"own.csv --series XAU-USD.mine --columns day=Day,close=Last", 1, `own.csv: columns: "day" is no field, want some of time, open, high, low, close, volume`},
		{"own.csv --series XAU-USD.mine --columns time=Day,close=Last --tz Mars", 1, `own.csv: time zone "Mars" is not known, want a name such as Europe/London`},
		{"short.csv --series XAU-USD.mine --columns time=Day,close=Last", 1, "short.csv: 01/02/2024 is 1 February or January 2: say --dates dmy or mdy"},
		{"odd.csv --series XAU-USD.mine --columns time=Day,close=Last", 1, "odd.csv: the file does not say how long its bars are: add --interval 1m, 1h or 1d"},
	} {
		got := run(t, settings, folder, append([]string{"import"}, strings.Fields(c.arguments)...)...)
		said := strings.TrimSuffix(got.stderr, "\n")
		if got.code != c.code || !strings.HasPrefix(said, "assay: ") || !strings.Contains(said, c.want) || strings.Contains(said, "\n") || got.stdout != "" {
			t.Errorf("assay import %s: exit code %d, stdout %q, stderr %q; want %d and one line with %q", c.arguments, got.code, got.stdout, got.stderr, c.code, c.want)
		}
	}
	if sources, err := storetest.Reopen(t, settings).Blobs.Sources(t.Context()); err != nil || len(sources) != 0 {
		t.Errorf("kept of %v, %v; want nothing", sources, err)
	}
}

// A bomb that looks like prices is only found when all of it is unpacked: it is kept, and rejected.
func TestImportBomb(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	write(t, folder, "yahoo.zip", archive(t, map[string]string{
		"prices.csv": "Date,Open,High,Low,Close,Adj Close,Volume\n" + strings.Repeat("0", 16<<20),
	}))
	got := run(t, settings, folder, "import", "yahoo.zip", "--series", "BTC-USD")
	if got.code != 1 || !strings.Contains(got.stdout, "yahoo.zip: rejected, 0 bars") || !strings.Contains(got.stdout, "file unpacks to more than") {
		t.Errorf("%+v; want it rejected, because of what it unpacks to", got)
	}
	blobs, err := storetest.Reopen(t, settings).Blobs.ListRaw(t.Context(), "yahoo", 0, 4e12)
	if err != nil || len(blobs) != 1 {
		t.Errorf("%d blobs, %v; want the file kept", len(blobs), err)
	}
}

func bomb(t *testing.T) string {
	t.Helper()
	return archive(t, map[string]string{"prices.csv": "time,close\n" + strings.Repeat("0", 16<<20)})
}

func archive(t *testing.T, files map[string]string) string {
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
	return b.String()
}

// Without storage, with settings that are none, on a port that is taken: one sentence that says what would help.
func TestSurroundings(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	write(t, folder, "LPPM-PLAT.csv", platinumFixes)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, taken, _ := net.SplitHostPort(listener.Addr().String())
	nobody := "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:1/a;" +
		"QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a"
	for _, c := range []struct {
		name, connection, arguments, want string
	}{
		{
			"no Azurite", nobody, "import LPPM-PLAT.csv",
			"storage at http://127.0.0.1:1 does not answer: start it with make run, or set AzureWebJobsStorage; nothing was imported",
		},
		{"no connection string", "hello", "import LPPM-PLAT.csv", "AzureWebJobsStorage is not a connection string: "},
		{"half a connection string", "AccountName=a", "import LPPM-PLAT.csv", "AzureWebJobsStorage is not a connection string: "},
		{"port in use", settings.Connection, "run --port " + taken, "port " + taken + " of 127.0.0.1 is in use by another program: choose another with --port"},
	} {
		got := run(t, config.Storage{Connection: c.connection}, folder, strings.Fields(c.arguments)...)
		said := strings.TrimSuffix(got.stderr, "\n")
		if got.code != 1 || !strings.HasPrefix(said, "assay: "+c.want) || strings.Contains(said, "\n") || got.stdout != "" {
			t.Errorf("%s: %+v; want exit code 1 and one line: %s", c.name, got, c.want)
		}
	}
}

// An import and assay run share the work: both take messages, and all ends loaded.
func TestImportBesideRun(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	beside := command(t, settings, folder, "run", "--only", "Clean,Load")
	got := finish(t, beside, func(c *exec.Cmd) error {
		if err := c.Start(); err != nil {
			return err
		}
		for n := range 4 {
			name := write(t, folder, fmt.Sprintf("minutes%d.csv", n), minutes(5*n, 10))
			got := run(t, settings, folder, "import", name, "--series", "BTC-USD.kraken", "--columns", "time=time,close=close")
			if got.code != 0 || !strings.Contains(got.stdout, "loaded, 14,400 bars") {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		return c.Wait()
	})
	if got.code != 0 || got.stderr != "" {
		t.Errorf("assay run: %d %s", got.code, got.stderr)
	}
	if diff := cmp.Diff([]string{"BTC-USD 25", "BTC-USD.kraken 25"}, stored(t, settings)); diff != "" {
		t.Errorf("stored days (-want +got):\n%s", diff)
	}
}

// minutes is a file with the minutes of so many days, from a day of 2024 on.
func minutes(from, days int) string {
	var b strings.Builder
	b.WriteString("time,close\n")
	start := time.Date(2024, 1, 1+from, 0, 0, 0, 0, time.UTC).Unix()
	for n := range int64(days) * 1440 {
		fmt.Fprintf(&b, "%d,%d\n", start+60*n, 42_000+n%7)
	}
	return b.String()
}

// Ctrl+C ends an import soon, with a sentence that says what becomes of the file; whoever runs next goes on with it.
func TestImportStopped(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	s := storetest.Reopen(t, settings)
	write(t, folder, "minutes.csv", minutes(0, 60))
	c := command(t, settings, folder, "import", "minutes.csv", "--series", "BTC-USD.kraken", "--columns", "time=time,close=close")
	var blob store.RawName
	got := finish(t, c, func(c *exec.Cmd) error {
		if err := c.Start(); err != nil {
			return err
		}
		blob = firstBlob(t, s, "kraken")
		if err := c.Process.Signal(os.Interrupt); err != nil {
			return err
		}
		return c.Wait()
	})
	want := result{"", "assay: stopped; minutes.csv is kept as raw/" + blob.String() + ", and assay run goes on with it\n", 1}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, function := range []string{"Clean", "Load"} {
		if got := run(t, settings, folder, "invoke", function); got.code != 0 {
			t.Errorf("assay invoke %s: %+v", function, got)
		}
	}
	if r, err := s.Receipt(t.Context(), blob); err != nil || r.State != store.Loaded || r.Bars != 60*1440 {
		t.Errorf("receipt %+v, %v; want it loaded", r, err)
	}
}

// firstBlob waits until a receipt of a source is there, and returns its blob.
func firstBlob(t *testing.T, s *store.Store, source string) store.RawName {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		blobs, err := s.Blobs.ListRaw(ctx, source, 0, time.Now().Add(time.Hour).UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		if len(blobs) > 0 {
			if _, err := s.Receipt(ctx, blobs[0]); err == nil {
				return blobs[0]
			}
		}
		select {
		case <-ctx.Done():
			t.Fatal("nothing was kept within a minute")
		case <-tick.C:
		}
	}
}
