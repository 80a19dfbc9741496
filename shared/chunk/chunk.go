// Package chunk packs a run of bars into bytes, one column per field, and unpacks it again. It is pure.
//
// A Chunk is a UTC day of minutes, a month of hours or a year of days. Encode and Decode are exact for every float64, except
// that every NaN is an absent field and stays one. Every column begins with a byte that names its codec; a release reads every
// codec that earlier releases wrote. The layout, all numbers little endian or as encoding/binary writes a varint:
//
//	t        codec 1, the chunk's start (varint, Unix seconds), mask over the slots of its span: which have a bar
//	o h l c  codec 0: absent everywhere; codec 1: mask over the bars, scaled integers; codec 2: mask, XOR
//	v d      the same
//	q        codec 1, runs as below: how many quotes a bar is made of; there is none where no bar says so
//	f a r n  codec 1, runs: how many bars (uvarint), their value (uvarint; of r the varint difference to the run before)
//	s        codec 1, the sources' names (count, then each with its length), the distinct lists of verdicts (count, then each as
//	         one byte per source, market.Ruling), runs: how many bars, the number of their list
//
// A mask is a byte, 0 for none, 1 for all, 2 for a bitmap that follows, lowest bit first.
package chunk

import (
	"fmt"
	"time"

	"assay/shared/market"
)

// Chunk is a run of bars of one interval: ascending starts, no start twice, all within one chunk's span. It may be empty.
type Chunk struct {
	Interval  market.Interval
	Bars      []market.Bar
	Decisions []market.Decision // of a consensus: one per bar, not nil; nil for a source's chunk
	Rules     int               // the lowest version of the cleaning rules in it; kept beside the columns, not in them
}

// Columns are a chunk's packed columns by name: t o h l c v f a r, q where there are quotes, and of a consensus also n (votes), d (dispersion), s (verdicts).
// Each is at most 64 KiB.
type Columns map[string][]byte

// MaxSources is how many sources a consensus can have: with every list of verdicts a different one they still fit into a column.
const MaxSources = 40

const (
	maxColumn = 64 << 10 // bytes: the most that Table storage takes in one property
	maxName   = 24       // bytes: of a source's name, as in a series' id
	maxVotes  = 1<<16 - 1
)

// Floor returns the start of the chunk that holds a bar: the UTC day, month or year of it, in Unix seconds. It panics if the
// interval is not stored.
func Floor(interval market.Interval, start int64) int64 {
	if interval == market.Minute {
		return market.Day.Floor(start)
	}
	return monthsPerChunk(interval).Floor(start)
}

// Next returns the start of the chunk after the one that starts at start.
func Next(interval market.Interval, start int64) int64 {
	if interval == market.Minute {
		return market.Day.Next(start)
	}
	return monthsPerChunk(interval).Next(start)
}

func monthsPerChunk(interval market.Interval) market.Interval {
	switch interval {
	case market.Hour:
		return market.Month
	case market.Day:
		return 12 * market.Month
	default:
		panic(fmt.Sprintf("chunk: bars of %s are not stored", interval))
	}
}

// slots returns how many bars fit into the chunk that starts at start.
func slots(interval market.Interval, start int64) int {
	return int((Next(interval, start) - start) / int64(interval))
}

// earliest and latest bound the starts that a chunk can have: the years that a date of four digits can name.
var (
	earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	latest   = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC).Unix()
)
