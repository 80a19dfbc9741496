package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"assay/shared/market"
)

// prices is a small world: bitcoin of one venue, gold of an import that does not vote, silver's fix.
func prices(tb testing.TB) *world {
	w := newWorld(tb, nil)
	w.put("BTC-USD.kraken", market.Day, run(market.Day, monday, 10, bar)...)
	w.put("BTC-USD.kraken", market.Hour, run(market.Hour, monday, 48, bar)...)
	w.put("XAU-USD.workshop", market.Day, run(market.Day, monday, 10, fix)...)
	w.put("XAG-USD-FIX.lbma", market.Day, run(market.Day, monday, 5, fix)...)
	return w
}

func TestBadInput(t *testing.T) {
	w := prices(t)
	for target, want := range map[string]struct {
		status int
		detail string
	}{
		"/api":                                       {404, `"/api" is no path of this API: /api/openapi.json lists them`},
		"/api/":                                      {404, `"/api/" is no path of this API`},
		"/api/v2/series":                             {404, `"/api/v2/series" is no path of this API`},
		"/api/v1/series/":                            {404, `is no path of this API`},
		"/api/v1/series/BTC-USD/bars/":               {404, `is no path of this API`},
		"/api/v1//series":                            {404, `"/api/v1//series" is no path of this API`},
		"/api/v1/../v1/series":                       {404, `is no path of this API`},
		"/api/v1/series/BTC-USD/candles":             {404, `is no path of this API`},
		"/api/v1/series/..%2f..%2fetc":               {400, `"../../etc" is no series: want an instrument such as BTC-USD`},
		"/api/v1/series/BTC'%20or%20'1/bars":         {400, `"BTC' or '1" is no series`},
		"/api/v1/series/%22%3E%3Cscript%3E":          {400, `is no series`},
		"/api/v1/series/btc-usd":                     {400, `"btc-usd" is no series`},
		"/api/v1/series/%00":                         {400, `"\x00" is no series`},
		"/api/v1/series/" + strings.Repeat("A", 500): {400, `"` + strings.Repeat("A", 80) + `…" is no series`},
		"/api/v1/series/DOGE-ZZZ":                    {404, "The instrument DOGE-ZZZ is not known: /api/v1/series lists what is stored."},
		"/api/v1/series/DOGE-ZZZ/bars":               {404, "The instrument DOGE-ZZZ is not known"},
		"/api/v1/series/ETH-USD/bars":                {404, "No price of ETH-USD is stored yet: /api/v1/series lists what is."},
		"/api/v1/series/BTC-USD.nobody/bars":         {404, "No series BTC-USD.nobody is stored: of BTC-USD there is BTC-USD.kraken."},
		"/api/v1/series/BTC-USD.nobody":              {404, "No series BTC-USD.nobody is stored"},
		"/api/v1/series/XAU-USD/bars":                {404, "XAU-USD has no consensus, because none of its series votes: ask for XAU-USD.workshop."},
		"/api/v1/series/XAU-USD/explain?t=0":         {404, "XAU-USD has no consensus"},

		"/api/v1/series?limit=5":                                                {400, `There is no parameter "limit": this resource takes none.`},
		"/api/v1/series/BTC-USD/bars?form=2016-11-13":                           {400, `There is no parameter "form": want interval, from, to, source, maxPoints, fill, currency, unit, format.`},
		"/api/v1/series/BTC-USD/bars?from=2016-11-13&from=2016-11-14":           {400, "The parameter from is given 2 times: want it once."},
		"/api/v1/series/BTC-USD/bars?from=%zz":                                  {400, "The query cannot be read"},
		"/api/v1/series/BTC-USD/bars?from=13.11.2016":                           {400, `from="13.11.2016" is no time: want RFC 3339 such as 2013-03-15T00:00:00Z, a date such as 2013-03-15, or seconds or milliseconds since 1970.`},
		"/api/v1/series/BTC-USD/bars?to=2016-02-30":                             {400, `to="2016-02-30" is no time`},
		"/api/v1/series/BTC-USD/bars?from=2024-01-20&to=2024-01-16":             {400, "The range is reversed: from=2024-01-20T00:00:00Z is after to=2024-01-16T00:00:00Z."},
		"/api/v1/series/BTC-USD/bars?interval=1y":                               {400, `interval="1y": want a number and a unit up to ten years, such as 1m, 15m, 1h, 1d, 1w or 1mo.`},
		"/api/v1/series/BTC-USD/bars?interval=0h":                               {400, `interval="0h": want`},
		"/api/v1/series/BTC-USD/bars?interval=99999999999999999999h":            {400, `interval="99999999999999999999h": want`},
		"/api/v1/series/BTC-USD/bars?maxPoints=1":                               {400, `maxPoints="1": want a whole number from 2 to 600000.`},
		"/api/v1/series/BTC-USD/bars?maxPoints=many":                            {400, `maxPoints="many": want a whole number`},
		"/api/v1/series/BTC-USD/bars?fill=next":                                 {400, `fill="next": want none or previous.`},
		"/api/v1/series/BTC-USD/bars?format=xml":                                {400, `format="xml": want columns or rows or csv or parquet.`},
		"/api/v1/series/BTC-USD/bars?source=Kraken":                             {400, `source="Kraken": want the name of a source`},
		"/api/v1/series/BTC-USD.kraken/bars?source=kraken":                      {400, `source="kraken": want the name of a source, such as kraken, and in the path a series without one.`},
		"/api/v1/series/BTC-USD/bars?source=..%2fx":                             {400, `source="../x": want the name of a source`},
		"/api/v1/series/BTC-USD/explain":                                        {400, "The parameter t is missing: want a time that the bar holds, such as t=2016-11-13."},
		"/api/v1/series/BTC-USD/explain?t=noon":                                 {400, `t="noon" is no time`},
		"/api/v1/series/BTC-USD/explain?t=0&interval=1w":                        {400, "interval=1w: only stored bars can be explained, want 1m, 1h or 1d."},
		"/api/v1/expensive-things?from=2024-01-20&to=2024-01-16":                {400, "The range is reversed"},
		"/api/v1/expensive-things?maxPoints=0":                                  {400, `maxPoints="0": want a whole number from 2 to 100000.`},
		"/api/v1/rejects":                                                       {400, `series="": want one source's series such as BTC-USD.kraken`},
		"/api/v1/rejects?series=BTC-USD%27":                                     {400, `series="BTC-USD'": want`},
		"/api/v1/rejects?series=BTC-USD.kraken&limit=-1":                        {400, `limit="-1": want a whole number from 1 to 100000.`},
		"/api/v1/receipts?source=a%27b":                                         {400, `source="a'b": want the name of a source, such as kraken.`},
		"/api/v1/receipts?from=2000-01-01&to=2024-01-01":                        {400, "The range is longer than 366 days"},
		"/api/metrics/palladium":                                                {404, `There are no metrics of "palladium": want bitcoin, gold, silver, platinum.`},
		"/api/metrics/gold?start=soon":                                          {400, `start="soon" is no time`},
		"/api/metrics/gold?start=2017-01-02&end=2017-01-01":                     {400, "The range is reversed: start=2017-01-02T00:00:00Z is after end=2017-01-01T00:00:00Z."},
		"/api/metrics/gold?from=2017-01-02":                                     {400, `There is no parameter "from": want start, end.`},
		"/api/openapi.json?pretty=1":                                            {400, `There is no parameter "pretty": this resource takes none.`},
		"/api/v1/series/BTC-USD/bars?from=" + url.QueryEscape("0 UNION SELECT"): {400, `from="0 UNION SELECT" is no time`},
	} {
		status, detail := problemOf(t, w.get(target))
		if status != want.status || !strings.Contains(detail, want.detail) {
			t.Errorf("GET %s\n got %d %s\nwant %d %s", target, status, detail, want.status, want.detail)
		}
		if !strings.HasSuffix(detail, ".") {
			t.Errorf("GET %s: %q is no sentence", target, detail)
		}
	}
}

