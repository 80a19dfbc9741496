package host

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// fakeListener has the address that a test wants; nothing can connect to it.
type fakeListener struct {
	net.Listener
	addr string
}

func (l fakeListener) Addr() net.Addr {
	addr, err := net.ResolveTCPAddr("tcp", l.addr)
	if err != nil {
		panic(err)
	}
	return addr
}

func webHost(t *testing.T) *Host {
	t.Helper()
	files := fstest.MapFS{
		"host.json":                     {Data: []byte(hostJSON)},
		"functions/Read/function.json":  {Data: []byte(`{"bindings":[` + httpBinding("r", "get", "head") + `]}`)},
		"functions/Write/function.json": {Data: []byte(`{"bindings":[` + httpBinding("w", "post", "delete") + `]}`)},
		"functions/Open/function.json":  {Data: []byte(`{"bindings":[` + strings.Replace(httpBinding("o", "get"), `"function"`, `"anonymous"`, 1) + `]}`)},
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok") // a client that left
	})
	return testHost(t, files, Functions{HTTP: map[string]http.Handler{"Read": answer, "Write": answer, "Open": answer}})
}

func testKeys(t *testing.T) Keys {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte("# whose\nfirst key\n\n  second  \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := ReadKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestKeys(t *testing.T) {
	keys := testKeys(t)
	const loopback, everywhere = "127.0.0.1:7071", "0.0.0.0:80"
	tests := []struct {
		address      string
		keys         Keys
		public       bool
		method, path string
		header       string
		status       int
	}{
		{loopback, nil, false, "GET", "/r", "", 200},
		{loopback, nil, false, "POST", "/w", "", 200},
		{"[::1]:7071", nil, false, "GET", "/r", "", 200},
		{loopback, keys, false, "GET", "/r", "", 200},
		{loopback, keys, false, "POST", "/w", "", 401},
		{loopback, keys, false, "POST", "/w", "second", 200},
		{everywhere, keys, false, "GET", "/r", "", 401},
		{everywhere, keys, false, "HEAD", "/r", "first key", 200},
		{everywhere, keys, false, "GET", "/r?code=first+key", "", 200},
		{everywhere, keys, false, "GET", "/r?code=second", "wrong", 401}, // the header wins
		{everywhere, keys, false, "GET", "/r?code=%23+whose", "", 401},   // a comment is no key
		{everywhere, keys, false, "GET", "/r?code=", "", 401},
		{everywhere, keys, false, "GET", "/o", "", 200},
		{everywhere, keys, false, "GET", "/healthz", "", 204},
		{everywhere, keys, true, "GET", "/r", "", 200},
		{everywhere, keys, true, "DELETE", "/w", "", 401},
		{everywhere, keys, true, "DELETE", "/w?code=second", "", 200},
	}
	h := webHost(t)
	all, err := h.choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		handler, err := h.httpHandler(all, RunOptions{Listener: fakeListener{addr: test.address}, Keys: test.keys, Public: test.public})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(test.method, "http://"+test.address+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.header != "" {
			r.Header.Set("X-Functions-Key", test.header)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != test.status || w.Code == 401 && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s%s, key %q, public %v: %d %s, want %d", test.method, test.address, test.path, test.header, test.public,
				w.Code, w.Header().Get("Content-Type"), test.status)
		}
	}
	if _, err := h.httpHandler(all, RunOptions{Listener: fakeListener{addr: everywhere}}); err == nil ||
		!strings.Contains(err.Error(), "ASSAY_FUNCTION_KEYS_FILE") {
		t.Errorf("without keys on %s: %v, want an error that names the setting", everywhere, err)
	}
}

// TestForeignPageCannotWrite: without keys, any page that the owner visits could otherwise post to the loopback.
func TestForeignPageCannotWrite(t *testing.T) {
	h := webHost(t)
	all, err := h.choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := h.httpHandler(all, RunOptions{Listener: fakeListener{addr: "127.0.0.1:7071"}})
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]int{"": 200, "http://127.0.0.1:7071": 200, "https://elsewhere.example": 403} {
		r, err := http.NewRequest("POST", "http://127.0.0.1:7071/w", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "127.0.0.1:7071"
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("origin %q: %d, want %d", origin, w.Code, want)
		}
	}
}

