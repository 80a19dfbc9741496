package consensus_test

import (
	"testing"
	"time"

	"assay/shared/consensus"
	"assay/shared/market"
)

// An hour of quotes is complete with one in every five minutes of the session. 2024-01-15 is a Monday; metal pauses from 22:00 UTC.
func TestAggregateOfQuotes(t *testing.T) {
	for _, test := range []struct {
		hour, without, traded int // traded: how many bars are no quotes
		want                  bool
	}{
		{12, -1, 0, true},
		{12, 3, 0, false},
		{12, -1, 1, false}, // bars that are no quotes are expected every minute
	} {
		start := time.Date(2024, 1, 15, test.hour, 0, 0, 0, time.UTC).Unix()
		var bars []market.Bar
		for n := range 12 {
			if n == test.without {
				continue
			}
			bar := market.Empty(start + int64(n)*300 + int64(n%3)*60)
			bar.Close = 2050
			if n >= test.traded {
				bar.Flags = market.Sampled
			}
			bars = append(bars, bar)
		}
		got := consensus.Aggregate(market.MetalSession, bars, market.Minute, market.Hour)
		if len(got) != 1 || got[0].Flags.Has(market.Incomplete) == test.want || !got[0].Flags.Has(market.Sampled) {
			t.Errorf("%+v: got %+v", test, got)
		}
	}
}
