package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// client speaks to the ready pods of a Service, as kube-proxy would have it: with a list that is a moment old.
type client struct {
	key  string // function key
	http *http.Client

	mu    sync.Mutex
	ready []string
}

// newClient follows the ready pods of a Service until ctx is done.
func (c *cluster) newClient(ctx context.Context, namespace, service string) *client {
	k := &client{key: rand.Text(), http: &http.Client{Timeout: 20 * time.Second}}
	go func() {
		for ; ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
			if ready, err := c.api.endpoints(namespace, service); err == nil {
				k.mu.Lock()
				k.ready = ready
				k.mu.Unlock()
			}
		}
	}()
	return k
}

func (k *client) pods() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.ready)
}

// once sends one request to one of the pods and reads the answer into to, if it is given.
func (k *client) once(ctx context.Context, method, path, kind string, body []byte, to any) error {
	k.mu.Lock()
	if len(k.ready) == 0 {
		k.mu.Unlock()
		return errors.New("no pod is ready")
	}
	address := k.ready[mathrand.IntN(len(k.ready))]
	k.mu.Unlock()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+":8080"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("x-functions-key", k.key)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
		request.Header.Set("Idempotency-Key", fmt.Sprintf("%x", path+string(body[:min(len(body), 40)])))
	}
	answer, err := k.http.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode >= 300:
		return fmt.Errorf("%s %s: %s: %.300s", method, path, answer.Status, text)
	case to != nil:
		return json.Unmarshal(text, to)
	}
	return nil
}

// pushes are the payloads of some days: one for each instrument and day, of minutes.
type push struct {
	instrument string
	day        int
}

const (
	pushSource = "e2e"
	pushedDays = 40
	rolledFrom = 30 // the days from here on are pushed during an update
	dayMinutes = 1440
)

var (
	pushedInstruments = []string{"BTC-USD", "ETH-USD", "LTC-USD", "PAXG-USD"}
	firstDay          = time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
)

// price is what the minute of a day costs: every minute another.
func (p push) price(minute int) string {
	return fmt.Sprintf("%d.%02d", 1000+p.day*10+minute/100, minute%100)
}

func (p push) csv() []byte {
	var text bytes.Buffer
	text.WriteString("time,close\n")
	for minute := range dayMinutes {
		fmt.Fprintf(&text, "%d,%s\n", firstDay.AddDate(0, 0, p.day).Unix()+int64(minute)*60, p.price(minute))
	}
	return text.Bytes()
}

// declare has the pushed series vote.
func (k *client) declare(ctx context.Context) error {
	for _, instrument := range pushedInstruments {
		body := fmt.Sprintf(`{"series": "%s.%s", "role": "aggregator", "interval": "1m"}`, instrument, pushSource)
		if err := k.once(ctx, http.MethodPost, "/api/v1/series", "application/json", []byte(body), nil); err != nil {
			return err
		}
	}
	return nil
}

// pushDays pushes [from, to) of every instrument, several at once. An attempt that fails is made again, with the same Idempotency-Key; it
// returns how many were.
func (k *client) pushDays(ctx context.Context, from, to int) (failed int, err error) {
	var mu sync.Mutex
	var group sync.WaitGroup
	work := make(chan push)
	for range 4 {
		group.Go(func() {
			for p := range work {
				path := fmt.Sprintf("/api/v1/ingest/%s.%s?interval=1m", p.instrument, pushSource)
				for try := range 60 { // while no pod answers
					last := k.once(ctx, http.MethodPost, path, "text/csv", p.csv(), nil)
					if last == nil || ctx.Err() != nil {
						break
					}
					mu.Lock()
					if failed++; try == 59 {
						err = errors.Join(err, last)
					}
					mu.Unlock()
					time.Sleep(200 * time.Millisecond)
				}
			}
		})
	}
	for day := from; day < to; day++ {
		for _, instrument := range pushedInstruments {
			work <- push{instrument, day}
		}
	}
	close(work)
	group.Wait()
	return failed, errors.Join(err, ctx.Err())
}

// checkBars compares every minute of the consensus on the days before end with what was pushed: none is missing, none is there twice.
func (k *client) checkBars(ctx context.Context, end int) error {
	for _, instrument := range pushedInstruments {
		for day := range end {
			var answer struct {
				Time  []int64       `json:"time"`
				Close []json.Number `json:"close"`
			}
			start := firstDay.AddDate(0, 0, day)
			path := fmt.Sprintf("/api/v1/series/%s/bars?interval=1m&from=%d&to=%d", instrument, start.Unix(), start.AddDate(0, 0, 1).Unix())
			if err := k.once(ctx, http.MethodGet, path, "", nil, &answer); err != nil {
				return err
			}
			if len(answer.Time) != dayMinutes {
				return fmt.Errorf("%s has %d minutes on day %d, want %d", instrument, len(answer.Time), day, dayMinutes)
			}
			for minute, t := range answer.Time {
				got, _ := answer.Close[minute].Float64()
				want, _ := json.Number(push{instrument, day}.price(minute)).Float64()
				if t != start.Unix()+int64(minute)*60 || got != want {
					return fmt.Errorf("%s has %v at %d, want %v at %d", instrument, got, t, want, start.Unix()+int64(minute)*60)
				}
			}
		}
	}
	return nil
}

// readAlways reads until ctx is done and returns how often, and what failed.
func (k *client) readAlways(ctx context.Context) (reads int, failed []error) {
	for ; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if err := k.once(ctx, http.MethodGet, "/api/v1/series", "", nil, nil); err != nil && ctx.Err() == nil {
			failed = append(failed, err)
		}
		reads++
	}
	return reads, failed
}