// TestForeignNameIsRefused: whoever owns a name can let it resolve to 127.0.0.1, and a browser then takes their page for one of ours.
func TestForeignNameIsRefused(t *testing.T) {
	const own, open = "127.0.0.1:7071", "0.0.0.0:80"
	tests := []struct {
		address string
		keys    Keys
		host    string
		status  int
	}{
		{own, nil, "rebound.example:7071", 421},
		{own, nil, "rebound.example", 421},
		{own, nil, "localhost.example:7071", 421},
		{own, nil, "127.0.0.1.example:7071", 421},
		{own, nil, "", 421},
		{own, nil, "127.0.0.1:7071", 200},
		{own, nil, "LOCALHOST:7071", 200},
		{own, nil, "localhost", 200},
		{own, nil, "[::1]:7071", 200},
		{own, nil, "10.1.2.3:8080", 200}, // forwarded by who knows where to: an address cannot be rebound
		{own, nil, "desk.example:7071", 200},
		{own, testKeys(t), "prices.example", 200}, // a proxy on this machine
		{open, testKeys(t), "assay-http.assay.svc.cluster.local", 200},
		{open, testKeys(t), "rebound.example", 200},
	}
	h := webHost(t)
	all, err := h.choose(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		handler, err := h.httpHandler(all, RunOptions{Listener: fakeListener{addr: test.address}, Keys: test.keys, Address: "desk.example"})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(method, path string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, path, nil)
			r.Host = test.host
			r.Header.Set("Origin", "http://"+test.host)
			r.Header.Set("X-Functions-Key", "second")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			return w
		}
		for method, path := range map[string]string{"GET": "/r", "POST": "/w"} {
			w := ask(method, path)
			if w.Code != test.status || w.Code == 421 && (w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), "http://127.0.0.1:7071/")) {
				t.Errorf("%s with Host %q on %s: %d %s, want %d, and where to go", method, test.host, test.address, w.Code, w.Body, test.status)
			}
		}
		if w := ask("GET", probePath); w.Code != 204 {
			t.Errorf("a probe with Host %q: %d, want 204", test.host, w.Code)
		}
	}
}

// TestRefusalClosesTheListener: who may not be served is not left waiting.
func TestRefusalClosesTheListener(t *testing.T) {
	h := webHost(t)
	for name, options := range map[string]RunOptions{"no keys": {}, "no such function": {Only: []string{"Nope"}}} {
		var err error
		if options.Listener, err = Listen("0.0.0.0", 0); err != nil {
			t.Fatal(err)
		}
		if err := h.Run(t.Context(), options); err == nil {
			t.Fatalf("%s: no error", name)
		}
		if err := options.Listener.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: closing the listener again: %v, want that it was closed", name, err)
		}
	}
}

func TestReadKeysRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(empty, []byte("# nothing\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, filepath.Join(t.TempDir(), "missing")} {
		if keys, err := ReadKeys(file); err == nil || !strings.HasPrefix(err.Error(), "function keys: ") {
			t.Errorf("%s: %v, %v, want an error", file, keys, err)
		}
	}
	if keys, err := ReadKeys(""); err != nil || keys != nil {
		t.Errorf("no file: %v, %v, want no keys", keys, err)
	}
}

func TestRunServes(t *testing.T) {
	h := webHost(t)
	listener, err := Listen("127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if _, err := Listen("127.0.0.1", port); err == nil || !strings.Contains(err.Error(), "is in use by another program") {
		t.Errorf("the same port again: %v, want a word that it is in use", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx, RunOptions{Only: []string{"Read"}, Listener: listener}) }()
	for path, want := range map[string]int{"/r": 200, "/w": 404, "/Read": 404} {
		response, err := http.Get("http://" + listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("GET %s: %d, want %d", path, response.StatusCode, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v, want no error after a stop", err)
	}
}

func TestRunRefusesUnknownNames(t *testing.T) {
	h := webHost(t)
	want := `no function is called "read": there are Open, Read, Write`
	if err := h.Run(t.Context(), RunOptions{Only: []string{"read"}}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
	if _, err := h.HasHTTP([]string{"read"}); err == nil {
		t.Error("HasHTTP takes an unknown name")
	}
	if has, err := h.HasHTTP([]string{"Read"}); err != nil || !has {
		t.Errorf("HasHTTP(Read): %v, %v", has, err)
	}
	if err := h.Invoke(t.Context(), "Read", nil); err == nil || !strings.Contains(err.Error(), "answers HTTP") {
		t.Errorf("invoke of an HTTP function: %v", err)
	}
}
