package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPageInBrowser runs browsertest/page.mjs: a real browser looks at the page, served by the real handler, with the API
// played by the fixture. It needs Node, Chromium and the playwright-core of package.json.
func TestPageInBrowser(t *testing.T) {
	node, chromium := browser(t)
	serve := func(h http.Handler) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	site := func(f fixture) http.Handler {
		mux := http.NewServeMux()
		f.routes(mux)
		mux.Handle("/", Handler())
		return mux
	}
	full := newFixture()
	command := exec.CommandContext(t.Context(), node, "browsertest/page.mjs")
	command.Env = append(os.Environ(),
		"CHROMIUM="+chromium,
		"PAGE="+serve(site(full)),
		"PAGE_WITH_KEY="+serve(withKey("k=y", site(full))),
		"PAGE_EMPTY="+serve(site(full.empty())),
		"PAGE_GROWING="+serve(growing(site(full.empty()), site(full))),
		"PAGE_SIMULATED="+serve(site(full.made())),
	)
	output, err := command.CombinedOutput()
	t.Logf("%s", output)
	if err != nil {
		t.Errorf("page.mjs: %v", err)
	}
}

// growing answers as one site does, and as another who has the cookie grown.
func growing(first, then http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("grown"); err == nil {
			then.ServeHTTP(w, r)
			return
		}
		first.ServeHTTP(w, r)
	})
}

// withKey refuses what comes without the function key, as a deployed host does.
func withKey(key string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("code") != key && r.Header.Get("x-functions-key") != key {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// browser finds Node and Chromium. The test is skipped where one is missing, and fails where CI is set.
func browser(t *testing.T) (node, chromium string) {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") != "" {
		missing = t.Fatalf
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("the page is not tested in a browser: there is no node on PATH")
	}
	for _, file := range []string{"browsertest/page.mjs", "../../node_modules/playwright-core/package.json"} {
		if _, err := os.Stat(filepath.FromSlash(file)); err != nil {
			missing("the page is not tested in a browser: run npm ci in the module's root for playwright-core: %v", err)
		}
	}
	for _, name := range []string{os.Getenv("CHROMIUM"), "/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil || errors.Is(err, exec.ErrDot) {
			return node, path
		}
	}
	missing("the page is not tested in a browser: there is no chromium on PATH, and CHROMIUM does not name one")
	return "", ""
}
