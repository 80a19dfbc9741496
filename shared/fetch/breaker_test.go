package fetch

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"assay/shared/source"
	"assay/shared/store/storetest"
)

func TestBreaker(t *testing.T) {
	type call struct {
		after  time.Duration // since the call before
		status int
		header string // Retry-After
		body   string
		want   error         // what Ask returns
		least  time.Duration // how long the breaker is open afterwards, at least and at most
		most   time.Duration
	}
	const html = "<html>Bad gateway</html>"
	for name, calls := range map[string][]call{
		"closed by a success": {
			{status: 200, body: candles},
			{status: 502, body: html, want: source.ErrUnavailable, least: 7500 * time.Millisecond, most: 12500 * time.Millisecond},
			{after: time.Second, want: ErrPaused, least: 6 * time.Second, most: 12 * time.Second},
			{after: 12 * time.Second, status: 200, body: candles},
			{status: 502, body: html, want: source.ErrUnavailable, least: 7500 * time.Millisecond, most: 12500 * time.Millisecond},
		},
		"longer with each failure": {
			{status: 503, body: html, want: source.ErrUnavailable, least: 7500 * time.Millisecond, most: 12500 * time.Millisecond},
			{after: 13 * time.Second, status: 503, body: html, want: source.ErrUnavailable, least: 15 * time.Second, most: 25 * time.Second},
			{after: 26 * time.Second, status: 503, body: html, want: source.ErrUnavailable, least: 30 * time.Second, most: 50 * time.Second},
		},
		"limited, with status 200": {
			{status: 200, body: `{"error":["EGeneral:Too many requests"]}`, want: source.ErrLimited, least: 7500 * time.Millisecond, most: 12500 * time.Millisecond},
		},
		"as long as it asks": {
			{status: 429, header: "120", body: html, want: source.ErrLimited, least: 120 * time.Second, most: 120 * time.Second},
			{after: 121 * time.Second, status: 429, header: "Mon, 15 Jan 2024 12:12:01 GMT", body: html, want: source.ErrLimited, least: 10 * time.Minute, most: 10 * time.Minute},
		},
		"refused": {
			{status: 451, body: `{"code":0,"msg":"restricted location"}`, want: source.ErrRefused, least: 45 * time.Minute, most: 75 * time.Minute},
		},
		"not for what only a person can change": {
			{status: 200, body: html, want: source.ErrFormat},
			{status: 200, body: `{"error":["EQuery:Unknown asset pair"]}`, want: source.ErrUnknownSymbol},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var now call
			clock := &clock{at: noon}
			c := client(t, storetest.Open(t), clock, func(w http.ResponseWriter, _ *http.Request) {
				if now.header != "" {
					w.Header().Set("Retry-After", now.header)
				}
				w.WriteHeader(now.status)
				io.WriteString(w, now.body)
			})
			src, request := kraken(t, source.Budget{Calls: 100, Per: time.Minute})
			for i, step := range calls {
				now = step
				clock.at = clock.at.Add(step.after)
				if _, err := c.Ask(t.Context(), src, request); !errors.Is(err, step.want) {
					t.Fatalf("call %d: got %v, want %v", i+1, err, step.want)
				}
				r, err := c.read(t.Context(), "kraken", "breaker")
				if err != nil {
					t.Fatal(err)
				}
				open := max(time.UnixMilli(r.number("until")).Sub(clock.at), 0)
				if open < step.least || open > step.most {
					t.Errorf("call %d: open for %s, want %s to %s", i+1, open, step.least, step.most)
				}
			}
		})
	}
}

func TestBreakerStaysBelowAnHour(t *testing.T) {
	clock := &clock{at: noon}
	c := client(t, storetest.Open(t), clock, nil)
	for range 20 {
		if err := c.fail(t.Context(), "kraken", source.ErrUnavailable, nil); err != nil {
			t.Fatal(err)
		}
	}
	r, err := c.read(t.Context(), "kraken", "breaker")
	if err != nil {
		t.Fatal(err)
	}
	if open := time.UnixMilli(r.number("until")).Sub(noon); open > time.Hour || open < 45*time.Minute {
		t.Errorf("open for %s after 20 failures, want 45m to 1h", open)
	}
}

// While one call tries a source again, nobody else may.
func TestBreakerLetsOneProbeThrough(t *testing.T) {
	clock := &clock{at: noon}
	s := storetest.Open(t)
	src, request := kraken(t, source.Budget{Calls: 100, Per: time.Minute})
	bystander := client(t, s, clock, answers)
	probe := client(t, s, clock, func(w http.ResponseWriter, r *http.Request) {
		if _, err := bystander.Ask(r.Context(), src, request); !errors.Is(err, ErrPaused) {
			t.Errorf("during the probe somebody else got %v, want ErrPaused", err)
		}
		answers(w, r)
	})
	if err := probe.fail(t.Context(), "kraken", source.ErrUnavailable, nil); err != nil {
		t.Fatal(err)
	}
	clock.at = noon.Add(13 * time.Second)
	if _, err := probe.Ask(t.Context(), src, request); err != nil {
		t.Fatal(err)
	}
	if _, err := bystander.Ask(t.Context(), src, request); err != nil {
		t.Errorf("after the probe: %v", err)
	}
}

// A provider that repeats the question in its answer puts no key into storage.
func TestBreakerKeepsNoKey(t *testing.T) {
	c := client(t, storetest.Open(t), &clock{at: noon}, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "cannot serve https://api.kraken.com"+r.URL.String())
	})
	src, request := kraken(t, source.Budget{Calls: 100, Per: time.Minute})
	request.URL = "https://api.kraken.com/?api_key=hush"
	if _, err := c.Ask(t.Context(), src, request); !errors.Is(err, source.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	r, err := c.read(t.Context(), "kraken", "breaker")
	if err != nil {
		t.Fatal(err)
	}
	if reason := r.text("reason"); strings.Contains(reason, "hush") || !strings.Contains(reason, redacted) {
		t.Errorf("reason %q: want the key as %s", reason, redacted)
	}
}
