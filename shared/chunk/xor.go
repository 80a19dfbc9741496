package chunk

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// The XOR codec is Gorilla's (Pelkonen et al., VLDB 2015, §4.1.3) in whole bytes: every number is XORed with the one before,
// and of the result only the bytes between its zero bytes at both ends are kept, after one byte that says how many
// bytes they are (low half) and how many zero bytes lie below them (high half).

// xorLen returns how many bytes appendXOR takes.
func xorLen(values []float64) int {
	n, before := len(values), uint64(0)
	for _, v := range values {
		b := math.Float64bits(v)
		_, kept := xorShape(b ^ before)
		n += kept
		before = b
	}
	return n
}

// xorShape returns how many zero bytes a difference ends with and how many bytes of it are kept.
func xorShape(d uint64) (zeros, kept int) {
	if d == 0 {
		return 0, 0
	}
	zeros = bits.TrailingZeros64(d) / 8
	return zeros, 8 - bits.LeadingZeros64(d)/8 - zeros
}

func appendXOR(dst []byte, values []float64) []byte {
	before := uint64(0)
	for _, v := range values {
		b := math.Float64bits(v)
		d := b ^ before
		zeros, kept := xorShape(d)
		dst = append(dst, byte(zeros<<4|kept))
		end := len(dst) + kept
		dst = binary.LittleEndian.AppendUint64(dst, d>>(8*zeros))[:end]
		before = b
	}
	return dst
}

// xor reads as many numbers as values has room for.
func (r *reader) xor(values []float64) {
	b := uint64(0)
	for i := range values {
		shape := int(r.byte())
		zeros, kept := shape>>4, shape&0xf
		if zeros+kept > 8 {
			r.fail(errors.New("it has a number of more than eight bytes"))
		}
		b ^= littleEndian(r.bytes(kept)) << (8 * zeros)
		if values[i] = math.Float64frombits(b); values[i] != values[i] {
			r.fail(errors.New("it has a number that is none"))
		}
		if r.err != nil {
			return
		}
	}
}

func littleEndian(b []byte) (v uint64) {
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	return v
}
