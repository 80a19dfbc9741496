// Package source knows every provider and file format: the requests to make, and how bytes become rows. It is pure.
//
// All lists the sources, Parse turns a payload into rows, Detect finds the dataset of a file. A new provider is one file
// here and its entry in All.
package source

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"assay/shared/market"
)

// Source is a provider.
type Source struct {
	Name     string
	Title    string // for people
	Docs     string // URL of the provider's documentation
	Terms    string // in a sentence
	OptIn    bool   // asks nothing until ASSAY_ACCEPT_TERMS names it
	Key      Key    // without it it asks nothing; the zero Key for a source that needs none
	Manner   Manner
	Roles    map[market.Class]market.Role // what it is to the instruments of each class
	Budget   Budget
	Cadence  market.Interval                               // of what Requests asks for; 0 for a source that only files come from
	Symbol   func(market.Instrument) (string, bool)        // its name for an instrument; false when it has none
	Requests func(in market.Instrument, ask Ask) []Request // what to ask for one instrument, in order
	Feed     *Feed                                         // what it tells by itself; nil for a source that only answers
	Past     Past                                          // how it is asked for its history

	formats []format
}

// Manner is how a source answers, in sentences for people.
type Manner struct {
	Limits  string // how often it may be asked
	Window  string // how much one call returns
	History string // how far back it reaches
	Order   string // of the rows
	Empty   string // what becomes of an interval without trades
	Times   string // what its times mean
}

// Key is how a source takes the key that one has with it.
type Key struct {
	Setting string // holds the key
	Header  string // carries it: in a URL it could be stored or logged
}

// Budget is how often a source may be asked: at most Calls in every Per.
type Budget struct {
	Calls int
	Per   time.Duration
}

// Ask is what is wanted of an instrument's minute bars (or fixes): everything in [From, Now). From 0 means nothing is stored
// yet: the newest window of one call. Full also asks for the hours and days that the source publishes.
type Ask struct {
	From, Now int64 // Unix seconds
	Full      bool
}

// Request is one HTTP GET towards a source.
type Request struct {
	URL         string
	Header      http.Header
	Dataset     string // names the parser of the answer
	Series      []market.SeriesID
	Interval    market.Interval
	From, To    int64    // a good answer holds every bar in [From, To) that the source has, in Unix seconds; both 0 where only the newest price is asked for
	Conditional bool     // ask with If-None-Match and If-Modified-Since
	Else        *Request // what to ask instead when this fails; nil when there is no other way
}

// Payload is what a parser needs: Clean takes all of it from the raw record.
type Payload struct {
	Dataset  string
	Series   []market.SeriesID // what was asked or declared
	Interval market.Interval   // 0: the parser knows
	Status   int               // of the HTTP answer; 0 for a file
	Header   http.Header
	Body     []byte           // as stored; a file may be gzip or zip: the parser's Open unpacks it, bounded
	Open     func() io.Reader // in place of Body where the dataset is read InPieces: the body from its beginning, each time
	Received int64            // Unix milliseconds
	Options  Options          // what a file does not say itself
}

// only returns the series of a payload that holds one.
func (p Payload) only() (market.SeriesID, error) {
	if len(p.Series) != 1 || p.Series[0].Source == "" {
		return market.SeriesID{}, fmt.Errorf("payload is declared to hold %v, want one series of one source: %w", p.Series, ErrFormat)
	}
	return p.Series[0], nil
}

// Options say of a file what it does not say itself. They travel as JSON in Assay-Options.
type Options struct {
	Columns  map[string]string `json:"columns,omitempty"` // field (time, open, high, low, close, volume) to column name or 1-based number
	TimeZone string            `json:"tz,omitempty"`      // IANA name; UTC when empty
	Unit     string            `json:"unit,omitempty"`    // toz, g, kg
	Currency string            `json:"currency,omitempty"`
	Dates    string            `json:"dates,omitempty"` // dmy or mdy, where a file leaves it open
	Times    string            `json:"times,omitempty"` // s, ms or us, where a file leaves it open; of a push ns too

	Declared *market.Declaration `json:"declared,omitempty"` // of a series whose instrument is not known by itself: what it was declared to be
}

