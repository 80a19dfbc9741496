package source_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/shared/clean"
	"assay/shared/market"
	"assay/shared/source"
)

func TestScratch(t *testing.T) {
	files, _ := filepath.Glob("/work/shared/data/*.*z*")
	for _, name := range files {
		body, _ := os.ReadFile(name)
		d, err := source.Detect(name, body, source.Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		p := source.Payload{Dataset: d.Dataset, Series: d.Series, Interval: d.Interval, Body: body, Received: 1_795_000_000_000}
		c := clean.New(clean.Origin{Received: p.Received})
		rows := 0
		if err := source.Parse(p, func(r market.Row) { rows++; c.Add(r) }); err != nil {
			t.Error(name, err)
			continue
		}
		res := c.Result()
		fmt.Println(filepath.Base(name), d, rows, "rejected", res.Rejected)
		for k, bars := range res.Bars {
			flags := map[string]int{}
			for _, b := range bars {
				flags[b.Flags.String()]++
			}
			fmt.Println("   ", k, len(bars), bars[0], bars[len(bars)-1], flags)
		}
		rules := map[string]int{}
		for _, r := range res.Rejects {
			rules[r.Rule+" "+r.Field]++
		}
		for i, r := range res.Rejects {
			if i < 8 {
				fmt.Println("      ", r.Row, r.Rule, r.Field, r.Reason, strings.ReplaceAll(r.Text, "\n", "")[:min(len(r.Text), 60)])
			}
		}
		fmt.Println("    ", rules)
	}
}

func BenchmarkYear(b *testing.B) {
	body, _ := os.ReadFile("/work/shared/data/btcusd-1m-bitfinex-2018.csv.gz")
	body, _ = source.Open(body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		c := clean.New(clean.Origin{Received: 1_795_000_000_000})
		p := source.Payload{Dataset: "bitfinex-csv", Series: []market.SeriesID{{"BTC-USD", "bitfinex"}}, Interval: market.Minute, Body: body, Received: 1_795_000_000_000}
		if err := source.Parse(p, c.Add); err != nil {
			b.Fatal(err)
		}
		if len(c.Result().Bars) != 1 {
			b.Fatal("no")
		}
	}
}
