// LBMA, the London fixes of gold, silver, platinum and palladium: the whole history of one fix in one file.
//
// Documentation: https://www.lbma.org.uk/prices-and-data/precious-metal-prices
// Limit: none stated; the files are up to 1 MB, so ask with If-Modified-Since. Some data-centre addresses get 403.
// Terms: the administrators of the benchmarks ask for a licence for any use, and forbid passing them on.
//
// Oddities: the values are in dollars, pounds and euros per troy ounce, in this order; euros are null before 1999. Only the
// dollars become rows: the other columns hold known errors, such as the dollars repeated as pounds on 1968-04-02. Oldest
// first. There is no row on holidays, and no afternoon fix on 24 and 31 December. The file does not say which fix it holds:
// the URL does, or the name of the file. A null is a day without this fix, not a fault. The newest row is of today and final.

package source

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"assay/shared/market"
)

var lbma = Source{
	Name:     "lbma",
	Title:    "London Bullion Market Association",
	Docs:     "https://www.lbma.org.uk/prices-and-data/precious-metal-prices",
	Terms:    "Using the benchmarks needs a licence of their administrators (IBA, LME); passing them on is forbidden.",
	OptIn:    true,
	Roles:    map[market.Class]market.Role{market.Metal: market.Publisher},
	Budget:   Budget{Calls: 1, Per: time.Second},
	Cadence:  market.Day,
	Symbol:   lbmaSymbol,
	Requests: lbmaRequests,
	Past:     Past{Intervals: []market.Interval{market.Day}, First: lbmaFirst, request: lbmaRequest},
	Manner: Manner{
		Limits:  "None stated; asked for only what has changed.",
		Window:  "The whole history of one fix in a file.",
		History: "Gold and silver from 1968, platinum and palladium from 1990-04.",
		Order:   "Oldest first.",
		Empty:   "No row on holidays.",
		Times:   "The date in London on which the fix is struck.",
	},
	formats: []format{{dataset: "lbma-json", parse: parseLBMA, detect: detectLBMA}},
}

// metals are the names of the metals as addresses and files have them.
var metals = []struct{ code, name string }{{"XAU", "gold"}, {"XAG", "silver"}, {"XPT", "platinum"}, {"XPD", "palladium"}}

func lbmaSymbol(in market.Instrument) (string, bool) {
	base, _ := pair(in.ID)
	for _, metal := range metals {
		if metal.code != base || in.Kind != market.Fix || in.Currency != "USD" {
			continue
		}
		switch {
		case strings.HasSuffix(in.ID, "-AM"):
			return metal.name + "_am", true
		case strings.HasSuffix(in.ID, "-PM"):
			return metal.name + "_pm", true
		default:
			return metal.name, true
		}
	}
	return "", false
}

// lbmaFirst is 1968-01-02, the day of the first row.
const lbmaFirst = -63072000

func lbmaRequests(in market.Instrument, ask Ask) []Request {
	if _, ok := lbmaSymbol(in); !ok {
		return nil
	}
	r := lbmaRequest(in, market.Day, 0, 0)
	r.From, r.To = lbmaFirst, market.Day.Floor(ask.Now)
	return []Request{r}
}

// lbmaRequest asks for all there is.
func lbmaRequest(in market.Instrument, _ market.Interval, _, _ int64) Request {
	symbol, _ := lbmaSymbol(in)
	return Request{
		URL:     "https://prices.lbma.org.uk/json/" + symbol + ".json",
		Dataset: "lbma-json", Interval: market.Day, Series: []market.SeriesID{{Instrument: in.ID, Source: "lbma"}},
		Conditional: true,
	}
}

func parseLBMA(p Payload, emit func(market.Row)) error {
	if err := answered(p); err != nil {
		return err
	}
	series, err := p.only()
	if err != nil {
		return err
	}
	body, err := Open(p.Body)
	if err != nil {
		return err
	}
	var days []json.RawMessage
	if err := decode(body, &days); err != nil {
		return err
	}
	for n, text := range days {
		var day struct {
			Date   string            `json:"d"`
			Values []json.RawMessage `json:"v"`
		}
		if err := decode(text, &day); err != nil {
			return err
		}
		if len(day.Values) != 3 {
			return fmt.Errorf("day %d has %d values, want dollars, pounds and euros: %w", n+1, len(day.Values), ErrFormat)
		}
		price := scalar(day.Values[0])
		if price == Missing {
			continue
		}
		row := market.Row{
			Series: series, Interval: market.Day, Number: n + 1, Close: price,
			Currency: "USD", Unit: "toz", Text: string(text),
		}
		setDay(&row, day.Date)
		emit(row)
	}
	return nil
}

func detectLBMA(f file) (Detected, bool) {
	if !strings.HasPrefix(f.head, "[{") || !strings.Contains(f.firstLine(), `"v":[`) || !strings.Contains(f.firstLine(), `"d":"`) {
		return Detected{}, false
	}
	return Detected{Dataset: "lbma-json", Source: "lbma", Series: lbmaNamed(f.name), Interval: market.Day}, true
}

// lbmaNamed finds the fix that a file name speaks of, such as gold_pm.json or silver.json.
func lbmaNamed(name string) []market.SeriesID {
	for _, in := range market.Instruments {
		symbol, ok := lbmaSymbol(in)
		metal, fix, twice := strings.Cut(symbol, "_")
		if ok && strings.Contains(name, metal) && (!twice || hasWord(name, fix)) {
			return []market.SeriesID{{Instrument: in.ID, Source: "lbma"}}
		}
	}
	return nil
}
