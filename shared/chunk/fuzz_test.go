package chunk_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"assay/shared/chunk"
	"assay/shared/market"
)

var columnNames = []string{"t", "o", "h", "l", "c", "v", "f", "a", "r", "n", "d", "s"}

// FuzzDecode reads the columns one after the other from the input, each with a length of two bytes before it. What Decode
// takes must come back from Encode.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(20) {
		c := randomChunk(random(seed))
		c.Bars = c.Bars[:min(20, len(c.Bars))]
		c.Decisions = c.Decisions[:min(20, len(c.Decisions))]
		columns := chunk.Encode(c)
		var input []byte
		for _, name := range columnNames {
			input = binary.LittleEndian.AppendUint16(input, uint16(len(columns[name])))
			input = append(input, columns[name]...)
		}
		f.Add(uint8(slices.Index(market.Stored[:], c.Interval)), input)
	}
	f.Fuzz(func(t *testing.T, interval uint8, input []byte) {
		columns := chunk.Columns{}
		for _, name := range columnNames {
			if len(input) < 2 {
				break
			}
			n := min(int(binary.LittleEndian.Uint16(input)), len(input)-2)
			if n > 0 {
				columns[name] = input[2 : 2+n]
			}
			input = input[2+n:]
		}
		c, err := chunk.Decode(market.Stored[int(interval)%len(market.Stored)], columns)
		if err == nil {
			roundTrip(t, c)
		}
	})
}

// FuzzRoundTrip makes a chunk of minutes from the input: per bar the slot, a field, its bits, flags, authority and received.
func FuzzRoundTrip(f *testing.F) {
	for _, v := range hardFloats {
		f.Add(binary.LittleEndian.AppendUint64([]byte{3, 1}, math.Float64bits(v)))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		bySlot := map[int64]market.Bar{}
		for ; len(input) >= 10; input = input[10:] {
			bits := binary.LittleEndian.Uint64(input[2:])
			bar := market.Empty(int64(input[0]) * 5 * 60)
			bar.Set(market.Field(input[1]%market.Fields), math.Float64frombits(bits))
			bar.Flags, bar.Authority, bar.Received = market.Flags(bits>>7), market.Authority(bits&1), int64(bits)
			bySlot[bar.Start] = bar
		}
		c := chunk.Chunk{Interval: market.Minute}
		for _, bar := range bySlot {
			c.Bars = append(c.Bars, bar)
		}
		slices.SortFunc(c.Bars, func(a, b market.Bar) int { return int(a.Start - b.Start) })
		roundTrip(t, c)
	})
}
