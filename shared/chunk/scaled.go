package chunk

import (
	"encoding/binary"
	"errors"
	"math"
)

// maxDecimals is the most decimals that a scaled column can have.
const maxDecimals = 12

// maxScaled bounds a scaled integer: below it every integer is a float64.
const maxScaled = 1 << 53

var powersOfTen = [maxDecimals + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12}

// appendScaled packs decimals: their number of decimals in a byte, then every value times that power of ten as the varint
// difference to the one before. It reports false, with dst of no use, when a value would not come back to the last bit.
func appendScaled(dst []byte, values []float64) (packed []byte, exact bool) {
	decimals := 0
	for _, v := range values {
		for !isScaled(v, powersOfTen[decimals]) {
			if decimals++; decimals > maxDecimals {
				return dst, false
			}
		}
	}
	dst = append(dst, byte(decimals))
	power := powersOfTen[decimals]
	before := int64(0)
	for _, v := range values {
		if !isScaled(v, power) { // what is exact with fewer decimals need not be with more
			return dst, false
		}
		n := int64(math.RoundToEven(v * power))
		dst = binary.AppendVarint(dst, n-before)
		before = n
	}
	return dst, true
}

// isScaled reports whether v comes back to the last bit from the integer that it is at this power of ten.
func isScaled(v, power float64) bool {
	n := math.RoundToEven(v * power)
	return math.Abs(n) < maxScaled && math.Float64bits(n/power) == math.Float64bits(v) && (n != 0 || !math.Signbit(n))
}

// scaled reads as many decimals as values has room for.
func (r *reader) scaled(values []float64) {
	decimals := r.byte()
	if decimals > maxDecimals {
		r.fail(errors.New("it has too many decimals"))
		return
	}
	power := powersOfTen[decimals]
	rest, sum := r.rest, int64(0)
	for i := range values {
		var delta uint64
		if len(rest) > 1 && rest[1] < 0x80 && rest[0] >= 0x80 { // two bytes: most prices
			delta = uint64(rest[0]&0x7f) | uint64(rest[1])<<7
			rest = rest[2:]
		} else {
			n := 0
			if delta, n = binary.Uvarint(rest); n <= 0 {
				r.fail(errShort)
				return
			}
			rest = rest[n:]
		}
		sum += int64(delta>>1) ^ -int64(delta&1)
		values[i] = float64(sum) / power
	}
	r.rest = rest
}
