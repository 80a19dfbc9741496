package api

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/fetch"
	"assay/shared/gaps"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/source"
)

// Gaps is the answer of /series/{id}/gaps.
type Gaps struct {
	Series   string         `json:"series"`
	Interval string         `json:"interval"`
	Every    string         `json:"every" doc:"How often a bar is due: the interval, or 5m for minutes that are quotes"`
	From     string         `json:"from" format:"date-time"`
	To       string         `json:"to" format:"date-time" doc:"Not included. The last ten minutes are not judged: their bars may be on their way"`
	Missing  map[string]int `json:"missing" doc:"How many bars are missing, by reason"`
	Gaps     []Gap          `json:"gaps" doc:"The oldest first; what is closed only with closed=true"`
	LeftOff  int            `json:"leftOff" doc:"How many more gaps there are than limit let through"`
}

// Gap is a run of missing bars.
type Gap struct {
	From    string            `json:"from" format:"date-time"`
	To      string            `json:"to" format:"date-time"`
	Bars    int               `json:"bars" doc:"How many are missing"`
	Reason  string            `json:"reason" doc:"Why the bars are missing, in a word or two"`
	Detail  string            `json:"detail" doc:"The reason in a sentence, and what can be done"`
	Sources map[string]string `json:"sources,omitempty" doc:"Of a consensus: why each source that may vote has none"`
}

// TransformSchema lists the reasons.
func (Gap) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	for _, reason := range gaps.Reasons {
		s.Properties["reason"].Enum = append(s.Properties["reason"].Enum, string(reason))
	}
	return s
}

type gapsInput struct {
	ID       string `path:"id" doc:"An instrument, for its consensus, or one source's view of it" example:"BTC-USD.kraken"`
	Interval string `query:"interval" default:"1d" enum:"1m,1h,1d" doc:"Of the bars" example:"1m"`
	From     moment `query:"from" doc:"By default five years before to, of minutes and hours 30 days"`
	To       moment `query:"to" doc:"By default now"`
	Closed   string `query:"closed" default:"false" enum:"false,true" doc:"List the times too in which the market is closed"`
	Limit    whole  `query:"limit" doc:"At most so many gaps (1 to 100000, by default 1000)" example:"100"`
}

const (
	notJudged   = 10 * time.Minute // how long a bar may be on its way
	quotesEvery = 5 * market.Minute
	mostRejects = 10_000 // that are looked through for one source
)

func (a *api) getGaps(ctx context.Context, in *gapsInput) (reply, error) {
	s, err := a.find(ctx, in.ID)
	if err != nil {
		return reply{}, err
	}
	i, err := parseInterval(in.Interval)
	if err != nil {
		return reply{}, err
	}
	if !i.IsStored() {
		return reply{}, badRequest("interval=%s: want 1m, 1h or 1d: only those are stored.", quoted(in.Interval))
	}
	closed, err := parseChoice("closed", in.Closed, "false", "true")
	if err != nil {
		return reply{}, err
	}
	limit, err := parseCount("limit", in.Limit, 1, 100_000, 1000)
	if err != nil {
		return reply{}, err
	}
	r, err := a.gapsRange(in, i)
	if err != nil {
		return reply{}, err
	}
	found, err := a.findGaps(ctx, s, i, r)
	if err != nil {
		return reply{}, err
	}
	answer := Gaps{
		Series: s.ID.String(), Interval: i.String(), Every: s.step(i).String(), From: printed(r.From), To: printed(r.To),
		Missing: map[string]int{}, Gaps: []Gap{},
	}
	for _, gap := range found {
		answer.Missing[string(gap.Reason)] += gap.Bars
		switch {
		case gap.Reason == string(gaps.Closed) && closed == "false":
		case len(answer.Gaps) == limit:
			answer.LeftOff++
		default:
			answer.Gaps = append(answer.Gaps, gap)
		}
	}
	return marshalled(answer)
}

// gapsRange fills in the defaults of a range, in whole bars that have ended for long enough.
func (a *api) gapsRange(in *gapsInput, i market.Interval) (market.Range, error) {
	from, to, err := parseRange("from", "to", in.From, in.To)
	if err != nil {
		return market.Range{}, err
	}
	judged := a.Now().Add(-notJudged).Unix()
	r := market.Range{To: i.Floor(min(either(to, judged), judged))}
	days := int64(30)
	if i == market.Day {
		days = 5 * 366
	}
	r.From = min(i.Ceil(either(from, r.To-days*int64(market.Day))), r.To)
	if bars := (r.To - r.From) / int64(i); bars > mostBars {
		return r, badRequest("The range holds %d bars: at most %d are looked at, ask for less of it.", bars, mostBars)
	}
	return r, nil
}

