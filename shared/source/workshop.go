// The workshop's gold.json: daily bars of gold from nFusion's HistoricalSpots, as its author saved them.
//
// Documentation: https://github.com/samkreter/DSA-Workshop, python-extract/gold.json
// Terms: MIT (the repository).
//
// Oddities: times are strings of seconds since the epoch; prices are numbers, in dollars for a troy ounce; the close is
// called last. A price may not be there at all: the open of 2016-11-13, which made gold fall to 0 on the workshop's chart,
// and high or low on five other days. The low sticks at 1010.3 on five days of 2009 and 2010. There are Sundays from 2013 on.

package source

import (
	"encoding/json"
	"strings"

	"assay/shared/market"
)

var workshop = format{dataset: "workshop-json", parse: parseWorkshop, detect: detectWorkshop}

func parseWorkshop(p Payload, emit func(market.Row)) error {
	series, err := p.only()
	if err != nil {
		return err
	}
	body, err := Open(p.Body)
	if err != nil {
		return err
	}
	var history struct{ Intervals []json.RawMessage }
	if err := decode(body, &history); err != nil {
		return err
	}
	for n, text := range history.Intervals {
		var o object
		if err := decode(text, &o); err != nil {
			return err
		}
		row := market.Row{
			Series: series, Interval: market.Day, Number: n + 1, Text: string(text), Currency: "USD", Unit: "toz",
			Open: o.value("open"), High: o.value("high"), Low: o.value("low"), Close: o.value("last"),
		}
		setSeconds(&row, o.value("start"))
		emit(row)
	}
	return nil
}

func detectWorkshop(f file) (Detected, bool) {
	if !strings.HasPrefix(f.head, "{") || !strings.Contains(f.head, `"intervals"`) || !strings.Contains(f.head, `"last"`) {
		return Detected{}, false
	}
	return Detected{Dataset: "workshop-json", Source: "workshop", Interval: market.Day, Series: []market.SeriesID{{Instrument: "XAU-USD", Source: "workshop"}}}, true
}
