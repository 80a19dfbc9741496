package analysis

import (
	"math"
	"slices"
	"time"

	"assay/shared/market"
)

// Season is a part of the calendar that returns are grouped by, in UTC.
type Season int

// The seasons. Buckets are 0 to 6 from Monday, 1 to 12 from January, and 0 to 23.
const (
	ByWeekday Season = iota
	ByMonth
	ByHour
)

func (s Season) bucket(at int64) int {
	t := time.Unix(at, 0).UTC()
	switch s {
	case ByWeekday:
		return (int(t.Weekday()) + 6) % 7
	case ByMonth:
		return int(t.Month())
	}
	return t.Hour()
}

// Seasonality is the returns of each bucket, and two tests of whether buckets differ: a small P says that they do.
type Seasonality struct {
	Buckets []SeasonBucket // in order, without those that no return falls into
	Kruskal GroupTest      // by ranks
	ANOVA   GroupTest      // by means
}

// GroupTest is a test of several groups, or the reason why there is none.
type GroupTest struct {
	Test
	Reason Reason
}

// SeasonBucket is the returns that end in a part of the calendar.
type SeasonBucket struct {
	Bucket        int     `doc:"Weekday from Monday 0, month from January 1, or hour"`
	N             int     `doc:"Returns"`
	Mean          float64 `doc:"Log return"`
	Median        float64 `doc:"Log return"`
	SD            Value   `doc:"Standard deviation (n-1)"`
	T             Value   `doc:"The mean over its standard error"`
	PositiveShare float64 `doc:"Of the returns above 0"`
}

// Seasonal groups returns by the part of the calendar in which they end.
//
// Definition: Kruskal and Wallis, Journal of the American Statistical Association 47 (1952), corrected for ties; one-way analysis of
// variance.
func Seasonal(returns Series, by Season) (Seasonality, error) {
	returns = returns.Drop()
	x, err := sample(returns.Value, 1)
	if err != nil {
		return Seasonality{}, err
	}
	groups := map[int][]float64{}
	of := make([]int, len(x))
	for i, v := range x {
		of[i] = by.bucket(returns.Time[i])
		groups[of[i]] = append(groups[of[i]], v)
	}
	var out Seasonality
	for bucket := range 24 {
		if g := groups[bucket]; len(g) > 0 {
			b := seasonBucket(bucket, g)
			if err := allFinite([]float64{b.Mean, b.Median}); err != nil {
				return Seasonality{}, err
			}
			out.Buckets = append(out.Buckets, b)
		}
	}
	out.Kruskal = groupTest(kruskal(x, of))
	out.ANOVA = groupTest(anova(x, of))
	return out, nil
}

func groupTest(t Test, err error) GroupTest {
	if reason, ok := err.(Reason); ok {
		return GroupTest{Test{math.NaN(), math.NaN()}, reason}
	}
	return GroupTest{Test: t}
}

func seasonBucket(bucket int, x []float64) SeasonBucket {
	b := SeasonBucket{Bucket: bucket, N: len(x), Mean: Mean(x), SD: None(TooFew), T: None(TooFew)}
	positive := 0
	for _, v := range x {
		if v > 0 {
			positive++
		}
	}
	b.PositiveShare = float64(positive) / float64(len(x))
	b.Median = Median(x)
	if len(x) < 2 {
		return b
	}
	e := centred(x)
	if e == nil {
		b.SD, b.T = Of(0), None(Constant)
		return b
	}
	sd := math.Sqrt(dot(e, e) / float64(len(x)-1))
	b.SD, b.T = Of(sd), Of(b.Mean/(sd/math.Sqrt(float64(len(x)))))
	return b
}

// kruskal compares the mean ranks of groups; of names the group of each value.
func kruskal(x []float64, of []int) (Test, error) {
	var sums, counts [24]float64
	for i, rank := range Ranks(x) {
		sums[of[i]] += rank
		counts[of[i]]++
	}
	n, h, groups := float64(len(x)), 0.0, 0
	for i, c := range counts {
		if c > 0 {
			h += float64(sums[i]*sums[i]) / c
			groups++
		}
	}
	if groups < 2 {
		return Test{}, TooFew
	}
	correction := 1 - tied(x)/(float64(n*n*n)-n)
	if correction <= 0 {
		return Test{}, Constant
	}
	h = (float64(12/(n*(n+1))*h) - float64(3*(n+1))) / correction
	return chiSquared(h, groups-1).checked()
}

// tied is the sum of t³-t over runs of t equal values.
func tied(x []float64) float64 {
	sorted, sum := slices.Sorted(slices.Values(x)), 0.0
	for len(sorted) > 0 {
		run := 1
		for run < len(sorted) && sorted[run] == sorted[0] {
			run++
		}
		t := float64(run)
		sum += float64(t*t*t) - t
		sorted = sorted[run:]
	}
	return sum
}

// anova compares the means of groups; of names the group of each value.
func anova(x []float64, of []int) (Test, error) {
	e := centred(x)
	if e == nil {
		return Test{}, Constant
	}
	var sums, counts [24]float64
	for i, v := range e {
		sums[of[i]] += v
		counts[of[i]]++
	}
	between, groups := 0.0, 0
	for i, c := range counts {
		if c > 0 {
			between += float64(sums[i]*sums[i]) / c
			groups++
		}
	}
	within := 0.0
	for i, v := range e {
		d := v - sums[of[i]]/counts[of[i]]
		within += float64(d * d)
	}
	if groups < 2 || len(x) <= groups {
		return Test{}, TooFew
	}
	if within == 0 {
		return Test{}, ZeroDenominator
	}
	freedom := len(x) - groups
	return fTest(between/float64(groups-1)/(within/float64(freedom)), groups-1, freedom).checked()
}

// MonthlyReturns gives one return per calendar month from the first price to the last, at the month's start, UTC: the month's last
// price over the last before the month; the first month counts from the first price. A month without a price has no return.
func MonthlyReturns(prices Series) Series {
	prices = prices.Drop()
	var out Series
	if len(prices.Time) == 0 {
		return out
	}
	before := prices.Value[0]
	i := 0
	for start := monthOf(prices.Time[0]); i < len(prices.Time); {
		end := start.AddDate(0, 1, 0)
		last, any := before, false
		for ; i < len(prices.Time) && prices.Time[i] < end.Unix(); i++ {
			last, any = prices.Value[i], true
		}
		r := market.Absent
		if any {
			r = finite(last/before - 1)
		}
		out.Time, out.Value = append(out.Time, start.Unix()), append(out.Value, r)
		before, start = last, end
	}
	return out
}

func monthOf(at int64) time.Time {
	t := time.Unix(at, 0).UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}
