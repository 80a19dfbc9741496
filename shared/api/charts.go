package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/analysis"
	"assay/shared/chart"
	"assay/shared/store"
)

// chartKind is a kind of picture.
type chartKind struct {
	takes       []string // the parameters that only some kinds have
	least, most int      // series
	draw        func(chartRequest, []observed, chart.Frame) (chart.Picture, error)
}

var chartKinds = map[string]chartKind{
	"prices":      {[]string{"scale"}, 1, chart.MaxLines, drawPrices},
	"drawdown":    {nil, 1, chart.MaxLines, drawDrawdowns},
	"months":      {nil, 1, 1, drawMonths},
	"correlation": {[]string{"method"}, 2, chart.MaxCells, drawCorrelations},
	"dendrogram":  {[]string{"method", "linkage", "clusters"}, 2, chart.MaxCells, drawDendrogram},
	"forecast":    {[]string{"model", "horizon"}, 1, 1, drawForecast},
}

// chartMedia are the formats of pictures.
var chartMedia = map[string]string{"svg": "image/svg+xml", "png": "image/png"}

type chartInput struct {
	Picture  string `path:"picture" doc:"correlation, dendrogram, drawdown, forecast, months or prices, and .svg or .png" example:"prices.svg"`
	Series   string `query:"series" required:"true" doc:"Instruments, or one source's views of them, separated by commas" example:"BTC-USD,XAU-USD"`
	Interval string `query:"interval" default:"1d" doc:"Of the bars"`
	From     moment `query:"from" doc:"Bars that start at this time or later"`
	To       moment `query:"to" doc:"Bars that start before this time"`
	Currency string `query:"currency" enum:"EUR,USD" doc:"Convert the prices with the rates of the ECB"`
	Unit     string `query:"unit" enum:"toz,g,kg" doc:"Of metals"`
	Width    whole  `query:"width" doc:"Pixels (320 to 3000, by default 960)" example:"1200"`
	Height   whole  `query:"height" doc:"Pixels (240 to 2000, by default 540)" example:"600"`
	Theme    string `query:"theme" default:"light" enum:"light,dark" doc:"Colours"`
	Scale    string `query:"scale" enum:"linear,log,rebased" doc:"Of prices, by default linear. rebased: from 100 at the first time that all series have"`
	Method   string `query:"method" enum:"pearson,spearman" doc:"Of correlation and dendrogram, by default pearson"`
	Linkage  string `query:"linkage" enum:"average,single,complete,ward" doc:"Of dendrogram, by default average"`
	Clusters whole  `query:"clusters" doc:"Of dendrogram: how many groups get a colour of their own (1 to 8, by default 2)" example:"3"`
	Model    string `query:"model" enum:"theta,drift,ses,ets,auto" doc:"Of forecast, by default theta"`
	Horizon  whole  `query:"horizon" doc:"Of forecast: bars ahead (1 to 365, by default 30)" example:"14"`
}

// chartRequest is chartInput, understood.
type chartRequest struct {
	kind, format      string
	ids               []string
	wanted            wanted
	scale, method     string
	linkage           analysis.Linkage
	model             string
	clusters, horizon int
	frame             chart.Frame // its size and theme
}

// charts registers the pictures.
func (a *api) charts() {
	const path = "/api/v1/charts/{picture}"
	get(a, route{
		path, "get-chart", "A picture of some series",
		"SVG or PNG. It names its series, range, unit and whose prices they are. Where the calendar expects a bar and there is none, a line has a gap. " +
			"Where the market is simulated the picture says so. Equal data and parameters give equal bytes.",
	}, reflect.TypeFor[string](), a.getChart)
	a.huma.OpenAPI().Paths[path].Get.Responses["200"].Content = map[string]*huma.MediaType{}
	a.answersFiles(path, chartMedia["svg"], chartMedia["png"])
}

