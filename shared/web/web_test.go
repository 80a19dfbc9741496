package web

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func get(t *testing.T, target string, header ...string) *http.Response {
	t.Helper()
	return request(t, http.MethodGet, target, header...)
}

// request asks a new handler; header is a list of names and values.
func request(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// links lists what a document links to below /assets/.
func links(document string) []string {
	var found []string
	for _, m := range regexp.MustCompile(`(?:href|src)="(/assets/[^"]*)"`).FindAllStringSubmatch(document, -1) {
		found = append(found, m[1])
	}
	return found
}

func TestEveryAnswerCarriesThePolicy(t *testing.T) {
	asset := links(body(t, get(t, "/")))[0]
	for _, target := range []string{"/", asset, "/nowhere"} {
		h := get(t, target).Header
		got := []string{h.Get("Content-Security-Policy"), h.Get("X-Content-Type-Options"), h.Get("Referrer-Policy")}
		want := []string{
			"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
				"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", "nosniff", "no-referrer",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", target, diff)
		}
	}
}

func TestAnswers(t *testing.T) {
	asset := links(body(t, get(t, "/")))[0]
	for _, c := range []struct {
		method, target string
		status         int
		contentType    string
		cache          string
		contains       string // "" when the body must be empty
	}{
		{"GET", "/", 200, "text/html; charset=utf-8", "no-cache", "Expensive Things"},
		{"HEAD", "/", 200, "text/html; charset=utf-8", "no-cache", ""},
		{"GET", asset, 200, "image/svg+xml", "public, max-age=31536000, immutable", "<svg"},
		{"GET", "/Clean", 404, "text/html; charset=utf-8", "no-store", "There is no such page"},
		{"HEAD", "/Clean", 404, "text/html; charset=utf-8", "no-store", ""},
		{"GET", "/assets/000000000000/main.js", 404, "text/html; charset=utf-8", "no-store", "There is no such page"},
		{"GET", path.Dir(asset) + "/uplot/SHA256SUMS", 404, "text/html; charset=utf-8", "no-store", "There is no such page"},
		{"GET", path.Dir(asset) + "/index.html", 404, "text/html; charset=utf-8", "no-store", "There is no such page"},
		{"POST", "/", 405, "text/plain; charset=utf-8", "", "GET and HEAD only"},
	} {
		r := request(t, c.method, c.target)
		got := fmt.Sprint(r.StatusCode, r.Header.Get("Content-Type"), r.Header.Get("Cache-Control"))
		if want := fmt.Sprint(c.status, c.contentType, c.cache); got != want {
			t.Errorf("%s %s: got %s, want %s", c.method, c.target, got, want)
		}
		if b := body(t, r); !strings.Contains(b, c.contains) || (c.contains == "") != (b == "") {
			t.Errorf("%s %s: body %.80q, want one with %q", c.method, c.target, b, c.contains)
		}
	}
}

func TestETagsAreStrongPerEncodingAndGive304(t *testing.T) {
	for _, target := range append(links(body(t, get(t, "/"))), "/") {
		plain, zipped := get(t, target), get(t, target, "Accept-Encoding", "br;q=1, gzip;q=0.8")
		if got := zipped.Header.Get("Content-Encoding"); got != "gzip" {
			t.Errorf("%s: content encoding %q, want gzip", target, got)
		}
		unzipped, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		if b, err := io.ReadAll(unzipped); err != nil || string(b) != body(t, plain) {
			t.Errorf("%s: the compressed body differs from the plain one (%v)", target, err)
		}
		tags := []string{plain.Header.Get("ETag"), zipped.Header.Get("ETag")}
		if tags[0] == tags[1] || !strings.HasPrefix(tags[0], `"`) || !strings.HasPrefix(tags[1], `"`) {
			t.Errorf("%s: ETags %v, want two that differ and are strong", target, tags)
		}
		again := get(t, target, "If-None-Match", tags[0])
		if b := body(t, again); again.StatusCode != http.StatusNotModified || b != "" {
			t.Errorf("%s with its ETag: status %d and %d bytes, want 304 and none", target, again.StatusCode, len(b))
		}
		if other := get(t, target, "If-None-Match", tags[1]); other.StatusCode != http.StatusOK {
			t.Errorf("%s with the other encoding's ETag: status %d, want 200", target, other.StatusCode)
		}
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "br, GZIP ; q=0.5": true, "gzip;q=0": false, "gzip;q=0.000": false, "identity": false, "xgzip": false,
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("acceptsGzip(%q) = %v, want %v", header, got, want)
		}
	}
}

// A deployed Page answers nothing without its key, so every link must carry the one that came with the request.
func TestLinksCarryTheFunctionKey(t *testing.T) {
	document := body(t, get(t, "/?code="+`a%22%3E%3Cscript%3E%3D&from=2013-03-15`))
	all := regexp.MustCompile(`(?:href|src)="(/[^"]*)"`).FindAllStringSubmatch(document, -1)
	if len(all) < 10 {
		t.Fatalf("found %d links, want the page's assets", len(all))
	}
	for _, m := range all {
		if !strings.HasSuffix(m[1], "?code=a%22%3E%3Cscript%3E%3D") {
			t.Errorf("link %s does not carry the key, escaped", m[1])
		}
		if strings.HasPrefix(m[1], "/assets/") && get(t, m[1]).StatusCode != http.StatusOK {
			t.Errorf("link %s leads nowhere", m[1])
		}
	}
}

// A static import would lose the function key, and an asset that index.html does not name would be loaded late.
func TestModules(t *testing.T) {
	page := Handler().(page)
	index := string(page.assets().files["index.html"].body)
	static := regexp.MustCompile(`(?m)^\s*(import|export)\b.*\bfrom\s*['"]|^\s*import\s*['"]`)
	for name, c := range page.assets().files {
		if path.Ext(name) != ".js" {
			continue
		}
		if m := static.Find(c.body); m != nil {
			t.Errorf("%s imports statically: %s", name, m)
		}
		if !strings.Contains(index, `"/assets/`+name+`"`) {
			t.Errorf("index.html does not name %s", name)
		}
	}
}

func TestVendoredFilesAreThoseOfTheManifest(t *testing.T) {
	want := map[string]string{}
	manifest, err := embedded.ReadFile("assets/uplot/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(manifest)); lines.Scan(); {
		if sum, name, ok := strings.Cut(lines.Text(), "  "); ok {
			want[name] = sum
		}
	}
	entries, err := embedded.ReadDir("assets/uplot")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range entries {
		b, err := embedded.ReadFile("assets/uplot/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b); e.Name() != "SHA256SUMS" {
			got[e.Name()] = hex.EncodeToString(sum[:])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("vendored files (-manifest +embedded):\n%s", diff)
	}
}

// The first load is the page, what it links to, and five years of prices, which take up to 35 kB.
func TestFirstLoadIsSmall(t *testing.T) {
	total := 0
	for _, target := range append(links(body(t, get(t, "/"))), "/") {
		total += len(body(t, get(t, target, "Accept-Encoding", "gzip")))
	}
	t.Logf("the page and its assets: %d bytes compressed", total)
	if total > 60_000 {
		t.Errorf("the page and its assets take %d bytes compressed, want at most 60000", total)
	}
}
