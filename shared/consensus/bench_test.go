package consensus_test

import (
	"testing"

	"assay/shared/consensus"
	"assay/shared/market"
)

// year returns a year of minutes of one source, its prices a little beside the others'.
func year(beside float64) []market.Bar {
	bars := make([]market.Bar, 365*1440)
	for i := range bars {
		price := 19000 + float64(i%1000) + beside
		bars[i] = market.Bar{
			Start: int64(i) * int64(market.Minute), Open: price, High: price + 2, Low: price - 2, Close: price + 1, Volume: 1,
			Authority: market.Own, Received: 1,
		}
	}
	return bars
}

func BenchmarkBars(b *testing.B) {
	in, _ := market.Lookup("BTC-USD")
	three := []consensus.Voter{{"bitstamp", market.Venue, year(0)}, {"coinbase", market.Venue, year(0.5)}, {"kraken", market.Venue, year(-0.5)}}
	for name, voters := range map[string][]consensus.Voter{"one source": three[:1], "three sources": three} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				consensus.Bars(in, voters)
			}
		})
	}
}

func BenchmarkAggregate(b *testing.B) {
	minutes := year(0)
	for _, to := range []market.Interval{market.Hour, market.Day} {
		b.Run(to.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				consensus.Aggregate(market.Always, minutes, market.Minute, to)
			}
		})
	}
}
