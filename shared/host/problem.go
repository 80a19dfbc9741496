package host

import (
	"encoding/json"
	"net/http"
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
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			h.log.Error("panic", "function", f.Name, "invocation", invocationID(r), "method", r.Method, "path", r.URL.Path,
				"error", panicked(p))
			if !answer.started {
				clear(w.Header())
				problem(w, http.StatusInternalServerError, "The function failed; its log says why.")
			}
		}()
		ctx, cancel := h.withDeadline(r.Context())
		defer cancel()
		next.ServeHTTP(answer, r.WithContext(ctx))
	})
}

// startedWriter remembers whether the answer has begun.
type startedWriter struct {
	http.ResponseWriter
	started bool
}

func (w *startedWriter) WriteHeader(status int) {
	w.started = w.started || status >= 200
	w.ResponseWriter.WriteHeader(status)
}

func (w *startedWriter) Write(p []byte) (int, error) {
	w.started = true
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController: flushing and deadlines pass through.
func (w *startedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
