package api

import (
	"context"
	"maps"
	"slices"
	"strings"

	"assay/shared/chart"
	"assay/shared/market"
)

// JobRequest is what a job is asked to make. What a kind does not take has to be absent.
type JobRequest struct {
	Kind       string            `json:"kind" enum:"backtest,clustering,cointegration,export,garch,images" doc:"backtest, garch: the analysis of every series. cointegration: of every pair, both ways. clustering: of all together, with the dendrogram and the correlations as pictures. export: bars as files. images: pictures"`
	Series     []string          `json:"series,omitempty" maxItems:"40" doc:"By default the assets of the watchlist that have a consensus" example:"[\"BTC-USD\",\"XAU-USD\"]"`
	Interval   string            `json:"interval,omitempty" default:"1d" doc:"Of the bars"`
	From       moment            `json:"from,omitempty" doc:"By default all that is stored"`
	To         moment            `json:"to,omitempty" doc:"By default the end of the last bar that was over when the job was submitted"`
	Currency   string            `json:"currency,omitempty" enum:"EUR,USD" doc:"Convert prices with the rates of the ECB"`
	Unit       string            `json:"unit,omitempty" enum:"toz,g,kg" doc:"Of metals: what one price buys"`
	Charts     []string          `json:"charts,omitempty" doc:"Of images: which, as under /api/v1/charts" example:"[\"prices.svg\",\"drawdown.png\"]"`
	Parameters map[string]string `json:"parameters,omitempty" doc:"More parameters, as text: those of /api/v1/analysis/{kind}, of pictures those of /api/v1/charts, and of export format: csv or parquet"`
}

// jobKind is a kind of job: how many series it takes, and whether they are read one at a time.
type jobKind struct {
	least int
	each  bool
}

var jobKinds = map[string]jobKind{
	"backtest":      {1, true},
	"clustering":    {2, false},
	"cointegration": {2, false},
	"export":        {1, true},
	"garch":         {1, true},
	"images":        {1, false},
}

const (
	mostJobSeries = chart.MaxCells
	mostPictures  = 12
	jobResult     = "result.json" // has all that a job computed
)

// clusteringPictures are drawn by a job of the kind clustering.
var clusteringPictures = []string{"dendrogram.svg", "dendrogram.png", "correlation.svg", "correlation.png"}

// pictureParameters are what every picture takes, and no analysis.
var pictureParameters = []string{"width", "height", "theme"}

// ownMembers of a request are not to be said again in its parameters.
var ownMembers = []string{"series", "interval", "from", "to", "currency", "unit"}

// Complete checks a request and fills in what it leaves open, so that it means the same whenever the job runs.
func (j *Jobs) Complete(ctx context.Context, r *JobRequest) error {
	kind, known := jobKinds[r.Kind]
	if !known {
		return badRequest("kind=%s: want %s.", quoted(r.Kind), strings.Join(slices.Sorted(maps.Keys(jobKinds)), ", "))
	}
	if err := j.fill(ctx, r); err != nil {
		return err
	}
	if n := len(r.Series); n < kind.least || n > mostJobSeries {
		return badRequest("series: these are %d, and a job of the kind %s takes %d to %d.", n, r.Kind, kind.least, mostJobSeries)
	}
	if err := r.check(); err != nil {
		return err
	}
	if !kind.each {
		return j.readable(ctx, r, r.Series...)
	}
	for _, id := range r.Series {
		if err := j.readable(ctx, r, id); err != nil {
			return err
		}
	}
	return nil
}

// fill fills in the series, the interval, the end of the range, and the models.
func (j *Jobs) fill(ctx context.Context, r *JobRequest) error {
	i, err := parseInterval(r.Interval)
	if err != nil {
		return err
	}
	r.Interval = i.String()
	if r.To == "" {
		r.To = moment(printed(i.Floor(j.api.Now().Unix())))
	}
	if r.Kind == "backtest" && r.Parameters["models"] == "" {
		r.Parameters = maps.Clone(r.Parameters)
		if r.Parameters == nil {
			r.Parameters = map[string]string{}
		}
		r.Parameters["models"] = "naive,drift,theta,ets"
	}
	if len(r.Series) == 0 {
		r.Series, err = j.watched(ctx, i)
	}
	return err
}

