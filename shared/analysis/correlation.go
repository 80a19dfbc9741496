package analysis

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// Association is a coefficient of correlation.
type Association struct {
	Value Value `doc:"From -1 to 1"`
	P     Value `doc:"Two-sided, of no association"`
	Low   Value `doc:"Lower end of the 95 % interval"`
	High  Value `doc:"Upper end of the 95 % interval"`
}

// Associations are the coefficients of two series.
type Associations struct {
	N        int         `doc:"Common returns"`
	Pearson  Association `doc:"Of the returns; interval by Fisher's z"`
	Spearman Association `doc:"Pearson of average ranks; interval of Bonett and Wright 2000"`
	Kendall  Association `doc:"tau-b; interval of Fieller, Hartley and Pearson 1957, probability with Kendall's variance for ties"`
}

// Associate correlates two series row by row; rows where either is absent are dropped first.
func Associate(x, y []float64) Associations {
	x, y = bothPresent(x, y)
	n := len(x)
	a := Associations{N: n}
	a.Pearson = association(pearson(x, y), n)
	a.Pearson.interval(1, 3, n)
	a.Spearman = association(pearson(Ranks(x), Ranks(y)), n)
	a.Spearman.interval(1+float64(square(a.Spearman.Value.Number)/2), 3, n)
	a.Kendall = kendall(x, y)
	a.Kendall.interval(0.437, 4, n)
	return a
}

// normal975 is the 97.5 % quantile of the standard normal distribution.
var normal975 = distuv.UnitNormal.Quantile(0.975)

func square(x float64) float64 { return x * x }

// bothPresent keeps the rows in which both have a finite value.
func bothPresent(x, y []float64) (a, b []float64) {
	mustMatch(len(x), len(y))
	a, b = make([]float64, 0, len(x)), make([]float64, 0, len(x))
	for i := range x {
		if x[i]-x[i] == 0 && y[i]-y[i] == 0 {
			a, b = append(a, x[i]), append(b, y[i])
		}
	}
	return a, b
}

// pearson returns the correlation of values of which none is absent.
func pearson(x, y []float64) Value {
	if len(x) < 2 {
		return None(TooFew)
	}
	mx, xx := squares(x)
	my, yy := squares(y)
	if xx == 0 || yy == 0 {
		return None(Constant)
	}
	sx, sy, sum := math.Sqrt(xx), math.Sqrt(yy), 0.0
	for i := range x {
		sum += float64((x[i] - mx) / sx * ((y[i] - my) / sy))
	}
	return Of(max(-1, min(1, sum)))
}

// association adds the probability of a coefficient as far from zero, by Student's t with n-2 degrees of freedom.
func association(r Value, n int) Association {
	a := Association{Value: r, P: None(r.Reason)}
	switch {
	case !r.Ok():
	case n < 3:
		a.P = None(TooFew)
	default:
		a.P = Of(mathext.RegIncBeta(float64(n-2)/2, 0.5, (1-r.Number)*(1+r.Number)))
	}
	return a
}

// interval adds the interval that is symmetric in Fisher's z, with the variance factor/(n-less).
func (a *Association) interval(factor float64, less, n int) {
	why := a.Value.Reason
	if a.Value.Ok() && n <= less {
		why = TooFew
	}
	if a.Value.Ok() && why == "" && math.Abs(a.Value.Number) == 1 {
		why = OutOfDomain
	}
	if why != "" {
		a.Low, a.High = None(why), None(why)
		return
	}
	z, half := math.Atanh(a.Value.Number), float64(normal975*math.Sqrt(factor/float64(n-less)))
	a.Low, a.High = Of(math.Tanh(z-half)), Of(math.Tanh(z+half))
}

