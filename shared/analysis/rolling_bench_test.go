package analysis

import (
	"math"
	"math/rand/v2"
	"testing"
)

func walk(n int) []float64 {
	g := rand.New(rand.NewPCG(1, 2))
	x, v := make([]float64, n), 30000.0
	for i := range x {
		v *= math.Exp(g.NormFloat64() * 0.0006)
		x[i] = math.Round(v*100) / 100
	}
	return x
}

func BenchmarkRolling(b *testing.B) {
	x := walk(525_600)
	lr := LogReturns(x)
	y := append(append([]float64{}, lr[len(lr)-3:]...), lr[:len(lr)-3]...)
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"log", func() { LogReturns(x) }},
		{"mean60", func() { RollingMean(x, 60) }},
		{"std60", func() { RollingStdDev(x, 60) }},
		{"std1440", func() { RollingStdDev(x, 1440) }},
		{"max60", func() { RollingMax(x, 60) }},
		{"median60", func() { RollingMedian(x, 60) }},
		{"kurt60", func() { RollingKurtosis(x, 60) }},
		{"corr1440", func() { RollingCorrelation(lr, y, 1440) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.f()
			}
		})
	}
}
