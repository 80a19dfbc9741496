package host

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"assay/shared/telemetry"
)

// problem answers with an RFC 9457 problem document.
func problem(w http.ResponseWriter, status int, detail string) {
	writeJSON(w, "application/problem+json", status, map[string]any{
		"title": http.StatusText(status), "status": status, "detail": detail,
	})
}

// writeJSON always sends a content type: the Functions host fails an invocation whose answer has none.
func writeJSON(w http.ResponseWriter, contentType string, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // who is gone needs no answer
}

// guard makes a panic of an HTTP function a 500. It never lets the connection drop, not even when half of the answer is out:
// the Functions host would call the function again, up to ten times, a POST too.
func (h *Host) guard(f *function, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &startedWriter{ResponseWriter: w}
		id := invocationID(r)
		ctx, end := telemetry.Invocation(telemetry.FromRequest(r.Context(), r.Header), f.Name, telemetry.HTTP, id)
		defer func() {
			end(answer.failure(), "http.request.method", r.Method, "http.route", "/"+f.Route, "http.response.status_code", strconv.Itoa(answer.status))
		}()
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			h.log.ErrorContext(ctx, "panic", "function", f.Name, "invocation", id, "method", r.Method, "path", r.URL.Path,
				"error", panicked(p))
			if answer.status == 0 {
				clear(w.Header())
				problem(answer, http.StatusInternalServerError, "The function failed; its log says why.")
			}
		}()
		ctx, cancel := h.withDeadline(ctx)
		defer cancel()
		next.ServeHTTP(answer, r.WithContext(ctx))
	})
}

// startedWriter remembers with which status the answer began.
type startedWriter struct {
	http.ResponseWriter
	status int // 0: it has not begun
}

func (w *startedWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// failure is the server's own, nil for any other answer.
func (w *startedWriter) failure() error {
	if w.status < http.StatusInternalServerError {
		return nil
	}
	return errors.New(http.StatusText(w.status))
}

func (w *startedWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController: flushing and deadlines pass through.
func (w *startedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