// Ranks returns the ranks of values of which none is absent, from 1; equal values share their mean rank.
func Ranks(x []float64) []float64 {
	type place struct {
		value float64
		row   int
	}
	places := make([]place, len(x))
	for i, v := range x {
		places[i] = place{v, i}
	}
	slices.SortFunc(places, func(a, b place) int {
		switch { // no value is absent: faster than cmp.Compare
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		default:
			return 0
		}
	})
	ranks := make([]float64, len(x))
	for from := 0; from < len(places); {
		to := from + 1
		for to < len(places) && places[to].value == places[from].value {
			to++
		}
		for _, p := range places[from:to] {
			ranks[p.row] = float64(from+to+1) / 2
		}
		from = to
	}
	return ranks
}

// kendall returns tau-b by Knight's algorithm (1966): sorted by x, then by y, discordant pairs are the exchanges that a merge sort
// of y makes.
func kendall(x, y []float64) Association {
	n := len(x)
	if n < 2 {
		return Association{Value: None(TooFew), P: None(TooFew)}
	}
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	slices.SortFunc(rows, func(a, b int) int { return cmp.Or(cmp.Compare(x[a], x[b]), cmp.Compare(y[a], y[b])) })
	sorted := make([]float64, n)
	var inX, inBoth, inY ties
	run, both := 1, 1
	for i, row := range rows {
		sorted[i] = y[row]
		if i > 0 {
			same := x[row] == x[rows[i-1]]
			run, both = inX.count(run, same), inBoth.count(both, same && y[row] == y[rows[i-1]])
		}
	}
	inX.count(run, false)
	inBoth.count(both, false)
	discordant := exchanges(sorted, make([]float64, n))
	run = 1
	for i := 1; i < n; i++ {
		run = inY.count(run, sorted[i] == sorted[i-1])
	}
	inY.count(run, false)
	pairs := float64(float64(n) * float64(n-1) / 2)
	score := pairs - inX.pairs - inY.pairs + inBoth.pairs - float64(2*discordant)
	free := math.Sqrt(pairs-inX.pairs) * math.Sqrt(pairs-inY.pairs)
	if free == 0 {
		return Association{Value: None(Constant), P: None(Constant)}
	}
	return Association{Value: Of(max(-1, min(1, score/free))), P: kendallP(score, n, inX, inY)}
}

// ties counts what equal values contribute: pairs, t(t-1)(t-2) and t(t-1)(2t+5).
type ties struct{ pairs, triples, weighted float64 }

// count lengthens a run of equal values, or closes it and begins another.
func (t *ties) count(run int, same bool) int {
	if same {
		return run + 1
	}
	r := float64(run)
	t.pairs += float64(r * (r - 1) / 2)
	t.triples += float64(r * (r - 1) * (r - 2))
	t.weighted += float64(r * (r - 1) * (float64(2*r) + 5))
	return 1
}

// kendallP is the normal approximation (Kendall, Rank Correlation Methods, §4.4).
func kendallP(score float64, size int, x, y ties) Value {
	if size < 3 {
		return None(TooFew)
	}
	n := float64(size)
	m := n * (n - 1)
	variance := (float64(m*(float64(2*n)+5))-x.weighted-y.weighted)/18 + float64(2*x.pairs*y.pairs/m) + float64(x.triples*y.triples/(9*m*(n-2)))
	if variance <= 0 {
		return None(Constant)
	}
	return Of(math.Erfc(math.Abs(score) / math.Sqrt(2*variance)))
}

// exchanges sorts x and returns how many pairs stood in the wrong order.
func exchanges(x, scratch []float64) float64 {
	if len(x) < 2 {
		return 0
	}
	half := len(x) / 2
	left, right := x[:half], x[half:]
	n := exchanges(left, scratch) + exchanges(right, scratch)
	merged := scratch[:0]
	for len(left) > 0 && len(right) > 0 {
		if right[0] < left[0] {
			n += float64(len(left))
			merged, right = append(merged, right[0]), right[1:]
		} else {
			merged, left = append(merged, left[0]), left[1:]
		}
	}
	merged = append(append(merged, left...), right...)
	copy(x, merged)
	return n
}
