// Package market holds the words that every other package uses: instruments, series, intervals, rows and bars, and the
// calendars of the markets. It does no I/O and reads no clock.
//
// Start with Bar, the price of one interval, and SeriesID, which says whose price of what it is. Times are UTC: a bar's
// start is in Unix seconds, the moment a payload was received in Unix milliseconds. Ranges are half-open, [from, to).
package market

import "math"

// Absent is the value of a field that a bar does not have. It is never stored and never served: it becomes a cleared bit
// in a chunk and null in an answer. Ask for it with IsAbsent, since it does not equal itself.
var Absent = math.NaN()

// IsAbsent reports whether a field's value is missing.
func IsAbsent(v float64) bool { return v != v }

// Field is one of a bar's five values.
type Field uint8

// The fields of a bar, in the order in which they are stored and printed.
const (
	Open Field = iota
	High
	Low
	Close
	Volume
	Fields = 5
)

// String returns the field's name in lower case.
func (f Field) String() string { return [...]string{"open", "high", "low", "close", "volume"}[f] }

// Bar is what one series says of one interval. A field that it does not say is Absent. A fix or a quote has a close only.
type Bar struct {
	Start                          int64 // Unix seconds, aligned to the interval
	Open, High, Low, Close, Volume float64
	Flags                          Flags
	Quotes                         uint16 // of a Sampled bar: how many quotes it is made of, 65,535 also for more; 0 is one
	Authority                      Authority
	Received                       int64 // Unix milliseconds: when the last byte of its payload had arrived
}

// Value returns one field.
func (b *Bar) Value(f Field) float64 {
	switch f {
	case Open:
		return b.Open
	case High:
		return b.High
	case Low:
		return b.Low
	case Close:
		return b.Close
	default:
		return b.Volume
	}
}

// Set changes one field.
func (b *Bar) Set(f Field, v float64) {
	switch f {
	case Open:
		b.Open = v
	case High:
		b.High = v
	case Low:
		b.Low = v
	case Close:
		b.Close = v
	default:
		b.Volume = v
	}
}

// QuoteCount returns how many quotes a bar is made of; 0 for one that is not Sampled.
func (b *Bar) QuoteCount() int {
	if !b.Flags.Has(Sampled) {
		return 0
	}
	return max(1, int(b.Quotes))
}

// SetQuotes says how many quotes a bar is made of.
func (b *Bar) SetQuotes(n int) { b.Quotes = uint16(min(n, math.MaxUint16)) }

// SameValue reports whether two bars say the same of the same interval: fields to the last bit, and flags. Authority and
// received do not count.
func (b *Bar) SameValue(o *Bar) bool {
	if b.Start != o.Start || b.Flags != o.Flags || b.Quotes != o.Quotes {
		return false
	}
	for f := Open; f < Fields; f++ {
		if fieldBits(b.Value(f)) != fieldBits(o.Value(f)) {
			return false
		}
	}
	return true
}

// Empty returns a bar without a value.
func Empty(start int64) Bar {
	return Bar{Start: start, Open: Absent, High: Absent, Low: Absent, Close: Absent, Volume: Absent}
}

// fieldBits orders and tells apart values by their bits. Absent is the least, whatever the bits of its NaN.
func fieldBits(v float64) uint64 {
	if IsAbsent(v) {
		return 0
	}
	return math.Float64bits(v) + 1
}

// Compare orders two versions of one bar by (authority, received, bits): the greater is the one to keep. Absent has the least
// bits. It is a total order over all that a chunk stores of a bar, so joining versions in any order gives one result. It
// returns -1, 0 or 1.
func Compare(a, b *Bar) int {
	if a.Authority != b.Authority {
		return sign(a.Authority < b.Authority)
	}
	if a.Received != b.Received {
		return sign(a.Received < b.Received)
	}
	for f := Open; f < Fields; f++ {
		if x, y := fieldBits(a.Value(f)), fieldBits(b.Value(f)); x != y {
			return sign(x < y)
		}
	}
	if a.Flags != b.Flags {
		return sign(a.Flags < b.Flags)
	}
	if a.Quotes != b.Quotes {
		return sign(a.Quotes < b.Quotes)
	}
	return 0
}

func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}

// Authority says how a bar came to us. A source's own interface outranks what somebody gave us in its name.
type Authority uint8

// The two authorities, the weaker first.
const (
	Given Authority = iota // an import or a push
	Own                    // the source's own interface
)

// String returns "given" or "own".
func (a Authority) String() string { return [...]string{"given", "own"}[a] }

// Role is what a source is to the instruments of one class. The zero Role does not vote.
type Role uint8

// Roles, the weakest voter first: the consensus takes the votes of the best role present.
const (
	NoRole     Role = iota
	Aggregator      // computes a price from other people's
	Quote           // a dealer's own price
	Publisher       // strikes a fix or a reference rate
	Venue           // has an order book in the quote currency
)

// String returns the role's name, "" for NoRole.
func (r Role) String() string { return [...]string{"", "aggregator", "quote", "publisher", "venue"}[r] }

// ParseRole is the inverse of String.
func ParseRole(s string) (Role, bool) {
	for r := NoRole; r <= Venue; r++ {
		if r.String() == s {
			return r, true
		}
	}
	return NoRole, false
}
