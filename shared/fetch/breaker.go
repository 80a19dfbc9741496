package fetch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"assay/shared/source"
)

// How long a breaker stays open.
const (
	firstPause     = 10 * time.Second // after one failure; doubled with each further one
	longestPause   = time.Hour
	firstRefused   = time.Hour // after a refusal, such as 451 or a bad key: likely only a person can change that
	longestRefused = 6 * time.Hour
	longestAsked   = 3 * 24 * time.Hour // the longest that Retry-After can ask for: the longest ban that a provider documents
	probeTime      = time.Minute        // how long the one call that tries an open source again keeps the others out
)

// enter asks the breaker for leave to call. One that was open long enough lets one call through, the probe, and stays shut
// for everybody else until the probe has reported. tripped says that a success must be reported.
func (c *Client) enter(ctx context.Context, source string) (tripped bool, err error) {
	r, err := c.read(ctx, source, "breaker")
	if err != nil || r.number("failures") == 0 {
		return false, err
	}
	shut := false
	err = c.change(ctx, source, "breaker", func(current row) row {
		r = current
		now := c.now()
		if shut = r.number("until") > now.UnixMilli(); shut || r.number("failures") == 0 {
			return nil
		}
		return row{"failures": r.number("failures"), "until": now.Add(probeTime).UnixMilli(), "reason": r.text("reason"), "kind": r.text("kind")}
	})
	if err == nil && shut {
		until := time.UnixMilli(r.number("until")).UTC()
		err = &Paused{until, fmt.Sprintf("the breaker is open until %s after %d failures, the last: %s",
			until.Format(time.RFC3339), r.number("failures"), r.text("reason"))}
	}
	return true, err
}

// succeed closes the breaker.
func (c *Client) succeed(ctx context.Context, source string) error {
	return c.change(ctx, source, "breaker", func(r row) row {
		if r.number("failures") == 0 {
			return nil
		}
		return row{"failures": int64(0), "until": int64(0), "reason": "", "kind": ""}
	})
}

// fail opens the breaker: for a time that doubles with each failure in a row and varies by a quarter so that processes do not
// return together, but at least as long as the provider asked for.
func (c *Client) fail(ctx context.Context, name string, failure error, header http.Header) error {
	return c.change(ctx, name, "breaker", func(r row) row {
		failures := r.number("failures") + 1
		pause, longest := firstPause, longestPause
		if errors.Is(failure, source.ErrRefused) {
			pause, longest = firstRefused, longestRefused
		}
		pause = min(pause<<min(failures-1, 20), longest)
		pause = min(pause*3/4+rand.N(pause/2), longest)
		now := c.now()
		pause = max(pause, retryAfter(header, now))
		return row{"failures": failures, "until": now.Add(pause).UnixMilli(), "reason": Redact(failure.Error()), "kind": source.KindOf(failure)}
	})
}

// retryAfter reads the header Retry-After, in seconds or as a date; 0 without one.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return min(time.Duration(max(seconds, 0)), longestAsked/time.Second) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(date.Sub(now), longestAsked)
	}
	return 0
}