func TestMethods(t *testing.T) {
	w := prices(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
		recorder := w.do(method, "/api/v1/series/BTC-USD/bars")
		status, detail := problemOf(t, recorder)
		if status != http.StatusMethodNotAllowed || recorder.Header().Get("Allow") != "GET, HEAD" || !strings.Contains(detail, "does not answer "+method) {
			t.Errorf("%s: %d %q, Allow %q; want 405 that allows GET, HEAD", method, status, detail, recorder.Header().Get("Allow"))
		}
	}
	if status, _ := problemOf(t, w.do(http.MethodPost, "/api/v1/nothing")); status != http.StatusNotFound {
		t.Errorf("POST to an unknown path: %d, want 404", status)
	}
	full, head := w.get("/api/v1/series/BTC-USD/bars"), w.do(http.MethodHead, "/api/v1/series/BTC-USD/bars")
	if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("ETag") != full.Header().Get("ETag") ||
		head.Header().Get("Content-Length") != full.Header().Get("Content-Length") {
		t.Errorf("HEAD: %d, %d bytes, %v; want the headers of GET %v and no body", head.Code, head.Body.Len(), head.Header(), full.Header())
	}
	if bad := w.do(http.MethodHead, "/api/v1/nothing"); bad.Code != http.StatusNotFound || bad.Body.Len() != 0 {
		t.Errorf("HEAD of an unknown path: %d, %d bytes; want 404 without a body", bad.Code, bad.Body.Len())
	}
}

