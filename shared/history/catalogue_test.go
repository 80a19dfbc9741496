package history

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/store"
)

func TestEntries(t *testing.T) {
	p := newProcess(&Memory{})
	gold := func(instrument, source string) market.SeriesID {
		return market.SeriesID{Instrument: instrument, Source: source}
	}
	p.deliver(t, gold("XAU-USD-PM", "lbma"), market.Day, closes(market.Day, day, 1, 2000))
	p.deliver(t, gold("XAU-USD", "workshop"), market.Day, closes(market.Day, day+86400, 1, 2001))
	p.deliver(t, gold("XAU-USD-AM", "lbma"), market.Day, closes(market.Day, day+2*86400, 1, 2002))
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day, 1, 100))
	p.deliver(t, kraken, market.Minute, closes(market.Minute, day-60, 1, 100))
	given := closes(market.Minute, day+600, 1, 100)
	given[0].Authority = market.Given
	p.deliver(t, kraken, market.Minute, given)
	p.deliver(t, kraken, market.Day, closes(market.Day, day, 1, 100))

	// A later release may know more instruments than this one.
	later := store.Entity{Partition: "crypto", Row: "DOGE-ZZZ.kraken", Values: map[string]any{"first1d": day, "last1d": day}}
	if _, err := p.tables.Write(t.Context(), catalogueTable, store.Change{Action: store.Insert, Entity: later}); err != nil {
		t.Fatal(err)
	}
	entries, err := p.Entries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		for _, i := range market.Stored {
			if x, ok := e.Intervals[i]; ok {
				got = append(got, fmt.Sprintf("%s %s %s %d..%d %d", e.ID, e.Role, i, x.First-day, x.Last-day, max(x.Watermark-day, 0)))
			}
		}
	}
	want := []string{
		"BTC-USD  1m -60..600 0",
		"BTC-USD  1h -3600..-3600 0",
		"BTC-USD  1d -86400..0 0",
		"BTC-USD.kraken venue 1m -60..600 60",
		"BTC-USD.kraken venue 1d 0..0 86400",
		"XAU-USD.workshop  1d 86400..86400 172800",
		"XAU-USD-AM  1d 172800..172800 0",
		"XAU-USD-AM.lbma publisher 1d 172800..172800 259200",
		"XAU-USD-PM  1d 0..0 0",
		"XAU-USD-PM.lbma publisher 1d 0..0 86400",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	in, _ := market.Lookup("XAU-USD")
	if sources, err := p.sources(t.Context(), in); err != nil || len(sources) != 1 || sources[0].ID.Source != "workshop" {
		t.Errorf("sources of XAU-USD: %v, %v; want the workshop alone", sources, err)
	}
}