// Kinds of failure of a payload as a whole, for errors.Is. Only ErrLimited and ErrUnavailable can be helped by trying again.
var (
	ErrLimited       = errors.New("rate limited")
	ErrUnavailable   = errors.New("unavailable")
	ErrRefused       = errors.New("refused")
	ErrUnknownSymbol = errors.New("unknown symbol")
	ErrFormat        = errors.New("not in the documented format")
)

// ErrUnknownDataset says that this release has no parser for a dataset: another may have. Nothing is known of the payload.
var ErrUnknownDataset = errors.New("unknown dataset")

// All lists every source.
var All = []Source{coinbase, kraken, bitstamp, bitfinex, goldAPI, swissquote, ecb, lbma, nbp, binance, coinGecko}

// format is the way in which bytes hold prices: an answer's or a file's.
type format struct {
	dataset string
	parse   func(p Payload, emit func(market.Row)) error
	detect  func(f file) (Detected, bool) // nil for what is no file
}

// files lists the formats of files that no source of All gives away itself.
var files = []format{
	quandlGold, quandlSilver, lppm, cryptoDataDownload, coinMarketCap, yahoo, stooq, fred, monthly, workshop, columns,
}

// formats lists every format, those of All first.
func formats() []format {
	var all []format
	for _, s := range All {
		all = append(all, s.formats...)
	}
	return append(append(all, files...), pushes...)
}

// Find returns the source of this name.
func Find(name string) (Source, bool) {
	i := slices.IndexFunc(All, func(s Source) bool { return s.Name == name })
	if i < 0 {
		return Source{}, false
	}
	return All[i], true
}

// Inert returns why a source asks nothing, and how to turn it on, in a sentence; the empty text for one that is on. Accepted
// are the sources whose terms are accepted, and keys the keys by their settings.
func (s Source) Inert(accepted []string, keys map[string]string) string {
	switch {
	case s.OptIn && !slices.Contains(accepted, s.Name):
		return fmt.Sprintf("off until its terms are accepted: add %s to ASSAY_ACCEPT_TERMS. %s", s.Name, s.Terms)
	case s.Key.Setting != "" && keys[s.Key.Setting] == "":
		return fmt.Sprintf("off until it has a key: set %s. %s", s.Key.Setting, s.Terms)
	default:
		return ""
	}
}

// Role returns what a source is to an instrument: NoRole for a name that is no provider, and for an instrument that the
// provider has no name for, as the London fixes' publisher has none for spot gold.
func Role(name string, in market.Instrument) market.Role {
	s, found := Find(name)
	if !found {
		return market.NoRole
	}
	if _, has := s.Symbol(in); !has {
		return market.NoRole
	}
	return s.Roles[in.Class]
}

// Parse turns a payload into rows, in the payload's order. An error wraps one of the kinds above and means that nothing of
// the payload may be used; a single bad record is a row for the cleaner to refuse. A field that the payload's format has
// and the record lacks is emitted as Missing.
func Parse(p Payload, emit func(market.Row)) error {
	for _, f := range formats() {
		if f.dataset == p.Dataset {
			return f.parse(p, p.Options.into(emit))
		}
	}
	return fmt.Errorf("dataset %.40q: %w", p.Dataset, ErrUnknownDataset)
}

// into states unit and currency of rows that do not state them themselves.
func (o Options) into(emit func(market.Row)) func(market.Row) {
	if o.Unit == "" && o.Currency == "" {
		return emit
	}
	return func(row market.Row) {
		row.Unit, row.Currency = cmp.Or(row.Unit, o.Unit), cmp.Or(row.Currency, o.Currency)
		emit(row)
	}
}

// Missing is the text of a field that a format has and one record lacks: the cleaner says so of the bar. A field that the
// format does not have is the empty text, and nobody misses it.
const Missing = "null"

// Detected is what a file was recognised as.
type Detected struct {
	Dataset  string
	Source   string            // whose data it is: kraken, lbma, or the format's own name such as workshop
	Series   []market.SeriesID // what it holds, when the file says so; several for a file of several fixes
	Interval market.Interval   // 0 when the file does not say
}
