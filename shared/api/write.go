package api

import (
	"cmp"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/market"
)

// What writes is answered by functions of its own, in handlers: their function.json asks for a key. The document describes them here.

// Accepted is the answer to a payload that is stored, and will be cleaned and loaded.
type Accepted struct {
	Receipt string `json:"receipt" example:"20240115T093000.123Z~0123abcd" doc:"When it was received, and the front of the blob's hash"`
	Blob    string `json:"blob" doc:"In container raw"`
	Status  string `json:"status" doc:"Where its receipt says how far it has come"`
}

// pushBodies are the media types of a push, with an example of each.
var pushBodies = map[string]string{
	"text/csv":             "time,open,high,low,close,volume\n2024-01-15T00:00:00Z,10,12,9,11,5\n",
	"application/json":     `[{"time":"2024-01-15T00:00:00Z","close":11}]`,
	"application/x-ndjson": `{"time":1705276800,"close":11}`,
	"text/plain":           "price close=11 1705276800000000000",
}

// writes adds the operations that write to the document.
func (a *api) writes() {
	bodies := map[string]*huma.MediaType{}
	for media, example := range pushBodies {
		bodies[media] = &huma.MediaType{Schema: &huma.Schema{}, Example: example}
	}
	a.describeWrite(huma.Operation{
		OperationID: "push-bars", Path: "/api/v1/ingest/{series}", Summary: "Push bars into a series of your own",
		Description: "CSV with a header, a JSON array of objects (or columns), NDJSON, or InfluxDB line protocol, up to 64 MiB, gzip or not. It is stored as it is; " +
			"then a bad row is refused with its number (see /api/v1/rejects) and the good ones are kept.",
		RequestBody: &huma.RequestBody{Description: "The bars", Required: true, Content: bodies},
		Parameters: []*huma.Param{
			text("series", "path", "The instrument and whose view of it this is; no provider's name", "BTC-USD.mine"),
			text("interval", "query", "1m, 1h or 1d: how long the bars are. Needed unless the series is declared with it", "1d"),
			text("precision", "query", "s, ms, us or ns: what a time that is a number counts. By default ns in line protocol, else by its size", "s"),
			text("Idempotency-Key", "header", "The same key, for 30 days, is the same push: it is stored once", "2024-01-15-upload"),
		},
	}, reflect.TypeFor[Accepted](), 403, 404, 409, 413, 415, 422)
	a.describeWrite(huma.Operation{
		OperationID: "declare-series", Path: "/api/v1/series", Summary: "Declare a series of your own",
		Description: "What its prices are, and whether it votes. Of an instrument that is known everything but series may be left out. Of several declarations the last one counts.",
		RequestBody: &huma.RequestBody{Description: "The series", Required: true, Content: map[string]*huma.MediaType{
			jsonMedia: {Schema: a.schema(reflect.TypeFor[market.Declaration]())},
		}},
	}, reflect.TypeFor[Accepted](), 403, 409, 415)
	a.describeWrite(huma.Operation{
		OperationID: "submit-job", Path: "/api/v1/jobs", Summary: "Submit a job",
		Description: "For what is too long for one request. Location says where to look how far it has come; its files are served below that.",
		RequestBody: &huma.RequestBody{Description: "What to make, of which series", Required: true, Content: map[string]*huma.MediaType{
			jsonMedia: {Schema: a.schema(reflect.TypeFor[JobRequest]())},
		}},
		Parameters: []*huma.Param{text("Idempotency-Key", "header", "The same key, for 30 days, is the same job", "clusters-2024-01-15")},
	}, reflect.TypeFor[Job](), 404, 415, 422)
	a.describeWrite(huma.Operation{
		OperationID: "cancel-job", Method: http.MethodDelete, Path: "/api/v1/jobs/{id}", Summary: "Cancel a job",
		Description: "It makes no more files; those that it has made stay. One that has ended stays as it is. A backfill cannot be cancelled.",
		Parameters:  []*huma.Param{text("id", "path", "The job", "20240115-clustering-0123abcd")},
	}, reflect.TypeFor[Job](), 404, 409)
}

// describeWrite adds an operation, a POST if it says no other, that is accepted with an answer, or answered with one of some problems.
func (a *api) describeWrite(o huma.Operation, answer reflect.Type, problems ...int) {
	o.Method = cmp.Or(o.Method, http.MethodPost)
	o.Responses = map[string]*huma.Response{"202": {
		Description: "Accepted", Content: map[string]*huma.MediaType{jsonMedia: {Schema: a.schema(answer)}},
		Headers: map[string]*huma.Param{"Location": {Description: "Where to look what becomes of it", Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	problem := &huma.MediaType{Schema: a.schema(reflect.TypeFor[huma.ErrorModel]())}
	for _, status := range slices.Concat([]int{400, 500, 503}, problems) {
		o.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/problem+json": problem},
		}
	}
	a.huma.OpenAPI().AddOperation(&o)
}

func text(name, in, doc, example string) *huma.Param {
	return &huma.Param{Name: name, In: in, Description: doc, Required: in == "path", Example: example, Schema: &huma.Schema{Type: huma.TypeString}}
}
