package api

import (
	"context"
	"time"

	"assay/shared/analysis"
	"assay/shared/history"
	"assay/shared/market"
)

// rateSeries gives the rates that prices are converted with: dollars for a euro, as the ECB strikes them on TARGET days.
var rateSeries = market.SeriesID{Instrument: "EUR-USD", Source: "ecb"}

// published is when a rate of the ECB is out, and rateAge the seconds for which it is used.
var published = analysis.Clock{Hour: 16, Where: mustLoad("Europe/Berlin")}

const rateAge = 5 * int64(market.Day)

// grams are the weights that a unit of metal is.
var grams = map[string]float64{"toz": 31.1034768, "g": 1, "kg": 1000}

func mustLoad(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the zone files are compiled in
	}
	return l
}

// Conversion says how prices were converted.
type Conversion struct {
	FromCurrency string     `json:"fromCurrency" doc:"What the prices were in, ISO 4217"`
	FromUnit     string     `json:"fromUnit" doc:"What one price bought"`
	Factor       float64    `json:"factor" doc:"Of the weights: every price is multiplied with it. 1 where the unit stays"`
	Rates        *RatesUsed `json:"rates,omitempty" doc:"Of currencies; absent where the currency stays"`
}

// RatesUsed says which exchange rates were used.
type RatesUsed struct {
	Series  string `json:"series" doc:"What one euro costs in dollars"`
	Rule    string `json:"rule" doc:"Which rate a bar takes"`
	Receipt string `json:"receipt" doc:"With the date of a rate: where it comes from, down to the raw blob"`
	First   *Rate  `json:"first,omitempty" doc:"Of an analysis: the first that was used"`
	Last    *Rate  `json:"last,omitempty" doc:"The last that was used"`
}

// Rate is one exchange rate.
type Rate struct {
	Date     string  `json:"date" format:"date" doc:"Of the fixing"`
	Rate     float64 `json:"rate" doc:"Dollars for one euro"`
	Received string  `json:"received,omitempty" format:"date-time" doc:"When its payload had arrived: with the series it names the receipt"`
}

// conversion is how the prices of one series come into another currency and unit. The zero conversion leaves them as they are.
type conversion struct {
	from, to market.Instrument // to has the currency and unit of the answer
	weights  [2]float64        // of the units, in grams: a price is multiplied with the second and divided by the first
	rates    []market.Bar      // of rateSeries, perhaps none; nil where the currency stays
	hash     string            // of the rates that were read
}

// checkConversion reads the parameters currency and unit; either may be empty.
func checkConversion(currency, unit string) error {
	if _, err := parseChoice("currency", currency, "EUR", "USD"); err != nil {
		return err
	}
	_, err := parseChoice("unit", unit, "toz", "g", "kg")
	return err
}

// conversion prepares the conversion of a series in a range; an empty currency or unit is kept. What is not sold by weight keeps its
// unit.
func (a *api) conversion(ctx context.Context, in market.Instrument, currency, unit string, r span) (conversion, error) {
	c := conversion{from: in, to: in, weights: [2]float64{1, 1}}
	if _, weighed := grams[in.Unit]; weighed && unit != "" {
		c.to.Unit, c.weights = unit, [2]float64{grams[in.Unit], grams[unit]}
	}
	if currency == "" || currency == in.Currency {
		return c, nil
	}
	if in.Currency != "EUR" && in.Currency != "USD" {
		return c, badRequest("currency=%s: %s is in %s, and the rates that are kept are between EUR and USD.", currency, in.ID, in.Currency)
	}
	c.to.Currency = currency
	answer, err := a.History.Read(ctx, history.Query{
		Series: rateSeries, Interval: market.Day, From: market.Day.Floor(r.from) - 2*rateAge, To: market.Day.Ceil(r.to),
	})
	if err != nil {
		return c, err
	}
	c.rates, c.hash = append([]market.Bar{}, answer.Bars...), answer.Hash // not nil
	return c, nil
}

// is reports whether anything is converted.
func (c *conversion) is() bool { return c.weights[0] != c.weights[1] || c.rates != nil }

// note says that there are no rates at all, in a sentence; nothing where there are.
func (c *conversion) note() []string {
	if c.rates == nil || len(c.rates) > 0 {
		return nil
	}
	return []string{"No rate of " + rateSeries.String() + " is stored for this range: without one there is no price in another currency."}
}

// multipliers are what a price in the series' own currency is multiplied with, by the date of the rate.
func (c *conversion) multipliers() analysis.Series {
	rates := analysis.Closes(c.rates)
	if c.from.Currency == "USD" {
		for n, rate := range rates.Value {
			rates.Value[n] = 1 / rate
		}
	}
	return rates
}

// convert returns the bars in the other currency and unit, and which rate each was converted with: a position in rates, -1 for
// none. A bar without a rate keeps no price. The rate is that of the bar's end, for all four prices.
func (c *conversion) convert(bars []market.Bar, i market.Interval) (converted []market.Bar, rate []int) {
	if !c.is() {
		return bars, nil
	}
	var multipliers analysis.Series
	if c.rates != nil {
		multipliers = c.multipliers()
		rate = analysis.Convert(analysis.Series{Time: starts(bars), Value: make([]float64, len(bars))}, i, multipliers, published, rateAge).Rate
	}
	converted = make([]market.Bar, len(bars))
	for n, b := range bars {
		by := 1.0
		switch {
		case rate == nil:
		case rate[n] < 0:
			by = market.Absent
		default:
			by = multipliers.Value[rate[n]]
		}
		for f := market.Open; f < market.Volume; f++ {
			b.Set(f, b.Value(f)*by*c.weights[1]/c.weights[0])
		}
		b.Volume = b.Volume * c.weights[0] / c.weights[1]
		b.Flags |= market.Derived
		converted[n] = b
	}
	return converted, rate
}

// describe says how bars are converted; nil where they are not.
func (c *conversion) describe() *Conversion {
	if !c.is() {
		return nil
	}
	d := &Conversion{FromCurrency: c.from.Currency, FromUnit: c.from.Unit, Factor: c.weights[1] / c.weights[0]}
	if c.rates != nil {
		d.Rates = &RatesUsed{
			Series: rateSeries.String(), Rule: "the last rate published by the end of the bar (16:00 Europe/Berlin on its date), at most five days before",
			Receipt: "/api/v1/series/" + rateSeries.String() + "/explain?t={date}",
		}
	}
	return d
}

// used is describe with the first and last of the rates that were used, by their positions.
func (c *conversion) used(rate []int) *Conversion {
	d := c.describe()
	if len(rate) > 0 {
		d.Rates.First, d.Rates.Last = rateOf(c.rates[rate[0]]), rateOf(c.rates[rate[len(rate)-1]])
	}
	return d
}

func rateOf(b market.Bar) *Rate {
	r := &Rate{Date: printedDate(b.Start), Rate: b.Close}
	if b.Received > 0 {
		r.Received = millis(b.Received)
	}
	return r
}

func printedDate(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.DateOnly) }

func starts(bars []market.Bar) []int64 {
	times := make([]int64, len(bars))
	for n := range bars {
		times[n] = bars[n].Start
	}
	return times
}
