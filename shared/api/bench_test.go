package api

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"assay/shared/market"
	"assay/shared/store/storetest"
)

// fiveYears is 1,826 days of prices with two decimals, all flagged thin.
func fiveYears() []market.Bar {
	random := rand.New(rand.NewPCG(1, 2))
	bars, price := make([]market.Bar, 1826), 20_000.0
	for n := range bars {
		price *= 1 + 0.04*(random.Float64()-0.5)
		cents := func(v float64) float64 { p, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 2, 64), 64); return p }
		bars[n] = market.Bar{
			Start: monday + int64(n-1826)*int64(market.Day), Open: cents(price), High: cents(price * 1.02), Low: cents(price * 0.97),
			Close: cents(price * 1.01), Volume: 1000 * random.Float64(), Received: 1,
		}
	}
	return bars
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(Options{Version: "v1.2.3"})
	}
}

func BenchmarkPrint(b *testing.B) {
	bars := fiveYears()
	t := table{interval: market.Day, calendar: market.Always, part: span{bars[0].Start, monday}, bars: bars, decisions: make([]market.Decision, len(bars))}
	for _, format := range []string{"columns", "rows", "csv"} {
		b.Run(format, func(b *testing.B) {
			var out []byte
			for b.Loop() {
				out = t.print([]byte("{}"), format)
			}
			b.SetBytes(int64(len(out)))
		})
	}
	b.Run("parquet", func(b *testing.B) {
		out := t.parquet([]byte("{}"), BarsHead{}, "v1.2.3", false)
		b.SetBytes(int64(len(out)))
		for b.Loop() {
			t.parquet([]byte("{}"), BarsHead{}, "v1.2.3", false)
		}
	})
	b.Run("gzip", func(b *testing.B) {
		out := t.print([]byte("{}"), "columns")
		b.SetBytes(int64(len(out)))
		for b.Loop() {
			b.ReportMetric(float64(len(zipped(out))), "bytes")
		}
	})
}

// Five years of days over HTTP on loopback: warm as a page asks again, and with an empty cache of bodies.
func BenchmarkBars(b *testing.B) {
	w := newWorld(b, nil)
	w.put("BTC-USD.kraken", market.Day, fiveYears()...)
	w.put("BTC-USD.coinbase", market.Day, fiveYears()...)
	w.put("XAU-USD.workshop", market.Day, fiveYears()...)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	ask := func(b *testing.B, target string, headers ...string) {
		request, _ := http.NewRequest(http.MethodGet, server.URL+target, nil)
		request.Header.Set("Accept-Encoding", "identity")
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			b.Fatal(response.Status, err)
		}
		response.Body.Close()
		b.SetBytes(n)
	}
	const bars, page = "/api/v1/series/BTC-USD/bars?from=2019-01-15&to=2024-01-15", "/api/v1/expensive-things"
	b.Run("warm", func(b *testing.B) {
		for b.Loop() {
			ask(b, bars)
		}
	})
	b.Run("warm-gzip", func(b *testing.B) {
		for b.Loop() {
			ask(b, bars, "Accept-Encoding", "gzip")
		}
	})
	b.Run("page-warm", func(b *testing.B) {
		for b.Loop() {
			ask(b, page, "Accept-Encoding", "gzip")
		}
	})
	b.Run("not-printed-before", func(b *testing.B) {
		for b.Loop() {
			w.handler.(*api).cache = newCache(cacheBytes)
			ask(b, bars)
		}
	})
}

// Five years of days read by a process that has just started, from a storage that holds them.
func BenchmarkBarsCold(b *testing.B) {
	w := newWorld(b, storetest.Open(b))
	w.put("BTC-USD.kraken", market.Day, fiveYears()...)
	w.put("BTC-USD.coinbase", market.Day, fiveYears()...)
	for b.Loop() {
		recorder := newReader(w).get("/api/v1/series/BTC-USD/bars?from=2019-01-15&to=2024-01-15")
		if recorder.Code != http.StatusOK {
			b.Fatal(recorder.Body)
		}
	}
}

// The tear sheet of four assets over five years: from the cache of bodies, and computed anew.
func BenchmarkTearSheet(b *testing.B) {
	w := newWorld(b, nil)
	ids := []string{"BTC-USD.kraken", "XAU-USD.workshop", "XAG-USD.workshop", "XPT-USD.workshop"}
	for _, id := range ids {
		w.put(id, market.Day, fiveYears()...)
	}
	target := "/api/v1/analysis/tear-sheet?from=2019-01-15&to=2024-01-15&series=" + strings.Join(ids, ",")
	b.Run("warm", func(b *testing.B) {
		for b.Loop() {
			w.get(target)
		}
	})
	b.Run("computed", func(b *testing.B) {
		for b.Loop() {
			w.handler.(*api).cache = newCache(cacheBytes)
			if recorder := w.get(target); recorder.Code != http.StatusOK {
				b.Fatal(recorder.Body)
			}
		}
	})
}
