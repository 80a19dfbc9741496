package chunk

import (
	"fmt"

	"assay/shared/market"
)

// The codecs of a column of numbers.
const (
	floatsAbsent = iota
	floatsScaled
	floatsXOR
)

// appendFloats packs numbers of which some may be absent: as scaled integers where that is exact and not longer, else by XOR.
// present is room for as many numbers, and is overwritten.
func appendFloats(dst []byte, values, present []float64) []byte {
	present = present[:0]
	for _, v := range values {
		if !market.IsAbsent(v) {
			present = append(present, v)
		}
	}
	if len(present) == 0 {
		return append(dst, floatsAbsent)
	}
	start := len(dst)
	dst = append(dst, floatsScaled)
	dst = appendMask(dst, len(values), func(i int) bool { return !market.IsAbsent(values[i]) })
	body := len(dst)
	dst, exact := appendScaled(dst, present)
	if exact && len(dst)-body <= xorLen(present) {
		return dst
	}
	dst[start] = floatsXOR
	return appendXOR(dst[:body], present)
}

// floats reads a column of n numbers into values, Absent where it has none.
func (r *reader) floats(values []float64) {
	codec := r.byte()
	if codec == floatsAbsent {
		fillAbsent(values)
		return
	}
	m := r.mask(len(values))
	if r.err != nil {
		return
	}
	present := values[:m.count]
	switch codec {
	case floatsScaled:
		r.scaled(present)
	case floatsXOR:
		r.xor(present)
	default:
		r.fail(fmt.Errorf("codec %d is unknown to this release", codec))
	}
	spread(values, present, &m)
}

// spread moves the present numbers, which stand at the front of values, to where the mask says.
func spread(values, present []float64, m *mask) {
	if m.count == len(values) {
		return
	}
	next := len(present)
	for i := len(values) - 1; i >= 0; i-- {
		if m.has(i) {
			next--
			values[i] = present[next]
		} else {
			values[i] = market.Absent
		}
	}
}

func fillAbsent(values []float64) {
	for i := range values {
		values[i] = market.Absent
	}
}
