package gaps

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
)

// monday is 2024-01-15, a Monday.
const monday = int64(1705276800)

// minute is the start of the n-th minute of that day.
func minute(n int64) int64 { return monday + n*60 }

func minutes(from, to int64) (starts []int64) {
	for n := from; n < to; n++ {
		starts = append(starts, minute(n))
	}
	return starts
}

// text prints gaps in minutes of Monday.
func text(found []Gap) string {
	var lines []string
	for _, g := range found {
		line := fmt.Sprintf("%d-%d %d %s", (g.From-monday)/60, (g.To-monday)/60, g.Bars, g.Reason)
		for _, r := range g.Sources {
			line += fmt.Sprintf(" %q", string(r))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func check(t *testing.T, found []Gap, want ...string) {
	t.Helper()
	if diff := cmp.Diff(strings.Join(want, "\n"), text(found)); diff != "" {
		t.Errorf("gaps, in minutes (-want +got):\n%s", diff)
	}
}

func TestFind(t *testing.T) {
	venue := Series{Calendar: market.Always, Step: market.Minute, Provider: true}
	for _, test := range []struct {
		name   string
		series func(s *Series)
		want   []string
	}{
		{"all is there", func(s *Series) { s.Present = minutes(0, 10) }, nil},
		{"nobody has asked", func(*Series) {}, []string{"0-10 10 not fetched"}},
		{"answered without a bar", func(s *Series) {
			s.Present, s.Answered = minutes(0, 7), []market.Range{{From: minute(0), To: minute(9)}}
		}, []string{"7-9 2 no trade", "9-10 1 not fetched"}},
		{"between two answers", func(s *Series) {
			s.Answered = []market.Range{{From: minute(2), To: minute(4)}, {From: minute(6), To: minute(10)}}
			s.Present = append(minutes(2, 4), minutes(6, 10)...)
		}, []string{"0-2 2 not fetched", "4-6 2 our failure"}},
		{"and it has forgotten", func(s *Series) {
			s.Answered = []market.Range{{From: minute(0), To: minute(2)}, {From: minute(6), To: minute(10)}}
			s.Present, s.Reach = append(minutes(0, 2), minutes(6, 10)...), minute(5)
		}, []string{"2-5 3 beyond the source's history", "5-6 1 our failure"}},
		{"refused", func(s *Series) {
			s.Present, s.Rejected = append(minutes(0, 4), minutes(5, 10)...), []int64{minute(4), minute(6)}
		}, []string{"4-5 1 rejected"}},
		{"nobody can be asked", func(s *Series) { s.Provider, s.Present = false, minutes(1, 10) }, []string{"0-1 1 not fetched"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := venue
			test.series(&s)
			check(t, s.Find(market.Range{From: minute(0), To: minute(10)}), test.want...)
		})
	}
}

// Quotes are looked at every five minutes: one in each is enough. Gold's market closes at 22:00 UTC in winter, for an hour.
func TestFindOfQuotes(t *testing.T) {
	s := Series{Calendar: market.MetalSession, Step: 5 * market.Minute, Provider: true, Reach: 1 << 40}
	s.Present = []int64{minute(22*60 - 14), minute(22*60 - 8), minute(23*60 + 7)}
	check(t, s.Find(market.Range{From: minute(22*60 - 15), To: minute(23*60 + 10)}),
		"1315-1320 1 beyond the source's history", "1320-1380 12 closed", "1380-1385 1 beyond the source's history")
}

// An hour without a trade is a halt where other venues traded, half an hour is not.
func TestFindOfHalts(t *testing.T) {
	s := Series{Calendar: market.Always, Step: market.Minute, Provider: true, Answered: []market.Range{{From: minute(0), To: minute(300)}}}
	s.Present = append(append(minutes(0, 10), minutes(70, 100)...), minutes(130, 200)...)
	s.Others = minutes(0, 150)
	check(t, s.Find(market.Range{From: minute(0), To: minute(300)}),
		"10-70 60 venue halted", "100-130 30 no trade", "200-300 100 no trade")
}

func TestConsensus(t *testing.T) {
	all := []market.Range{{From: minute(0), To: minute(10)}}
	kraken := Series{Calendar: market.Always, Step: market.Minute, Provider: true, Present: minutes(5, 10), Reach: minute(5)}
	coinbase := Series{Calendar: market.Always, Step: market.Minute, Provider: true, Present: minutes(2, 8), Answered: all}
	found := Consensus(market.Always, market.Minute, minutes(2, 9), []Series{kraken, coinbase}, all[0])
	check(t, found, `0-2 2 no trade "beyond the source's history" "no trade"`, `9-10 1 our failure "" "no trade"`)
	check(t, Consensus(market.Always, market.Minute, nil, nil, all[0]), "0-10 10 not fetched")
}
