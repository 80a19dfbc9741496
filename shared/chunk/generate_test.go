package chunk_test

import (
	"math"
	"math/rand/v2"
	"time"

	"assay/shared/chunk"
	"assay/shared/market"
)

// The generators take a fixed seed, so that a failure can be seen again.

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// hardFloats are numbers that a codec may get wrong.
var hardFloats = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, 0.3, 1e-12, 1e-13, 4503599627370497.5, 1<<53 - 1, 1 << 53, 1<<53 + 2, -(1 << 53), 1e22, 1e23,
	math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 2.2250738585072014e-308,
	math.Inf(1), math.Inf(-1), math.Pi, 1.0 / 3, 19187.78, 0.00001234, 1234.5678901234,
	math.NaN(), math.Float64frombits(0x7ff0000000000001), math.Float64frombits(0xfff8000000000123),
}

// randomField returns a function that makes the numbers of one column: prices of some decimals, floats of any bits, hard ones,
// or none, present as often as the column likes.
func randomField(r *rand.Rand) func() float64 {
	present := []float64{0, 0.5, 1, 1}[r.IntN(4)]
	scale := math.Pow(10, float64(r.IntN(10)))
	kind, price := r.IntN(4), 1000*r.Float64()
	return func() float64 {
		if r.Float64() >= present {
			return market.Absent
		}
		switch kind {
		case 0:
			return math.Float64frombits(r.Uint64())
		case 1:
			return hardFloats[r.IntN(len(hardFloats))]
		default:
			price += r.NormFloat64()
			return math.Round(price*scale) / scale
		}
	}
}

// randomBars returns some of the bars of the chunk that starts at from.
func randomBars(r *rand.Rand, interval market.Interval, from int64) []market.Bar {
	var fields [market.Fields]func() float64
	for f := range fields {
		fields[f] = randomField(r)
	}
	present := []float64{0.01, 0.5, 0.99, 1}[r.IntN(4)]
	var bars []market.Bar
	received := int64(1_700_000_000_000)
	for t := from; t < chunk.Next(interval, from); t += int64(interval) {
		if r.Float64() >= present {
			continue
		}
		if r.IntN(20) == 0 {
			received += r.Int64N(1e9) - 5e8
		}
		b := market.Bar{Start: t, Authority: market.Authority(r.IntN(2)), Received: received}
		for f := range fields {
			b.Set(market.Field(f), fields[f]())
		}
		if r.IntN(10) == 0 {
			b.Flags = market.Flags(r.Uint32())
			b.SetQuotes(r.IntN(3))
		}
		bars = append(bars, b)
	}
	return bars
}

// randomChunk returns a source's chunk or a consensus'.
func randomChunk(r *rand.Rand) chunk.Chunk {
	interval := market.Stored[r.IntN(len(market.Stored))]
	from := chunk.Floor(interval, r.Int64N(8e9)-4e9)
	c := chunk.Chunk{Interval: interval, Bars: randomBars(r, interval, from)}
	if r.IntN(2) == 0 {
		return c
	}
	dispersion := randomField(r)
	c.Decisions = make([]market.Decision, len(c.Bars))
	verdicts := randomVerdicts(r)
	for i := range c.Decisions {
		if r.IntN(5) == 0 {
			verdicts = randomVerdicts(r)
		}
		c.Decisions[i] = market.Decision{Votes: len(verdicts), Dispersion: dispersion(), Verdicts: verdicts}
	}
	return c
}

func randomVerdicts(r *rand.Rand) []market.Verdict {
	var verdicts []market.Verdict
	for _, source := range []string{"a-source-of-24-character", "bitfinex", "coinbase", "kraken"} {
		if r.IntN(2) == 0 {
			verdicts = append(verdicts, market.Verdict{Source: source, Ruling: market.Ruling(1 + r.IntN(2))})
		}
	}
	return verdicts
}

// minutes returns one year of minute bars as a venue sends them: prices of two decimals, volumes of eight.
func minutes() []chunk.Chunk {
	r := random(2017)
	price := 19000.0
	cents := func(v float64) float64 { return math.Round(v*100) / 100 }
	var chunks []chunk.Chunk
	for start := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC).Unix(); len(chunks) < 365; start += int64(market.Day) {
		bars := make([]market.Bar, 1440)
		for i := range bars {
			open := price
			price = max(100, price+3*r.NormFloat64())
			bars[i] = market.Bar{
				Start: start + int64(i)*int64(market.Minute), Open: cents(open), Close: cents(price),
				High: cents(max(open, price) + r.Float64()), Low: cents(min(open, price) - r.Float64()),
				Volume: math.Round(1e9*r.ExpFloat64()) / 1e8, Authority: market.Own, Received: (start + 90_000) * 1000,
			}
		}
		chunks = append(chunks, chunk.Chunk{Interval: market.Minute, Bars: bars, Rules: 1})
	}
	return chunks
}
