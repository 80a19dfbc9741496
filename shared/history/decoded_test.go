package history

import (
	"fmt"
	"testing"

	"assay/shared/chunk"
	"assay/shared/market"
	"assay/shared/store"
)

// What a process has decoded is served for as long as the table holds that version, and no longer.
func TestDecodedIsNeverStale(t *testing.T) {
	tables := &Memory{}
	reader, writer := newProcess(tables), newProcess(tables)
	partition := chunkPartition(kraken, market.Minute, day)
	for n := range 20 {
		_, err := writer.Merge(t.Context(), kraken, market.Minute, 1, closes(market.Minute, day+int64(n%3)*86400, int64(n), 100+float64(n)))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []*process{reader, writer, newProcess(tables)} {
			read, err := p.chunks(t.Context(), kraken, market.Minute, day, day+3*86400)
			if err != nil {
				t.Fatal(err)
			}
			bars := join(read).Bars
			if got := bars[min(n%3, len(bars)-1)].Close; got != 100+float64(n) {
				t.Fatalf("after write %d a reader sees %v", n, got)
			}
			chunks, err := p.partition(t.Context(), p.History, market.Minute, partition, store.Range{})
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range chunks {
				e, err := tables.Get(t.Context(), "chunks1m", partition, chunkRow(market.Minute, c.start))
				if err != nil || c.etag != e.ETag || c.state != e.Values["state"] {
					t.Fatalf("after write %d: chunk with ETag %s and state %s, %v; the table has %s %v", n, c.etag, c.state, err, e.ETag, e.Values["state"])
				}
			}
		}
	}
}

// Of what was decoded, the chunks used last are kept, up to a number of bars.
func TestDecodedIsBounded(t *testing.T) {
	d := newDecodedChunks()
	bars := make([]market.Bar, 1440)
	key := func(n int) decodedKey {
		return decodedKey{market.Minute, fmt.Sprint("p", n/100), fmt.Sprint(n)}
	}
	const puts = 1000
	for n := range puts {
		d.put(key(n), stored{Chunk: chunk.Chunk{Bars: bars}, state: "s"})
		d.put(key(n), stored{Chunk: chunk.Chunk{Bars: bars}, state: "s"}) // in place of the first
		if _, ok := d.get(key(0), "s"); !ok {
			t.Fatalf("after %d the one that is used all the time is gone", n)
		}
	}
	if d.bars > maxDecoded || d.bars < maxDecoded-1440 || d.bars != 1440*d.byUse.Len() || len(d.chunks) != d.byUse.Len() {
		t.Errorf("%d bars in %d chunks, %d of them known; want at most %d bars", d.bars, d.byUse.Len(), len(d.chunks), maxDecoded)
	}
	if _, ok := d.get(key(puts-1), "t"); ok {
		t.Error("a chunk of another state is served")
	}
	if _, ok := d.get(key(1), "s"); ok || d.has(market.Minute, "p1") || !d.has(market.Minute, "p0") || !d.has(market.Minute, "p9") {
		t.Error("chunks that were not used for long are kept, or partitions miscounted")
	}
}
