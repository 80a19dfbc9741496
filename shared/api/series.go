package api

import (
	"context"
	"slices"
	"strings"

	"assay/shared/history"
	"assay/shared/market"
)

// Series is what the catalogue says of one series.
type Series struct {
	ID        string            `json:"id" doc:"An instrument, for its consensus, or one source's view of it" example:"BTC-USD.kraken"`
	Name      string            `json:"name" doc:"For people"`
	Class     string            `json:"class" enum:"crypto,metal,fx" doc:"What is priced"`
	Kind      string            `json:"kind" enum:"spot,fix,future,token" doc:"What kind of price"`
	Unit      string            `json:"unit" doc:"What one price buys: a coin's code, or toz (troy ounce)"`
	Currency  string            `json:"currency" doc:"What the price is in, ISO 4217"`
	Calendar  string            `json:"calendar" doc:"When the market is expected to have a price"`
	Source    string            `json:"source,omitempty" doc:"Absent for a consensus"`
	Role      string            `json:"role,omitempty" enum:"venue,publisher,quote,aggregator" doc:"What the source is to the instrument; one without a role does not vote"`
	Intervals map[string]Extent `json:"intervals" doc:"How far the stored bars reach, by interval"`
}

// Extent is how far the stored bars of a series reach.
type Extent struct {
	First string `json:"first" format:"date-time" doc:"Start of the oldest bar"`
	Last  string `json:"last" format:"date-time" doc:"Start of the newest bar"`
}

// SeriesList is the answer of /series.
type SeriesList struct {
	Series []Series `json:"series" doc:"By id"`
}

// SeriesDetail is the answer of /series/{id}.
type SeriesDetail struct {
	Series
	Consensus bool     `json:"consensus" doc:"Whether this series is the consensus of others, and has bars"`
	Sources   []Series `json:"sources,omitempty" doc:"Of a bare instrument: the series that it has"`
}

type seriesInput struct {
	ID string `path:"id" doc:"An instrument, or one source's view of it" example:"BTC-USD"`
}

func (a *api) listSeries(ctx context.Context, _ *struct{}) (reply, error) {
	entries, err := a.History.Entries(ctx)
	if err != nil {
		return reply{}, err
	}
	return marshalled(SeriesList{describeAll(entries)})
}

func (a *api) getSeries(ctx context.Context, in *seriesInput) (reply, error) {
	s, err := a.find(ctx, in.ID)
	if err != nil {
		return reply{}, err
	}
	if !s.stored && (s.ID.Source != "" || len(s.sources) == 0) {
		return reply{}, s.missing()
	}
	detail := SeriesDetail{Series: describe(s.Entry), Consensus: s.stored && s.ID.Source == ""}
	if s.ID.Source == "" {
		detail.Sources = describeAll(s.sources)
	}
	return marshalled(detail)
}

// known is a series that was asked for, and what the catalogue knows around it.
type known struct {
	history.Entry                 // without intervals if nothing is stored
	stored        bool            // the catalogue has it
	sources       []history.Entry // the instrument's series, the consensus left out
}

// find looks a series up. A text that is no series id is a bad request, an instrument that nobody knows is not found; a series
// of a known instrument that is not stored is no error here.
func (a *api) find(ctx context.Context, text string) (known, error) {
	id, err := market.ParseSeriesID(text)
	if err != nil {
		return known{}, badRequest("%s is no series: want an instrument such as BTC-USD or XAU-USD-PM, or one source's view of it such as BTC-USD.kraken.", quoted(text))
	}
	in, ok := market.Lookup(id.Instrument)
	var classes []market.Class
	if ok {
		classes = append(classes, in.Class)
	}
	entries, err := a.History.Entries(ctx, classes...)
	if err == nil && !slices.ContainsFunc(entries, func(e history.Entry) bool { return e.ID == id }) { // it may have come since they were read
		entries, err = a.History.EntriesNow(ctx, classes...)
	}
	if err != nil {
		return known{}, err
	}
	if i := slices.IndexFunc(entries, func(e history.Entry) bool { return e.ID.Instrument == id.Instrument }); !ok && i >= 0 {
		in, ok = entries[i].Instrument, true
	}
	if !ok {
		return known{}, notFound("The instrument %s is not known: /api/v1/series lists what is stored.", id.Instrument)
	}
	return lookup(entries, id, in), nil
}

func lookup(entries []history.Entry, id market.SeriesID, in market.Instrument) known {
	s := known{Entry: history.Entry{ID: id, Instrument: in}}
	for _, e := range entries {
		if e.ID == id {
			s.Entry, s.stored = e, true
		}
		if e.ID.Instrument == id.Instrument && e.ID.Source != "" {
			s.sources = append(s.sources, e)
		}
	}
	return s
}

// missing says that a series has no bars, and what there is instead.
func (s known) missing() error {
	ids := make([]string, len(s.sources))
	for i, e := range s.sources {
		ids[i] = e.ID.String()
	}
	switch {
	case len(ids) == 0:
		return notFound("No price of %s is stored yet: /api/v1/series lists what is.", s.ID)
	case s.ID.Source != "":
		return notFound("No series %s is stored: of %s there is %s.", s.ID, s.ID.Instrument, strings.Join(ids, ", "))
	default:
		return notFound("%s has no consensus, because none of its series votes: ask for %s.", s.ID, strings.Join(ids, " or "))
	}
}

func describe(e history.Entry) Series {
	in := e.Instrument
	s := Series{
		ID: e.ID.String(), Name: name(e), Class: string(in.Class), Kind: string(in.Kind), Unit: in.Unit, Currency: in.Currency,
		Calendar: string(in.Calendar), Source: e.ID.Source, Intervals: map[string]Extent{},
	}
	if e.ID.Source != "" {
		s.Role = e.Role.String()
	}
	for i, x := range e.Intervals {
		s.Intervals[i.String()] = Extent{printed(x.First), printed(x.Last)}
	}
	return s
}

func describeAll(entries []history.Entry) []Series {
	all := make([]Series, len(entries))
	for i, e := range entries {
		all[i] = describe(e)
	}
	return all
}

// name names a series for people.
func name(e history.Entry) string {
	if e.ID.Source == "" {
		return e.Instrument.Name
	}
	return e.Instrument.Name + " (" + e.ID.Source + ")"
}
