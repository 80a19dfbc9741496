package chunk

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
	"slices"

	"assay/shared/market"
)

// StateHash hashes everything that the chunk says, authority, received and rules included: it decides whether a merge is
// written. It is the first half of a SHA-256, as 32 hexadecimal digits.
//
// Both hashes are over the fields, not over the columns, so another codec does not change them.
func StateHash(c Chunk) string { return digest(c, true) }

// ValueHash hashes what the chunk says without authority, received and rules: what "the same bytes" means to a reader. It is
// the first half of a SHA-256, as 32 hexadecimal digits.
func ValueHash(c Chunk) string { return digest(c, false) }

// hashed is how many bytes are given to the hash at once.
const hashed = 8 << 10

func digest(c Chunk, state bool) string {
	h := hasher{hash: sha256.New(), buf: make([]byte, 0, hashed+256)}
	h.number(uint64(c.Interval))
	h.number(uint64(len(c.Bars)))
	if state {
		h.number(uint64(c.Rules))
	}
	for i := range c.Bars {
		h.bar(&c.Bars[i], state)
	}
	for i := range c.Decisions {
		h.decision(c.Decisions, i)
	}
	if c.Decisions != nil {
		h.number(uint64(len(c.Decisions)))
	}
	h.quotes(c.Bars)
	h.hash.Write(h.buf)
	return hex.EncodeToString(h.hash.Sum(nil)[:sha256.Size/2])
}

// hasher collects numbers and hands them to a hash.
type hasher struct {
	hash hash.Hash
	buf  []byte
}

func (h *hasher) flush() {
	if len(h.buf) >= hashed {
		h.hash.Write(h.buf)
		h.buf = h.buf[:0]
	}
}

func (h *hasher) number(v uint64) { h.buf = binary.LittleEndian.AppendUint64(h.buf, v) }

func (h *hasher) float(v float64) {
	if market.IsAbsent(v) {
		v = market.Absent
	}
	h.number(math.Float64bits(v))
}

func (h *hasher) bar(b *market.Bar, state bool) {
	h.flush()
	h.number(uint64(b.Start))
	h.float(b.Open)
	h.float(b.High)
	h.float(b.Low)
	h.float(b.Close)
	h.float(b.Volume)
	h.number(uint64(b.Flags))
	if state {
		h.number(uint64(b.Authority))
		h.number(uint64(b.Received))
	}
}

// quotes adds the bars' quotes, and nothing where there are none: the hashes of such chunks stay what they were.
func (h *hasher) quotes(bars []market.Bar) {
	for i := range bars {
		if bars[i].Quotes > 0 {
			h.flush()
			h.buf = append(h.buf, 'q')
			h.number(uint64(i))
			h.number(uint64(bars[i].Quotes))
		}
	}
}

// decision adds how bar i came about. Verdicts equal to those of the bar before are not repeated.
func (h *hasher) decision(decisions []market.Decision, i int) {
	h.flush()
	d := &decisions[i]
	h.number(uint64(d.Votes))
	h.float(d.Dispersion)
	if i > 0 && slices.Equal(d.Verdicts, decisions[i-1].Verdicts) {
		h.buf = append(h.buf, 0)
		return
	}
	h.buf = append(h.buf, 1)
	h.number(uint64(len(d.Verdicts)))
	for _, v := range d.Verdicts {
		h.flush()
		h.number(uint64(len(v.Source)))
		h.buf = append(append(h.buf, v.Source...), byte(v.Ruling))
	}
}
