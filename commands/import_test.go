package commands

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
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

// A file of a declared series is judged by its declaration: its unit and its calendar.
func TestImportIntoDeclaredSeries(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	write(t, folder, "copper.csv", "Day,Last\n2024-01-05,3.80\n2024-01-06,3.81\n2024-01-08,3.82\n")
	arguments := append([]string{"import", "copper.csv", "--series", "XCU-USD.mine", "--unit", "lb"}, ownColumns...)
	got := run(t, settings, folder, arguments...)
	const undeclared = "--series XCU-USD.mine: there is no such instrument; known are BTC-USD"
	if got.code != 2 || !strings.Contains(got.stderr, undeclared) || !strings.Contains(got.stderr, "assay series add") {
		t.Errorf("undeclared: %+v; want 2, %q and what to do", got, undeclared)
	}
	run(t, settings, folder, "series", "add", "XCU-USD.mine", "--class", "metal", "--unit", "lb", "--calendar", "new-york", "--role", "quote")
	want := result{`copper.csv: loaded, 2 bars in X s (columns-csv)
  XCU-USD.mine 1d from 2024-01-05 to 2024-01-08
  1 refused:
    row 3: 2024-01-06 is a Saturday, on which no price is struck
  kept as raw/mine/MOMENT.warc.gz
`, "", 0}
	got = run(t, settings, folder, arguments...)
	got.stdout = tidy(got.stdout)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); diff != "" {
		t.Errorf("declared (-want +got):\n%s", diff)
	}
	arguments[5] = "kg"
	got = run(t, settings, folder, arguments...)
	if says := `no row could be used; row 2: the price is for one "kg", want one lb`; got.code != 1 || !strings.Contains(got.stdout, says) {
		t.Errorf("in another unit: %+v; want 1 and %q", got, says)
	}
}

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
