package commands

import (
	"archive/zip"
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/shared/config"
	"assay/shared/store/storetest"
)

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

// A mistake in a command line says what the command takes, and costs nothing: no storage is needed, and none is started.
func TestUsageMistakes(t *testing.T) {
	folder := t.TempDir()
	for arguments, want := range map[string]string{
		"invoke":             "accepts between 1 and 2 arg(s), received 0: want assay invoke NAME [JSON] [flags]",
		"stream":             "accepts 1 arg(s), received 0: want assay stream SOURCE [flags]",
		"run --bogus":        "unknown flag: --bogus: see assay run --help",
		"series foo":         `unknown command "foo" for "assay series": assay series --help lists them`,
		"sources nope":       `there is no source "nope": assay sources lists them`,
		"sources check nope": `there is no source "nope": assay sources lists them`,
		"sim --port 70000":   `--port="70000": want a port number from 1 to 65535`,
		"local --port 70000": `--port="70000": want a port number from 1 to 65535`,
	} {
		got := run(t, config.Storage{}, folder, strings.Fields(arguments)...)
		if got.code != 2 || got.stderr != "assay: "+want+"\n" || got.stdout != "" {
			t.Errorf("assay %s: exit code %d, stdout %q, stderr %q; want 2 and %q", arguments, got.code, got.stdout, got.stderr, want)
		}
	}
}

func TestLocalWithoutAzurite(t *testing.T) {
	folder := t.TempDir()
	got := run(t, config.Storage{}, folder, "local", "--market", "sim", "--azurite", filepath.Join(folder, "azurite.js"))
	want := "assay: start Azurite: there is no " + filepath.Join(folder, "azurite.js") + ": make deps installs it, or --azurite names another\n"
	if got.code != 1 || got.stderr != want {
		t.Errorf("exit code %d, stderr %q; want 1 and %q", got.code, got.stderr, want)
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