// watched lists the assets of the watchlist that have a consensus of an interval.
func (j *Jobs) watched(ctx context.Context, i market.Interval) ([]string, error) {
	entries, err := j.api.History.Entries(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		s := lookup(entries, e.ID, e.Instrument)
		asset := e.Instrument.Class != market.FX && e.Instrument.Kind != market.Fix
		if e.ID.Source == "" && asset && s.base(i) != 0 && slices.Contains(j.api.Watchlist, e.ID.Instrument) {
			ids = append(ids, e.ID.String())
		}
	}
	if len(ids) == 0 {
		return nil, badRequest("series: nothing of the watchlist has a consensus with bars of %s yet; name some.", i)
	}
	return ids, nil
}

// check checks the pictures and the queries that a request asks for.
func (r *JobRequest) check() error {
	if models := r.Parameters["models"]; r.Kind == "backtest" && slices.Contains(strings.Split(models, ","), "") {
		return badRequest("models=%s: want names separated by commas, such as drift,theta.", quoted(models))
	}
	if r.Kind == "images" && (len(r.Charts) == 0 || len(r.Charts) > mostPictures) {
		return badRequest("charts: want 1 to %d pictures, such as prices.svg.", mostPictures)
	}
	if r.Kind != "images" && len(r.Charts) > 0 {
		return badRequest("A job of the kind %s takes no charts.", r.Kind)
	}
	takes := r.takes()
	for _, name := range slices.Sorted(maps.Keys(r.Parameters)) {
		if !slices.Contains(takes, name) {
			return badRequest("There is no parameter %s of a job of the kind %s: want %s.", quoted(name), r.Kind, strings.Join(takes, ", "))
		}
	}
	files := r.files()
	for n, f := range files {
		if slices.ContainsFunc(files[:n], func(o jobFile) bool { return o.name == f.name }) {
			return badRequest("%s would be made twice: name each series, picture and model once.", f.name)
		}
		if err := r.checkFile(f); err != nil {
			return err
		}
	}
	return nil
}

// takes lists the parameters that the job may have.
func (r *JobRequest) takes() []string {
	switch r.Kind {
	case "clustering": // fewer than the analysis: all its files have to be of the same
		return append([]string{"linkage", "clusters"}, pictureParameters...)
	case "export":
		return []string{"format"}
	case "images":
		takes := slices.Clone(pictureParameters)
		for _, chart := range r.Charts {
			kind, _, _ := strings.Cut(chart, ".")
			takes = append(takes, chartKinds[kind].takes...)
		}
		return distinct(takes)
	}
	k, _ := kindOf(r.Kind)
	return slices.DeleteFunc(k.names(), func(name string) bool { return slices.Contains(ownMembers, name) })
}

// checkFile checks what one file is made from.
func (r *JobRequest) checkFile(f jobFile) error {
	switch {
	case f.picture:
		_, err := r.picture(f.name).parse()
		return err
	case f.bars != "":
		_, err := parseChoice("format", r.exportFormat(), "csv", "parquet")
		return err
	}
	for _, q := range f.queries {
		k, err := kindOf(r.Kind)
		if err == nil {
			_, err = k.read(q.Encode())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// picture is the request for one picture of the job.
func (r *JobRequest) picture(name string) *chartInput {
	kind, _, _ := strings.Cut(name, ".")
	own := func(parameter string) string {
		if slices.Contains(chartKinds[kind].takes, parameter) {
			return r.Parameters[parameter]
		}
		return ""
	}
	return &chartInput{
		Picture: name, Series: strings.Join(r.Series, ","), Interval: r.Interval, From: r.From, To: r.To, Currency: r.Currency, Unit: r.Unit,
		Width: whole(r.Parameters["width"]), Height: whole(r.Parameters["height"]), Theme: r.Parameters["theme"], Scale: own("scale"), Method: own("method"),
		Linkage: own("linkage"), Clusters: whole(own("clusters")), Model: own("model"), Horizon: whole(own("horizon")),
	}
}

// readable reads what the job will read: what has no bars is refused before anything is begun.
func (j *Jobs) readable(ctx context.Context, r *JobRequest, ids ...string) error {
	var w wanted
	if err := r.picture("").parseWanted(&w); err != nil {
		return err
	}
	list, err := j.api.observe(ctx, ids, w)
	if err != nil {
		return err
	}
	for n := range list {
		if len(list[n].bars) == 0 {
			return badRequest("%s has no bars of %s in this range.", list[n].ID, r.Interval)
		}
	}
	if r.Kind == "clustering" {
		_, _, err = clustered(list, "pearson", "average")
	}
	return err
}
