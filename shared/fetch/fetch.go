// Package fetch is the one client towards providers: turns, budgets, circuit breaker, conditional requests, safe redirects,
// and the sockets over which a provider tells what is new (Connect).
//
// Construct a Client with New. A turn of a source is Claim, Ask for every request, Remember for every answer that was
// stored, End. A process remembers nothing: all of it lies in the table sources, partition <source>, shared by all
// processes and changed by compare-and-swap. Moments are Unix milliseconds.
//
//	turn         slot: the schedule's occurrence (RFC 3339, UTC); claim: whose; until: when it is free unfinished; done;
//	             full: the last UTC day (20240115) whose full questions were all asked; outcome: a sentence for people
//	budget       calls: the moments of the calls within the budget's period, joined by commas
//	connects     the same for connections to the source's feed
//	breaker      failures in a row; until: when it may be tried again, 0 when it is closed; kind and reason: the last failure
//	unknown~<instrument>  until: when the source is asked again for what it does not know
//	asked~<instrument>~<interval>  answered: the stretches of time that it has answered for, as from:to,… in Unix seconds
//	cond~<hash>  etag, modified, sum: validators and SHA-256 of the last stored answer; url: what was asked, keys removed
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"assay/shared/store"
)

// ErrPaused says that a source is not to be asked now: its breaker is open or its budget used up. The text says which and
// until when.
var ErrPaused = errors.New("paused")

// Paused is an ErrPaused that says until when.
type Paused struct {
	Until  time.Time
	reason string
}

func (p *Paused) Error() string { return ErrPaused.Error() + ": " + p.reason }

// Unwrap makes it an ErrPaused.
func (p *Paused) Unwrap() error { return ErrPaused }

// Options are what a Client depends on. The zero value of all but Now is what a program wants.
type Options struct {
	Now     func() time.Time                                 // the clock
	URL     string                                           // a server on loopback that answers in every provider's place; it finds the provider's name in the Host header
	Wait    func(ctx context.Context, d time.Duration) error // waits; nil waits by the system's clock
	Connect time.Duration                                    // for a connection; 10 s
	Whole   time.Duration                                    // for a whole call, the last byte of the body included; 30 s
}

// Client asks providers.
type Client struct {
	tables *store.Tables
	now    func() time.Time
	wait   func(ctx context.Context, d time.Duration) error
	http   *http.Client
	whole  time.Duration
	stand  *url.URL // stands in for every provider; nil for the real ones
}

// New returns a client that keeps its state in tables. The error says what is wrong with options.URL.
func New(tables *store.Tables, options Options) (*Client, error) {
	c := &Client{tables: tables, now: options.Now, wait: options.Wait, whole: options.Whole}
	if c.wait == nil {
		c.wait = wait
	}
	if c.whole == 0 {
		c.whole = 30 * time.Second
	}
	if options.Connect == 0 {
		options.Connect = 10 * time.Second
	}
	if options.URL != "" {
		u, err := url.Parse(options.URL)
		if err != nil || !isLoopback(u.Hostname()) || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fmt.Errorf("source URL %q: want a server on loopback, such as http://127.0.0.1:9000", Redact(options.URL))
		}
		c.stand = u
	}
	c.http = &http.Client{Transport: transport(options.Connect), CheckRedirect: checkRedirect}
	return c, nil
}

// wait returns after d, or with the context's error when that ends first.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
