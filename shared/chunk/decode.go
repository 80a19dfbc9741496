package chunk

import (
	"fmt"
	"math"

	"assay/shared/market"
)

// Decode unpacks columns. It never panics: a column that is missing, or that it cannot read, is an error that names the
// column. Rules is left 0.
func Decode(interval market.Interval, columns Columns) (Chunk, error) {
	if !interval.IsStored() {
		return Chunk{}, fmt.Errorf("chunk: bars of %s are not stored", interval)
	}
	d := decoder{columns: columns}
	c := Chunk{Interval: interval}
	d.coded("t", func(r *reader) { c.Bars = r.bars(interval) })
	values := make([]float64, len(c.Bars))
	for f, name := range fieldColumns {
		d.column(name, func(r *reader) { r.floats(values) })
		for i := range c.Bars {
			c.Bars[i].Set(market.Field(f), values[i])
		}
	}
	d.coded("f", func(r *reader) {
		r.runs(len(c.Bars), r.limited(math.MaxUint32+1, "the number of flags"), func(from, to int, v uint64) {
			for i := from; i < to; i++ {
				c.Bars[i].Flags = market.Flags(v)
			}
		})
	})
	d.coded("a", func(r *reader) {
		r.runs(len(c.Bars), r.limited(uint64(market.Own)+1, "authority"), func(from, to int, v uint64) {
			for i := from; i < to; i++ {
				c.Bars[i].Authority = market.Authority(v)
			}
		})
	})
	d.coded("r", func(r *reader) { r.received(c.Bars) })
	if _, ok := columns["q"]; ok {
		d.coded("q", func(r *reader) {
			r.runs(len(c.Bars), r.limited(math.MaxUint16+1, "the number of quotes"), func(from, to int, v uint64) {
				for i := from; i < to; i++ {
					c.Bars[i].Quotes = uint16(v)
				}
			})
		})
	}
	if _, ok := columns["n"]; ok {
		c.Decisions = make([]market.Decision, len(c.Bars))
		d.decisions(c.Decisions, values)
	}
	if d.err != nil {
		return Chunk{}, d.err
	}
	return c, nil
}

// decoder reads columns by name and keeps the first failure, after which it reads no more.
type decoder struct {
	columns Columns
	err     error
}

func (d *decoder) column(name string, read func(r *reader)) {
	if d.err != nil {
		return
	}
	packed, ok := d.columns[name]
	if !ok {
		d.err = fmt.Errorf("chunk: column %s is missing", name)
		return
	}
	if len(packed) > maxColumn {
		d.err = fmt.Errorf("chunk: column %s has %d bytes, want %d at most", name, len(packed), maxColumn)
		return
	}
	r := reader{rest: packed}
	read(&r)
	if err := r.end(); err != nil {
		d.err = fmt.Errorf("chunk: column %s cannot be read: %w", name, err)
	}
}

// coded reads a column of which there is one codec.
func (d *decoder) coded(name string, read func(r *reader)) {
	d.column(name, func(r *reader) {
		if codec := r.byte(); codec != codecOne {
			r.fail(fmt.Errorf("codec %d is unknown to this release", codec))
			return
		}
		read(r)
	})
}

// decisions reads the columns of a consensus. values has room for a number per bar.
func (d *decoder) decisions(decisions []market.Decision, values []float64) {
	d.coded("n", func(r *reader) {
		r.runs(len(decisions), r.limited(maxVotes+1, "the number of votes"), func(from, to int, v uint64) {
			for i := from; i < to; i++ {
				decisions[i].Votes = int(v)
			}
		})
	})
	d.column("d", func(r *reader) { r.floats(values) })
	for i := range decisions {
		decisions[i].Dispersion = values[i]
	}
	d.coded("s", func(r *reader) { r.verdicts(decisions) })
}

// bars reads the column t: bars with their starts and nothing else.
func (r *reader) bars(interval market.Interval) []market.Bar {
	start := r.varint()
	if start < earliest || start > latest || Floor(interval, start) != start {
		r.fail(fmt.Errorf("no chunk of %s starts at %d", interval, start))
		return nil
	}
	m := r.mask(slots(interval, start))
	if r.err != nil {
		return nil
	}
	bars := make([]market.Bar, 0, m.count)
	for slot := range m.n {
		if m.has(slot) {
			bars = append(bars, market.Bar{Start: start + int64(slot)*int64(interval)})
		}
	}
	return bars
}
