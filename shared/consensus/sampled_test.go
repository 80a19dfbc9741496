package consensus_test

import (
	"testing"
	"time"

	"assay/shared/consensus"
	"assay/shared/market"
)

// A bar says of how many quotes it is made, whatever comes of it: 12 an hour, 276 in the 23 hours of a day's session, for each of two
// dealers; and a week of daily fixes of how many fixes.
func TestNumberOfQuotes(t *testing.T) {
	start := time.Date(2024, 1, 15, 0, 0, 0, 0, time.UTC).Unix()
	var quotes, fixes []market.Bar
	for at := start; at < start+86400; at += 300 {
		if market.MetalSession.Expects(at, market.Minute) {
			bar := market.Empty(at)
			bar.Close, bar.Flags = 2050, market.Sampled
			quotes = append(quotes, bar)
		}
	}
	for n := range 5 {
		bar := market.Empty(start + int64(n)*86400)
		bar.Close = 2050
		fixes = append(fixes, bar)
	}
	hours := consensus.Aggregate(market.MetalSession, quotes, market.Minute, market.Hour)
	days := consensus.Aggregate(market.MetalSession, quotes, market.Minute, market.Day)
	ofHours := consensus.Aggregate(market.MetalSession, hours, market.Hour, market.Day)
	gold, _ := market.Lookup("XAU-USD")
	voted, _ := consensus.Bars(gold, []consensus.Voter{{Source: "a", Role: market.Quote, Bars: days}, {Source: "b", Role: market.Quote, Bars: days}})
	week := consensus.Aggregate(market.London, fixes, market.Day, market.Week)
	for what, got := range map[string]struct {
		bars []market.Bar
		want int
	}{"an hour": {hours, 12}, "a day": {days, 276}, "a day of hours": {ofHours, 276}, "a day of two dealers": {voted, 552}, "a week of fixes": {week, 5}, "a quote": {quotes, 1}, "a fix": {fixes, 0}} {
		if n := got.bars[0].QuoteCount(); n != got.want || got.bars[0].Flags.Has(market.Incomplete) {
			t.Errorf("%s is made of %d quotes, want %d; flags %s", what, n, got.want, got.bars[0].Flags)
		}
	}
}

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
		if want := len(bars) - test.traded; got[0].QuoteCount() != want {
			t.Errorf("%+v: made of %d quotes, want %d", test, got[0].QuoteCount(), want)
		}
	}
}
