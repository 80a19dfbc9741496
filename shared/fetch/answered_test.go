package fetch

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store/storetest"
)

func TestAnswered(t *testing.T) {
	c := client(t, storetest.Open(t), &clock{at: noon}, nil)
	request := func(instrument string, from, to int64) source.Request {
		return source.Request{Series: []market.SeriesID{{Instrument: instrument, Source: "kraken"}}, Interval: market.Minute, From: from, To: to}
	}
	for _, requests := range [][]source.Request{
		{request("BTC-USD", 600, 1200), request("BTC-USD", 1200, 1800), request("ETH-USD", -600, 60)},
		{request("BTC-USD", 3000, 3600), request("BTC-USD", 0, 0)}, // the last one asked for the newest price
		{request("BTC-USD", 600, 1200)},                            // nothing new
	} {
		if err := c.Answered(t.Context(), "kraken", requests...); err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.AllAnswered(t.Context(), "kraken")
	if err != nil {
		t.Fatal(err)
	}
	want := map[Part][]market.Range{
		{"BTC-USD", market.Minute}: {{From: 600, To: 1800}, {From: 3000, To: 3600}},
		{"ETH-USD", market.Minute}: {{From: -600, To: 60}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	one, err := c.AnsweredFor(t.Context(), "kraken", Part{"ETH-USD", market.Minute})
	if diff := cmp.Diff(want[Part{"ETH-USD", market.Minute}], one); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if none, err := c.AnsweredFor(t.Context(), "coinbase", Part{"ETH-USD", market.Minute}); err != nil || none != nil {
		t.Errorf("of what was never asked: %v, %v; want nothing", none, err)
	}
}
