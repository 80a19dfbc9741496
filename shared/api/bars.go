package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"assay/shared/consensus"
	"assay/shared/history"
	"assay/shared/market"
)

// BarsHead is what every answer of bars says before the bars.
type BarsHead struct {
	Series      string      `json:"series"`
	Name        string      `json:"name" doc:"For people"`
	Interval    string      `json:"interval" doc:"Of the bars below: longer than the one asked for where maxPoints wanted it"`
	Requested   Requested   `json:"requested" doc:"The request as it was understood"`
	From        int64       `json:"from" doc:"Epoch seconds: the range of the bars below, defaults filled in"`
	To          int64       `json:"to" doc:"Epoch seconds, not included"`
	Unit        string      `json:"unit" doc:"What one price buys"`
	Currency    string      `json:"currency"`
	Calendar    string      `json:"calendar"`
	Freshness   Freshness   `json:"freshness" doc:"How far the stored bars reach"`
	Sources     []BarSource `json:"sources" doc:"Who the bars come from: of a consensus those that can vote"`
	Conversion  *Conversion `json:"conversion,omitempty" doc:"With currency or unit: how the prices were converted"`
	Notes       []string    `json:"notes,omitempty" doc:"What one should know about this answer, in sentences"`
	Conventions Conventions `json:"conventions" doc:"How to read the numbers"`
}

// Requested repeats the request as it was understood.
type Requested struct {
	Interval  string  `json:"interval"`
	From      *string `json:"from" format:"date-time" doc:"null where it was not given"`
	To        *string `json:"to" format:"date-time" doc:"null where it was not given"`
	MaxPoints *int    `json:"maxPoints" doc:"null where it was not given"`
	Fill      string  `json:"fill" enum:"none,previous" doc:"What becomes of missing bars"`
}

// Freshness says how far the stored bars reach that this answer is made of. It does not say how long ago that was: the same
// bars are the same answer.
type Freshness struct {
	Interval string  `json:"interval" doc:"The stored interval that was read"`
	First    *string `json:"first" format:"date-time" doc:"Start of the oldest stored bar"`
	Last     *string `json:"last" format:"date-time" doc:"Start of the newest stored bar"`
}

// BarSource is a source of a series.
type BarSource struct {
	Source string  `json:"source"`
	Role   string  `json:"role,omitempty" doc:"What the source is to the instrument: venue, publisher, quote or aggregator; absent where it does not vote"`
	Last   *string `json:"last" format:"date-time" doc:"Start of its newest stored bar, at any interval"`
}

// Conventions say how to read the numbers.
type Conventions struct {
	Time   string `json:"time" doc:"What the times are"`
	Range  string `json:"range" doc:"Which end belongs to a range"`
	Absent string `json:"absent" doc:"How a number that is absent is said"`
	Volume string `json:"volume" doc:"What volumes are in"`
}

// Quality counts what there is to know about the bars of an answer.
type Quality struct {
	Bars     int `json:"bars" doc:"Filled ones left out"`
	Expected int `json:"expected" doc:"Bars that the calendar expects in the part of the range that is stored"`
	Absent   int `json:"absent" doc:"Expected bars that are not there"`
	Flagged  int `json:"flagged" doc:"Bars with any flag"`
}

// BarsColumns is the answer of /series/{id}/bars, format=columns.
type BarsColumns struct {
	BarsHead
	Quality    Quality          `json:"quality" doc:"What there is to know about the bars"`
	Time       []int64          `json:"time" doc:"Starts of the bars, epoch seconds UTC, ascending"`
	Open       []*float64       `json:"open"`
	High       []*float64       `json:"high"`
	Low        []*float64       `json:"low"`
	Close      []*float64       `json:"close"`
	Volume     []*float64       `json:"volume"`
	Votes      []int            `json:"votes,omitempty" doc:"Of a consensus at a stored interval: how many sources voted"`
	Dispersion []*float64       `json:"dispersion,omitempty" doc:"Of a consensus at a stored interval: largest distance of a voting close from the median, in basis points"`
	Quotes     []int            `json:"quotes,omitempty" doc:"Where there are sampled bars: how many quotes or fixes each is made of, 0 for one that is not sampled"`
	Rate       []*float64       `json:"rate,omitempty" doc:"With currency: the exchange rate of each bar, null where none is young enough"`
	RateDate   []*string        `json:"rateDate,omitempty" doc:"The date of that rate"`
	NoRate     []int            `json:"noRate,omitempty" doc:"Positions in time of the bars without such a rate: the reason why their prices are null"`
	Flags      map[string][]int `json:"flags" doc:"Positions in time, from 0, of the bars that carry a flag"`
	Filled     []int            `json:"filled,omitempty" doc:"With fill=previous: positions of the bars that are not there and repeat the close before them"`
}

// BarsRows is the answer of /series/{id}/bars, format=rows.
type BarsRows struct {
	BarsHead
	Quality Quality  `json:"quality" doc:"What there is to know about the bars"`
	Rows    []BarRow `json:"rows" doc:"The oldest first"`
}

