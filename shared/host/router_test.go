package host

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestRouter(t *testing.T) {
	var functions []*function
	for name, route := range map[string]string{
		"Page": "{*path}", "Api": "api/{*path}", "Ingest": "api/v1/ingest/{series}", "Jobs": "api/v1/jobs/{id?}", "Declare": "api/v1/series",
	} {
		methods := []string{"GET", "HEAD"}
		if name == "Ingest" || name == "Declare" {
			methods = []string{"POST"}
		}
		functions = append(functions, &function{
			Function: Function{Name: name, Trigger: HTTP, Route: route, Methods: methods},
			handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, name) // a recorder takes everything
			}),
		})
	}
	router := newRouter(functions, func(_ *function, next http.Handler) http.Handler { return next })
	tests := []struct{ method, target, want string }{
		{"GET", "/", "Page"},
		{"GET", "/index.html", "Page"},
		{"GET", "/a/b", "Page"},
		{"GET", "/api", "Api"},
		{"GET", "/api/", "Api"},
		{"GET", "/api/v1/series", "Api"},
		{"GET", "/api/v1/series/..%2f..%2fx", "Api"},
		{"GET", "/%61pi/v1", "Api"},
		{"GET", "/API/v1", "Api"},
		{"GET", "/api%2fv1", "Page"},
		{"GET", "/apis", "Page"},
		{"GET", "/api/v1/jobs", "Jobs"},
		{"GET", "/api/v1/jobs/7", "Jobs"},
		{"GET", "/api/v1/jobs/7/x", "Api"},
		{"POST", "/api/v1/ingest/BTC-USD.mine", "Ingest"},
		{"POST", "/api/v1/series", "Declare"},
		{"POST", "/api/v1/ingest/", "405 GET, HEAD"},
		{"POST", "/Clean", "405 GET, HEAD"},
		{"DELETE", "/api/v1/series", "405 GET, HEAD, POST"},
	}
	for _, test := range tests {
		w := httptest.NewRecorder()
		router.ServeHTTP(w, httptest.NewRequest(test.method, test.target, nil))
		got := w.Body.String()
		if w.Code == http.StatusMethodNotAllowed {
			got = "405 " + w.Header().Get("Allow")
		}
		if got != test.want {
			t.Errorf("%s %s: %s, want %s", test.method, test.target, got, test.want)
		}
	}
}

func TestRouterWithoutCatchAll(t *testing.T) {
	w := httptest.NewRecorder()
	router{}.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	want := `{"detail":"Nothing is at this path.","status":404,"title":"Not Found"}` + "\n"
	if w.Code != 404 || w.Body.String() != want || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s %q, want 404 and %q", w.Code, w.Header().Get("Content-Type"), w.Body, want)
	}
}
