package analysis

import (
	"math"
	"math/rand/v2"
	"testing"

	"assay/shared/market"
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
	bars := Bars{Time: make([]int64, len(x)), Open: x, High: x, Low: x, Close: x, Volume: x}
	panel := make([][]float64, 10)
	for i := range x {
		bars.Time[i] = 1577836800 + int64(i)*60
	}
	for i := range panel {
		panel[i] = append(append([]float64{}, lr[i+1:]...), lr[1:i+1]...)
	}
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
		{"ewm60", func() { EWMMean(x, Span(60)) }},
		{"ewmstd60", func() { EWMStdDev(x, Span(60)) }},
		{"drawdown", func() { MaxDrawdown(x) }},
		{"tail", func() { HistoricalTail(lr[1:], 0.95) }},
		{"resample1h", func() { Resample(bars, market.Hour) }},
		{"resample1d", func() { Resample(bars, market.Day) }},
		{"matrix", func() { CorrelationMatrix(panel) }},
		{"spearman1", func() { Ranks(x) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.f()
			}
		})
	}
}