// answersFiles adds media types to what a resource answers.
func (a *api) answersFiles(path string, types ...string) {
	for _, media := range types {
		a.huma.OpenAPI().Paths[path].Get.Responses["200"].Content[media] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
}

func (a *api) getChart(ctx context.Context, in *chartInput) (reply, error) {
	q, err := in.parse()
	if err != nil {
		return reply{}, err
	}
	list, err := a.observe(ctx, q.ids, q.wanted)
	if err != nil {
		return reply{}, err
	}
	simulated, err := a.simulated(ctx)
	if err != nil {
		return reply{}, err
	}
	q.frame.Simulated = simulated
	frameOf(&q.frame, list)
	answer := reply{key: []string{fmt.Sprint(*in, q.frame)}, media: chartMedia[q.format]}
	for _, o := range list {
		answer.key = append(append(answer.key, name(o.Entry), string(o.Instrument.Calendar)), o.key...)
	}
	file := strings.Trim(a.etag(answer, ""), `"`) + "." + q.format
	drawn, ok := a.cache.get(file)
	if !ok {
		if drawn, err = a.kept(ctx, file, q, list); err != nil {
			return reply{}, err
		}
		a.cache.put(file, drawn)
	}
	answer.body = func() []byte { return drawn }
	return answer, nil
}

// kept returns a picture that is kept under a name, which stands for all that went into it, or draws it and keeps it. A history in
// memory keeps none.
func (a *api) kept(ctx context.Context, name string, q chartRequest, list []observed) ([]byte, error) {
	if a.Store != nil {
		drawn, err := a.Store.Blobs.Picture(ctx, name)
		if !errors.Is(err, store.ErrNotFound) {
			return drawn, err
		}
	}
	picture, err := chartKinds[q.kind].draw(q, list, q.frame)
	if err != nil {
		return nil, err
	}
	drawn := rendered(picture, q.format)
	if a.Store != nil {
		_ = a.Store.Blobs.PutPicture(ctx, name, drawn) // it is right all the same; who asks next has it drawn again
	}
	return drawn, nil
}

func rendered(picture chart.Picture, format string) []byte {
	if format == "svg" {
		return picture.SVG()
	}
	return picture.PNG()
}

func (in *chartInput) parse() (q chartRequest, err error) {
	name, format, _ := strings.Cut(in.Picture, ".")
	kind, known := chartKinds[name]
	if _, ok := chartMedia[format]; !ok || !known {
		return q, notFound("There is no picture %s: want %s, and .svg or .png, such as prices.svg.", quoted(in.Picture), strings.Join(slices.Sorted(maps.Keys(chartKinds)), ", "))
	}
	q.kind, q.format = name, format
	if err := in.checkTaken(kind); err != nil {
		return q, err
	}
	if q.ids, err = seriesList(in.Series, kind.least, kind.most); err != nil {
		return q, err
	}
	if err := in.parseWanted(&q.wanted); err != nil {
		return q, err
	}
	if err := in.parseFrame(&q.frame); err != nil {
		return q, err
	}
	return q, in.parseChoices(&q)
}

// checkTaken refuses a parameter that the kind would ignore.
func (in *chartInput) checkTaken(kind chartKind) error {
	for _, p := range []struct{ name, given string }{
		{"scale", in.Scale}, {"method", in.Method}, {"linkage", in.Linkage}, {"clusters", string(in.Clusters)}, {"model", in.Model}, {"horizon", string(in.Horizon)},
	} {
		if p.given != "" && !slices.Contains(kind.takes, p.name) {
			return badRequest("%s=%s: %s takes no %s.", p.name, quoted(p.given), in.Picture, p.name)
		}
	}
	return nil
}

// seriesList splits a list of series.
func seriesList(text string, least, most int) ([]string, error) {
	ids := strings.Split(text, ",")
	if text == "" || len(ids) < least || len(ids) > most {
		if most == 1 {
			return nil, badRequest("series=%s: want one, such as BTC-USD.", quoted(text))
		}
		return nil, badRequest("series=%s: want %d to %d, separated by commas, such as BTC-USD,XAU-USD.", quoted(text), least, most)
	}
	return ids, nil
}

func (in *chartInput) parseWanted(w *wanted) (err error) {
	if w.interval, err = parseInterval(in.Interval); err != nil {
		return err
	}
	if w.from, w.to, err = parseRange("from", "to", in.From, in.To); err != nil {
		return err
	}
	w.currency, w.unit = in.Currency, in.Unit
	return checkConversion(in.Currency, in.Unit)
}

func (in *chartInput) parseFrame(f *chart.Frame) (err error) {
	if f.Width, err = parseCount("width", in.Width, chart.MinWidth, chart.MaxWidth, 960); err != nil {
		return err
	}
	if f.Height, err = parseCount("height", in.Height, chart.MinHeight, chart.MaxHeight, 540); err != nil {
		return err
	}
	theme, err := parseChoice("theme", in.Theme, "light", "dark")
	f.Dark = theme == "dark"
	return err
}

func (in *chartInput) parseChoices(q *chartRequest) (err error) {
	if q.scale, err = parseChoice("scale", in.Scale, "linear", "log", "rebased"); err != nil {
		return err
	}
	if q.method, err = parseChoice("method", in.Method, "pearson", "spearman"); err != nil {
		return err
	}
	linkage, err := parseChoice("linkage", in.Linkage, string(analysis.Average), string(analysis.Single), string(analysis.Complete), string(analysis.Ward))
	if err != nil {
		return err
	}
	q.linkage = analysis.Linkage(linkage)
	if q.clusters, err = parseCount("clusters", in.Clusters, 1, chart.MaxLines, 2); err != nil {
		return err
	}
	if n := len(q.ids); q.kind == "dendrogram" && q.clusters > n {
		return badRequest("clusters=%d: there are %d series.", q.clusters, n)
	}
	if q.model, err = parseChoice("model", in.Model, "theta", "drift", "ses", "ets", "auto"); err != nil {
		return err
	}
	q.horizon, err = parseCount("horizon", in.Horizon, 1, 365, 30)
	return err
}
