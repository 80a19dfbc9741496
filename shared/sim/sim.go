// Package sim is a market that does not exist, served in the formats of the real providers, with planted faults whose truth
// it publishes. It shares no code with the parsers: an error made twice would cancel out.
//
// New makes one; it is an http.Handler that tells the providers apart by the Host header, so that one server on loopback
// stands in for all of them (ASSAY_SOURCE_URL). Under any other host it answers /truth, the faults it has planted, and
// /truth/bars, the market without them.
//
// Everything is a pure function of the seed, the instrument and the time. Nothing depends on what was asked before, but the
// providers' limits, which count the calls of the last minutes.
package sim

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"assay/shared/market"
)

// Options say which market, and how it misbehaves.
type Options struct {
	Seed     uint64
	Faults   []Kind           // kinds of faults to plant; none when empty. All lists them
	Now      func() time.Time // the market's clock; time.Now when nil. It may run faster than time
	Slow     time.Duration    // how long a slow answer takes, in real time; 20 s when 0
	NoLimits bool             // answer every call: for tests that ask more often than a provider would allow
}

// Sim is a simulated market. It is safe for concurrent use.
type Sim struct {
	seed     uint64
	faults   map[Kind]bool
	now      func() time.Time
	slow     time.Duration
	world    *world
	limits   map[string]*limit // by source; nil when there are none
	refused  atomic.Int64      // calls that broke one
	handlers map[string]provider

	mu     sync.Mutex // guards the caches
	days   cache[dayKey, *venueDay]
	hours  cache[dayKey, *[25]candle]
	struck cache[fixKey, float64]
	plans  cache[planKey, []event]
}

// provider is one source as its clients see it.
type provider struct {
	source string
	answer func(w http.ResponseWriter, r *http.Request, now time.Time)
}

// New returns the market of a seed.
func New(o Options) (*Sim, error) {
	s := &Sim{
		seed: o.Seed, faults: map[Kind]bool{}, now: o.Now, slow: o.Slow, world: newWorld(o.Seed),
		days: newCache[dayKey, *venueDay](128), hours: newCache[dayKey, *[25]candle](8192),
		struck: newCache[fixKey, float64](32_768), plans: newCache[planKey, []event](4096),
	}
	for _, kind := range o.Faults {
		if !kind.known() {
			return nil, fmt.Errorf("fault %.40q is not known: want some of %s", string(kind), kindNames())
		}
		s.faults[kind] = true
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.slow == 0 {
		s.slow = 20 * time.Second
	}
	if !o.NoLimits {
		s.limits = newLimits()
	}
	s.handlers = map[string]provider{
		"api.exchange.coinbase.com":      {"coinbase", s.coinbase},
		"api.kraken.com":                 {"kraken", s.kraken},
		"ws.kraken.com":                  {"kraken", s.krakenSocket},
		"www.bitstamp.net":               {"bitstamp", s.bitstamp},
		"api-pub.bitfinex.com":           {"bitfinex", s.bitfinex},
		"api.gold-api.com":               {"goldapi", s.goldAPI},
		"forex-data-feed.swissquote.com": {"swissquote", s.swissquote},
		"www.ecb.europa.eu":              {"ecb", s.ecbFiles},
		"data-api.ecb.europa.eu":         {"ecb", s.ecbPortal},
		"prices.lbma.org.uk":             {"lbma", s.lbma},
	}
	return s, nil
}

// ServeHTTP answers as the provider that the Host header names.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := strings.ToLower(r.Host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	p, ok := s.handlers[host]
	if !ok {
		s.own(w, r)
		return
	}
	now := s.now().UTC()
	w.Header().Set("Date", now.Format(http.TimeFormat))
	if r.Method != http.MethodGet {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if s.limits != nil && !s.limits[p.source].allow(now) {
		s.refused.Add(1)
		limited(w, p.source)
		return
	}
	if kind, ok := s.outage(p.source, now.Unix()); ok {
		s.misbehave(w, r, p, kind, now)
		return
	}
	p.answer(w, r, now)
}

// Refused returns how many calls broke a provider's limit.
func (s *Sim) Refused() int { return int(s.refused.Load()) }

// series is what one source says of one instrument at one interval. Quotes have minutes, fixes have days.
type series struct {
	source     string
	instrument *instrument
	interval   market.Interval
	fix        string // -AM, -PM or -FIX: which of an instrument's fixes; empty for what is no fix
}

// id is the instrument's id, the fix included.
func (se series) id() string { return se.instrument.id + se.fix }