// findGaps finds the gaps of a series, or of a consensus.
func (a *api) findGaps(ctx context.Context, s known, i market.Interval, r market.Range) ([]Gap, error) {
	present, err := a.starts(ctx, s.ID, i, r, false)
	if err != nil {
		return nil, err
	}
	if s.ID.Source != "" {
		one, err := a.gapSeries(ctx, s, i, r, present)
		if err != nil {
			return nil, err
		}
		return describeGaps(s, i, one.Find(r), nil), nil
	}
	var voters []known
	var sources []gaps.Series
	for _, id := range s.mayVote() {
		voter := lookup(s.sources, id, s.Instrument)
		have, err := a.starts(ctx, id, i, r, false)
		if err != nil {
			return nil, err
		}
		one, err := a.gapSeries(ctx, voter, i, r, have)
		if err != nil {
			return nil, err
		}
		voters, sources = append(voters, voter), append(sources, one)
	}
	return describeGaps(s, i, gaps.Consensus(s.Instrument.Calendar, s.step(i), present, sources, r), voters), nil
}

// mayVote lists the series that may vote: those that are stored, and those of the sources that ask without being told to.
func (s known) mayVote() []market.SeriesID {
	var ids []market.SeriesID
	for _, e := range s.sources {
		if e.Role != market.NoRole {
			ids = append(ids, e.ID)
		}
	}
	for _, src := range source.All {
		id := market.SeriesID{Instrument: s.ID.Instrument, Source: src.Name}
		if src.Inert(nil, nil) == "" && source.Role(src.Name, s.Instrument) != market.NoRole && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// step returns how often a bar is due: of minutes that are quotes, as often as they are looked at.
func (s known) step(i market.Interval) market.Interval {
	src, provider := source.Find(s.ID.Source)
	quotes := provider && len(src.Past.Intervals) == 0 || s.ID.Source == "" && s.Instrument.Best == market.Quote
	if i == market.Minute && quotes {
		return quotesEvery
	}
	return i
}

// gapSeries gathers what is known of one source's series.
func (a *api) gapSeries(ctx context.Context, s known, i market.Interval, r market.Range, present []int64) (gaps.Series, error) {
	src, provider := source.Find(s.ID.Source)
	one := gaps.Series{Calendar: s.Instrument.Calendar, Step: s.step(i), Present: present, Provider: provider, Reach: math.MaxInt64}
	rejections, err := a.Store.Rejects(ctx, s.ID.String(), mostRejects)
	if err != nil {
		return one, err
	}
	for _, rejection := range rejections {
		one.Rejected = append(one.Rejected, rejection.Start)
	}
	slices.Sort(one.Rejected)
	if !provider {
		return one, nil
	}
	if reach, ok := src.Reach(s.Instrument, i, a.Now().Unix()); ok {
		one.Reach = reach
	}
	if one.Answered, err = a.Fetch.AnsweredFor(ctx, src.Name, fetch.Part{Instrument: s.ID.Instrument, Interval: i}); err != nil {
		return one, err
	}
	if source.Role(src.Name, s.Instrument) == market.Venue {
		one.Others, err = a.othersTraded(ctx, s, i, r)
	}
	return one, err
}

// othersTraded returns when other venues than one traded an instrument, ascending.
func (a *api) othersTraded(ctx context.Context, s known, i market.Interval, r market.Range) ([]int64, error) {
	var all []int64
	for _, e := range s.sources {
		if e.Role != market.Venue || e.ID == s.ID {
			continue
		}
		traded, err := a.starts(ctx, e.ID, i, r, true)
		if err != nil {
			return nil, err
		}
		all = append(all, traded...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// starts returns the starts of a series' bars, or of those only in which something traded.
func (a *api) starts(ctx context.Context, id market.SeriesID, i market.Interval, r market.Range, traded bool) ([]int64, error) {
	answer, err := a.History.Read(ctx, history.Query{Series: id, Interval: i, From: r.From, To: r.To})
	if err != nil {
		return nil, err
	}
	starts := make([]int64, 0, len(answer.Bars))
	for _, b := range answer.Bars {
		if !traded || !b.Flags.Has(market.Untraded) {
			starts = append(starts, b.Start)
		}
	}
	return starts, nil
}

func describeGaps(s known, i market.Interval, found []gaps.Gap, voters []known) []Gap {
	described := make([]Gap, len(found))
	for n, g := range found {
		d := Gap{From: printed(g.From), To: printed(g.To), Bars: g.Bars, Reason: string(g.Reason), Detail: s.why(g.Reason, i)}
		for k, reason := range g.Sources {
			if d.Sources == nil {
				d.Sources = map[string]string{}
			}
			d.Sources[voters[k].ID.Source] = string(reason)
			if reason == "" {
				d.Sources[voters[k].ID.Source] = "has it: the consensus follows"
			}
		}
		described[n] = d
	}
	return described
}
