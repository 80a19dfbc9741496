package tests

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/handlers"
	"assay/shared/config"
	"assay/shared/store/storetest"
)

// compareBars asks for the bars through the host, and in this process from storage that saw no kill.
func compareBars(t *testing.T, h *functionsHost, calm *handlers.App) {
	t.Helper()
	const path = "/api/v1/series/BTC-USD/bars?interval=1m&from=2024-01-15&to=2024-01-20"
	want := httptest.NewRecorder()
	calm.Api().ServeHTTP(want, httptest.NewRequest(http.MethodGet, path, nil))
	var bars struct{ Time []int64 }
	if err := json.Unmarshal(want.Body.Bytes(), &bars); err != nil || len(bars.Time) != 5*payloads {
		t.Fatalf("%d bars without kills, %v; want %d: %.300s", len(bars.Time), err, 5*payloads, want.Body)
	}
	if diff := cmp.Diff(want.Body.String(), ask(t, h.url, path, nil).body); diff != "" {
		t.Errorf("bars through the host differ from those without kills (-want +got):\n%s", diff)
	}
}

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a GET as it is: no compression of its own, no redirect followed.
func ask(t *testing.T, url, path string, header http.Header) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	response.Header.Del("Date")
	return answer{response.StatusCode, response.Header, string(body)}
}

// compareWithHandler asks the host, and the handler behind it, for the same: status, headers and bytes are the same.
func compareWithHandler(t *testing.T, h *functionsHost) {
	t.Helper()
	direct := h.handlerURL()
	const bars = "/api/v1/series/BTC-USD/bars?interval=1h&from=2024-01-15&to=2024-01-20"
	tag := ask(t, direct, bars, nil).header.Get("ETag")
	asset := regexp.MustCompile(`/assets/[^"]+`).FindString(ask(t, direct, "/", nil).body)
	for _, path := range []string{
		"/", "/?from=2013-03-15&to=2018-03-15", asset, "/no/such/page", bars, bars + "&format=csv", "/api/openapi.json", "/api/v1/series",
		"/api/v1/series/NO-SUCH/bars", "/api/v1/series/BTC-USD/bars?from=yesterday", "/api/metrics/bitcoin?start=2024-01-15&end=2024-01-20",
	} {
		for _, header := range []http.Header{nil, {"Accept-Encoding": {"gzip"}}, {"If-None-Match": {tag}}} {
			got, want := ask(t, h.url, path, header), ask(t, direct, path, header)
			got.header.Del("Server") // the host names itself
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
				t.Errorf("GET %s with %v through the host (-handler +host):\n%s", path, header, diff)
			}
		}
	}
}

// testInPlace: in a copy of the repository plain func start finds every function after assay stage --in-place.
func testInPlace(t *testing.T, script, program string) {
	root := copyRepository(t)
	run(t, config.Storage{}, program, "stage", "--in-place", root)
	h := newFunctionsHost(t, script, root, storetest.Azurite(t))
	h.plain = true
	h.start()
	if diff := cmp.Diff(functionNames(t), h.functions()); diff != "" {
		t.Errorf("functions that plain func start found (-want +got):\n%s", diff)
	}
	h.stop()
	h.checkErrors()
	h.checkTelemetry() // of OpenTelemetry mode, which host.json asks for
}

// copyRepository copies what a fresh clone would have of this repository, and what is new in it.
func copyRepository(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Skipf("git does not list the files of this repository, so that there is none to copy: %v", err)
	}
	root := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if err := copyTo(filepath.Join(root, name), name); err != nil && !errors.Is(err, fs.ErrNotExist) { // listed, and deleted since
			t.Fatal(err)
		}
	}
	return root
}

func copyTo(to, from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}