func TestETag(t *testing.T) {
	for _, target := range []string{
		"/api/v1/series", "/api/v1/series/BTC-USD", "/api/v1/series/BTC-USD/bars", "/api/v1/series/BTC-USD/bars?format=csv",
		"/api/v1/expensive-things", "/api/metrics/bitcoin",
	} {
		w := prices(t)
		first := w.get(target)
		tag := first.Header().Get("ETag")
		if len(tag) < 20 || strings.HasPrefix(tag, "W/") || first.Header().Get("Cache-Control") != "private, no-cache" {
			t.Errorf("GET %s: ETag %s, Cache-Control %s; want a strong tag that is asked for each time", target, tag, first.Header().Get("Cache-Control"))
		}
		if same := w.get(target, "If-None-Match", tag); same.Code != http.StatusNotModified || same.Body.Len() != 0 || same.Header().Get("ETag") != tag {
			t.Errorf("GET %s with its tag: %d, %d bytes, ETag %s; want 304, none, %s", target, same.Code, same.Body.Len(), same.Header().Get("ETag"), tag)
		}
		w.put("BTC-USD.kraken", market.Day, bar(monday+10*86400, 200))
		changed := w.get(target, "If-None-Match", tag)
		if changed.Code != http.StatusOK || changed.Header().Get("ETag") == tag || bytes.Equal(changed.Body.Bytes(), first.Body.Bytes()) {
			t.Errorf("GET %s after another bar: %d, ETag %s; want 200 with another tag and body", target, changed.Code, changed.Header().Get("ETag"))
		}
	}
}

// Equal ETag, equal bytes: a correction within the range changes the tag though it changes no time, and so does a release.
func TestETagFollowsContent(t *testing.T) {
	const target = "/api/v1/series/BTC-USD/bars?from=2024-01-15&to=2024-01-18"
	w := prices(t)
	tag := w.get(target).Header().Get("ETag")
	corrected := bar(monday, 500)
	corrected.Received = 2
	w.put("BTC-USD.kraken", market.Day, corrected)
	if now := w.get(target).Header().Get("ETag"); now == tag {
		t.Error("the tag is the same after a correction")
	}
	next := *w
	next.handler = New(Options{History: w.history, Now: next.now, Version: "v1.2.4"})
	if next.get(target).Header().Get("ETag") == w.get(target).Header().Get("ETag") {
		t.Error("the tag is the same in another release")
	}
}

