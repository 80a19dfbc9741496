//go:build bench

package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assay/shared/clean"
	"assay/shared/config"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

const (
	coldRuns     = 15
	warmRequests = 2000
	fiveYears    = 1826 // days from 2019 to 2023
	loadSeconds  = 5
	loadClients  = 8
)

var fiveYearsFrom = time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	daysPath    = "/api/v1/series/BTC-USD/bars?interval=1d&from=2019-01-01&to=2024-01-01"
	minutesPath = "/api/v1/series/BTC-USD/bars?interval=1m&from=2023-01-01&to=2024-01-01&maxPoints=4000"
)

// preloaded are the instruments that are stored, with five years of days each; the first two with a year of minutes too.
var preloaded = []string{"BTC-USD", "ETH-USD", "LTC-USD", "XAU-USD", "XAG-USD", "XPT-USD", "XPD-USD", "EUR-USD"}

// reads measures the API over a store with eight instruments, beside InfluxDB with the same.
func (b *bench) reads() {
	a := startAzurite(b.t, false)
	defer a.stop()
	minutes := b.preload(a.connection)
	var peer, small []float64
	if b.influx != nil {
		q := "SELECT open,high,low,close,volume FROM bars_1d WHERE id='BTC-USD' AND time >= '2019-01-01' AND time < '2024-01-01'"
		c := newClient(b.t)
		for range 500 {
			took, body := c.get(b.influx.url + "/query?epoch=s&db=reads&q=" + url.QueryEscape(q))
			if len(peer) == 0 && len(influxRows(b.t, body)) != fiveYears {
				b.t.Fatalf("InfluxDB answers %d days, want %d", len(influxRows(b.t, body)), fiveYears)
			}
			peer = append(peer, took)
		}
		b.add(line{what: "  InfluxDB, five years of days", samples: peer, print: milliseconds, note: "p99 " + milliseconds(quantile(peer, 0.99))})
		small = []float64{median(peer)}
	}
	b.warm(a.connection, small)
	b.cold("five years of days, cold", a.connection, daysPath, 0.008, small, func(body []byte) { checkDays(b.t, body) })
	b.cold("a year of minutes to 4,000 points, cold", a.connection, minutesPath, 0.06, nil, func(body []byte) { checkBuckets(b.t, body, minutes) })
	b.page(a.connection)
	b.sheets(a.connection)
}

