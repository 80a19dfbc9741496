package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/store"
)

// problem returns an error that is answered with this status; the text is a sentence for people.
func problem(status int, format string, arguments ...any) *huma.ErrorModel {
	return &huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, arguments...)}
}

// Problem is problem for the handlers that write.
func Problem(status int, format string, arguments ...any) error {
	return problem(status, format, arguments...)
}

// Fail answers a request with an error, as every resource here does.
func Fail(w http.ResponseWriter, r *http.Request, err error) { fail(w, r, err) }

func badRequest(format string, arguments ...any) error {
	return problem(http.StatusBadRequest, format, arguments...)
}

func notFound(format string, arguments ...any) error {
	return problem(http.StatusNotFound, format, arguments...)
}

// fail writes an error as application/problem+json (RFC 9457). What is no problem of the client's is one of the storage,
// 503, or ours, 500 and logged.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *huma.ErrorModel
	var other *store.OtherMark
	switch {
	case errors.As(err, &p):
	case errors.As(err, &other):
		p = problem(http.StatusConflict, "This cannot be stored: %v.", other)
	case r.Context().Err() != nil && errors.Is(err, context.Canceled):
		return // the client is gone
	case errors.Is(err, store.ErrUnreachable), errors.Is(err, context.DeadlineExceeded):
		w.Header().Set("Retry-After", "5")
		p = problem(http.StatusServiceUnavailable, "The storage cannot be read: %v.", err)
	default:
		slog.ErrorContext(r.Context(), "answer", "path", r.URL.Path, "error", err)
		p = problem(http.StatusInternalServerError, "This is our fault, and logged: %v.", err)
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // texts and a number always marshal
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that went away needs no answer
	}
}
