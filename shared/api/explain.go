package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
)

// Explanation is the answer of /series/{id}/explain: one bar, and how it came about.
type Explanation struct {
	Series     string          `json:"series"`
	Interval   string          `json:"interval"`
	Time       string          `json:"time" format:"date-time" doc:"Start of the bar"`
	End        string          `json:"end" format:"date-time" doc:"Where the next bar starts"`
	Bar        *ExplainedBar   `json:"bar" doc:"null when there is none"`
	Votes      *int            `json:"votes,omitempty" doc:"Of a consensus: how many sources voted"`
	Dispersion *float64        `json:"dispersion,omitempty" doc:"Of a consensus: largest distance of a voting close from the median, in basis points"`
	Sources    []ExplainedVote `json:"sources" doc:"Of a consensus every source of the instrument, else the source itself"`
	Gap        *string         `json:"gap" doc:"Why there may be no bar, in a sentence"`
}

// TransformSchema says what may be null.
func (Explanation) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "bar")
}

// ExplainedBar is the value of a bar.
type ExplainedBar struct {
	Open   *float64 `json:"open"`
	High   *float64 `json:"high"`
	Low    *float64 `json:"low"`
	Close  *float64 `json:"close"`
	Volume *float64 `json:"volume"`
	Flags  []string `json:"flags"`
}

// ExplainedVote is one source's version of a bar.
type ExplainedVote struct {
	Source    string            `json:"source"`
	Series    string            `json:"series"`
	Role      string            `json:"role" doc:"Empty for a source that does not vote"`
	Verdict   string            `json:"verdict" doc:"What the consensus decided about it; empty where it was not asked"`
	Bar       *ExplainedBar     `json:"bar" doc:"null when it has none"`
	Authority string            `json:"authority,omitempty" enum:"own,given" doc:"The source's own interface, or somebody in its name"`
	Received  *string           `json:"received" format:"date-time" doc:"When the payload's last byte had arrived, the latest of them for a bar made of shorter ones"`
	Raw       *string           `json:"raw" doc:"The blob in container raw that holds the payload"`
	Joined    string            `json:"joined,omitempty" doc:"The blob that raw was joined into with the others of its day, and in which it is found now; absent before"`
	Rejects   []ExplainedReject `json:"rejects" doc:"What was refused of this bar, among the newest 1,000 that were refused of the series"`
}

// TransformSchema says what may be null.
func (ExplainedVote) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "bar")
}

// ExplainedReject is a refused field or row.
type ExplainedReject struct {
	Rule   string `json:"rule" doc:"Which rule refused it"`
	Field  string `json:"field,omitempty" doc:"Absent when the whole row was refused"`
	Reason string `json:"reason" doc:"Why, in a sentence"`
	Text   string `json:"text" doc:"The original text"`
	Raw    string `json:"raw" doc:"The blob in container raw that holds it; after 30 days its day's, <source>/<yyyy>/<mm>/<dd>.warc.gz"`
	Record int    `json:"record" doc:"Which WARC record of the blob, from 0"`
	Row    int    `json:"row" doc:"Which row of the record, from 1"`
}

type explainInput struct {
	ID       string `path:"id" doc:"An instrument, for its consensus, or one source's view of it" example:"XAU-USD.workshop"`
	T        moment `query:"t" required:"true" doc:"The bar that holds this time"`
	Interval string `query:"interval" default:"1d" enum:"1m,1h,1d" doc:"Of the bar"`
}

func (a *api) explain(ctx context.Context, in *explainInput) (reply, error) {
	if in.T == "" {
		return reply{}, badRequest("The parameter t is missing: want a time that the bar holds, such as t=2016-11-13.")
	}
	t, err := parseTime("t", in.T)
	if err != nil {
		return reply{}, err
	}
	i, err := parseInterval(in.Interval)
	if err != nil {
		return reply{}, err
	}
	if !i.IsStored() {
		return reply{}, badRequest("interval=%s: only stored bars can be explained, want 1m, 1h or 1d.", i)
	}
	s, err := a.find(ctx, in.ID)
	if err != nil {
		return reply{}, err
	}
	if !s.stored {
		return reply{}, s.missing()
	}
	e, err := a.explanation(ctx, s, i, i.Floor(t))
	if err != nil {
		return reply{}, err
	}
	return marshalled(e)
}

