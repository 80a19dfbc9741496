package api

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"assay/shared/group"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// RejectList is the answer of /rejects.
type RejectList struct {
	Series  string         `json:"series" doc:"A series, or a source whose rows name none"`
	Rejects []ListedReject `json:"rejects" doc:"The oldest first"`
}

// ListedReject is a refused field or row, with its time.
type ListedReject struct {
	Time *string `json:"time" format:"date-time" doc:"Start of the bar, if it could be read"`
	ExplainedReject
}

// ReceiptList is the answer of /receipts.
type ReceiptList struct {
	From     string    `json:"from" format:"date-time"`
	To       string    `json:"to" format:"date-time"`
	Receipts []Receipt `json:"receipts" doc:"The oldest first"`
}

// Receipt is a raw blob on its way.
type Receipt struct {
	Raw      string        `json:"raw" doc:"The blob in container raw"`
	Source   string        `json:"source"`
	Received string        `json:"received" format:"date-time" doc:"When its last byte had arrived"`
	State    string        `json:"state" enum:"stored,cleaned,loaded,rejected,dead" doc:"How far it has come"`
	Queued   *string       `json:"queued" format:"date-time" doc:"When its pointer was last queued"`
	Tries    int           `json:"tries" doc:"How often it was sent again"`
	Bars     int           `json:"bars" doc:"Bars that were accepted"`
	Rejects  int           `json:"rejects" doc:"Rows and fields that were refused"`
	Rules    int           `json:"rules" doc:"Version of the cleaning rules"`
	Reason   string        `json:"reason,omitempty" doc:"Why it was rejected"`
	Spans    []ReceiptSpan `json:"spans" doc:"What was touched"`
}

// ReceiptSpan is a run of bars that a payload touched.
type ReceiptSpan struct {
	Series   string `json:"series"`
	Interval string `json:"interval"`
	From     string `json:"from" format:"date-time"`
	To       string `json:"to" format:"date-time"`
}

// ReadRejects returns the JSON of /rejects for a caller that is not on HTTP: all of a series, or of a source. What it refuses is a
// *huma.ErrorModel.
func ReadRejects(ctx context.Context, o Options, series string) ([]byte, error) {
	a := &api{Options: o}
	in := &rejectsInput{Series: series, Limit: "100000"}
	return a.answer(ctx, func(ctx context.Context) (reply, error) { return a.listRejects(ctx, in) })
}

// ReadReceipts returns the JSON of /receipts for a caller that is not on HTTP: those of the last seven days.
func ReadReceipts(ctx context.Context, o Options) ([]byte, error) {
	a := &api{Options: o}
	return a.answer(ctx, func(ctx context.Context) (reply, error) { return a.listReceipts(ctx, &receiptsInput{}) })
}

type rejectsInput struct {
	Series string `query:"series" required:"true" doc:"A series, or a source whose rows name none" example:"XAU-USD.workshop"`
	Limit  whole  `query:"limit" doc:"At most so many (1 to 100000, by default 1000)" example:"100"`
}

var sourcePattern = regexp.MustCompile(`^[a-z0-9-]{2,24}$`)

func (a *api) listRejects(ctx context.Context, in *rejectsInput) (reply, error) {
	if _, err := market.ParseSeriesID(in.Series); err != nil && !sourcePattern.MatchString(in.Series) {
		return reply{}, badRequest("series=%s: want one source's series such as BTC-USD.kraken, or a source such as kraken for rows that name no series.", quoted(in.Series))
	}
	limit, err := parseCount("limit", in.Limit, 1, 100_000, 1000)
	if err != nil {
		return reply{}, err
	}
	rejections, err := a.Store.Rejects(ctx, in.Series, limit)
	if err != nil {
		return reply{}, err
	}
	list := RejectList{Series: in.Series, Rejects: make([]ListedReject, len(rejections))}
	for i, r := range rejections {
		list.Rejects[i].ExplainedReject = ExplainedReject{r.Rule, r.Field, r.Reason, r.Text, r.Blob.String(), r.Record, r.Row}
		if r.Start != 0 {
			list.Rejects[i].Time = printedOrNull(&r.Start)
		}
	}
	return marshalled(list)
}

type receiptsInput struct {
	Source string `query:"source" doc:"One source; by default all" example:"kraken"`
	From   moment `query:"from" doc:"Received at this time or later; by default seven days before to"`
	To     moment `query:"to" doc:"Received before this time; by default now"`
}

const mostReceiptDays = 366

func (a *api) listReceipts(ctx context.Context, in *receiptsInput) (reply, error) {
	if in.Source != "" && !sourcePattern.MatchString(in.Source) {
		return reply{}, badRequest("source=%s: want the name of a source, such as kraken.", quoted(in.Source))
	}
	from, to, err := parseRange("from", "to", in.From, in.To)
	if err != nil {
		return reply{}, err
	}
	r := span{to: either(to, a.Now().Unix()+1)}
	r.from = either(from, r.to-7*int64(market.Day))
	r.to = max(r.from, r.to)
	if r.to-r.from > mostReceiptDays*int64(market.Day) {
		return reply{}, badRequest("The range is longer than %d days: receipts are kept by the day, ask for fewer.", mostReceiptDays)
	}
	names := []string{in.Source}
	if in.Source == "" {
		if names, err = a.sourceNames(ctx); err != nil {
			return reply{}, err
		}
	}
	receipts, err := a.receipts(ctx, names, r)
	if err != nil {
		return reply{}, err
	}
	list := ReceiptList{From: printed(r.from), To: printed(r.to), Receipts: make([]Receipt, len(receipts))}
	for i, receipt := range receipts {
		list.Receipts[i] = DescribeReceipt(receipt)
	}
	return marshalled(list)
}

// receipts reads those of several sources at once, and sorts them by time.
func (a *api) receipts(ctx context.Context, sources []string, r span) ([]store.Receipt, error) {
	found := make([][]store.Receipt, len(sources))
	group, groupCtx := group.WithContext(ctx)
	group.SetLimit(4)
	for i, name := range sources {
		group.Go(func() (err error) {
			found[i], err = a.Store.Receipts(groupCtx, name, r.from*1000, r.to*1000)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := slices.Concat(found...)
	slices.SortFunc(all, func(a, b store.Receipt) int { return strings.Compare(a.Name.Key(), b.Name.Key()) })
	return all, nil
}

// sourceNames lists the sources that are known: the providers, and those that something is stored of.
func (a *api) sourceNames(ctx context.Context) ([]string, error) {
	entries, err := a.History.Entries(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range source.All {
		names = append(names, s.Name)
	}
	for _, e := range entries {
		if e.ID.Source != "" {
			names = append(names, e.ID.Source)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// DescribeReceipt returns a receipt as /receipts prints it.
func DescribeReceipt(r store.Receipt) Receipt {
	d := Receipt{
		Raw: r.Name.String(), Source: r.Name.Source, Received: millis(r.Name.Received), State: string(r.State), Tries: r.Tries,
		Bars: r.Bars, Rejects: r.Rejects, Rules: r.Rules, Reason: r.Reason, Spans: make([]ReceiptSpan, len(r.Spans)),
	}
	if r.Queued > 0 {
		queued := millis(r.Queued)
		d.Queued = &queued
	}
	for i, s := range r.Spans {
		d.Spans[i] = ReceiptSpan{s.Series.String(), s.Interval.String(), printed(s.From), printed(s.To)}
	}
	return d
}