// BarRow is one bar. The OpenAPI document and the tests know it by this type; it is printed by appendRows.
type BarRow struct {
	Time   string   `json:"time" format:"date-time" doc:"Start of the bar"`
	Open   *float64 `json:"open"`
	High   *float64 `json:"high"`
	Low    *float64 `json:"low"`
	Close  *float64 `json:"close"`
	Volume *float64 `json:"volume"`
	Flags  []string `json:"flags"`
	Quotes int      `json:"quotes,omitempty" doc:"Of a sampled bar: how many quotes or fixes it is made of"`
	Filled bool     `json:"filled,omitempty" doc:"It is not there, and repeats the close before it"`

	Rate     *float64 `json:"rate,omitempty" doc:"With currency: the exchange rate"`
	RateDate string   `json:"rateDate,omitempty" doc:"The date of that rate"`
	NoRate   bool     `json:"noRate,omitempty" doc:"With currency: there is no rate that is young enough, which is why the prices are null"`
}

type barsInput struct {
	ID        string `path:"id" doc:"An instrument, for its consensus, or one source's view of it" example:"BTC-USD"`
	Interval  string `query:"interval" default:"1d" doc:"1m, 1h and 1d are stored; every multiple of them, 1w and 1mo are computed" example:"1h"`
	From      moment `query:"from" doc:"Bars that start at this time or later"`
	To        moment `query:"to" doc:"Bars that start before this time"`
	Source    string `query:"source" doc:"One source's view instead of the consensus" example:"kraken"`
	MaxPoints whole  `query:"maxPoints" doc:"The interval becomes the smallest multiple of a stored one that gives at most so many bars (2 to 600000)" example:"2000"`
	Fill      string `query:"fill" default:"none" enum:"none,previous" doc:"previous: a missing bar that the calendar expects repeats the close before it, and is named in filled"`
	Currency  string `query:"currency" enum:"EUR,USD" doc:"Convert the prices with the last rate of the ECB that was published by the end of each bar, at most five days old"`
	Unit      string `query:"unit" enum:"toz,g,kg" doc:"Of a metal: what one price buys"`
	Format    string `query:"format" default:"columns" enum:"columns,rows,csv,parquet" doc:"columns and rows are JSON"`
}

// barsRequest is barsInput, understood.
type barsRequest struct {
	request
	fill, format   string
	currency, unit string // empty: the series' own
	simulated      bool   // the prices are made up
}

func (in *barsInput) parse() (q barsRequest, err error) {
	if q.interval, err = parseInterval(in.Interval); err != nil {
		return q, err
	}
	if q.from, q.to, err = parseRange("from", "to", in.From, in.To); err != nil {
		return q, err
	}
	if q.maxPoints, err = parseCount("maxPoints", in.MaxPoints, 2, mostBars, 0); err != nil {
		return q, err
	}
	if q.fill, err = parseChoice("fill", in.Fill, "none", "previous"); err != nil {
		return q, err
	}
	if err = checkConversion(in.Currency, in.Unit); err != nil {
		return q, err
	}
	q.currency, q.unit = in.Currency, in.Unit
	q.format, err = parseChoice("format", in.Format, "columns", "rows", "csv", "parquet")
	return q, err
}

// seriesID joins the path and source, which may name a source only once.
func (in *barsInput) seriesID() (string, error) {
	if in.Source == "" {
		return in.ID, nil
	}
	id, err := market.ParseSeriesID(in.ID + "." + in.Source)
	if err != nil {
		return "", badRequest("source=%s: want the name of a source, such as kraken, and in the path a series without one.", quoted(in.Source))
	}
	return id.String(), nil
}

func (a *api) getBars(ctx context.Context, in *barsInput) (reply, error) {
	q, err := in.parse()
	if err != nil {
		return reply{}, err
	}
	id, err := in.seriesID()
	if err != nil {
		return reply{}, err
	}
	s, err := a.find(ctx, id)
	if err != nil {
		return reply{}, err
	}
	if !s.stored {
		return reply{}, s.missing()
	}
	p, err := s.choose(q.request)
	if err != nil {
		return reply{}, err
	}
	answer, err := a.History.Read(ctx, history.Query{Series: s.ID, Interval: p.base, From: p.read.from, To: p.read.to})
	if err != nil {
		return reply{}, err
	}
	if in := s.Instrument; q.unit != "" && grams[in.Unit] == 0 {
		return reply{}, badRequest("unit=%s: %s is priced by the %s, and only metals are sold by weight.", q.unit, s.ID, in.Unit)
	}
	c, err := a.conversion(ctx, s.Instrument, q.currency, q.unit, p.read)
	if err != nil {
		return reply{}, err
	}
	p.notes = append(p.notes, c.note()...)
	if q.simulated, err = a.simulated(ctx); err != nil {
		return reply{}, err
	}
	return a.barsReply(s, q, p, answer, c)
}