func (a *api) explanation(ctx context.Context, s known, i market.Interval, start int64) (Explanation, error) {
	e := Explanation{Series: s.ID.String(), Interval: i.String(), Time: printed(start), End: printed(i.Next(start)), Sources: []ExplainedVote{}}
	bar, decision, err := a.barAt(ctx, s.ID, i, start)
	if err != nil {
		return e, err
	}
	e.Bar = explained(bar)
	if bar == nil {
		e.Gap = s.gap(i, start)
	}
	if decision != nil {
		e.Votes, e.Dispersion = &decision.Votes, number(decision.Dispersion)
	}
	for _, source := range s.sources {
		if s.ID.Source != "" && source.ID != s.ID {
			continue
		}
		vote, err := a.vote(ctx, source, i, start)
		if err != nil {
			return e, err
		}
		if decision != nil {
			vote.Verdict = verdictOn(*decision, source.ID.Source)
		}
		e.Sources = append(e.Sources, vote)
	}
	return e, nil
}

// barAt reads one bar, nil if there is none, and how a consensus decided it.
func (a *api) barAt(ctx context.Context, id market.SeriesID, i market.Interval, start int64) (*market.Bar, *market.Decision, error) {
	answer, err := a.History.Read(ctx, history.Query{Series: id, Interval: i, From: start, To: i.Next(start)})
	switch {
	case err != nil || len(answer.Bars) == 0:
		return nil, nil, err
	case len(answer.Decisions) == 0:
		return &answer.Bars[0], nil, nil
	}
	return &answer.Bars[0], &answer.Decisions[0], nil
}

// vote describes a source's version of a bar, with the way back to its payload.
func (a *api) vote(ctx context.Context, source history.Entry, i market.Interval, start int64) (ExplainedVote, error) {
	v := ExplainedVote{Source: source.ID.Source, Series: source.ID.String(), Role: source.Role.String()}
	bar, _, err := a.barAt(ctx, source.ID, i, start)
	if err != nil {
		return v, err
	}
	v.Bar = explained(bar)
	if bar != nil && bar.Received > 0 {
		received := millis(bar.Received)
		v.Authority, v.Received = bar.Authority.String(), &received
		name, joined, err := a.Store.Blobs.FindRaw(ctx, source.ID.Source, bar.Received)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return v, err
		}
		if err == nil {
			raw := name.String()
			v.Raw, v.Joined = &raw, joined
		}
	}
	v.Rejects, err = a.rejectsAt(ctx, source.ID, start, i.Next(start))
	return v, err
}

func (a *api) rejectsAt(ctx context.Context, id market.SeriesID, from, to int64) ([]ExplainedReject, error) {
	rejections, err := a.Store.Rejects(ctx, id.String(), 0)
	if err != nil {
		return nil, err
	}
	found := []ExplainedReject{}
	for _, r := range rejections {
		if r.Start >= from && r.Start < to && r.Start != 0 {
			found = append(found, ExplainedReject{r.Rule, r.Field, r.Reason, r.Text, r.Blob.String(), r.Record, r.Row})
		}
	}
	return found, nil
}

// gap says why there may be no bar.
func (s known) gap(i market.Interval, start int64) *string {
	r, ok := s.reach(i)
	var text string
	switch {
	case !ok:
		text = fmt.Sprintf("No bar of %s is stored of this series: it has %s.", i, intervals(s.Entry))
	case start < r.from || start >= r.to:
		text = fmt.Sprintf("The stored bars of %s reach from %s to %s.", i, printed(r.from), printed(r.to))
	case !s.Instrument.Calendar.Expects(start, i):
		text = fmt.Sprintf("The market is closed then, by the calendar %s.", s.Instrument.Calendar)
	default:
		text = "No source gave a bar that could be used."
	}
	return &text
}

func verdictOn(d market.Decision, source string) string {
	n := slices.IndexFunc(d.Verdicts, func(v market.Verdict) bool { return v.Source == source })
	if n < 0 {
		return ""
	}
	return d.Verdicts[n].Ruling.String()
}

func explained(b *market.Bar) *ExplainedBar {
	if b == nil {
		return nil
	}
	return &ExplainedBar{number(b.Open), number(b.High), number(b.Low), number(b.Close), number(b.Volume), append([]string{}, b.Flags.Names()...)}
}

func number(v float64) *float64 {
	if market.IsAbsent(v) {
		return nil
	}
	return &v
}

// millis writes Unix milliseconds as RFC 3339 in UTC.
func millis(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
