package chunk

import "assay/shared/market"

// Merge joins two versions of one series' run of bars: per start the greater by market.Compare. Both are ascending without
// repeats, and so is the result. It is associative, commutative and idempotent, and does not change its arguments.
func Merge(a, b []market.Bar) []market.Bar {
	merged := make([]market.Bar, 0, max(len(a), len(b)))
	for len(a) > 0 && len(b) > 0 {
		switch x, y := &a[0], &b[0]; {
		case x.Start < y.Start:
			merged, a = append(merged, *x), a[1:]
		case x.Start > y.Start:
			merged, b = append(merged, *y), b[1:]
		default:
			if market.Compare(x, y) < 0 {
				x = y
			}
			merged, a, b = append(merged, *x), a[1:], b[1:]
		}
	}
	return append(append(merged, a...), b...)
}
