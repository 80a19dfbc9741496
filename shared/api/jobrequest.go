package api

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"assay/shared/analysis"
	"assay/shared/chart"
	"assay/shared/market"
)

// JobRequest is what a job is asked to make. What a kind does not take has to be absent.
type JobRequest struct {
	Kind     string   `json:"kind" enum:"backtest,clustering,cointegration,export,garch,images" doc:"backtest: how far the models' forecasts were off on the past. clustering: the groups of series that move together, with pictures. cointegration: the Engle-Granger test of every pair, both ways. export: bars as CSV. garch: a GARCH(1,1) of every series. images: pictures, as /api/v1/charts draws them"`
	Series   []string `json:"series,omitempty" maxItems:"40" doc:"By default the assets of the watchlist that have a consensus" example:"[\"BTC-USD\",\"XAU-USD\"]"`
	Interval string   `json:"interval,omitempty" default:"1d"`
	From     string   `json:"from,omitempty" doc:"By default all that is stored"`
	To       string   `json:"to,omitempty" doc:"By default the end of the last bar that was over when the job was submitted"`
	Currency string   `json:"currency,omitempty" enum:"EUR,USD"`
	Unit     string   `json:"unit,omitempty" enum:"toz,g,kg"`

	Charts   []string `json:"charts,omitempty" doc:"Of images: which, such as prices.svg" example:"[\"prices.svg\",\"drawdown.png\"]"`
	Scale    string   `json:"scale,omitempty" enum:"linear,log,rebased" doc:"Of images"`
	Width    int      `json:"width,omitempty" doc:"Of images and clustering: pixels"`
	Height   int      `json:"height,omitempty" doc:"Of images and clustering: pixels"`
	Theme    string   `json:"theme,omitempty" enum:"light,dark" doc:"Of images and clustering"`
	Method   string   `json:"method,omitempty" enum:"pearson,spearman" doc:"Of clustering and images"`
	Linkage  string   `json:"linkage,omitempty" enum:"average,single,complete,ward" doc:"Of clustering and images"`
	Clusters int      `json:"clusters,omitempty" doc:"Of clustering and images: how many groups"`

	Models  []string `json:"models,omitempty" doc:"Of backtest: theta, drift, ets, arima; by default the first three"`
	Horizon int      `json:"horizon,omitempty" doc:"Of backtest: bars ahead (1 to 365, by default 30)"`
	Origins int      `json:"origins,omitempty" doc:"Of backtest: from about how many times in the newer half of the past the models forecast (1 to 200, by default 50)"`
}

// jobKind is a kind of job: the parameters that only some kinds have, how many series it needs, and how many fit.
type jobKind struct {
	takes       []string
	least, most int
}

var pictureParameters = []string{"width", "height", "theme", "method", "linkage", "clusters"}

var jobKinds = map[string]jobKind{
	"backtest":      {[]string{"models", "horizon", "origins"}, 1, chart.MaxCells},
	"clustering":    {pictureParameters, 2, chart.MaxCells},
	"cointegration": {nil, 2, chart.MaxCells},
	"export":        {nil, 1, chart.MaxCells},
	"garch":         {nil, 1, chart.MaxCells},
	"images":        {append([]string{"charts", "scale"}, pictureParameters...), 1, chart.MaxCells},
}

// clusteringPictures are drawn by a job of the kind clustering.
var clusteringPictures = []string{"dendrogram.svg", "dendrogram.png", "correlation.svg", "correlation.png"}

// jobResult is the file of a job that has it all in numbers.
const jobResult = "result.json"

// Files lists what the job makes, in order. Where there are several tables the last file joins them.
func (r *JobRequest) Files() []string {
	var files []string
	switch r.Kind {
	case "clustering":
		return append([]string{jobResult}, clusteringPictures...)
	case "images":
		return r.Charts
	case "export":
		for _, id := range r.Series {
			files = append(files, id+"-"+r.Interval+".csv")
		}
		return files
	case "backtest":
		for _, id := range r.Series {
			for _, model := range r.Models {
				files = append(files, "backtest-"+id+"-"+model+".json")
			}
		}
	case "garch":
		for _, id := range r.Series {
			files = append(files, "garch-"+id+".json")
		}
	case "cointegration":
		for _, id := range r.Series[:len(r.Series)-1] {
			files = append(files, "pairs-"+id+".json")
		}
	}
	return append(files, jobResult)
}

// Joins lists the files that the last one joins, none for a kind whose files stand alone.
func (r *JobRequest) Joins() []string {
	switch r.Kind {
	case "backtest", "garch", "cointegration":
		files := r.Files()
		return files[:len(files)-1]
	}
	return nil
}

// Complete checks a request and fills in what it leaves open, so that it means the same whenever the job runs.
func (j *Jobs) Complete(ctx context.Context, r *JobRequest) error {
	kind, known := jobKinds[r.Kind]
	if !known {
		return badRequest("kind=%s: want backtest, clustering, cointegration, export, garch or images.", quoted(r.Kind))
	}
	if err := r.checkTaken(kind); err != nil {
		return err
	}
	if err := j.fill(ctx, r); err != nil {
		return err
	}
	if len(r.Series) < kind.least || len(r.Series) > kind.most {
		return badRequest("series: these are %d, and a job of the kind %s takes %d to %d.", len(r.Series), r.Kind, kind.least, kind.most)
	}
	if err := r.checkOwn(); err != nil {
		return err
	}
	return j.readable(ctx, r)
}

