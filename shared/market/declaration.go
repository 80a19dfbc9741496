package market

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Declaration says what a series of one's own is. It is stored raw, and the catalogue's row follows from it.
type Declaration struct {
	Series   SeriesID `json:"series"`
	Class    Class    `json:"class,omitempty"`
	Kind     Kind     `json:"kind,omitempty"`
	Unit     string   `json:"unit,omitempty"`
	Currency string   `json:"currency,omitempty"`
	Calendar Calendar `json:"calendar,omitempty"`
	Role     string   `json:"role,omitempty" doc:"What it votes as; empty: it does not vote"`
	TimeZone string   `json:"tz,omitempty" doc:"IANA name: of pushed times that name no zone; UTC when empty"`
	Interval string   `json:"interval,omitempty" doc:"1m, 1h or 1d: of pushes that do not say it"`
}

var unitPattern = regexp.MustCompile(`^[A-Za-z0-9]{1,12}$`)

// Complete fills in what is left out: for an instrument that is known by itself all that makes it, for another the kind spot
// and the currency of its id.
func (d Declaration) Complete() Declaration {
	in, known := Lookup(d.Series.Instrument)
	if !known {
		in = Instrument{Kind: Spot, Currency: currencyOf(d.Series.Instrument)}
	}
	d.Class, d.Kind = cmp.Or(d.Class, in.Class), cmp.Or(d.Kind, in.Kind)
	d.Unit, d.Currency = cmp.Or(d.Unit, in.Unit), cmp.Or(d.Currency, in.Currency)
	d.Calendar = cmp.Or(d.Calendar, in.Calendar)
	return d
}

// Check returns what is wrong with a complete declaration, in a sentence without its full stop.
func (d Declaration) Check() error {
	_, role := ParseRole(d.Role)
	_, zone := time.LoadLocation(d.TimeZone)
	interval, _ := ParseInterval(d.Interval)
	switch {
	case d.Series.Source == "":
		return fmt.Errorf("series %.60q names an instrument only: add whose view of it this is, such as %s.mine", d.Series, d.Series)
	case !slices.Contains(Classes, d.Class):
		return fmt.Errorf("class %.20q: want one of %s", d.Class, words(Classes))
	case !slices.Contains(Kinds, d.Kind):
		return fmt.Errorf("kind %.20q: want one of %s", d.Kind, words(Kinds))
	case !unitPattern.MatchString(d.Unit):
		return fmt.Errorf("unit %.20q: want what one price buys in 1 to 12 letters and digits, such as toz or BTC", d.Unit)
	case d.Currency != currencyOf(d.Series.Instrument):
		return fmt.Errorf("currency %.20q: want %s, as the instrument's name %s says", d.Currency, currencyOf(d.Series.Instrument), d.Series.Instrument)
	case !slices.Contains(Calendars, d.Calendar):
		return fmt.Errorf("calendar %.20q: want one of %s", d.Calendar, words(Calendars))
	case !role:
		return fmt.Errorf("role %.20q: want venue, publisher, quote or aggregator, or none for a series that does not vote", d.Role)
	case zone != nil || d.TimeZone == "Local":
		return fmt.Errorf("tz %.60q: want the name of a time zone, such as Europe/Zurich", d.TimeZone)
	case d.Interval != "" && !interval.IsStored():
		return fmt.Errorf("interval %.20q: want 1m, 1h or 1d", d.Interval)
	}
	if in, known := Lookup(d.Series.Instrument); known {
		return d.Fits(in)
	}
	return nil
}

// Fits returns how a declaration contradicts what its instrument is already; nil when it does not.
func (d Declaration) Fits(in Instrument) error {
	for _, field := range []struct{ name, declared, is string }{
		{"class", string(d.Class), string(in.Class)},
		{"kind", string(d.Kind), string(in.Kind)},
		{"unit", d.Unit, in.Unit},
		{"currency", d.Currency, in.Currency},
		{"calendar", string(d.Calendar), string(in.Calendar)},
	} {
		if field.declared != field.is {
			return fmt.Errorf("%s %.20q: want %s, which %s has already; another kind of price needs an instrument of another name", field.name, field.declared, field.is, in.ID)
		}
	}
	return nil
}

// Instrument returns what the declared series prices. What its best role can be follows from its class and kind, as it does for
// those that are known by themselves.
func (d Declaration) Instrument() Instrument {
	in := Instrument{d.Series.Instrument, d.Series.Instrument, d.Class, d.Kind, d.Unit, d.Currency, d.Calendar, Venue}
	switch {
	case d.Class == FX || d.Kind == Fix:
		in.Best = Publisher
	case d.Class == Metal && d.Kind == Spot:
		in.Best = Quote
	}
	return in
}

// Declaration is the inverse of Declaration.Instrument, for a series of the instrument. It is nil for one that is known by itself.
func (in Instrument) Declaration(id SeriesID) *Declaration {
	if _, known := Lookup(in.ID); known {
		return nil
	}
	return &Declaration{Series: id, Class: in.Class, Kind: in.Kind, Unit: in.Unit, Currency: in.Currency, Calendar: in.Calendar}
}

// currencyOf returns the currency in an instrument's name: XAU-USD-PM is in USD.
func currencyOf(instrument string) string {
	_, quote, _ := strings.Cut(instrument, "-")
	currency, _, _ := strings.Cut(quote, "-")
	return currency
}

// words lists values for a sentence.
func words[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}
