package api

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"assay/shared/consensus"
	"assay/shared/group"
	"assay/shared/market"
)

// ExpensiveThings is the answer of /expensive-things: what the page draws.
type ExpensiveThings struct {
	From     int64   `json:"from" doc:"Epoch seconds: the range of the bars, defaults filled in"`
	To       int64   `json:"to" doc:"Epoch seconds, not included"`
	Interval string  `json:"interval" doc:"1d, or longer where maxPoints asked for it"`
	Step     int64   `json:"step" doc:"The interval in seconds"`
	Assets   []Thing `json:"assets" doc:"Bitcoin, gold, silver, platinum"`
}

// Thing is one asset of ExpensiveThings.
type Thing struct {
	ThingHead
	Time  []int64          `json:"time" doc:"Starts of the bars, epoch seconds UTC, ascending; a bar that is not there is not listed"`
	Open  []*float64       `json:"open,omitempty" doc:"Where the interval is longer than a day, as high and low"`
	High  []*float64       `json:"high,omitempty"`
	Low   []*float64       `json:"low,omitempty"`
	Close []*float64       `json:"close"`
	Flags map[string][]int `json:"flags" doc:"Positions in time, from 0, of the bars that carry a flag"`
}

// ThingHead says which series stands for an asset, and why.
type ThingHead struct {
	Asset        string        `json:"asset" enum:"bitcoin,gold,silver,platinum" doc:"One of the four"`
	Title        string        `json:"title" doc:"The asset, for people"`
	Series       *string       `json:"series" doc:"The series chosen; null when nothing of the asset is stored"`
	Name         string        `json:"name" doc:"The series, for people"`
	Kind         string        `json:"kind" doc:"What kind of price: spot, fix, future or token"`
	Unit         string        `json:"unit"`
	Currency     string        `json:"currency"`
	Calendar     string        `json:"calendar"`
	First        *string       `json:"first" format:"date-time" doc:"Start of the oldest bar of a day that is stored of the series"`
	Last         *string       `json:"last" format:"date-time" doc:"Start of the newest bar of a day that is stored of the series"`
	Reason       string        `json:"reason" doc:"Why this series, in a sentence"`
	Alternatives []Alternative `json:"alternatives" doc:"The other series that were looked at"`
}

// Alternative is a series that could have stood for an asset.
type Alternative struct {
	Series   string `json:"series"`
	Bars     int    `json:"bars" doc:"On days that its calendar expects"`
	Expected int    `json:"expected" doc:"Bars that its calendar expects"`
}

type expensiveInput struct {
	From      moment `query:"from" doc:"Days that start at this time or later; by default five years before to"`
	To        moment `query:"to" doc:"Days that start before this time; by default the end of the newest bar"`
	MaxPoints whole  `query:"maxPoints" doc:"Where an asset would have more bars, the interval of all four is a multiple of a day (2 to 100000, by default 4000)" example:"2000"`
}

func (a *api) expensiveThings(ctx context.Context, in *expensiveInput) (reply, error) {
	from, to, err := parseRange("from", "to", in.From, in.To)
	if err != nil {
		return reply{}, err
	}
	most, err := parseCount("maxPoints", in.MaxPoints, 2, 100_000, 4000)
	if err != nil {
		return reply{}, err
	}
	entries, err := a.History.Entries(ctx)
	if err != nil {
		return reply{}, err
	}
	candidates, stored := things(entries)
	r := yearsBack(from, to, stored.to, 5)
	looked := make([][]choice, len(assets))
	group, groupCtx := group.WithContext(ctx)
	for i := range assets {
		group.Go(func() (err error) {
			looked[i], err = a.choose(groupCtx, candidates[i], r.cut(stored))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return reply{}, err
	}
	return drawn(r, looked, most)
}

// yearsBack fills in what is not given of a range: to is newest, from lies some calendar years before to.
func yearsBack(from, to *int64, newest int64, years int) span {
	r := span{to: either(to, newest)}
	r.from = either(from, time.Unix(r.to, 0).UTC().AddDate(-years, 0, 0).Unix())
	return span{r.from, max(r.from, r.to)}
}

// drawn makes the reply of what was chosen.
func drawn(r span, looked [][]choice, most int) (reply, error) {
	interval := market.Day
	for _, choices := range looked {
		if len(choices) > 0 {
			interval = max(interval, fitting(interval, market.Day, choices[0].plan.read, most))
		}
	}
	head, err := json.Marshal(ExpensiveThings{From: r.from, To: r.to, Interval: interval.String(), Step: int64(interval)})
	if err != nil {
		return reply{}, err
	}
	key, heads := []string{"expensive", string(head)}, make([][]byte, len(looked))
	for i, choices := range looked {
		if heads[i], err = json.Marshal(thingHead(assets[i], choices)); err != nil {
			return reply{}, err
		}
		key = append(key, string(heads[i]))
		if len(choices) > 0 {
			key = append(key, choices[0].answer.Hash)
		}
	}
	body := func() []byte {
		out := append([]byte(nil), strings.TrimSuffix(string(head), "null}")...)
		out = append(out, '[')
		for i, choices := range looked {
			out = append(comma(out, i), heads[i][:len(heads[i])-1]...)
			out = append(appendThing(out, choices, interval), '}')
		}
		return append(out, "]}"...)
	}
	return reply{key: key, media: jsonMedia, body: body}, nil
}

func appendThing(out []byte, choices []choice, interval market.Interval) []byte {
	var bars []market.Bar
	if len(choices) > 0 {
		bars = choices[0].bars
	}
	fields := []market.Field{market.Close}
	if interval != market.Day {
		if len(bars) > 0 {
			bars = consensus.Aggregate(choices[0].series.Instrument.Calendar, bars, market.Day, interval)
		}
		fields = []market.Field{market.Open, market.High, market.Low, market.Close}
	}
	out = appendTimes(out, bars)
	for _, f := range fields {
		out = appendField(out, bars, f)
	}
	return appendFlags(out, bars)
}

func thingHead(one asset, choices []choice) ThingHead {
	h := ThingHead{Asset: one.name, Title: one.title, Alternatives: []Alternative{}}
	if len(choices) == 0 {
		in, _ := market.Lookup(one.instrument)
		h.Name, h.Kind, h.Unit, h.Currency, h.Calendar = in.Name, string(in.Kind), in.Unit, in.Currency, string(in.Calendar)
		h.Reason = "Nothing of " + strings.ToLower(one.title) + " is stored yet: `assay import FILE` brings prices in."
		return h
	}
	s := choices[0].series
	id, in := s.ID.String(), s.Instrument
	h.Series, h.Name, h.Kind, h.Unit, h.Currency, h.Calendar = &id, name(s.Entry), string(in.Kind), in.Unit, in.Currency, string(in.Calendar)
	h.Reason = choices[0].String()
	if reach, ok := s.reach(s.base(market.Day)); ok {
		first, last := market.Day.Floor(reach.from), market.Day.Floor(reach.to-1)
		h.First, h.Last = printedOrNull(&first), printedOrNull(&last)
	}
	for _, c := range choices[1:] {
		h.Alternatives = append(h.Alternatives, Alternative{c.series.ID.String(), c.onCalendar, c.expected})
	}
	return h
}