// preload stores all instruments and returns the minutes of the first.
func (b *bench) preload(connection string) (minutes []market.Bar) {
	s, err := store.Open(config.Storage{Connection: connection}, store.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := s.Claim(context.Background(), store.Live); err != nil { // as whoever stores prices does first
		b.t.Fatal(err)
	}
	h := history.New(s.Tables, time.Now)
	if b.influx != nil {
		b.influx.do("CREATE DATABASE reads")
	}
	for n, id := range preloaded {
		in, _ := market.Lookup(id)
		days := slices.DeleteFunc(walk(uint64(n), market.Day, fiveYearsFrom, fiveYears), func(bar market.Bar) bool {
			return !in.Calendar.Expects(bar.Start, market.Day)
		})
		b.settle(h, market.SeriesID{Instrument: id, Source: voterOf(id)}, market.Day, days)
		if b.influx != nil {
			b.influx.write("reads", batches("bars_1d", id, days))
		}
		if n >= 2 {
			continue
		}
		year := walk(100+uint64(n), market.Minute, benchYear, yearMinutes)
		b.settle(h, market.SeriesID{Instrument: id, Source: "bitfinex"}, market.Minute, year)
		if b.influx != nil {
			b.influx.write("reads", batches("bars_1m", id, year))
		}
		if n == 0 {
			minutes = year
		}
	}
	return minutes
}

func (b *bench) settle(h *history.History, id market.SeriesID, i market.Interval, bars []market.Bar) {
	span, err := h.Merge(context.Background(), id, i, clean.Rules, bars)
	for spans := []market.Span{span}; err == nil && len(spans) > 0; {
		spans, err = h.Settle(context.Background(), spans, 90)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// voterOf names a source whose days of an instrument vote, or one that does not where none does.
func voterOf(instrument string) string {
	in, _ := market.Lookup(instrument)
	for _, s := range source.All {
		if s.Name != "bitfinex" && source.Role(s.Name, in) != market.NoRole {
			return s.Name
		}
	}
	return "bench"
}

// warm asks the same thing again and again: by one client for the times, by eight for the rate.
func (b *bench) warm(connection string, peer []float64) {
	s := b.run(connection, "Api,Page")
	defer s.stop()
	c := newClient(b.t)
	_, body := c.get(s.url + daysPath)
	checkDays(b.t, body)
	var took []float64
	for range warmRequests {
		t, _ := c.get(s.url + daysPath)
		took = append(took, t)
	}
	l := line{what: "five years of days, warm", samples: took, print: milliseconds, bar: 0.001, note: "p99 " + milliseconds(quantile(took, 0.99))}
	if len(peer) > 0 {
		l.peer = peer[0]
	}
	l.memory = []float64{s.memory("VmHWM")}
	b.add(l)
	rate := requestsPerSecond(b.t, s.url+daysPath)
	b.add(line{
		what: fmt.Sprintf("  the same, %d clients", loadClients), samples: []float64{rate}, print: perSecond,
		memory: []float64{s.memory("VmHWM")}, note: fmt.Sprintf("%d bytes an answer; the clients share the cores", len(body)),
	})
}

func requestsPerSecond(t *testing.T, target string) float64 {
	var answered atomic.Int64
	var clients sync.WaitGroup
	began := time.Now()
	for range loadClients {
		clients.Go(func() {
			for c := newClient(t); since(began) < loadSeconds; answered.Add(1) {
				c.get(target)
			}
		})
	}
	clients.Wait()
	return float64(answered.Load()) / since(began)
}

// cold asks fresh processes, which have answered the page and nothing else.
func (b *bench) cold(what, connection, path string, bar float64, peer []float64, check func(body []byte)) {
	l := line{what: what, print: milliseconds, bar: bar}
	if len(peer) > 0 {
		l.peer = peer[0]
	}
	for range coldRuns {
		s := b.run(connection, "Api,Page")
		c := newClient(b.t)
		c.get(s.url + "/")
		took, body := c.get(s.url + path)
		check(body)
		l.samples, l.memory = append(l.samples, took), append(l.memory, s.memory("VmHWM"))
		s.stop()
	}
	b.add(l)
}

// barsAnswer is what is looked at of an answer of the API.
type barsAnswer struct {
	Interval               string
	Time                   []int64
	Open, High, Low, Close []float64
}

func checkDays(t *testing.T, body []byte) {
	t.Helper()
	var got barsAnswer
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%v in %.200s", err, body)
	}
	want := walk(0, market.Day, fiveYearsFrom, fiveYears)
	if len(got.Time) != fiveYears || got.Close[0] != want[0].Close || got.Time[fiveYears-1] != want[fiveYears-1].Start {
		t.Fatalf("%d days are served, want %d, the first with close %v", len(got.Time), fiveYears, want[0].Close)
	}
}

// checkBuckets compares every bar with the minutes that lie in it: first, highest, lowest, last, to the last bit.
func checkBuckets(t *testing.T, body []byte, minutes []market.Bar) {
	t.Helper()
	var got barsAnswer
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%v in %.200s", err, body)
	}
	interval, err := market.ParseInterval(got.Interval)
	if err != nil || len(got.Time) > 4000 || len(got.Time) < 2000 {
		t.Fatalf("%d points of %q, want 2,000 to 4,000 (%v)", len(got.Time), got.Interval, err)
	}
	n := 0
	for k, start := range got.Time {
		first, high, low := n, minutes[n].High, minutes[n].Low
		for ; n < len(minutes) && minutes[n].Start < interval.Next(start); n++ {
			high, low = max(high, minutes[n].High), min(low, minutes[n].Low)
		}
		want := [4]float64{minutes[first].Open, high, low, minutes[n-1].Close}
		if served := [4]float64{got.Open[k], got.High[k], got.Low[k], got.Close[k]}; served != want {
			t.Fatalf("bar %d of %s is %v, want %v", k, got.Interval, served, want)
		}
	}
	if n != len(minutes) {
		t.Fatalf("the points hold %d minutes, want %d", n, len(minutes))
	}
}

var linked = regexp.MustCompile(`(?:href|src)="(/assets/[^"]*)"`)

// page adds up what a browser fetches for its first view.
func (b *bench) page(connection string) {
	s := b.run(connection, "Api,Page")
	defer s.stop()
	const prices = "/api/v1/expensive-things"
	targets := []string{"/", prices}
	_, document := newClient(b.t).get(s.url + "/")
	for _, m := range linked.FindAllStringSubmatch(string(document), -1) {
		targets = append(targets, m[1])
	}
	total, ofPrices := 0.0, 0.0
	for _, target := range targets {
		request, _ := http.NewRequest(http.MethodGet, s.url+target, nil)
		request.Header.Set("Accept-Encoding", "gzip")
		r, err := http.DefaultClient.Do(request)
		if err != nil {
			b.t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK {
			b.t.Fatalf("%s: %s (%v)", target, r.Status, err)
		}
		if total += float64(len(body)); target == prices {
			ofPrices = float64(len(body))
		}
	}
	b.add(line{
		what: "page, first load, compressed", samples: []float64{total}, print: kilobytes, bar: 100_000,
		note: fmt.Sprintf("%d requests; %s of it are prices, random ones", len(targets), kilobytes(ofPrices)),
	})
}

// client asks over one connection that stays open.
type client struct {
	t    *testing.T
	http http.Client
}

func newClient(t *testing.T) *client {
	return &client{t, http.Client{Transport: &http.Transport{MaxConnsPerHost: 1, DisableCompression: true}}}
}

// get returns the seconds until the last byte was there, and the body.
func (c *client) get(target string) (float64, []byte) {
	began := time.Now()
	r, err := c.http.Get(target)
	if err != nil {
		c.t.Error(err)
		return 0, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if took := since(began); err == nil && r.StatusCode == http.StatusOK {
		return took, body
	}
	c.t.Errorf("%s: %s: %.200s (%v)", target, r.Status, body, err)
	return 0, body
}
