package handlers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"assay/shared/history"
)

// The paths below /api and the page are two functions: neither answers for the other.
func TestApiAndPage(t *testing.T) {
	app := &App{History: history.New(&history.Memory{}, time.Now), Now: time.Now}
	api, page := app.Api(), app.Page()
	for _, c := range []struct {
		name    string
		handler http.Handler
		path    string
		status  int
		media   string
	}{
		{"the page", page, "/", http.StatusOK, "text/html"},
		{"the API", api, "/api/v1/series", http.StatusOK, "application/json"},
		{"its document", api, "/api/openapi.json", http.StatusOK, "application/json"},
		{"a path that is none of the API's", api, "/api/prices", http.StatusNotFound, "application/problem+json"},
		{"the API asked of the page", page, "/api/v1/series", http.StatusNotFound, "text/html"},
		{"a function's name asked of the page", page, "/Clean", http.StatusNotFound, "text/html"},
	} {
		recorder := httptest.NewRecorder()
		c.handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, c.path, nil))
		if media := recorder.Header().Get("Content-Type"); recorder.Code != c.status || !strings.HasPrefix(media, c.media) {
			t.Errorf("%s, GET %s: %d %s; want %d %s", c.name, c.path, recorder.Code, media, c.status, c.media)
		}
	}
}
