package clean

import "assay/shared/market"

// missing is the text that parsers give a field which the payload's format has and this record lacks. The empty text stands
// for a field that the format does not have, and that nobody misses.
const missing = "null"

// prices judges the four prices of a row. Without a sound close there is no bar.
func (c *Cleaner) prices(row *market.Row, bar *market.Bar) bool {
	closing, ok := c.price(row, row.Close, market.Close)
	if !ok {
		return false
	}
	bar.Close = closing
	bar.Open = c.optional(row, row.Open, market.Open, bar)
	bar.High = c.optional(row, row.High, market.High, bar)
	bar.Low = c.optional(row, row.Low, market.Low, bar)
	if bar.High < bar.Low {
		for _, field := range [...]market.Field{market.High, market.Low} {
			c.refuse(row, "high-below-low", field.String(), "the high %s is below the low %s, and nobody knows which is wrong", row.High, row.Low)
			bar.Set(field, market.Absent)
		}
		bar.Flags |= market.Partial
	}
	if bar.Open < bar.Low || bar.Open > bar.High || bar.Close < bar.Low || bar.Close > bar.High {
		bar.Flags |= market.OutsideRange
	}
	return true
}

// optional reads a price that a bar can do without.
func (c *Cleaner) optional(row *market.Row, text string, field market.Field, bar *market.Bar) float64 {
	if text == "" {
		return market.Absent
	}
	v, ok := c.price(row, text, field)
	if !ok {
		bar.Flags |= market.Partial
	}
	return v
}

// price reads one price and judges it.
func (c *Cleaner) price(row *market.Row, text string, field market.Field) (float64, bool) {
	v, ok := decimal(text)
	switch {
	case ok && v > 0:
		return v, true
	case text == "" || text == missing:
		c.refuse(row, "absent", field.String(), "the %s is absent", field)
	case !ok:
		c.refuse(row, "not-a-number", field.String(), "the %s %.60q is not a finite decimal number", field, text)
	case v == 0:
		c.refuse(row, "zero", field.String(), "the %s is %.60s, and nothing costs nothing", field, text)
	default:
		c.refuse(row, "negative", field.String(), "the %s is %.60s, and no price here is negative", field, text)
	}
	return market.Absent, false
}

// volume judges the two volumes of a row, of which the one in the instrument's own unit goes into the bar.
func (c *Cleaner) volume(row *market.Row, bar *market.Bar) {
	bar.Volume = market.Absent
	quote, hasQuote := decimal(row.QuoteVolume)
	if row.Volume != "" {
		volume, ok := c.amount(row)
		if !ok {
			bar.Flags |= market.Partial
		} else if !hasQuote || quote <= 0 || volume <= 0 || paid(quote/volume, bar) {
			bar.Volume = volume
		} else if paid(volume/quote, bar) {
			bar.Volume = quote
			bar.Flags |= market.Repaired | market.SwappedVolume
		} else {
			c.refuse(row, "implausible", market.Volume.String(), "a volume of %.40s does not go with %.40s paid at such prices, nor the other way round", row.Volume, row.QuoteVolume)
			bar.Flags |= market.Partial
		}
	}
	nothing := bar.Volume == 0 || row.Volume == "" && hasQuote && quote == 0
	if nothing && bar.Open == bar.High && bar.High == bar.Low && bar.Low == bar.Close {
		bar.Flags |= market.Untraded
	}
}

// amount reads the volume. An amount may be 0.
func (c *Cleaner) amount(row *market.Row) (float64, bool) {
	v, ok := decimal(row.Volume)
	switch {
	case ok && v >= 0:
		return v, true
	case row.Volume == missing:
		c.refuse(row, "absent", market.Volume.String(), "the volume is absent")
	case !ok:
		c.refuse(row, "not-a-number", market.Volume.String(), "the volume %.60q is not a finite decimal number", row.Volume)
	default:
		c.refuse(row, "negative", market.Volume.String(), "the volume is %.60s, and no volume is negative", row.Volume)
	}
	return market.Absent, false
}

// paid reports whether a bar's average price can be price: it lies in the bar's range, give or take a tenth.
func paid(price float64, bar *market.Bar) bool {
	low, high := bar.Low, bar.High
	if market.IsAbsent(low) {
		low = bar.Close
	}
	if market.IsAbsent(high) {
		high = bar.Close
	}
	return low*0.9 <= price && price <= high*1.1
}
