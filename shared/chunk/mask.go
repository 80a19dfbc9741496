package chunk

import (
	"errors"
	"math/bits"
)

// The first byte of a mask.
const (
	maskNone = iota
	maskAll
	maskBits
)

// appendMask packs which of n positions are set.
func appendMask(dst []byte, n int, set func(i int) bool) []byte {
	start := len(dst)
	dst = append(dst, maskBits)
	count := 0
	for i := 0; i < n; i += 8 {
		var b byte
		for j := i; j < min(i+8, n); j++ {
			if set(j) {
				b |= 1 << (j - i)
				count++
			}
		}
		dst = append(dst, b)
	}
	switch count {
	case 0:
		return append(dst[:start], maskNone)
	case n:
		return append(dst[:start], maskAll)
	}
	return dst
}

// mask is a decoded mask over n positions.
type mask struct {
	n      int
	count  int    // how many are set
	bitmap []byte // nil when all or none are
}

// has reports whether position i is set.
func (m *mask) has(i int) bool {
	if m.bitmap == nil {
		return m.count > 0
	}
	return m.bitmap[i>>3]&(1<<(i&7)) != 0
}

// mask reads a mask over n positions.
func (r *reader) mask(n int) mask {
	switch r.byte() {
	case maskNone:
		return mask{n: n}
	case maskAll:
		return mask{n: n, count: n}
	case maskBits:
		m := mask{n: n, bitmap: r.bytes((n + 7) / 8)}
		for i, b := range m.bitmap {
			if i == len(m.bitmap)-1 && n%8 != 0 && b>>(n%8) != 0 {
				r.fail(errors.New("its mask has bits behind its end"))
			}
			m.count += bits.OnesCount8(b)
		}
		return m
	default:
		r.fail(errors.New("it has an unknown kind of mask"))
		return mask{n: n}
	}
}
