package source_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/source"
)

// What a batch leaves in progress is what the next one begins with: the latest frame of each such bar, as it came.
func TestFeedOpen(t *testing.T) {
	const (
		snapshot = `{"channel":"ohlc","type":"snapshot","timestamp":"2026-09-10T17:35:01Z","data":[` +
			`{"symbol":"BTC/USD","close":1,"interval_begin":"2026-09-10T17:33:00Z","interval":1},{"symbol":"BTC/USD","close":2,"interval_begin":"2026-09-10T17:35:00Z","interval":1}]}`
		update = `{"channel":"ohlc","type":"update","timestamp":"2026-09-10T17:35:20Z","data":[{"symbol":"BTC/USD","close":3,"interval_begin":"2026-09-10T17:35:00Z","interval":1}]}`
		other  = `{"channel":"ohlc","type":"update","timestamp":"2026-09-10T17:35:30Z","data":[{"symbol":"ETH/USD","close":4,"interval_begin":"2026-09-10T17:35:00Z","interval":1}]}`
		beat   = `{"channel":"heartbeat"}`
		early  = `{"method":"pong","time_out":"2026-09-10T17:36:04Z"}`
		late   = `{"method":"pong","time_out":"2026-09-10T17:36:05Z"}`
		next   = `{"channel":"ohlc","type":"update","timestamp":"2026-09-10T17:36:00Z","data":[{"symbol":"BTC/USD","close":5,"interval_begin":"2026-09-10T17:36:00Z","interval":1}]}`
	)
	for _, test := range []struct {
		name, received string
		batch, want    []string
	}{
		{"nothing told", "2026-09-10T17:36:10Z", []string{beat}, nil},
		{"a snapshot holds the newest bar", "2026-09-10T17:35:10Z", []string{snapshot, beat}, []string{snapshot}},
		{"an update takes its place", "2026-09-10T17:35:40Z", []string{snapshot, update, other, beat}, []string{update, other}},
		{"more may come within five seconds", "2026-09-10T17:36:06Z", []string{update, other, early}, []string{update, other}},
		{"nothing more comes", "2026-09-10T17:36:06Z", []string{update, other, late}, nil},
		{"the next bar is told", "2026-09-10T17:36:01Z", []string{update, other, next}, []string{other, next}},
		{"our clock is slow: Clean could not take the bar yet", "2026-09-10T17:35:59Z", []string{update, late}, []string{update}},
	} {
		t.Run(test.name, func(t *testing.T) {
			kraken, _ := source.Find("kraken")
			var got []string
			for _, text := range kraken.Feed.Open([]byte(strings.Join(test.batch, "\n")+"\n"), at(t, test.received)) {
				got = append(got, string(text))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
