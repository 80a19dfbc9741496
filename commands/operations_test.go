package commands

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/api"
	"assay/shared/config"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// operated is a storage into which two files were imported, of which one was rejected.
func operated(t *testing.T) config.Storage {
	t.Helper()
	settings, folder := storetest.Azurite(t), t.TempDir()
	write(t, folder, "Bitstamp_BTCUSD_d.csv", bitstampDays)
	write(t, folder, "own.csv", ownDays)
	write(t, folder, "zero.csv", "Day,Last\n2024-01-02,0\n")
	for file, code := range map[string]int{"Bitstamp_BTCUSD_d.csv --series BTC-USD": 0, "own.csv --series XAU-USD.mine": 0, "zero.csv --series XAU-USD.mine --interval 1d": 1} {
		arguments := append([]string{"import"}, strings.Fields(file)...)
		if !strings.Contains(file, "Bitstamp") {
			arguments = append(arguments, ownColumns...)
		}
		if got := run(t, settings, folder, arguments...); got.code != code {
			t.Fatalf("import %s: %+v, want exit code %d", file, got, code)
		}
	}
	return settings
}

func TestStatus(t *testing.T) {
	settings := operated(t)
	got := run(t, settings, t.TempDir(), "status")
	for _, want := range []string{
		"; the storage answers\n\nINSTRUMENT  NEWEST BAR\nBTC-USD     2015-01-07T00:00:00Z (1d)\n\n",
		"QUEUE         WAITING  PUT ASIDE\nbackfill      0        0\nclean-prices  0        0\njobs          0        0\nraw-prices    0        0\n\n",
		"\nlbma        off  ",
		"\nRaw blobs of the last seven days: 2 loaded, 0 on their way, 1 rejected, 0 dead\n  rejected: raw/mine/MOMENT.warc.gz no row could be used; row 2: the close is 0",
	} {
		if text := tidy(got.stdout); got.code != 0 || !strings.Contains(text, want) {
			t.Errorf("exit code %d, stderr %q, got\n%s\nwant %q in it", got.code, got.stderr, text, want)
		}
	}
	var status api.Status
	if err := json.Unmarshal([]byte(run(t, settings, t.TempDir(), "status", "--json").stdout), &status); err != nil || !status.Storage.Reachable || len(status.Sources) < 11 {
		t.Errorf("--json: %v, %+v; want what /api/v1/status answers", err, status)
	}
	nobody := config.Storage{Connection: "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:1/a;" +
		"QueueEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a"}
	got = run(t, nobody, t.TempDir(), "status")
	if want := "assay: the storage cannot be read: "; got.code != 1 || got.stdout != "" || !strings.HasPrefix(got.stderr, want) || !strings.Contains(got.stderr, "http://127.0.0.1:1 does not answer") {
		t.Errorf("without storage: %+v; want 1 and %q", got, want)
	}
}

func TestRejectsCommand(t *testing.T) {
	settings := operated(t)
	got := run(t, settings, t.TempDir(), "rejects", "BTC-USD.bitstamp")
	want := result{`
BAR                   ROW  RULE        FIELD  REASON                                                                     RAW
2015-01-08T00:00:00Z  3    unfinished  -      the source's newest bar was in progress when the source wrote this  bitstamp/MOMENT.warc.gz
`, "", 0}
	blanks := regexp.MustCompile(`  +`)
	got.stdout = blanks.ReplaceAllString("\n"+tidy(got.stdout), "  ")
	want.stdout = blanks.ReplaceAllString(want.stdout, "  ")
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		arguments string
		code      int
		says      string
	}{
		{"XAU-USD.mine --last 1", 0, "and 4 older ones: --last 0 prints all\n"},
		{"XAU-USD.mine --last 0", 0, "the close is -5, and no price here is negative"},
		{"XAU-USD.mine --json", 0, `"text":"2024-01-04,-5"`},
		{"bitstamp", 0, "nothing is kept that was refused of bitstamp\n"},
		{"BTC-USD", 2, "BTC-USD is an instrument"},
		{"BTC-USD/..", 2, "want one source's series such as BTC-USD.kraken, or a source such as kraken"},
		{"mine --last -1", 2, "--last -1"},
		{"", 2, "accepts 1 arg(s), received 0: want assay rejects SERIES [flags]"},
	} {
		got := run(t, settings, t.TempDir(), append([]string{"rejects"}, strings.Fields(c.arguments)...)...)
		if text := got.stdout + got.stderr; got.code != c.code || !strings.Contains(text, c.says) {
			t.Errorf("rejects %s: exit code %d, got\n%s\nwant %d and %q", c.arguments, got.code, text, c.code, c.says)
		}
	}
}

// What is replayed ends as it was, however often; a payload that was given up is loaded.
func TestReplay(t *testing.T) {
	settings := operated(t)
	s := storetest.Reopen(t, settings)
	before := run(t, settings, t.TempDir(), "series", "list").stdout
	today := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	const said = "mine: 2 raw blobs replayed, 1 loaded, 1 rejected, 0 dead; 2 bars accepted, 5 rows and fields refused\n" +
		"  raw/mine/MOMENT.warc.gz: rejected: no row could be used; row 2: the close is 0, and nothing costs nothing\n"
	for range 2 {
		got := run(t, settings, t.TempDir(), "replay", "mine", "--from", today)
		if got.code != 0 || tidy(got.stdout) != said || got.stderr != "" {
			t.Errorf("got %+v, want\n%s", got, said)
		}
	}
	if diff := cmp.Diff(before, run(t, settings, t.TempDir(), "series", "list").stdout); diff != "" {
		t.Errorf("series (-before +after):\n%s", diff)
	}
	blobs, err := s.Blobs.ListRaw(t.Context(), "bitstamp", 0, 4e12)
	if err != nil || len(blobs) != 1 {
		t.Fatalf("%d blobs, %v; want 1", len(blobs), err)
	}
	if _, err := s.Restart(t.Context(), blobs[0], 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Advance(t.Context(), blobs[0], store.Dead, nil); err != nil {
		t.Fatal(err)
	}
	var r api.Receipt
	got := run(t, settings, t.TempDir(), "replay", "bitstamp", "--from", today, "--json")
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil || got.code != 0 || r.State != "loaded" || r.Bars != 2 || r.Raw != blobs[0].String() {
		t.Errorf("of a dead one: %v, %+v; want it loaded, with 2 bars", err, got)
	}
	for _, c := range []struct {
		arguments string
		code      int
		says      string
	}{
		{"mine --from 2020-01-01 --to 2020-02-01", 0, "mine: no raw blob was received then\n"},
		{"krakn --from 2020-01-01", 2, `from 2020-01-01 to `},
		{"krakn --from " + today, 2, `nothing is kept of a source "krakn"; raw blobs are of: bitstamp, mine`},
		{"mine", 2, "say from which day on"},
		{"mine --from yesterday", 2, `--from "yesterday": want a date`},
		{"mine --from 2020-02-01 --to 2020-01-01", 2, "the end is not after the start"},
		{"", 2, "accepts 1 arg(s), received 0: want assay replay SOURCE [flags]"},
	} {
		got := run(t, settings, t.TempDir(), append([]string{"replay"}, strings.Fields(c.arguments)...)...)
		if text := got.stdout + got.stderr; got.code != c.code || !strings.Contains(text, c.says) {
			t.Errorf("replay %s: exit code %d, got\n%s\nwant %d and %q", c.arguments, got.code, text, c.code, c.says)
		}
	}
}
