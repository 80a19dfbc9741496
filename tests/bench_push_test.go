//go:build bench

package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"assay/shared/config"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
)

const (
	pushRuns   = 3
	pushPoints = 1_000_000
)

// pushParts are how many pushes the points are sent in: of 6 MB each, and of 50 MB, which is near the most that one may have.
var pushParts = []int{16, 2}

var pushed = market.SeriesID{Instrument: "BTC-USD", Source: "bench"}

// pushes measures a million points in line protocol, from the first POST to what can be queried, beside InfluxDB taking the same
// lines in the batches that its maker recommends. A point is one line: a minute's open, high, low, close and volume.
func (b *bench) pushes() {
	bars := walk(2, market.Minute, benchYear.AddDate(-2, 0, 0), pushPoints)
	lines := batches("bars_1m", "BTC-USD", bars)
	var sent []float64
	results := make([][]imported, len(pushParts))
	before := 0.0
	if b.influx != nil {
		before = b.influx.cpu()
	}
	for run := range pushRuns {
		if b.influx != nil {
			sent = append(sent, b.influxImport(fmt.Sprintf("pushed%d", run), pushPoints, func() [][]byte { return lines }))
		}
		for n, parts := range pushParts {
			results[n] = append(results[n], b.pushOnce(joined(lines, parts), bars))
		}
	}
	for n, parts := range pushParts {
		l := lineOf(fmt.Sprintf("push 1,000,000 points in %d pushes", parts), results[n], sent)
		l.room = 150 << 20
		l.note = fmt.Sprintf("%.0f points/s to a series that does not vote; %s", pushPoints/median(l.samples), l.note)
		b.add(l)
	}
	if b.influx != nil {
		b.add(line{
			what: "  InfluxDB takes them", samples: sent, print: inSeconds,
			note: fmt.Sprintf("%.0f points/s; CPU: %.2f s", pushPoints/median(sent), (b.influx.cpu()-before)/pushRuns),
		})
	}
}

// joined joins lines into parts of about the same length.
func joined(lines [][]byte, parts int) [][]byte {
	var all [][]byte
	for n := range parts {
		all = append(all, bytes.Join(lines[n*len(lines)/parts:(n+1)*len(lines)/parts], nil))
	}
	return all
}

// pushOnce pushes parts one after the other, as one client does, and checks every bar that can then be queried.
func (b *bench) pushOnce(parts [][]byte, want []market.Bar) imported {
	b.t.Helper()
	a := startAzurite(b.t, false)
	defer a.stop()
	s := b.run(a.connection, "Ingest,Clean,Load,Api")
	defer s.stop()
	before, began := a.cpu(), time.Now()
	var receipts []string
	for _, part := range parts {
		receipts = append(receipts, push(b.t, s.url, part))
	}
	for _, receipt := range receipts {
		for !b.loaded(s.url + receipt) {
			<-time.After(20 * time.Millisecond)
		}
	}
	took := imported{wall: since(began), ours: s.cpu(), emulator: a.cpu() - before, peak: s.memory("VmHWM")}
	checkPushed(b.t, a.connection, want)
	return took
}

// push posts lines and returns where their receipt is.
func push(t *testing.T, url string, lines []byte) (receipt string) {
	t.Helper()
	r, err := http.Post(url+"/api/v1/ingest/"+pushed.String()+"?interval=1m&precision=s", "text/plain", bytes.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusAccepted {
		t.Fatalf("a push is answered %s: %s", r.Status, body)
	}
	return r.Header.Get("Location")
}

// loaded reports whether every payload under an address is loaded.
func (b *bench) loaded(url string) bool {
	_, body := newClient(b.t).get(url)
	var answer struct{ Receipts []struct{ State store.State } }
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Receipts) == 0 {
		b.t.Fatalf("receipts: %v: %.300s", err, body)
	}
	for _, r := range answer.Receipts {
		if r.State == store.Rejected || r.State == store.Dead {
			b.t.Fatalf("a push is %s", r.State)
		}
		if r.State != store.Loaded {
			return false
		}
	}
	return true
}

func checkPushed(t *testing.T, connection string, want []market.Bar) {
	t.Helper()
	s, err := store.Open(config.Storage{Connection: connection}, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	read, err := history.New(s.Tables, time.Now).Read(context.Background(), history.Query{
		Series: pushed, Interval: market.Minute, From: want[0].Start, To: want[len(want)-1].Start + 60,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Bars) != len(want) {
		t.Fatalf("%d pushed minutes can be queried, want %d", len(read.Bars), len(want))
	}
	for n := range want {
		if !read.Bars[n].SameValue(&want[n]) {
			t.Fatalf("minute %d is %+v, want %+v", n, read.Bars[n], want[n])
		}
	}
}
