package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Jobs makes the files of jobs, out of what New's handler serves. Who runs a job keeps what it makes.
type Jobs struct{ api *api }

// NewJobs returns what makes files. A job may fit a model more often than a request: it has the time.
func NewJobs(options Options) *Jobs {
	return &Jobs{&api{Options: options, cache: newCache(0), patience: 40}}
}

// Reason returns what is wrong with a request, for an error that trying again does not mend.
func Reason(err error) (why string, permanent bool) {
	var p *huma.ErrorModel
	if errors.As(err, &p) && p.Status < http.StatusInternalServerError {
		return p.Detail, true
	}
	return "", false
}

// JobRows is what a job computed: what /api/v1/analysis answers to each of several requests.
type JobRows struct {
	Request *JobRequest       `json:"request,omitempty" doc:"What the job was asked for; absent in a part of its result"`
	Rows    []json.RawMessage `json:"rows" doc:"Answers of /api/v1/analysis/{kind}, in the order of the request. One that was refused has series, and refused: the reason"`
}

// JobRefusal stands in a row in place of an answer.
type JobRefusal struct {
	Series  []string `json:"series" doc:"Of the row"`
	Refused string   `json:"refused" doc:"Why there is no answer"`
}

// jobFile is a file that a job makes: a picture, a table of bars, or the answers to queries of one analysis. One without any joins
// those before it.
type jobFile struct {
	name    string
	picture bool
	bars    string // of which series
	queries []url.Values
}

// files lists what a request asks for, in the order in which it is made.
func (r *JobRequest) files() []jobFile {
	var files []jobFile
	switch r.Kind {
	case "images":
		return pictureFiles(r.Charts)
	case "clustering":
		return append([]jobFile{{name: jobResult, queries: []url.Values{r.query(r.Series...)}}}, pictureFiles(clusteringPictures)...)
	case "export":
		for _, id := range r.Series {
			files = append(files, jobFile{name: id + "-" + r.Interval + "." + r.exportFormat(), bars: id})
		}
		return files
	case "backtest":
		for _, id := range r.Series {
			for model := range strings.SplitSeq(r.Parameters["models"], ",") {
				files = append(files, jobFile{name: "backtest-" + id + "-" + model + ".json", queries: []url.Values{r.backtestOf(id, model)}})
			}
		}
	case "garch":
		for _, id := range r.Series {
			files = append(files, jobFile{name: "garch-" + id + ".json", queries: []url.Values{r.query(id)}})
		}
	case "cointegration": // of every pair, both ways
		for n, id := range r.Series[:len(r.Series)-1] {
			var queries []url.Values
			for _, other := range r.Series[n+1:] {
				queries = append(queries, r.query(id, other), r.query(other, id))
			}
			files = append(files, jobFile{name: "cointegration-" + id + ".json", queries: queries})
		}
	}
	return append(files, jobFile{name: jobResult})
}

func pictureFiles(names []string) []jobFile {
	files := make([]jobFile, len(names))
	for n, name := range names {
		files[n] = jobFile{name: name, picture: true}
	}
	return files
}

// Files lists the names of what the job makes, in their order.
func (r *JobRequest) Files() []string {
	var names []string
	for _, f := range r.files() {
		names = append(names, f.name)
	}
	return names
}

// exportFormat is that of the files of an export.
func (r *JobRequest) exportFormat() string { return cmp.Or(r.Parameters["format"], "csv") }

// query asks for the analysis of some series.
func (r *JobRequest) query(ids ...string) url.Values {
	q := url.Values{"series": {strings.Join(ids, ",")}, "interval": {r.Interval}, "to": {string(r.To)}}
	for name, value := range map[string]string{"from": string(r.From), "currency": r.Currency, "unit": r.Unit} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range r.Parameters {
		if !slices.Contains(pictureParameters, name) {
			q.Set(name, value)
		}
	}
	return q
}

// backtestOf asks for the backtest of one model: without what only others of the job take.
func (r *JobRequest) backtestOf(id, model string) url.Values {
	q := r.query(id)
	k, _ := kindOf(r.Kind)
	never := k.idle(q) // is left in, and refused
	q.Set("models", model)
	for _, name := range k.idle(q) {
		if !slices.Contains(never, name) {
			q.Del(name)
		}
	}
	return q
}

// Make makes the file at a position of Files; made gives those before it.
func (j *Jobs) Make(ctx context.Context, r *JobRequest, n int, made func(file string) ([]byte, error)) ([]byte, error) {
	switch f := r.files()[n]; {
	case f.picture:
		return j.draw(ctx, r, f.name)
	case f.bars != "":
		return j.export(ctx, r, f.bars)
	case f.queries == nil:
		return joined(r, r.Files()[:n], made)
	default:
		return j.analyse(ctx, r.Kind, f.queries)
	}
}

// analyse puts the answers to several queries into a table. A query that is refused is a row that says so.
func (j *Jobs) analyse(ctx context.Context, kind string, queries []url.Values) ([]byte, error) {
	table := JobRows{}
	for _, q := range queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row, err := j.api.analysis(ctx, kind, q)
		if why, refused := Reason(err); refused {
			row, err = json.Marshal(JobRefusal{strings.Split(q.Get("series"), ","), why})
		}
		if err != nil {
			return nil, err
		}
		table.Rows = append(table.Rows, row)
	}
	return json.Marshal(table)
}

// joined puts the rows of several files together.
func joined(r *JobRequest, files []string, made func(file string) ([]byte, error)) ([]byte, error) {
	all := JobRows{Request: r, Rows: []json.RawMessage{}}
	for _, file := range files {
		content, err := made(file)
		if err != nil {
			return nil, err
		}
		var some JobRows
		if err := json.Unmarshal(content, &some); err != nil {
			return nil, err
		}
		all.Rows = append(all.Rows, some.Rows...)
	}
	return json.Marshal(all)
}

func (j *Jobs) draw(ctx context.Context, r *JobRequest, name string) ([]byte, error) {
	answer, err := j.api.getChart(ctx, r.picture(name))
	if err != nil {
		return nil, err
	}
	return answer.body(), nil
}

// export prints the bars of a series as /series/{id}/bars does.
func (j *Jobs) export(ctx context.Context, r *JobRequest, id string) ([]byte, error) {
	answer, err := j.api.getBars(ctx, &barsInput{ID: id, Interval: r.Interval, From: r.From, To: r.To, Currency: r.Currency, Unit: r.Unit, Format: r.exportFormat()})
	if err != nil {
		return nil, err
	}
	return answer.body(), nil
}
