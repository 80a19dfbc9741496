package handlers

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"assay/shared/market"
	"assay/shared/store"
)

const goodMessage = `{"v":1,"blob":"kraken/2024/01/15/20240115T093000.123Z~0123abcd.warc.gz",` +
	`"spans":[{"series":"BTC-USD.kraken","interval":"1m","from":1705276800,"to":1705276860,"own":true}],"traceparent":"00-1-2-01"}`

func TestPointer(t *testing.T) {
	want := Pointer{
		Version: 1, Blob: store.RawName{Source: "kraken", Received: 1705311000123, Sum: "0123abcd"}, Traceparent: "00-1-2-01",
		Spans: []market.Span{{
			Series: market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}, Interval: market.Minute, From: 1705276800, To: 1705276860, Own: true,
		}},
	}
	got, err := DecodePointer([]byte(goodMessage))
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	if text := want.Encode(); text != goodMessage {
		t.Errorf("got  %s\nwant %s", text, goodMessage)
	}
}

// A message that is none of ours can never work: its error says what is wrong with it.
func TestPointerErrors(t *testing.T) {
	changed := func(old, new string) string { return strings.Replace(goodMessage, old, new, 1) }
	for _, c := range []struct{ name, message, want string }{
		{"no JSON", "hello", "message is no pointer: invalid character"},
		{"nothing", "", "message is no pointer: unexpected end"},
		{"cut", goodMessage[:40], "message is no pointer: unexpected end"},
		{"a list", "[]", "message is no pointer: json: cannot unmarshal array"},
		{"of a later release", changed(`"v":1`, `"v":2`), "message has version 2: this release reads version 1"},
		{"of nobody", "{}", "message has version 0"},
		{"another blob", changed("kraken/2024", "../2024"), `raw blob "../2024/01/15`},
		{"a blob of another day", changed("/15/", "/16/"), "want <source>/<yyyy>/<mm>/<dd>/<received>~<sha8>.warc.gz"},
		{"a bad series", changed("BTC-USD.kraken", "BTC-USD/../x"), `series "BTC-USD/../x"`},
		{"a consensus", changed("BTC-USD.kraken", "BTC-USD"), "span BTC-USD 1m"},
		{"an interval that is not stored", changed(`"1m"`, `"5m"`), "span BTC-USD.kraken 5m from 1705276800 to 1705276860: want one source's bars of 1m, 1h or 1d"},
		{"a span that ends before it begins", changed("1705276860", "1705276800"), "from before to"},
		{"spans before the first", changed(`"traceparent"`, `"next":-1,"traceparent"`), "message: next -1"},
	} {
		if _, err := DecodePointer([]byte(c.message)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
}

// What can be read can be written, and is then the same.
func FuzzDecodePointer(f *testing.F) {
	f.Add([]byte(goodMessage))
	f.Add([]byte(`{"v":1,"blob":"kraken/2024/01/15/20240115T093000.123Z~0123abcd.warc.gz"}`))
	f.Add([]byte(strings.Replace(goodMessage, `"traceparent"`, `"next":400,"traceparent"`, 1)))
	f.Add([]byte(`{"v":1,"spans":[{}]}`))
	f.Fuzz(func(t *testing.T, message []byte) {
		pointer, err := DecodePointer(message)
		if err != nil {
			return
		}
		again, err := DecodePointer([]byte(pointer.Encode()))
		if diff := cmp.Diff(pointer, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%v, (-first +again):\n%s", err, diff)
		}
	})
}