// readable reads what the job will read: what cannot be made is refused before it is begun.
func (j *Jobs) readable(ctx context.Context, r *JobRequest) error {
	switch r.Kind {
	case "backtest", "export", "garch": // a series at a time
		for _, id := range r.Series {
			if _, err := j.read(ctx, r, id); err != nil {
				return err
			}
		}
		return nil
	}
	list, err := j.read(ctx, r, r.Series...)
	if err == nil && r.Kind == "clustering" {
		_, _, _, err = clustered(list, "pearson", analysis.Average)
	}
	return err
}

// fill fills in the series, the interval and the end of the range.
func (j *Jobs) fill(ctx context.Context, r *JobRequest) error {
	i, err := parseInterval(r.Interval)
	if err != nil {
		return err
	}
	r.Interval = i.String()
	if r.To == "" {
		r.To = printed(i.Floor(j.api.Now().Unix()))
	}
	if len(r.Series) > 0 {
		return nil
	}
	entries, err := j.api.History.Entries(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		s := lookup(entries, e.ID, e.Instrument)
		asset := e.Instrument.Class != market.FX && e.Instrument.Kind != market.Fix
		if e.ID.Source == "" && asset && s.base(i) != 0 && slices.Contains(j.api.Watchlist, e.ID.Instrument) {
			r.Series = append(r.Series, e.ID.String())
		}
	}
	if len(r.Series) == 0 {
		return badRequest("series: nothing of the watchlist has a consensus with bars of %s yet; name some.", r.Interval)
	}
	return nil
}

// checkTaken refuses a parameter that the kind would ignore.
func (r *JobRequest) checkTaken(kind jobKind) error {
	for _, p := range []struct {
		name  string
		given bool
	}{
		{"charts", len(r.Charts) > 0},
		{"scale", r.Scale != ""},
		{"width", r.Width != 0},
		{"height", r.Height != 0},
		{"theme", r.Theme != ""},
		{"method", r.Method != ""},
		{"linkage", r.Linkage != ""},
		{"clusters", r.Clusters != 0},
		{"models", len(r.Models) > 0},
		{"horizon", r.Horizon != 0},
		{"origins", r.Origins != 0},
	} {
		if p.given && !slices.Contains(kind.takes, p.name) {
			return badRequest("A job of the kind %s takes no %s.", r.Kind, p.name)
		}
	}
	return nil
}

// checkOwn checks the parameters of a kind, and fills in those that are not given.
func (r *JobRequest) checkOwn() (err error) {
	switch r.Kind {
	case "images", "clustering":
		pictures := clusteringPictures
		if r.Kind == "images" {
			if pictures = r.Charts; len(pictures) == 0 || len(pictures) > mostPictures {
				return badRequest("charts: want 1 to %d pictures, such as prices.svg.", mostPictures)
			}
		}
		for n, picture := range pictures {
			if _, err := r.picture(picture).parse(); err != nil {
				return err
			}
			if slices.Contains(pictures[:n], picture) {
				return badRequest("charts: %s is named twice.", picture)
			}
		}
	case "backtest":
		if len(r.Models) == 0 {
			r.Models = []string{"theta", "drift", "ets"}
		}
		for n, model := range r.Models {
			if models[model] == nil || slices.Contains(r.Models[:n], model) {
				return badRequest("models: %s is unknown or named twice: want theta, drift, ets or arima.", quoted(model))
			}
		}
		if r.Horizon, err = parseCount("horizon", wholeOf(r.Horizon), 1, 365, 30); err != nil {
			return err
		}
		r.Origins, err = parseCount("origins", wholeOf(r.Origins), 1, 200, 50)
	}
	return err
}

const mostPictures = 12

// picture is the request for one picture of the job.
func (r *JobRequest) picture(name string) *chartInput {
	in := &chartInput{
		Picture: name, Series: strings.Join(r.Series, ","), Interval: r.Interval, From: moment(r.From), To: moment(r.To), Currency: r.Currency, Unit: r.Unit,
		Width: wholeOf(r.Width), Height: wholeOf(r.Height), Theme: r.Theme,
	}
	kind, _, _ := strings.Cut(name, ".")
	for _, takes := range chartKinds[kind].takes { // what only some pictures of a job take is given to those
		switch takes {
		case "scale":
			in.Scale = r.Scale
		case "method":
			in.Method = r.Method
		case "linkage":
			in.Linkage = r.Linkage
		case "clusters":
			in.Clusters = wholeOf(r.Clusters)
		}
	}
	return in
}

// wholeOf writes a number as a parameter; 0 is one that is not given.
func wholeOf(n int) whole {
	if n == 0 {
		return ""
	}
	return whole(strconv.Itoa(n))
}

// read reads some series of the job.
func (j *Jobs) read(ctx context.Context, r *JobRequest, ids ...string) ([]observed, error) {
	var w wanted
	if err := r.picture("").parseWanted(&w); err != nil {
		return nil, err
	}
	list, err := j.api.observe(ctx, ids, w)
	if err != nil {
		return nil, err
	}
	for n := range list {
		if len(list[n].bars) == 0 {
			return nil, badRequest("%s has no bars of %s in this range.", list[n].ID, r.Interval)
		}
	}
	return list, nil
}
