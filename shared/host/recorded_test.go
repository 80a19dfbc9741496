package host

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestRecordedInvocations(t *testing.T) {
	folder := sharedFile(t, "host")
	p := startHandler(t)
	tests := []struct {
		file, function, payload string
		succeeds                bool
	}{
		{"queue-binary", "QueueEcho", "panic", false}, // that was the message
		{"queue-text", "QueueText", "hello", true},
		{"queue-text-json-spill", "QueueText", `{"id":"abc","dequeueCount":99,"when":"2026-01-02T03:04:05Z","n":1.10}`, true},
		{"timer-first", "TimerTick", "", true},
		{"timer-next", "TimerTick", "", true},
		{"timer-past-due", "TimerTick", "", true},
		{"timer-sub-minute", "TimerTick", "", true},
		{"timer-admin", "TimerTick", "", true},
	}
	for _, test := range tests {
		before := time.Now()
		if got := p.do(recorded(t, p, filepath.Join(folder, test.file+".http"))); got.succeeded() != test.succeeds {
			t.Errorf("%s: %+v, want success %v", test.file, got, test.succeeds)
		}
		got := calls(t, p.events, test.function)
		last := got[len(got)-1]
		if test.payload != "" {
			if last != test.payload {
				t.Errorf("%s: payload %q, want %q", test.file, last, test.payload)
			}
			continue
		}
		var turn Turn
		if err := json.Unmarshal([]byte(last), &turn); err != nil || turn.Slot.Before(before.Truncate(time.Minute)) ||
			turn.Slot.After(time.Now()) || turn.PastDue != (test.file == "timer-past-due") {
			t.Errorf("%s: payload %s, %v, want this minute as the slot", test.file, last, err)
		}
	}
}

func TestRecordedRequests(t *testing.T) {
	folder := sharedFile(t, "host")
	p := startHandler(t)
	for file, want := range map[string]string{
		"http-get-proxied":          "GET /api/v1/bars?x=1&x=2&from=2020-01-01T00%3A00%3A00Z&a=b+c body=",
		"http-get-forwarded":        "GET /api/v1/bars?x=1,2&from=2020-01-01T00%3A00%3A00Z body=",
		"http-head-proxied":         "",
		"http-post-chunked-proxied": "POST /api/v1/ingest/gold body=Y2h1bmt5",
	} {
		if got := p.do(recorded(t, p, filepath.Join(folder, file+".http"))); got.body != want || got.status != 200 {
			t.Errorf("%s: status %d, body %q, want 200 and %q", file, got.status, got.body, want)
		}
	}
}

// recorded reads a recorded request, addressed to p.
func recorded(t *testing.T, p *process, name string) *http.Request {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	target, err := r.URL.Parse(p.url + r.URL.RequestURI())
	if err != nil {
		t.Fatal(err)
	}
	r.URL, r.RequestURI = target, ""
	return r
}
