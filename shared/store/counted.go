package store

import (
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"assay/shared/telemetry"
)

// counted tells telemetry of each request, and of each try of it anew: every one is paid for.
type counted struct{ service string }

func (c counted) Do(request *policy.Request) (*http.Response, error) {
	r := request.Raw()
	telemetry.Operation(r.Context(), telemetry.Kind{Service: c.service, Class: classOf(r)})
	return request.Next()
}

// classOf says what a request is priced as. A query of a table has () behind the table's name, a listing comp=list. A transaction
// is one write. Taking messages reads.
func classOf(r *http.Request) telemetry.Class {
	switch r.Method {
	case http.MethodDelete:
		return telemetry.Delete
	case http.MethodGet, http.MethodHead:
		if strings.HasSuffix(r.URL.Path, "()") || r.URL.Query().Get("comp") == "list" {
			return telemetry.List
		}
		return telemetry.Read
	}
	return telemetry.Write
}
