package clean

import (
	"errors"
	"fmt"
	"slices"

	"assay/shared/market"
)

const (
	pieceBars   = 1 << 15 // about as many bars, with their rows, are in memory at once
	stretchBars = 1440    // bars in a row belong to one piece: a UTC day of minutes
)

// Long is a record of one series with so many rows that they are not held at once. It accepts and refuses what a Cleaner does; only
// where there are more than 1,000 rejects, other ones of the duplicates may be among those that are kept.
type Long struct {
	Key      Key
	Rejects  []market.Reject
	Rejected int

	origin    Origin
	rows      func(emit func(market.Row)) error
	bars      int // with those of the same time
	order     order
	stretches map[int64]int // by number: how many bars
	sequence  []int64       // of the stretches, as they appear
}

// Survey judges all rows and keeps no bars. rows emits them, the same each time it is called, all of one series and interval; its
// error is returned, and then nothing of the record may be used.
func Survey(origin Origin, rows func(emit func(market.Row)) error) (*Long, error) {
	l := &Long{origin: origin, rows: rows, stretches: map[int64]int{}}
	c := New(origin)
	c.survey = l
	if err := rows(c.Add); err != nil {
		return nil, err
	}
	for _, r := range c.runs {
		l.Key, r.order = r.key, l.order
		r.refuseDisorder(c)
	}
	l.take(c)
	return l, nil
}

func (l *Long) take(c *Cleaner) {
	l.Rejected += c.rejected
	l.Rejects = append(l.Rejects, c.rejects[:min(len(c.rejects), maxRejects-len(l.Rejects))]...)
	slices.SortStableFunc(l.Rejects, func(a, b market.Reject) int { return a.Row - b.Row })
}

func stretchOf(i market.Interval, start int64) int64 {
	day := int64(i) * stretchBars
	return (start - (start%day+day)%day) / day
}

func (l *Long) count(r *run, bar *market.Bar, row *market.Row) {
	l.order.add(entry{*bar, row.Number, row.Text}, l.bars == 0)
	l.bars++
	stretch := stretchOf(r.key.Interval, bar.Start)
	if l.stretches[stretch] == 0 {
		l.sequence = append(l.sequence, stretch)
	}
	l.stretches[stretch]++
}

// pieces are the parts in which the bars are kept, each of whole stretches.
type pieces struct {
	number map[int64]int // of the piece that a stretch belongs to, by the stretch's number
	bars   []int         // how many each piece has
}

// pieces joins stretches in the order in which they appear: rows that ascend or descend are then read once.
func (l *Long) pieces() pieces {
	p := pieces{number: make(map[int64]int, len(l.sequence))}
	for _, stretch := range l.sequence {
		last := len(p.bars) - 1
		if last < 0 || p.bars[last] >= pieceBars {
			p.bars = append(p.bars, 0)
			last++
		}
		p.number[stretch] = last
		p.bars[last] += l.stretches[stretch]
	}
	return p
}

// Pieces gives the bars to keep, ascending within each piece, no start twice in any. It reads the rows as often as their order
// makes it necessary, and adds the duplicates to the rejects.
func (l *Long) Pieces(keep func(bars []market.Bar) error) error {
	pieces, now := l.pieces(), 0
	for now < len(pieces.bars) {
		first, missing, c := now, pieces.bars[now], l.cleaner()
		var kept error
		err := l.rows(func(row market.Row) {
			if row.BadTime != "" || row.Unreadable != "" || kept != nil || now == len(pieces.bars) {
				return
			}
			if number, some := pieces.number[stretchOf(row.Interval, row.Start)]; !some || number != now {
				return
			}
			if missing -= c.accept(row); missing > 0 {
				return
			}
			kept = keep(c.Result().Bars[l.Key])
			l.take(c)
			if now++; now < len(pieces.bars) {
				missing, c = pieces.bars[now], l.cleaner()
			}
		})
		switch {
		case err != nil || kept != nil:
			return errors.Join(err, kept)
		case now == first:
			return fmt.Errorf("piece %d of %s lacks %d rows that were surveyed", now, l.Key.Series, missing)
		}
	}
	return nil
}

// cleaner returns one for a piece.
func (l *Long) cleaner() *Cleaner {
	c := New(l.origin)
	c.piece = true
	return c
}

// accept adds a row of a piece and returns how many bars that made. Many bars of the same time are joined now and then.
func (c *Cleaner) accept(row market.Row) int {
	r := c.run(row.Series, row.Interval)
	before := r.count
	c.Add(row)
	made := r.count - before
	if r.count >= 4*pieceBars {
		r.slabs = [][]entry{r.unique(c)}
		r.count, r.compact = len(r.slabs[0]), true
	}
	return made
}
