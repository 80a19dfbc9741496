package market

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Class is the family of an instrument. It is the partition key of the catalogue.
type Class string

// The classes.
const (
	Crypto Class = "crypto"
	Metal  Class = "metal"
	FX     Class = "fx"
)

// Classes lists the classes.
var Classes = []Class{Crypto, Metal, FX}

// Kind says what sort of price an instrument is. Kinds are never mixed.
type Kind string

// The kinds.
const (
	Spot   Kind = "spot"
	Fix    Kind = "fix"
	Future Kind = "future"
	Token  Kind = "token"
)

// Kinds lists the kinds.
var Kinds = []Kind{Spot, Fix, Future, Token}

// Instrument is what is priced, its kind included.
type Instrument struct {
	ID       string // BTC-USD, XAU-USD-PM
	Name     string // for people
	Class    Class
	Kind     Kind
	Unit     string // what one price buys: a coin's code, toz (troy ounce) or g (gram)
	Currency string // what the price is in: ISO 4217, or a coin such as USDT
	Calendar Calendar
	Best     Role // the best role that a source of it can have: a bar voted by a lower one says so
}

// Instruments lists every instrument that is known by itself.
var Instruments = []Instrument{
	coin("BTC-USD", "Bitcoin"), coin("ETH-USD", "Ether"), coin("LTC-USD", "Litecoin"),
	{"PAXG-USD", "PAX Gold token", Crypto, Token, "PAXG", "USD", Always, Venue},
	metal("XAU-USD", "Gold"), metal("XAG-USD", "Silver"), metal("XPT-USD", "Platinum"), metal("XPD-USD", "Palladium"),
	fix("XAU-USD-AM", "Gold, London morning fix"), fix("XAU-USD-PM", "Gold, London afternoon fix"),
	fix("XAG-USD-FIX", "Silver, London fix"),
	fix("XPT-USD-AM", "Platinum, London morning fix"), fix("XPT-USD-PM", "Platinum, London afternoon fix"),
	fix("XPD-USD-AM", "Palladium, London morning fix"), fix("XPD-USD-PM", "Palladium, London afternoon fix"),
	{"XAU-PLN-FIX", "Gold, price of the National Bank of Poland", Metal, Fix, "g", "PLN", Warsaw, Publisher},
	future("XAU-USD-FUT", "Gold future"), future("XAG-USD-FUT", "Silver future"),
	future("XPT-USD-FUT", "Platinum future"), future("XPD-USD-FUT", "Palladium future"),
	{"EUR-USD", "Euro", FX, Spot, "EUR", "USD", Target, Publisher},
}

func coin(id, name string) Instrument {
	return Instrument{id, name, Crypto, Spot, strings.TrimSuffix(id, "-USD"), "USD", Always, Venue}
}

func metal(id, name string) Instrument {
	return Instrument{id, name, Metal, Spot, "toz", "USD", MetalSession, Quote}
}

func fix(id, name string) Instrument {
	return Instrument{id, name, Metal, Fix, "toz", "USD", London, Publisher}
}

func future(id, name string) Instrument {
	return Instrument{id, name, Metal, Future, "toz", "USD", NewYork, Venue}
}

// Lookup returns the instrument of this id, if it is one of Instruments.
func Lookup(id string) (Instrument, bool) {
	i := slices.IndexFunc(Instruments, func(in Instrument) bool { return in.ID == id })
	if i < 0 {
		return Instrument{}, false
	}
	return Instruments[i], true
}

// Money by itself is no coin, but coins are traded for it. A stablecoin is not the dollar: BTC-USDT is an instrument of its own
// and never votes on BTC-USD.
var (
	money  = []string{"USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "PLN", "BRL", "TRY", "KRW", "SGD", "CNY", "INR"}
	quotes = append([]string{"USDT", "USDC", "BTC", "ETH"}, money...)
	metals = []string{"XAU", "XAG", "XPT", "XPD"}
)

// Coin returns the instrument that an id names which is not one of Instruments: a coin and what it is traded for, such as
// DOGE-EUR. It is for ids that somebody has chosen to gather: that a pair has a name does not mean that it exists.
func Coin(id string) (Instrument, bool) {
	base, quote, _ := strings.Cut(id, "-")
	switch {
	case !seriesPattern.MatchString(id), !slices.Contains(quotes, quote), base == quote:
		return Instrument{}, false
	case slices.Contains(money, base), slices.Contains(metals, base):
		return Instrument{}, false
	}
	return Instrument{id, base + " in " + quote, Crypto, Spot, base, quote, Always, Venue}, true
}

// SeriesID names an instrument as one source sees it, or the consensus when Source is empty.
type SeriesID struct {
	Instrument string
	Source     string
}

var seriesPattern = regexp.MustCompile(`^([A-Z0-9]{2,12}-[A-Z]{3,5}(?:-[A-Z]{2,4})?)(?:\.([a-z0-9-]{2,24}))?$`)

// ParseSeriesID reads BTC-USD or BTC-USD.kraken. Nothing else may be used in a path, a key or a filter.
func ParseSeriesID(s string) (SeriesID, error) {
	m := seriesPattern.FindStringSubmatch(s)
	if m == nil {
		return SeriesID{}, fmt.Errorf("series %.60q: want an instrument such as BTC-USD or XAU-USD-PM, or one source's view of it such as BTC-USD.kraken", s)
	}
	return SeriesID{m[1], m[2]}, nil
}

// String is the inverse of ParseSeriesID.
func (id SeriesID) String() string {
	if id.Source == "" {
		return id.Instrument
	}
	return id.Instrument + "." + id.Source
}

// Compare orders ids by instrument, then source.
func (id SeriesID) Compare(o SeriesID) int {
	if c := strings.Compare(id.Instrument, o.Instrument); c != 0 {
		return c
	}
	return strings.Compare(id.Source, o.Source)
}

// MarshalText and UnmarshalText let an id stand in JSON as it is written.
func (id SeriesID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText refuses what ParseSeriesID refuses.
func (id *SeriesID) UnmarshalText(text []byte) error {
	parsed, err := ParseSeriesID(string(text))
	*id = parsed
	return err
}
