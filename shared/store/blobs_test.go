package store_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// moment is 2024-01-15 09:30:00.123 UTC.
const moment = int64(1705311000123)

var bitcoinKraken = market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}

// records are an answer whose body is gzip already, one without a body, and a pushed file.
func records() []store.Record {
	return []store.Record{
		{
			URI: "https://api.kraken.com/0/public/OHLC?pair=XBTUSD&interval=1", Date: time.UnixMilli(moment).UTC(), Status: 200,
			Header: http.Header{"Content-Type": {"application/json"}, "Etag": {`"abc"`}, "Content-Encoding": {"gzip"}},
			Body:   []byte("\x1f\x8b\x08\r\n\r\nWARC/1.1\r\n\x00\xff"), Dataset: "kraken-ohlc", Series: []market.SeriesID{bitcoinKraken},
			Interval: market.Minute, Authority: market.Own,
		},
		{
			URI: "https://api.kraken.com/0/public/OHLC?pair=XLTCZUSD", Date: time.UnixMilli(moment - 1).UTC(), Status: 503,
			Header: http.Header{"Retry-After": {"5"}}, Body: []byte{}, Dataset: "kraken-ohlc", Authority: market.Own,
		},
		{
			URI: "file:///gold%20am.csv", Date: time.UnixMilli(moment).UTC(), Header: http.Header{"Content-Type": {"text/csv"}},
			Body: []byte("Date,AM\n2016-11-13,1\n"), Dataset: "csv", Options: `{"unit":"g","columns":{"close":"AM"}}`,
			Series:   []market.SeriesID{{Instrument: "XAU-USD-AM", Source: "lbma"}, {Instrument: "XAU-USD-PM", Source: "lbma"}},
			Interval: market.Day, Authority: market.Given,
		},
	}
}

func putRaw(t *testing.T, s *store.Store, source string, received int64, records []store.Record) store.RawName {
	t.Helper()
	name, err := s.Blobs.PutRaw(t.Context(), source, received, records)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestRawBlobComesBackAsItWas(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		missing := store.RawName{Source: "kraken", Received: moment, Sum: "00000000"}
		if _, err := s.Blobs.Raw(t.Context(), missing); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Raw of no container: %v, want ErrNotFound", err)
		}
		name := putRaw(t, s, "kraken", moment, records())
		if again := putRaw(t, s, "kraken", moment, records()); again != name {
			t.Errorf("the same records at the same moment are %s and %s", name, again)
		}
		if want := "kraken/2024/01/15/20240115T093000.123Z~" + name.Sum + ".warc.gz"; name.String() != want {
			t.Errorf("got name %s, want %s", name, want)
		}
		got, err := s.Blobs.Raw(t.Context(), name)
		if diff := cmp.Diff(records(), got); err != nil || diff != "" {
			t.Errorf("%v, want - got +\n%s", err, diff)
		}
		if _, err := s.Blobs.Raw(t.Context(), missing); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Raw of no blob: %v, want ErrNotFound", err)
		}
	})
}

func TestOnlyHeadersOfTheAllowListAreKept(t *testing.T) {
	s := storetest.Open(t)
	record := records()[1]
	record.Header = http.Header{"Set-Cookie": {"session=secret"}, "Content-Type": {"text/html"}}
	got, err := s.Blobs.Raw(t.Context(), putRaw(t, s, "kraken", moment, []store.Record{record}))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(http.Header{"Content-Type": {"text/html"}}, got[0].Header); diff != "" {
		t.Errorf("want - got +\n%s", diff)
	}
}

// 32 MiB of noise is the largest answer; 8 MiB of one letter packs a thousand times, more than an archive may.
func TestLargeBodies(t *testing.T) {
	noise := make([]byte, 32<<20)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(noise)
	for name, body := range map[string][]byte{"noise": noise, "one letter": bytes.Repeat([]byte("a"), 8<<20)} {
		t.Run(name, func(t *testing.T) {
			s := storetest.Open(t)
			record := records()[2]
			record.Body = body
			got, err := s.Blobs.Raw(t.Context(), putRaw(t, s, "lbma", moment, []store.Record{record}))
			if err != nil || len(got) != 1 || !bytes.Equal(got[0].Body, body) {
				t.Errorf("%d records, %v; want one with the same body", len(got), err)
			}
		})
	}
}

func TestListRaw(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		day := int64(24 * time.Hour / time.Millisecond)
		midnight := moment - moment%day
		list := func(source string, from, to int64) []int64 {
			t.Helper()
			names, err := s.Blobs.ListRaw(t.Context(), source, from, to)
			if err != nil {
				t.Fatal(err)
			}
			var received []int64
			for _, n := range names {
				received = append(received, n.Received)
			}
			return received
		}
		if got := list("kraken", 0, moment); got != nil {
			t.Errorf("no container has blobs %v", got)
		}
		for _, received := range []int64{midnight + day, midnight - 1, midnight, midnight + day - 1, midnight + 400*day} {
			putRaw(t, s, "kraken", received, records()[:1])
		}
		putRaw(t, s, "kraken-futures", midnight, records()[:1])
		for _, c := range []struct {
			from, to int64
			want     []int64
		}{
			{midnight, midnight + day, []int64{midnight, midnight + day - 1}},
			{midnight - 1, midnight + 1, []int64{midnight - 1, midnight}},
			{0, midnight + 500*day, []int64{midnight - 1, midnight, midnight + day - 1, midnight + day, midnight + 400*day}},
			{midnight + 1, midnight + 2, nil},
		} {
			if diff := cmp.Diff(c.want, list("kraken", c.from, c.to)); diff != "" {
				t.Errorf("from %d to %d, want - got +\n%s", c.from, c.to, diff)
			}
		}
		sources, err := s.Blobs.Sources(t.Context())
		if diff := cmp.Diff([]string{"kraken", "kraken-futures"}, sources); err != nil || diff != "" {
			t.Errorf("Sources: %v, want - got +\n%s", err, diff)
		}
	})
}

