package storetest

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Moody answers as Azure may at any time and Azurite never does: a 503, a 503 of one change inside a transaction, empty and
// short pages with a continuation token, and NotFound just after a table, queue or container was made. None of these
// requests took effect. It is never moody three times in a row about one thing, so that one writer that tries again succeeds;
// several at once may each meet it.
type Moody struct {
	mu   sync.Mutex
	rand *rand.Rand
	row  map[string]int  // bad answers in a row, by method and path
	made map[string]bool // what was made a moment ago, by its path
}

// NewMoody returns moods that follow from seed, as far as the order of requests does.
func NewMoody(seed uint64) *Moody {
	return &Moody{rand: rand.New(rand.NewPCG(seed, 0)), row: map[string]int{}, made: map[string]bool{}}
}

const (
	oneIn     = 6 // a bad answer
	longest   = 2 // bad answers in a row
	pageToken = "moody~"
)

// Do answers one request.
func (m *Moody) Do(request *policy.Request) (*http.Response, error) {
	r := request.Raw()
	if code, missing := m.stillMissing(r); missing {
		return answer(request, http.StatusNotFound, code, "It was made a moment ago."), nil
	}
	isQuery := r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "()")
	if m.bad(r) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/$batch") && m.coin():
			return busyInside(request), nil
		case isQuery && m.coin():
			return emptyPage(request), nil
		default:
			return answer(request, http.StatusServiceUnavailable, "ServerBusy", "The server is busy."), nil
		}
	}
	if isQuery {
		m.shorten(r)
	}
	response, err := request.Next()
	if err == nil && response.StatusCode == http.StatusCreated {
		m.noteMade(request)
	}
	return response, err
}

// bad decides, and keeps count.
func (m *Moody) bad(r *http.Request) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := r.Method + " " + r.URL.Path
	if m.rand.IntN(oneIn) > 0 || m.row[key] >= longest {
		m.row[key] = 0
		return false
	}
	m.row[key]++
	return true
}

func (m *Moody) coin() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rand.IntN(2) == 0
}

// noteMade remembers a table, queue or container that was just made.
func (m *Moody) noteMade(request *policy.Request) {
	path, isTable := strings.CutSuffix(request.Raw().URL.Path, "/Tables")
	switch {
	case isTable:
		var table struct{ TableName string }
		body, err := readBody(request)
		if err != nil || json.Unmarshal(body, &table) != nil {
			return
		}
		path += "/" + table.TableName
	case request.Raw().Method != http.MethodPut || strings.Count(path, "/") != 2: // /<account>/<queue or container>
		return
	}
	if m.coin() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.made[path] = true
	}
}

// stillMissing reports, once for each thing that was made, that it is not there yet.
func (m *Moody) stillMissing(r *http.Request) (code string, missing bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return "", false
	}
	for path := range m.made {
		rest, inside := strings.CutPrefix(r.URL.Path, path)
		creates := rest == "" && r.Method == http.MethodPut
		if !inside || creates || rest != "" && rest[0] != '/' && rest[0] != '(' {
			continue
		}
		delete(m.made, path)
		switch {
		case strings.HasPrefix(rest, "/messages"):
			return "QueueNotFound", true
		case strings.HasPrefix(rest, "/"):
			return "ContainerNotFound", true
		default:
			return "TableNotFound", true
		}
	}
	return "", false
}

// shorten makes pages of two rows, and takes back the tokens that emptyPage gave.
func (m *Moody) shorten(r *http.Request) {
	query := r.URL.Query()
	for _, name := range []string{"NextPartitionKey", "NextRowKey"} {
		if token, ours := strings.CutPrefix(query.Get(name), pageToken); ours {
			query.Del(name)
			if token != "" {
				query.Set(name, token)
			}
		}
	}
	if m.coin() {
		query.Set("$top", "2")
	}
	r.URL.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
}

// emptyPage has no rows and a token that leads to where the request already was.
func emptyPage(request *policy.Request) *http.Response {
	query, header := request.Raw().URL.Query(), http.Header{"Content-Type": {"application/json"}}
	for _, name := range []string{"NextPartitionKey", "NextRowKey"} {
		header.Set("x-ms-continuation-"+name, pageToken+strings.TrimPrefix(query.Get(name), pageToken))
	}
	return bare(request, http.StatusOK, header, `{"value":[]}`)
}

// busyInside is a transaction whose answer is 202, and one of whose changes met a busy server.
func busyInside(request *policy.Request) *http.Response {
	const change = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\r\n" +
		`{"odata.error":{"code":"ServerBusy","message":{"lang":"en-US","value":"0:The server is busy."}}}`
	inner := "--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n" + change + "\r\n--changesetresponse_1--\r\n"
	outer := "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n" + inner + "--batchresponse_1--\r\n"
	return bare(request, http.StatusAccepted, http.Header{"Content-Type": {"multipart/mixed; boundary=batchresponse_1"}}, outer)
}
