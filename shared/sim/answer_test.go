package sim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"assay/shared/market"
	"assay/shared/sim"
	"assay/shared/source"
)

// The faults of answers have the source's own form, at the time that the truth says.
func TestAnswers(t *testing.T) {
	for _, tt := range []struct {
		kind sim.Kind
		want error
	}{{sim.TooMany, source.ErrLimited}, {sim.Broken, source.ErrUnavailable}, {sim.HTML, source.ErrFormat}} {
		for _, name := range served {
			f := firstOutage(t, name, tt.kind)
			now := time.Unix(f.From, 0).UTC()
			for _, in := range market.Instruments {
				src, _ := source.Find(name)
				if _, has := src.Symbol(in); !has {
					continue
				}
				requests := src.Requests(in, source.Ask{From: noon.Unix() - 600, Now: noon.Unix()})
				p := ask(t, marketAt(t, now, tt.kind), requests[0], now)
				if err := source.Parse(p, func(market.Row) {}); !errors.Is(err, tt.want) {
					t.Errorf("%s %s: got %d %.60s, error %v, want %v", name, tt.kind, p.Status, p.Body, err, tt.want)
				}
				break
			}
		}
	}
}

func firstOutage(t *testing.T, name string, kind sim.Kind) sim.Fault {
	t.Helper()
	faults := marketAt(t, noon, kind).Truth(sim.Query{From: noon.Unix(), To: noon.AddDate(0, 0, 20).Unix(), Source: name, Kind: kind})
	if len(faults) == 0 {
		t.Fatalf("%s: no %s in 20 days", name, kind)
	}
	return faults[0]
}

// A slow answer comes whole, a cut one does not.
func TestSlowAndCut(t *testing.T) {
	for _, kind := range []sim.Kind{sim.Slow, sim.Cut} {
		f := firstOutage(t, "kraken", kind)
		s, err := sim.New(sim.Options{Seed: 1, Faults: []sim.Kind{kind}, Now: func() time.Time { return time.Unix(f.From, 0) }, Slow: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(s)
		defer server.Close()
		began := time.Now()
		body, err := get(t, server, "api.kraken.com", "/0/public/OHLC?pair=XBTUSD")
		if kind == sim.Slow && (err != nil || !json.Valid(body) || time.Since(began) < 50*time.Millisecond) {
			t.Errorf("slow: got %d bytes in %s, error %v", len(body), time.Since(began), err)
		}
		if kind == sim.Cut && (err == nil || len(body) == 0 || json.Valid(body)) {
			t.Errorf("cut: got %d bytes and error %v, want a part of the answer", len(body), err)
		}
	}
}

func get(t *testing.T, server *httptest.Server, host, path string) ([]byte, error) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	answer, err := server.Client().Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(answer.Body)
	return body.Bytes(), err
}