func TestRawNames(t *testing.T) {
	const good = "kraken/2024/01/15/20240115T093000.123Z~0123abcd.warc.gz"
	name, err := store.ParseRawName(good)
	if want := (store.RawName{Source: "kraken", Received: moment, Sum: "0123abcd"}); err != nil || name != want || name.String() != good {
		t.Errorf("got %+v, %v; want %+v", name, err, want)
	}
	if got, want := name.Key(), "20240115T093000.123Z~0123abcd"; got != want {
		t.Errorf("got key %s, want %s", got, want)
	}
	for _, bad := range []string{
		"", strings.Replace(good, "kraken", "KRAKEN", 1), strings.Replace(good, "kraken", "..", 1), strings.Replace(good, "kraken", "k", 1),
		strings.Replace(good, "2024/01/15", "2024/01/16", 1), strings.Replace(good, "T093000", "T253000", 1), strings.Replace(good, ".123Z", "Z", 1),
		strings.Replace(good, "abcd", "ABCD", 1), strings.Replace(good, "0123abcd", "0123abcde", 1), good + "\n", " " + good, "raw/" + good,
		strings.TrimSuffix(good, ".gz"), "kraken/2024/01/15.warc.gz", strings.Replace(good, "0115T", "0230T", 1),
	} {
		if n, err := store.ParseRawName(bad); err == nil {
			t.Errorf("%q was read as %+v", bad, n)
		}
	}
}

func TestPutRawRefuses(t *testing.T) {
	s := storetest.Open(t, &storetest.Fail{Count: -1})
	line := records()[0]
	line.Options = "{\n}"
	long := records()[2]
	long.Options = strings.Repeat(" ", 64<<10)
	space := records()[0]
	space.URI = "https://example.com/a b"
	for name, c := range map[string]struct {
		source  string
		records []store.Record
	}{
		"a source with a slash":                  {"kraken/..", records()},
		"no records":                             {"kraken", nil},
		"options of several lines":               {"kraken", []store.Record{line}},
		"a URI with a space":                     {"kraken", []store.Record{space}},
		"a record that has no URI ":              {"kraken", []store.Record{{}}},
		"a header that is too long to read back": {"kraken", []store.Record{long}},
	} {
		if _, err := s.Blobs.PutRaw(t.Context(), c.source, moment, c.records); err == nil || errors.Is(err, storetest.ErrInjected) {
			t.Errorf("%s: %v, want a refusal before the request", name, err)
		}
	}
}

// A long file is read without asking storage once by whoever stored it, and then as anybody reads it: both give the same.
func TestLongFileThatWasJustStored(t *testing.T) {
	s := storetest.Open(t)
	record := store.Record{
		URI: "file:///minutes.csv", Date: time.UnixMilli(moment).UTC().Add(456 * time.Microsecond), Body: bytes.Repeat([]byte("1705276800,42000.5\n"), 250_000),
		Dataset: "csv", Options: `{"unit":"g"}`, Series: []market.SeriesID{bitcoinKraken}, Interval: market.Minute, Authority: market.Given,
	}
	for _, date := range []time.Time{record.Date, {}} {
		record.Date = date
		name := putRaw(t, s, "kraken", moment, []store.Record{record})
		var read [2][]store.Record
		for n := range read {
			var err error
			if read[n], err = s.Blobs.Raw(t.Context(), name); err != nil || len(read[n]) != 1 {
				t.Fatalf("read %d times: %d records, %v", n+1, len(read[n]), err)
			}
		}
		if &read[0][0].Body[0] != &record.Body[0] {
			t.Error("the body was read back, want the one that was stored")
		}
		if diff := cmp.Diff(read[1], read[0], cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("just stored (-read back +just stored):\n%s", diff)
		}
	}
}

// Prices that do not repeat are packed fast, text that does is packed well; WARC readers do not see the difference.
func TestPacking(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var prices, words []byte
	for len(prices) < 5<<20 || len(words) < 5<<20 {
		price := strconv.AppendInt(nil, random.Int64N(1e9), 10)
		prices = append(append(prices, ','), price...)
		words = append(append(append(words, `{"instrument":"BTC-USD","close":`...), price...), `},`...)
	}
	for _, test := range []struct {
		name string
		body []byte
		most float64 // of the packed size, as a share
	}{
		{"prices", prices, 0.5},
		{"words", words, 0.25},
	} {
		s := storetest.Open(t)
		record := store.Record{URI: "file:///x", Date: time.UnixMilli(moment).UTC(), Body: test.body, Dataset: "csv", Authority: market.Given}
		name := putRaw(t, s, "kraken", moment, []store.Record{record})
		if _, err := s.Blobs.Raw(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		blob, err := s.Blobs.OpenRaw(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		blob.Close()
		if share := float64(blob.Size) / float64(len(test.body)); share > test.most {
			t.Errorf("%s pack to %.3f of their size, want at most %.3f", test.name, share, test.most)
		}
	}
}
