package sim

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"assay/shared/market"
)

// page is what a provider's gateway shows to people when something is wrong.
const page = `<!DOCTYPE html>
<html lang="en"><head><title>Just a moment...</title></head>
<body><h1>Checking your browser before you continue</h1><p>Ray ID: 8f0c0ffee</p></body></html>
`

// reply writes a body. Nothing can be done about a client that has gone.
func reply(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func replyJSON(w http.ResponseWriter, status int, body string) {
	reply(w, status, "application/json; charset=utf-8", body)
}

// limited is how a source says that it was asked too often.
func limited(w http.ResponseWriter, source string) {
	switch source {
	case "coinbase":
		replyJSON(w, http.StatusTooManyRequests, `{"message":"Public rate limit exceeded"}`)
	case "kraken":
		replyJSON(w, http.StatusOK, `{"error":["EGeneral:Too many requests"]}`)
	case "bitstamp":
		replyJSON(w, http.StatusBadRequest, `{"code":"400.002","reason":"Request rate limit exceeded.","status":"error"}`)
	case "bitfinex":
		replyJSON(w, http.StatusTooManyRequests, `["error",11010,"ratelimit: error"]`)
	default:
		w.Header().Set("Retry-After", "60")
		reply(w, http.StatusTooManyRequests, "text/plain", "Too Many Requests")
	}
}

// broken is how a source says that it is out of order.
func broken(w http.ResponseWriter, source string) {
	switch source {
	case "kraken":
		replyJSON(w, http.StatusOK, `{"error":["EService:Unavailable"]}`)
	case "bitfinex":
		replyJSON(w, http.StatusServiceUnavailable, `["error",20060,"maintenance"]`)
	default:
		reply(w, http.StatusServiceUnavailable, "text/html", "<html><head><title>503 Service Temporarily Unavailable</title></head><body></body></html>\n")
	}
}

// misbehave answers during an outage.
func (s *Sim) misbehave(w http.ResponseWriter, r *http.Request, p provider, kind Kind, now time.Time) {
	switch kind {
	case TooMany:
		limited(w, p.source)
	case Broken:
		broken(w, p.source)
	case HTML:
		reply(w, http.StatusOK, "text/html; charset=UTF-8", page)
	case Slow:
		timer := time.NewTimer(s.slow)
		defer timer.Stop()
		select {
		case <-timer.C:
			p.answer(w, r, now)
		case <-r.Context().Done():
		}
	case Cut:
		whole := httptest.NewRecorder()
		p.answer(whole, r, now)
		body := whole.Body.Bytes()
		w.Header().Set("Content-Type", whole.Header().Get("Content-Type"))
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(whole.Code)
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler) // net/http's way to end a connection
	}
}

// limit is how often a source may be asked: burst calls at once, and one more every interval. Who breaks it is blocked.
type limit struct {
	burst    float64
	interval time.Duration
	block    time.Duration

	mu      sync.Mutex
	left    float64
	last    time.Time
	blocked time.Time
}

// newLimits are the limits that the providers document; gold-api, Swissquote, the ECB and LBMA have none.
func newLimits() map[string]*limit {
	return map[string]*limit{
		"coinbase": {burst: 15, interval: time.Second / 10},
		"kraken":   {burst: 3, interval: time.Second},
		"bitstamp": {burst: 400, interval: 10 * time.Minute / 10_000},
		"bitfinex": {burst: 30, interval: 2 * time.Second, block: time.Minute},
	}
}

// allow counts a call. A nil limit allows all.
func (l *limit) allow(now time.Time) bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.IsZero() {
		l.left = l.burst
	} else if passed := now.Sub(l.last); passed > 0 {
		l.left = min(l.burst, l.left+float64(passed)/float64(l.interval))
	}
	l.last = now
	if now.Before(l.blocked) {
		return false
	}
	if l.left < 1 {
		l.blocked = now.Add(l.block)
		return false
	}
	l.left--
	return true
}

// coin returns the instrument that venues trade under this base.
func (s *Sim) coin(base string) *instrument {
	in := s.world.find(base + "-USD")
	if in == nil || in.open != market.Always {
		return nil
	}
	return in
}

// seconds reads a time as Unix seconds or RFC 3339; otherwise when the parameter is not there.
func seconds(q url.Values, name string, otherwise int64) (int64, error) {
	text := q.Get(name)
	if text == "" {
		return otherwise, nil
	}
	if t, err := strconv.ParseInt(text, 10, 64); err == nil {
		return t, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Unix(), nil
		}
	}
	return 0, fmt.Errorf("%s=%.40q is no time", name, text)
}

// number prints a JSON number in as few digits as it needs, and null for what is absent.
func number(x float64, absent bool) string {
	if absent {
		return "null"
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// list joins the parts of a JSON array.
func list(parts []string) string { return "[" + strings.Join(parts, ",") + "]" }
