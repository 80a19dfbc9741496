package chunk

import (
	"encoding/binary"
	"errors"

	"assay/shared/market"
)

// codecOne leads a column of which there is one codec so far.
const codecOne = 1

// appendRuns packs n numbers of which many in a row are equal: the length of each run and its number, as appendNumber writes it.
func appendRuns(dst []byte, n int, number func(i int) uint64, appendNumber func([]byte, uint64) []byte) []byte {
	for i := 0; i < n; {
		v, end := number(i), i+1
		for end < n && number(end) == v {
			end++
		}
		dst = binary.AppendUvarint(dst, uint64(end-i))
		dst = appendNumber(dst, v)
		i = end
	}
	return dst
}

// runs reads n numbers in runs, each with next, and calls set for each run [from, to).
func (r *reader) runs(n int, next func() uint64, set func(from, to int, v uint64)) {
	for i := 0; i < n; {
		length := int(r.below(uint64(n-i)+1, "the length of a run"))
		if length == 0 {
			r.fail(errors.New("it has a run of length 0"))
			return
		}
		v := next()
		if r.err != nil {
			return
		}
		set(i, i+length, v)
		i += length
	}
}

// appendReceived packs when the bars were received: runs of which each is a difference to the one before.
func appendReceived(dst []byte, bars []market.Bar) []byte {
	before := uint64(0)
	return appendRuns(dst, len(bars), func(i int) uint64 { return uint64(bars[i].Received) }, func(dst []byte, v uint64) []byte {
		dst = binary.AppendVarint(dst, int64(v-before)) // comes back for any two numbers, though it may overflow
		before = v
		return dst
	})
}

func (r *reader) received(bars []market.Bar) {
	before := uint64(0)
	next := func() uint64 {
		before += uint64(r.varint())
		return before
	}
	r.runs(len(bars), next, func(from, to int, v uint64) {
		for i := from; i < to; i++ {
			bars[i].Received = int64(v)
		}
	})
}
