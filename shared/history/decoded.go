package history

import (
	"container/list"
	"maps"
	"slices"
	"sync"

	"assay/shared/market"
)

// maxDecoded bounds how many bars stay decoded: a little more than a year of minutes, about 45 MB.
const maxDecoded = 600_000

// decodedChunks keeps the chunks that were used last, decoded. A chunk is recognised by its state hash, so a version that has
// been replaced is never taken for the one in the table.
type decodedChunks struct {
	mu     sync.Mutex
	bars   int
	byUse  *list.List // of decodedChunk, the latest used in front
	chunks map[decodedKey]*list.Element
	counts map[decodedKey]int // chunks per partition, under a key without a row
}

type decodedKey struct {
	interval       market.Interval
	partition, row string
}

type decodedChunk struct {
	key   decodedKey
	chunk stored
}

func newDecodedChunks() *decodedChunks {
	return &decodedChunks{byUse: list.New(), chunks: map[decodedKey]*list.Element{}, counts: map[decodedKey]int{}}
}

// has reports whether any chunk of a partition is kept.
func (d *decodedChunks) has(i market.Interval, partition string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts[decodedKey{interval: i, partition: partition}] > 0
}

func (d *decodedChunks) get(key decodedKey, state string) (stored, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	element, ok := d.chunks[key]
	if !ok || element.Value.(decodedChunk).chunk.state != state {
		return stored{}, false
	}
	d.byUse.MoveToFront(element)
	return element.Value.(decodedChunk).chunk, true
}

func (d *decodedChunks) put(key decodedKey, c stored) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if element, ok := d.chunks[key]; ok {
		d.remove(element)
	}
	d.chunks[key] = d.byUse.PushFront(decodedChunk{key, c})
	d.counts[decodedKey{interval: key.interval, partition: key.partition}]++
	d.bars += len(c.Bars)
	for d.bars > maxDecoded && d.byUse.Len() > 1 {
		d.remove(d.byUse.Back())
	}
}

// keep remembers chunks of one series, by start, as they have just been written: who settles or serves them next need not
// read them back. Their bars may be a part of a longer run, which would stay in memory as long as they do: hence the copy.
func (h *History) keep(series market.SeriesID, written map[int64]stored) {
	for _, start := range slices.Sorted(maps.Keys(written)) {
		s := written[start]
		s.Bars = slices.Clone(s.Bars)
		h.decoded.put(decodedKey{s.Interval, chunkPartition(series, s.Interval, start), chunkRow(s.Interval, start)}, s)
	}
}

func (d *decodedChunks) remove(element *list.Element) {
	old := d.byUse.Remove(element).(decodedChunk)
	delete(d.chunks, old.key)
	d.counts[decodedKey{interval: old.key.interval, partition: old.key.partition}]--
	d.bars -= len(old.chunk.Bars)
}
