package chunk_test

import (
	"testing"

	"assay/shared/chunk"
	"assay/shared/market"
)

// Each benchmark's operation is a year of minutes: 525,600 bars in 365 chunks.

func BenchmarkEncode(b *testing.B) {
	year := minutes()
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		size = 0
		for _, c := range year {
			for _, column := range chunk.Encode(c) {
				size += len(column)
			}
		}
	}
	b.ReportMetric(float64(size)/(365*1440), "bytes/bar")
}

func BenchmarkDecode(b *testing.B) {
	var packed []chunk.Columns
	for _, c := range minutes() {
		packed = append(packed, chunk.Encode(c))
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, columns := range packed {
			if _, err := chunk.Decode(market.Minute, columns); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkStateHash(b *testing.B) {
	year := minutes()
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range year {
			chunk.StateHash(c)
		}
	}
}

func BenchmarkMerge(b *testing.B) {
	year := minutes()
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range year {
			chunk.Merge(c.Bars, c.Bars)
		}
	}
}
