package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// noon is when the clock of most tests stands.
var noon = time.Date(2024, 1, 15, 12, 0, 0, 0, time.UTC)

// open returns a client that needs no storage and gives up a call after whole.
func open(t *testing.T, options Options) *Client {
	t.Helper()
	options.Now = func() time.Time { return noon }
	c, err := New(nil, options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestDoKeepsTheAnswer(t *testing.T) {
	var asked *http.Request
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Date", "Mon, 15 Jan 2024 12:00:00 GMT")
		w.Header().Set("Set-Cookie", "session=1")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"message":"Public rate limit exceeded"}`)
	})
	series := []market.SeriesID{{Instrument: "BTC-USD", Source: "coinbase"}}
	got, err := open(t, Options{}).Do(t.Context(), source.Request{
		URL: url + "/candles?start=1&api_key=hush", Dataset: "coinbase-candles", Series: series, Interval: market.Minute,
		Header: http.Header{"x-api-key": {"hush"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := store.Record{
		URI: url + "/candles?start=1&api_key=REDACTED", Date: noon, Status: 429,
		Header: http.Header{
			"Content-Type": {"application/json"}, "Etag": {`"v1"`}, "Date": {"Mon, 15 Jan 2024 12:00:00 GMT"},
		},
		Body: []byte(`{"message":"Public rate limit exceeded"}`), Dataset: "coinbase-candles", Series: series,
		Interval: market.Minute, Authority: market.Own,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if got := asked.URL.Query().Get("api_key") + " " + asked.Header.Get("X-Api-Key"); got != "hush hush" {
		t.Errorf("the provider got the keys %q, want them as they are", got)
	}
	if got := asked.UserAgent(); got != userAgent {
		t.Errorf("user agent %q, want %q", got, userAgent)
	}
}

func TestDoTakesGzipOff(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(pack(t, strings.NewReader("[[1705320000,1,2,3,4,5]]")))
	})
	got, err := open(t, Options{}).Do(t.Context(), source.Request{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Body) != "[[1705320000,1,2,3,4,5]]" {
		t.Errorf("body %q", got.Body)
	}
}

// A 304 may name the coding of the body that it does not have.
func TestDoTakesAnUnchangedAnswerThatSaysGzip(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusNotModified)
	})
	got, err := open(t, Options{}).Do(t.Context(), source.Request{URL: url})
	if err != nil || got.Status != http.StatusNotModified || len(got.Body) > 0 {
		t.Errorf("status %d, body %q, %v; want 304 without a body", got.Status, got.Body, err)
	}
}

func TestDoRefuses(t *testing.T) {
	zeros := pack(t, io.LimitReader(zero{}, maxAnswer+1))
	other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the other host was asked") })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, other, http.StatusFound)
		case "/inside":
			http.Redirect(w, r, "http://169.254.169.254/metadata?token=hush", http.StatusFound)
		case "/circle":
			http.Redirect(w, r, "/circle?token=hush", http.StatusFound)
		case "/badlocation":
			w.Header().Set("Location", "http://[/?token=hush")
			w.WriteHeader(http.StatusFound)
		case "/long":
			io.Copy(w, io.LimitReader(zero{}, 33<<20))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(zeros)
		case "/brotli":
			w.Header().Set("Content-Encoding", "br")
		case "/notgzip":
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "plain after all")
		case "/slow":
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/cut":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "10 bytes..")
		}
	})
	for _, test := range []struct{ url, want string }{
		{url + "/elsewhere", "redirect to another host, " + strings.TrimPrefix(other, "http://")},
		{url + "/inside", "redirect to another host, 169.254.169.254"},
		{url + "/circle", "more than 3 redirects"},
		{url + "/badlocation", "token=REDACTED"},
		{url + "/long", "answer is longer than 32 MiB"},
		{url + "/bomb", "answer is longer than 32 MiB"},
		{url + "/brotli", `answer is coded as "br": only gzip was offered`},
		{url + "/notgzip", "answer says it is gzip: gzip: invalid header"},
		{url + "/slow", "no whole answer within 300ms"},
		{url + "/cut", "unexpected EOF"},
		{"http://example.com/", "want https"},
		{"ftp://127.0.0.1/", "want https"},
		{"prices", "not a URL"},
		{"https://10.0.0.1/", "address 10.0.0.1 is not public"},
		{"https://169.254.169.254/metadata", "address 169.254.169.254 is not public"},
		{"https://168.63.129.16/", "address 168.63.129.16 is not public"},
		{"https://[::ffff:192.168.1.1]/", "address 192.168.1.1 is not public"},
		{"https://[fd00::1]/", "address fd00::1 is not public"},
	} {
		t.Run(test.want, func(t *testing.T) {
			c := open(t, Options{Whole: 10 * time.Second})
			if strings.HasSuffix(test.url, "/slow") {
				c = open(t, Options{Whole: 300 * time.Millisecond})
			}
			separator := "?"
			_, err := c.Do(t.Context(), source.Request{URL: test.url + separator + "api_key=hush"})
			if !errors.Is(err, source.ErrUnavailable) {
				t.Fatalf("got %v, want an error that wraps source.ErrUnavailable", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want it to contain %q", err, test.want)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "hush") {
					t.Errorf("the error holds the key: %q", e)
				}
			}
		})
	}
}

func TestDoFollowsToTheSameHost(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "api.kraken.com" {
			t.Errorf("Host %q, want the provider's", r.Host)
		}
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusMovedPermanently)
		}
	})
	got, err := open(t, Options{URL: url}).Do(t.Context(), source.Request{URL: "https://api.kraken.com/old"})
	if err != nil {
		t.Fatal(err)
	}
	if got.URI != "https://api.kraken.com/old" || got.Status != 200 {
		t.Errorf("got %d from %s, want 200 and the URL that was asked", got.Status, got.URI)
	}
}

// A caller that gives up is no failure of the provider.
func TestDoEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := open(t, Options{}).Do(ctx, source.Request{URL: url})
	if !errors.Is(err, context.Canceled) || errors.Is(err, source.ErrUnavailable) {
		t.Errorf("got %v, want context.Canceled and not ErrUnavailable", err)
	}
}

func TestNewRefusesARemoteServer(t *testing.T) {
	for _, url := range []string{"https://example.com", "http://10.0.0.1:80", "127.0.0.1:9000", "ftp://127.0.0.1"} {
		if _, err := New(nil, Options{URL: url}); err == nil {
			t.Errorf("New with URL %q: no error", url)
		}
	}
}

func TestCheckAddress(t *testing.T) {
	// A name that was public when it was looked up and resolves to another address when it is dialled meets this check.
	for _, test := range []struct {
		address          string
		public, loopback bool
	}{
		{"104.17.186.205:443", true, false},
		{"[2606:4700::6811:b9cd]:443", true, false},
		{"127.0.0.1:443", false, true},
		{"127.8.9.10:443", false, true},
		{"[::1]:443", false, true},
		{"[::ffff:127.0.0.1]:443", false, true},
		{"0.0.0.0:443", false, false},
		{"10.1.2.3:443", false, false},
		{"172.16.0.1:443", false, false},
		{"192.168.0.1:443", false, false},
		{"100.64.0.1:443", false, false},
		{"168.63.129.16:443", false, false},
		{"169.254.169.254:443", false, false},
		{"224.0.0.1:443", false, false},
		{"255.255.255.255:443", false, false},
		{"[fe80::1]:443", false, false},
		{"[fd12::1]:443", false, false},
		{"[ff02::1]:443", false, false},
		{"[::]:443", false, false},
		{"[64:ff9b::a9fe:a9fe]:443", false, false},
		{"[2002:a9fe:a9fe::]:443", false, false},
	} {
		if got := checkAddress(false)("tcp", test.address, nil) == nil; got != test.public {
			t.Errorf("%s for a provider: allowed %v, want %v", test.address, got, test.public)
		}
		if got := checkAddress(true)("tcp", test.address, nil) == nil; got != test.loopback {
			t.Errorf("%s for a server on this machine: allowed %v, want %v", test.address, got, test.loopback)
		}
	}
}

func TestRedact(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"https://a.example/p?symbol=BTC&apikey=k1&step=60", "https://a.example/p?symbol=BTC&apikey=REDACTED&step=60"},
		{"https://a.example/?access_key=k&x-api-key=k&token=k&sig=k&code=k", "https://a.example/?access_key=REDACTED&x-api-key=REDACTED&token=REDACTED&sig=REDACTED&code=REDACTED"},
		{"https://a.example/?API%5FKEY=k%20k#top", "https://a.example/?API%5FKEY=REDACTED#top"},
		{"https://me:pass@a.example/", "https://a.example/"},
		{`Get "https://a.example/?secret=k": no such host`, `Get "https://a.example/?secret=REDACTED": no such host`},
		{"https://a.example/#access_token=k", "https://a.example/#access_token=REDACTED"},
		{"https://a.example/?since=1705320000&pair=XBTUSD", "https://a.example/?since=1705320000&pair=XBTUSD"},
		{"https://a.example/?SeriesCodes=XUDLGPD&CSVF=TN", "https://a.example/?SeriesCodes=XUDLGPD&CSVF=TN"},
	} {
		if got := Redact(test.text); got != test.want {
			t.Errorf("Redact(%q)\n got %q\nwant %q", test.text, got, test.want)
		}
	}
}

func pack(t *testing.T, r io.Reader) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.Copy(w, r); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// zero is a reader of zeros without end.
type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