func TestGzip(t *testing.T) {
	w := prices(t)
	const target = "/api/v1/series/BTC-USD/bars"
	plain := w.get(target)
	for range 2 { // made, then from the cache
		packed := w.get(target, "Accept-Encoding", "br, gzip")
		if packed.Header().Get("Content-Encoding") != "gzip" || packed.Header().Get("Vary") != "Accept-Encoding" {
			t.Fatalf("headers %v; want gzip, and Vary", packed.Header())
		}
		if packed.Header().Get("ETag") == plain.Header().Get("ETag") {
			t.Error("both encodings have one strong tag")
		}
		z, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		if unpacked, err := io.ReadAll(z); err != nil || !bytes.Equal(unpacked, plain.Body.Bytes()) {
			t.Errorf("unpacked %d bytes, %v; want the %d of the plain answer", len(unpacked), err, plain.Body.Len())
		}
	}
}

// Whatever is asked for, the answer is a good one or a problem of the client's.
func FuzzRequest(f *testing.F) {
	w := prices(f)
	f.Add("BTC-USD/bars", "interval=1w&from=2024-01-15&maxPoints=2&fill=previous")
	f.Add("BTC-USD.kraken/bars", "interval=3mo&from=-1e11&to=1e308&format=csv")
	f.Add("XAG-USD-FIX/explain", "t=1e10&interval=1d")
	f.Add("../etc", "to=%zz;a&&b")
	f.Add("XAU-USD.workshop/bars", "interval=120mo&maxPoints=600000&fill=previous&from=0001-01-01&to=9999-12-31")
	f.Fuzz(func(t *testing.T, path, query string) {
		if strings.HasSuffix(path, "/explain") {
			t.Skip("it needs storage")
		}
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/api/v1/series/" + path, RawQuery: query}, Header: http.Header{}}
		recorder := httptest.NewRecorder()
		w.handler.ServeHTTP(recorder, r)
		if recorder.Code != http.StatusOK {
			if status, detail := problemOf(t, recorder); status >= 500 || detail == "" {
				t.Errorf("%s?%s: %d %s", path, query, status, detail)
			}
		}
	})
}

func TestCacheForgets(t *testing.T) {
	c := newCache(100)
	for _, tag := range []string{"a", "b", "c", "d", "e"} {
		c.put(tag, make([]byte, 25))
		c.get("a")
	}
	c.put("huge", make([]byte, 26))
	for tag, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true, "e": true, "huge": false} {
		if _, got := c.get(tag); got != want {
			t.Errorf("cache holds %s: %t, want %t", tag, got, want)
		}
	}
	if c.held != 100 {
		t.Errorf("cache counts %d bytes, want 100", c.held)
	}
}

func TestFunctionKeyIsAcceptedEverywhere(t *testing.T) {
	w := prices(t)
	for _, target := range []string{"/api/v1/series", "/api/openapi.json", "/api/metrics/gold", "/api/v1/series/BTC-USD/bars"} {
		with, without := w.get(target+"?code=secret"), w.get(target)
		if with.Code != http.StatusOK || !bytes.Equal(with.Body.Bytes(), without.Body.Bytes()) || strings.Contains(with.Body.String(), "secret") {
			t.Errorf("GET %s?code=…: %d; want the answer without it", target, with.Code)
		}
	}
}

// A series that was not there a moment ago is looked for again before the answer is that it is not stored.
func TestFoundAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	const path = "/api/v1/series/XAU-USD.mine/bars?from=2024-01-15&to=2024-01-16"
	if got := w.get(path).Code; got != http.StatusNotFound {
		t.Fatalf("status %d before there is a price, want 404", got)
	}
	asked := w.clock
	w.put("XAU-USD.mine", market.Day, fix(monday, 2000))
	w.clock = asked
	if got := w.get(path).Code; got != http.StatusOK {
		t.Errorf("status %d in the moment after, want 200", got)
	}
}
