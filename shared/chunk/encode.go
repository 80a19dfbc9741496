package chunk

import (
	"encoding/binary"
	"fmt"
	"slices"

	"assay/shared/market"
)

// Encode packs a chunk. The same chunk always gives the same bytes. It panics over what is no chunk: starts that are not
// ascending, off the interval's grid or outside the first one's span, and decisions that are not one per bar.
func Encode(c Chunk) Columns {
	check(c)
	n := len(c.Bars)
	e := encoder{buf: make([]byte, 0, 64+16*n), columns: make(Columns, 12)}
	e.column("t", e.starts(c))
	values, scratch := make([]float64, n), make([]float64, n)
	for f, name := range fieldColumns {
		for i := range c.Bars {
			values[i] = c.Bars[i].Value(market.Field(f))
		}
		e.column(name, appendFloats(e.buf, values, scratch))
	}
	e.runs("f", n, func(i int) uint64 { return uint64(c.Bars[i].Flags) })
	e.runs("a", n, func(i int) uint64 { return uint64(c.Bars[i].Authority) })
	e.column("r", appendReceived(append(e.buf, codecOne), c.Bars))
	if slices.ContainsFunc(c.Bars, func(b market.Bar) bool { return b.Quotes > 0 }) {
		e.runs("q", n, func(i int) uint64 { return uint64(c.Bars[i].Quotes) })
	}
	if c.Decisions != nil {
		e.runs("n", n, func(i int) uint64 { return uint64(c.Decisions[i].Votes) })
		for i := range c.Decisions {
			values[i] = c.Decisions[i].Dispersion
		}
		e.column("d", appendFloats(e.buf, values, scratch))
		e.column("s", appendVerdicts(append(e.buf, codecOne), c.Decisions))
	}
	return e.columns
}

// fieldColumns names the columns of the fields, by market.Field.
var fieldColumns = [market.Fields]string{"o", "h", "l", "c", "v"}

// encoder cuts all columns from one buffer.
type encoder struct {
	buf     []byte
	columns Columns
}

// column takes what was appended to the buffer as a column, and goes on behind it.
func (e *encoder) column(name string, grown []byte) {
	packed := grown[len(e.buf):len(grown):len(grown)]
	if len(packed) > maxColumn {
		panic(fmt.Sprintf("chunk: column %s has %d bytes, want %d at most", name, len(packed), maxColumn))
	}
	e.columns[name] = packed
	e.buf = grown
}

func (e *encoder) runs(name string, n int, value func(i int) uint64) {
	e.column(name, appendRuns(append(e.buf, codecOne), n, value, binary.AppendUvarint))
}

// starts appends the column t.
func (e *encoder) starts(c Chunk) []byte {
	start, size := int64(0), 0
	if len(c.Bars) > 0 {
		start = Floor(c.Interval, c.Bars[0].Start)
		size = slots(c.Interval, start)
	}
	dst := binary.AppendVarint(append(e.buf, codecOne), start)
	next := 0 // the bar that the next set slot holds
	return appendMask(dst, size, func(slot int) bool {
		if next < len(c.Bars) && c.Bars[next].Start == start+int64(slot)*int64(c.Interval) {
			next++
			return true
		}
		return false
	})
}

func check(c Chunk) {
	if !c.Interval.IsStored() {
		panic(fmt.Sprintf("chunk: bars of %s are not stored", c.Interval))
	}
	if c.Decisions != nil && len(c.Decisions) != len(c.Bars) {
		panic(fmt.Sprintf("chunk: %d decisions on %d bars", len(c.Decisions), len(c.Bars)))
	}
	for i := range c.Decisions {
		if v := c.Decisions[i].Votes; v < 0 || v > maxVotes {
			panic(fmt.Sprintf("chunk: bar %d has %d votes, want 0 to %d", i, v, maxVotes))
		}
	}
	if len(c.Bars) == 0 {
		return
	}
	from := Floor(c.Interval, c.Bars[0].Start)
	if from < earliest || from > latest {
		panic(fmt.Sprintf("chunk: bar 0 starts at %d, want a year of four digits", c.Bars[0].Start))
	}
	to, before := Next(c.Interval, from), from-1
	for i := range c.Bars {
		b := &c.Bars[i]
		if b.Start <= before || b.Start >= to || (b.Start-from)%int64(c.Interval) != 0 {
			panic(fmt.Sprintf("chunk: bar %d starts at %d, want a start of %s, after %d and before %d", i, b.Start, c.Interval, before, to))
		}
		if b.Authority > market.Own {
			panic(fmt.Sprintf("chunk: bar %d has authority %d", i, b.Authority))
		}
		before = b.Start
	}
}
