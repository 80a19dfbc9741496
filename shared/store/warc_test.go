package store

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"assay/shared/market"
)

func sample() []Record {
	moment := time.UnixMilli(1705311000123).UTC()
	return []Record{
		{
			URI: "https://example.com/ohlc?pair=XBTUSD", Date: moment, Status: 200, Header: http.Header{"Content-Type": {"application/json"}},
			Body: []byte(`{"c":42000.1}`), Dataset: "kraken-ohlc", Interval: market.Minute, Authority: market.Own,
			Series: []market.SeriesID{{Instrument: "BTC-USD", Source: "kraken"}},
		},
		{URI: "file:///gold.csv", Date: moment, Header: http.Header{"Content-Type": {"text/csv"}}, Body: []byte("Date,AM\n"), Dataset: "csv", Options: `{"unit":"g"}`},
	}
}

func encode(t testing.TB, records []Record) []byte {
	t.Helper()
	content, err := encodeWARC(1705311000123, records)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// decode reads every body whole.
func decode(content []byte) ([]Record, error) {
	return decodeWARC(content, func(Record, int) bool { return false })
}

// gunzip returns the text of every gzip member.
func gunzip(t testing.TB, content []byte) []string {
	t.Helper()
	var members []string
	r := bytes.NewReader(content)
	for r.Len() > 0 {
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		z.Multistream(false)
		var member bytes.Buffer
		if _, err := member.ReadFrom(z); err != nil {
			t.Fatal(err)
		}
		if z.ModTime.Unix() != 0 {
			t.Errorf("member %d has time %v: its bytes would differ the next time", len(members), z.ModTime)
		}
		members = append(members, member.String())
	}
	return members
}

func TestWARCFileToTheByte(t *testing.T) {
	want := []string{
		strings.Join([]string{
			"WARC/1.1",
			"WARC-Record-ID: <urn:uuid:759ce40a-9749-8967-bf57-62cb18c75908>",
			"WARC-Type: response",
			"WARC-Date: 2024-01-15T09:30:00.123Z",
			"WARC-Target-URI: https://example.com/ohlc?pair=XBTUSD",
			"Content-Type: application/http;msgtype=response",
			"WARC-Payload-Digest: sha256:c44dc39f2195f64c9872c4c4cb2432275c00efd5a03ea9611a911d8edd4463da",
			"WARC-Block-Digest: sha256:5284775cfb20ffeec1b08efa014f1273bb92e6520b80bed7b5ec15f4e42b477e",
			"Assay-Dataset: kraken-ohlc",
			"Assay-Series: BTC-USD.kraken",
			"Assay-Interval: 1m",
			"Assay-Authority: own",
			"Content-Length: 64",
			"",
			"HTTP/1.1 200 OK",
			"Content-Type: application/json",
			"",
			`{"c":42000.1}`,
			"",
			"",
		}, "\r\n"),
		strings.Join([]string{
			"WARC/1.1",
			"WARC-Record-ID: <urn:uuid:7530b107-df7b-88f0-91c0-57789b3369b8>",
			"WARC-Type: resource",
			"WARC-Date: 2024-01-15T09:30:00.123Z",
			"WARC-Target-URI: file:///gold.csv",
			"Content-Type: text/csv",
			"WARC-Payload-Digest: sha256:b57be7abdccead6a7877d3008e224a2eaa582a6567014bdbcedb416a3360a534",
			"WARC-Block-Digest: sha256:b57be7abdccead6a7877d3008e224a2eaa582a6567014bdbcedb416a3360a534",
			"Assay-Dataset: csv",
			"Assay-Authority: given",
			`Assay-Options: {"unit":"g"}`,
			"Content-Length: 8",
			"",
			"Date,AM\n",
			"",
			"",
		}, "\r\n"),
	}
	if diff := cmp.Diff(want, gunzip(t, encode(t, sample()))); diff != "" {
		t.Errorf("want - got +\n%s", diff)
	}
}

func TestSameRecordsGiveTheSameBytes(t *testing.T) {
	first := encode(t, sample())
	if !bytes.Equal(first, encode(t, sample())) {
		t.Error("the same records gave other bytes")
	}
	changed := sample()
	changed[0].Body[0] = '['
	if bytes.Equal(first, encode(t, changed)) {
		t.Error("other records gave the same bytes")
	}
	twice := gunzip(t, encode(t, []Record{sample()[0], sample()[0]}))
	if twice[0] == twice[1] {
		t.Error("two records of one file have the same id")
	}
}

// gzip members concatenate: a day's file is its parts, one after the other.
func TestConcatenatedFilesAreAFile(t *testing.T) {
	got, err := decode(append(encode(t, sample()[:1]), encode(t, sample()[1:])...))
	if diff := cmp.Diff(sample(), got); err != nil || diff != "" {
		t.Errorf("%v, want - got +\n%s", err, diff)
	}
}

func TestWARCFilesThatAreRefused(t *testing.T) {
	text := strings.Join(gunzip(t, encode(t, sample()[:1])), "")
	packed := func(text string) []byte {
		content, err := packText([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	if got, err := decode(packed(text)); err != nil || len(got) != 1 {
		t.Fatalf("the file that the cases change: %d records, %v", len(got), err)
	}
	whole := encode(t, sample())
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":            {nil, "no gzip file"},
		"no gzip":          {[]byte(text), "no gzip file"},
		"cut short":        {whole[:len(whole)-20], "damaged"},
		"another format":   {packed("hello"), "does not begin with WARC/1.1"},
		"a changed byte":   {packed(strings.Replace(text, "42000", "42001", 1)), "the blob is damaged"},
		"length too great": {packed(strings.Replace(text, "Content-Length: 64", "Content-Length: 66666", 1)), "Content-Length"},
		"length too small": {packed(strings.Replace(text, "Content-Length: 64", "Content-Length: 63", 1)), "the blob is damaged"},
		"another end":      {packed(text[:len(text)-1] + "\r"), "two line ends"},
		"length negative":  {packed(strings.Replace(text, "Content-Length: 64", "Content-Length: -1", 1)), "Content-Length"},
		"a bad date":       {packed(strings.Replace(text, "2024-01-15T", "2024-13-15T", 1)), "WARC-Date"},
		"a bad series":     {packed(strings.Replace(text, "BTC-USD.kraken", "../BTC", 1)), "series"},
		"a bad interval":   {packed(strings.Replace(text, "Assay-Interval: 1m", "Assay-Interval: 1x", 1)), "interval"},
		"a bad authority":  {packed(strings.Replace(text, "Assay-Authority: own", "Assay-Authority: god", 1)), "Assay-Authority"},
		"a bomb":           {packed(strings.Repeat("WARC/1.1\r\nWARC-Type: warcinfo\r\nContent-Length: 1\r\n\r\na\r\n\r\n", 1<<20)), "unpack to more than"},
	} {
		if got, err := decode(c.content); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d records, %v; want an error with %q", name, len(got), err, c.want)
		}
	}
}

// A record of a type that is not ours, as other tools write them, is skipped.
func TestOtherTypesAreSkipped(t *testing.T) {
	info := "WARC/1.1\r\nWARC-Type: warcinfo\r\nContent-Length: 3\r\n\r\na\r\n\r\n\r\n"
	content, err := packText([]byte(info))
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(append(content, encode(t, sample())...))
	if diff := cmp.Diff(sample(), got); err != nil || diff != "" {
		t.Errorf("%v, want - got +\n%s", err, diff)
	}
}

// warcio is the reference reader of WARC files (PyPI: warcio); it checks every digest.
func TestWarcioReadsWhatWeWrite(t *testing.T) {
	if err := exec.Command("python3", "-c", "import warcio").Run(); err != nil {
		t.Skip("python3 cannot import warcio: pip install warcio, then this test runs")
	}
	file := filepath.Join(t.TempDir(), "raw.warc.gz")
	came := sample()
	came[1].Body, came[1].Packed = nil, packedBody(t, came[1].Body)
	if err := os.WriteFile(file, encode(t, came), 0o600); err != nil {
		t.Fatal(err)
	}
	const script = `
import sys
from warcio.archiveiterator import ArchiveIterator
for r in ArchiveIterator(open(sys.argv[1], 'rb'), check_digests='raise'):
    status = r.http_headers.get_statuscode() if r.http_headers else '-'
    print(r.rec_type, r.rec_headers.get_header('WARC-Target-URI'), status, r.rec_headers.get_header('Assay-Dataset'), r.content_stream().read())
`
	out, err := exec.Command("python3", "-c", script, file).CombinedOutput()
	want := `response https://example.com/ohlc?pair=XBTUSD 200 kraken-ohlc b'{"c":42000.1}'` + "\n" + `resource file:///gold.csv - csv b'Date,AM\n'` + "\n"
	if err != nil || string(out) != want {
		t.Errorf("%v, got\n%swant\n%s", err, out, want)
	}
	if out, err := exec.Command("python3", "-m", "warcio.cli", "check", "-v", file).CombinedOutput(); err != nil || !strings.Contains(string(out), "digest pass") {
		t.Errorf("warcio check: %v\n%s", err, out)
	}
}

// What can be read at all can be written, and is then the same.
func FuzzWARC(f *testing.F) {
	for _, records := range [][]Record{sample(), sample()[:1], sample()[1:]} {
		f.Add([]byte(strings.Join(gunzip(f, encode(f, records)), "")))
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		content, err := packText(plain)
		if err != nil {
			t.Fatal(err)
		}
		records, err := decode(content)
		if err != nil || len(records) == 0 {
			return
		}
		written, err := encodeWARC(0, records)
		if err != nil {
			return // a header that another writer may use and we do not
		}
		again, err := decode(written)
		if err != nil {
			t.Fatalf("what we wrote cannot be read: %v", err)
		}
		third, err := encodeWARC(0, again)
		if err != nil || !bytes.Equal(written, third) {
			t.Errorf("%v: written twice, the bytes differ\n%v\n%v", err, records, again)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add([]byte("\x1f\x8b\x08\x00"))
	f.Fuzz(func(_ *testing.T, content []byte) {
		_, _ = decode(content) // it may refuse; it must not panic
	})
}

// packText packs any text as one gzip member.
func packText(text []byte) ([]byte, error) {
	var out bytes.Buffer
	err := archive{members: []member{{body: text}}}.pack(&out, gzip.BestCompression)
	return out.Bytes(), err
}