// barsReply makes the reply of the stored bars that a plan read.
func (a *api) barsReply(s known, q barsRequest, p plan, answer history.Answer, c conversion) (reply, error) {
	about := s.head(q, p, c)
	head, err := json.Marshal(about)
	if err != nil {
		return reply{}, err
	}
	late := provisional(s, p, answer, a.Now())
	body := func() []byte {
		t := tabulate(s, p, answer, late)
		t.bars = markStubs(t.calendar, t.interval, t.bars)
		if q.fill == "previous" {
			t = t.fill()
		}
		t.convert(c)
		if q.format == "parquet" {
			return t.parquet(head, about, a.Version, q.simulated)
		}
		return t.print(head, q.format)
	}
	r := reply{key: []string{"bars", q.format, string(head), answer.Hash, c.hash, fmt.Sprint(p.read, late)}, media: jsonMedia, body: body}
	r.header = [][2]string{{"Assay-Series", s.ID.String()}, {"Assay-Interval", p.interval.String()}}
	if media, isFile := fileMedia[q.format]; isFile {
		r.media = media
		r.header = append(r.header, [2]string{"Content-Disposition", fmt.Sprintf(`inline; filename="%s-%s.%s"`, s.ID, p.interval, q.format)})
	}
	return r, nil
}

func (s known) head(q barsRequest, p plan, c conversion) BarsHead {
	in := c.to
	h := BarsHead{
		Series: s.ID.String(), Name: name(s.Entry), Interval: p.interval.String(),
		Requested: Requested{Interval: q.interval.String(), From: printedOrNull(q.from), To: printedOrNull(q.to), Fill: q.fill},
		From:      p.from, To: p.to, Unit: in.Unit, Currency: in.Currency, Calendar: string(in.Calendar),
		Freshness: s.freshness(p.base), Sources: s.voters(), Conversion: c.describe(), Notes: p.notes,
		Conventions: Conventions{
			Time: "start of the bar, UTC", Range: "half-open: from is included, to is not", Absent: "null, never 0", Volume: "in " + in.Unit,
		},
	}
	if q.maxPoints > 0 {
		h.Requested.MaxPoints = &q.maxPoints
	}
	return h
}

// freshness says how far the bars reach that are stored of an interval, or the minutes that they are computed from.
func (s known) freshness(base market.Interval) Freshness {
	x, stored := s.Intervals[base]
	if minutes, ok := s.Intervals[market.Minute]; ok && !stored {
		base, x, stored = market.Minute, minutes, true
	}
	if !stored {
		return Freshness{Interval: base.String()}
	}
	return Freshness{base.String(), printedOrNull(&x.First), printedOrNull(&x.Last)}
}

// voters lists the sources of a consensus that have a role, or the one source of a series.
func (s known) voters() []BarSource {
	list := []BarSource{}
	for _, e := range s.sources {
		if s.ID.Source == "" && e.Role != market.NoRole || e.ID == s.ID {
			last := e.Last()
			list = append(list, BarSource{e.ID.Source, e.Role.String(), printedOrNull(&last)})
		}
	}
	return list
}

// table is the bars of an answer.
type table struct {
	interval  market.Interval
	calendar  market.Calendar
	part      span // of the range: what anything is stored of
	bars      []market.Bar
	decisions []market.Decision // one per bar, or none
	filled    []int             // positions of bars that are not there
	rates     []*market.Bar     // of currencies, that the bars were converted with, nil for none; no list where the currency stays
}

// tabulate makes the bars of an answer out of those that were read.
func tabulate(s known, p plan, answer history.Answer, late []int) table {
	t := table{interval: p.interval, calendar: s.Instrument.Calendar, part: p.read, bars: answer.Bars, decisions: answer.Decisions}
	if p.interval != p.base {
		t.bars, t.decisions = consensus.Aggregate(t.calendar, answer.Bars, p.base, p.interval), nil
	}
	if len(late) > 0 {
		t.bars = slices.Clone(t.bars) // what was read is shared
	}
	for _, n := range late {
		t.bars[n].Flags |= market.Provisional
	}
	return t
}

// convert brings the bars into another currency and unit.
func (t *table) convert(c conversion) {
	bars, rate := c.convert(t.bars, t.interval)
	t.bars = bars
	for _, n := range rate {
		var used *market.Bar
		if n >= 0 {
			used = &c.rates[n]
		}
		t.rates = append(t.rates, used)
	}
}

func parseInterval(text string) (market.Interval, error) {
	if text == "" {
		return market.Day, nil
	}
	i, err := market.ParseInterval(text)
	if err != nil {
		return 0, badRequest("interval=%s: want a number and a unit up to ten years, such as 1m, 15m, 1h, 1d, 1w or 1mo.", quoted(text))
	}
	return i, nil
}

func printedOrNull(seconds *int64) *string {
	if seconds == nil {
		return nil
	}
	text := printed(*seconds)
	return &text
}
