package chunk_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/chunk"
	"assay/shared/market"
)

// versions returns runs of bars in which the same starts meet often, with authorities, times and values that often are equal.
func versions(seed uint64) (a, b, c []market.Bar) {
	r := random(seed)
	run := func() []market.Bar {
		var bars []market.Bar
		for t := int64(0); t < 30*60; t += 60 {
			if r.IntN(3) > 0 {
				bar := market.Empty(t)
				bar.Close = float64(r.IntN(3))
				if r.IntN(3) > 0 {
					bar.Open = float64(r.IntN(2))
				}
				bar.Flags, bar.Authority, bar.Received = market.Flags(r.IntN(2)), market.Authority(r.IntN(2)), r.Int64N(3)
				bars = append(bars, bar)
			}
		}
		return bars
	}
	return run(), run(), run()
}

func TestMergeInAnyOrder(t *testing.T) {
	for seed := range uint64(500) {
		a, b, c := versions(seed)
		merge := func(runs ...[]market.Bar) (all []market.Bar) {
			for _, run := range runs {
				all = chunk.Merge(all, run)
			}
			return all
		}
		want := merge(a, b, c)
		for name, got := range map[string][]market.Bar{
			"associative": chunk.Merge(a, chunk.Merge(b, c)),
			"commutative": merge(c, b, a),
			"idempotent":  merge(a, b, c, a, c, b, b),
			"repeated":    chunk.Merge(want, want),
		} {
			if !sameBars(want, got) {
				t.Fatalf("seed %d: merging is not %s (-want +got):\n%s", seed, name, cmp.Diff(want, got, exactly))
			}
		}
	}
}

func TestMergeKeepsItsArguments(t *testing.T) {
	a, b, _ := versions(1)
	x, y := slices.Clone(a), slices.Clone(b)
	merged := chunk.Merge(a, b)
	for i := range merged {
		merged[i].Close = -1
	}
	if diff := cmp.Diff([][]market.Bar{x, y}, [][]market.Bar{a, b}, exactly); diff != "" {
		t.Errorf("merging changed what was merged:\n%s", diff)
	}
}

// Whatever is imported, and however late: what the source's own interface said stays.
func TestImportNeverOverridesOwn(t *testing.T) {
	for seed := range uint64(200) {
		own, imported, _ := versions(seed)
		for i := range own {
			own[i].Authority = market.Own
		}
		for i := range imported {
			imported[i].Authority = market.Given
			imported[i].Received += 1_000_000
		}
		merged := chunk.Merge(imported, own)
		for _, bar := range own {
			at, _ := slices.BinarySearchFunc(merged, bar.Start, func(b market.Bar, start int64) int { return int(b.Start - start) })
			if market.Compare(&bar, &merged[at]) != 0 {
				t.Fatalf("seed %d: own bar was replaced:\n%s", seed, cmp.Diff(bar, merged[at], exactly))
			}
		}
	}
}

func TestTheGreaterVersionStays(t *testing.T) {
	version := func(authority market.Authority, received int64, closing float64) market.Bar {
		b := market.Empty(60)
		b.Authority, b.Received, b.Close = authority, received, closing
		return b
	}
	for name, tt := range map[string]struct{ less, greater market.Bar }{
		"authority before received": {version(market.Given, 9, 100), version(market.Own, 1, 50)},
		"received before value":     {version(market.Own, 1, 100), version(market.Own, 2, 50)},
		"value at a tie":            {version(market.Own, 1, 50), version(market.Own, 1, 100)},
		"a value over none":         {version(market.Own, 1, market.Absent), version(market.Own, 1, 0)},
	} {
		for _, got := range [][]market.Bar{
			chunk.Merge([]market.Bar{tt.less}, []market.Bar{tt.greater}),
			chunk.Merge([]market.Bar{tt.greater}, []market.Bar{tt.less}),
		} {
			if diff := cmp.Diff([]market.Bar{tt.greater}, got, exactly); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}
