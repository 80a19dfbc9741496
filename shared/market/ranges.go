package market

import (
	"cmp"
	"slices"
)

// Range is a stretch of time, [From, To) in Unix seconds.
type Range struct{ From, To int64 }

// Join adds ranges to others, and returns all of them ascending, with none that is empty or touches another.
func Join(ranges []Range, more ...Range) []Range {
	all := slices.Concat(ranges, more)
	slices.SortFunc(all, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	var joined []Range
	for _, r := range all {
		switch n := len(joined) - 1; {
		case r.From >= r.To:
		case n >= 0 && r.From <= joined[n].To:
			joined[n].To = max(joined[n].To, r.To)
		default:
			joined = append(joined, r)
		}
	}
	return joined
}

// Without returns the parts of a range that lie in none of others, which are as Join returns them.
func (r Range) Without(others []Range) []Range {
	var left []Range
	for _, o := range others {
		if o.To <= r.From || r.To <= o.From {
			continue
		}
		if r.From < o.From {
			left = append(left, Range{r.From, o.From})
		}
		r.From = o.To
	}
	if r.From < r.To {
		left = append(left, r)
	}
	return left
}
