// Package api is the HTTP API: series, bars, what the page draws, receipts, status. It only reads, but for the pictures that it has
// drawn, which it keeps.
//
// New gives a handler for every path below /api. Each resource is one file, with the Go types that its answer is made of:
// the OpenAPI document is generated from them. An answer carries a strong ETag over all that went into it, and its bytes are
// kept in memory for as long as they fit. Every error is one RFC 9457 problem, with a sentence that says what was wrong and
// what would be right.
package api

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"assay/shared/fetch"
	"assay/shared/history"
	"assay/shared/source"
	"assay/shared/store"
)

// Options is what the API works with.
type Options struct {
	History   *history.History
	Store     *store.Store
	Fetch     *fetch.Client
	Now       func() time.Time
	Off       func(source.Source) string // why a source asks nothing, and how to turn it on; the empty text for one that is on
	Watchlist []string                   // the instruments that jobs are about which name no series
	Version   string                     // of the program: a part of every ETag, since another release may print an answer differently
}

// api answers requests. It is safe for concurrent use.
type api struct {
	Options
	mux   *http.ServeMux
	huma  huma.API
	cache *cache

	patience int // by which the bound of what is fitted for one answer is multiplied; 0 is 1
}

// New returns the handler of all paths below /api.
func New(options Options) http.Handler {
	a := &api{Options: options, mux: http.NewServeMux(), cache: newCache(cacheBytes)}
	a.huma = humago.New(a.mux, document(options.Version))
	a.routes()
	return a
}

func (a *api) routes() {
	get(a, route{
		"/api/v1/series", "list-series", "Every series that is known",
		"An instrument without a source is the consensus of its sources. The number of bars is not counted.",
	}, reflect.TypeFor[SeriesList](), a.listSeries)
	get(a, route{
		"/api/v1/series/{id}", "get-series", "One series",
		"A bare instrument lists its sources too, and is found even when it has no consensus.",
	}, reflect.TypeFor[SeriesDetail](), a.getSeries)
	get(a, route{
		"/api/v1/series/{id}/bars", "get-bars", "The bars of a series",
		"Columns by default: one array per field, null where a bar does not have it. Without from and to the newest 5,000 bars, or with " +
			"maxPoints all that is stored. At most 600,000 bars are sent.",
	}, reflect.TypeFor[BarsColumns](), a.getBars)
	get(a, route{
		"/api/v1/series/{id}/explain", "explain-bar", "Why a bar is what it is",
		"Its version at every source, how that was judged, what was refused of it, and the raw blob that it came from.",
	}, reflect.TypeFor[Explanation](), a.explain)
	get(a, route{
		"/api/v1/series/{id}/gaps", "list-gaps", "What a series lacks, and why",
		"Runs of missing bars, each with a reason: closed, no trade, venue halted, our failure, not fetched, rejected, beyond the source's history.",
	}, reflect.TypeFor[Gaps](), a.getGaps)
	a.charts()
	get(a, route{
		"/api/v1/jobs", "list-jobs", "The jobs that were made on a day",
		"A job fetches the history of a source, window by window, or makes files, one after the other.",
	}, reflect.TypeFor[JobList](), a.listJobs)
	get(a, route{
		"/api/v1/jobs/{id}", "get-job", "How far a job has come",
		"Of a backfill what came of each series, and what could not come; of any other the files that it has made.",
	}, reflect.TypeFor[Job](), a.getJob)
	get(a, route{
		"/api/v1/jobs/{id}/{file}", "get-job-file", "A file that a job has made",
		"JSON, CSV, Parquet, SVG or PNG. Once made it stays as it is.",
	}, reflect.TypeFor[JobRows](), a.getJobFile)
	a.answersFiles("/api/v1/jobs/{id}/{file}", "text/csv", parquetMedia, chartMedia["svg"], chartMedia["png"])
	get(a, route{
		"/api/v1/expensive-things", "expensive-things", "Bitcoin, gold, silver and platinum, daily",
		"Of each the one series that covers the range best, never several spliced. Without from and to five years back from the newest bar.",
	}, reflect.TypeFor[ExpensiveThings](), a.expensiveThings)
	get(a, route{
		"/api/v1/rejects", "list-rejects", "What was refused of a series, and why",
		"The oldest first.",
	}, reflect.TypeFor[RejectList](), a.listRejects)
	get(a, route{
		"/api/v1/receipts", "list-receipts", "Raw blobs on their way",
		"The oldest first; by default those of the last seven days, of every source.",
	}, reflect.TypeFor[ReceiptList](), a.listReceipts)
	get(a, route{
		"/api/v1/status", "get-status", "How the program is doing",
		"It answers with 200 when the storage cannot be reached too, and says so.",
	}, reflect.TypeFor[Status](), a.status)
	get(a, route{
		"/api/metrics/{name}", "get-metrics", "Daily prices in the workshop's shape",
		"The price is the close. The header Assay-Series names the series, chosen as for expensive-things. Without dates the last year of stored data.",
	}, reflect.TypeFor[[]Metric](), a.metrics)
	a.analyses()
	a.writes()
	a.mux.HandleFunc("GET /api/openapi.json", a.openAPI())
	a.mux.HandleFunc("/api", a.unknown)
	a.mux.HandleFunc("/api/", a.unknown)
}

// route describes one resource.
type route struct{ path, id, summary, description string }

// get registers a resource. I holds the parameters, all as text: they are checked here and in handle, which can say in a
// sentence what is wrong with one.
func get[I any](a *api, at route, answer reflect.Type, handle func(context.Context, *I) (reply, error)) {
	operation := huma.Operation{
		OperationID: at.id, Method: http.MethodGet, Path: at.path, Summary: at.summary, Description: at.description,
		SkipValidateParams: true, Errors: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusServiceUnavailable},
		Responses: a.answers(at.id, answer),
	}
	known := parameters(reflect.TypeFor[I]())
	huma.Register(a.huma, operation, func(_ context.Context, in *I) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			r, w := humago.Unwrap(ctx)
			answer, err := a.marked(r.Context(), func(ctx context.Context) (reply, error) {
				if err := checkQuery(r.URL.RawQuery, known); err != nil {
					return reply{}, err
				}
				return handle(ctx, in)
			})
			a.respond(w, r, answer, err)
		}}, nil
	})
	delete(operation.Responses, "422") // huma's own validation is off
}

// ServeHTTP answers a path that is not written plainly (with // or ..) as unknown: the mux would redirect to another one.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if strings.Contains(path, "//") || slices.ContainsFunc(strings.Split(path, "/"), func(s string) bool { return s == "." || s == ".." }) {
		a.unknown(w, r)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// unknown answers what no resource does: 405 where the path is one that answers GET, else 404.
func (a *api) unknown(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		asked := r.Clone(r.Context())
		asked.Method = http.MethodGet
		if _, pattern := a.mux.Handler(asked); strings.HasPrefix(pattern, http.MethodGet) {
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, r, problem(http.StatusMethodNotAllowed, "%s does not answer %s: ask it with GET or HEAD.", quoted(r.URL.Path), r.Method))
			return
		}
	}
	fail(w, r, problem(http.StatusNotFound, "%s is no path of this API: /api/openapi.json lists them, /api/v1/series is where to begin.", quoted(r.URL.Path)))
}

// quoted prints what a client sent, shortened, so that it cannot be mistaken for our own words.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
