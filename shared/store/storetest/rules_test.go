package storetest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
)

// sent counts the requests that a policy let through.
type sent struct{ count int }

func (s *sent) Do(r *http.Request) (*http.Response, error) {
	s.count++
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
}

type request struct {
	method, path, contentType, body string
	header                          map[string]string
}

// judge sends requests through one set of rules and returns what the last one was refused for, "" if it was not.
func judge(t *testing.T, requests ...request) string {
	t.Helper()
	reason := ""
	rules := &AzureRules{report: func(r string) { reason = r }}
	server := &sent{}
	pipeline := runtime.NewPipeline("storetest", "1", runtime.PipelineOptions{PerRetry: []policy.Policy{rules}}, &policy.ClientOptions{Transport: server})
	for _, q := range requests {
		reason, server.count = "", 0
		r, err := runtime.NewRequest(t.Context(), q.method, "http://127.0.0.1/account"+q.path)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range q.header {
			r.Raw().Header[name] = []string{value}
		}
		if q.body != "" {
			if err := r.SetBody(streaming.NopCloser(bytes.NewReader([]byte(q.body))), q.contentType); err != nil {
				t.Fatal(err)
			}
		}
		response, err := pipeline.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if refused := reason != ""; refused != (response.StatusCode == http.StatusBadRequest) || refused != (server.count == 0) {
			t.Errorf("refused for %q, but answered with %d and sent %d times", reason, response.StatusCode, server.count)
		}
	}
	return reason
}

// put replaces the row r of partition p with columns, which are JSON.
func put(columns string) request {
	return request{http.MethodPut, "/bars(PartitionKey='p',RowKey='r')", "application/json", "{" + columns + "}", nil}
}

// batch is a transaction of upserts of the rows named, as partition/row, in the table bars.
func batch(columns string, rows ...string) request {
	var inner strings.Builder
	for _, row := range rows {
		partition, key, _ := strings.Cut(row, "/")
		fmt.Fprintf(&inner, "--change\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"+
			"PUT http://127.0.0.1/account/bars(PartitionKey='%s',RowKey='%s') HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{%s}\r\n", partition, key, columns)
	}
	body := "--all\r\nContent-Type: multipart/mixed; boundary=change\r\n\r\n" + inner.String() + "--change--\r\n\r\n--all--\r\n"
	return request{http.MethodPost, "/$batch", "multipart/mixed; boundary=all", body, nil}
}

func numbered(n int) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("p/%d", i)
	}
	return rows
}

func columns(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"c%d":true`, i)
	}
	return strings.Join(list, ",")
}

func binary(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }

// wide is n columns of 60,000 bytes.
func wide(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"c%d@odata.type":"Edm.Binary","c%d":"%s"`, i, i, binary(60_000))
	}
	return strings.Join(list, ",")
}

func message(text string) request {
	return request{http.MethodPost, "/raw-prices/messages", "application/xml", "<QueueMessage><MessageText>" + text + "</MessageText></QueueMessage>", nil}
}

func metadata(name, value string) request {
	return request{http.MethodPut, "/raw/blob", "", "", map[string]string{name: value}}
}

func TestRulesRefuseWhatAzureRefuses(t *testing.T) {
	double := put(`"c@odata.type":"Edm.Double","c":100.5`)
	for name, c := range map[string]struct {
		good, bad []request
		want      string
	}{
		"changes of a transaction": {[]request{batch("", numbered(100)...)}, []request{batch("", numbered(101)...)}, "transaction of 101 changes"},
		"size of a transaction":    {[]request{batch(wide(12), numbered(4)...)}, []request{batch(wide(12), numbered(5)...)}, "at most 4194304"},
		"partitions":               {[]request{batch("", "p/1", "p/2")}, []request{batch("", "p/1", "q/2")}, "want one partition"},
		"repeated row":             {[]request{batch("", "p/1", "p/2")}, []request{batch("", "p/1", "p/1")}, "row 1 twice"},
		"columns":                  {[]request{put(columns(252))}, []request{put(columns(253))}, "253 columns"},
		"whole number in a Double column": {
			[]request{double, put(`"c@odata.type":"Edm.Double","c":100`)},
			[]request{double, put(`"c":100`)},
			"where other rows have an Edm.Double",
		},
		"number beyond int32": {[]request{put(`"c":2147483647`)}, []request{put(`"c":2147483648`)}, "is no Edm.Int32"},
		"key":                 {[]request{batch("", "p/A-z.0_9~")}, []request{batch("", "p/a%20b")}, `key "a b"`},
		"key of an insert": {
			[]request{{http.MethodPost, "/bars", "application/json", `{"PartitionKey":"p","RowKey":"r"}`, nil}},
			[]request{{http.MethodPost, "/bars", "application/json", `{"PartitionKey":"p","RowKey":"r:"}`, nil}},
			`key "r:"`,
		},
		"binary": {
			[]request{put(`"c@odata.type":"Edm.Binary","c":"` + binary(65_536) + `"`)},
			[]request{put(`"c@odata.type":"Edm.Binary","c":"` + binary(65_537) + `"`)},
			"65537 bytes",
		},
		"string":              {[]request{put(`"c":"` + strings.Repeat("ü", 32_768) + `"`)}, []request{put(`"c":"` + strings.Repeat("ü", 32_769) + `"`)}, "32769 characters"},
		"entity":              {[]request{put(wide(17))}, []request{put(wide(18))}, "at most 1048576"},
		"column in a change":  {[]request{batch(`"c":1`, "p/1")}, []request{batch(`"c":null`, "p/1")}, "is no value of a table"},
		"metadata not ASCII":  {[]request{metadata("x-ms-meta-a", "u")}, []request{metadata("x-ms-meta-a", "ü")}, "is not ASCII"},
		"size of metadata":    {[]request{metadata("x-ms-meta-a", strings.Repeat("a", 8000))}, []request{metadata("x-ms-meta-a", strings.Repeat("a", 8192))}, "at most 8192"},
		"XML":                 {[]request{message("&lt;")}, []request{message("<")}, "not valid XML"},
		"control character":   {[]request{message("&#x9;")}, []request{message("&#x1B;")}, "not valid XML"},
		"replaced character":  {[]request{message("a")}, []request{message("\uFFFD")}, "XML cannot hold"},
		"message of 64 KiB":   {[]request{message(strings.Repeat("a", 65_536))}, []request{message(strings.Repeat("a", 65_537))}, "65537 bytes"},
		"transaction at odds": {[]request{batch("", "p/1")}, []request{{http.MethodPost, "/$batch", "multipart/mixed", "x", nil}}, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := judge(t, c.good...); got != "" {
				t.Errorf("what Azure takes was refused: %s", got)
			}
			if got := judge(t, c.bad...); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want a refusal with %q", got, c.want)
			}
		})
	}
}

// Every kind of mood occurs, and what each looks like is what the service documents.
func TestMoodyHasEveryMood(t *testing.T) {
	moody := NewMoody(1)
	server := &sent{}
	pipeline := runtime.NewPipeline("storetest", "1", runtime.PipelineOptions{PerRetry: []policy.Policy{moody}},
		&policy.ClientOptions{Transport: server, Retry: policy.RetryOptions{MaxRetries: -1}})
	seen := map[string]int{}
	for range 200 {
		for _, q := range []request{
			{http.MethodGet, "/bars()", "", "", nil},
			{http.MethodPost, "/$batch", "multipart/mixed", "x", nil},
			{http.MethodPut, "/raw/blob", "", "", nil},
		} {
			r, err := runtime.NewRequest(t.Context(), q.method, "http://127.0.0.1/account"+q.path)
			if err != nil {
				t.Fatal(err)
			}
			response, err := pipeline.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			mood := fmt.Sprint(q.method, " ", response.StatusCode)
			if response.Header.Get("x-ms-continuation-NextPartitionKey") != "" {
				mood += " with a token"
			}
			seen[mood]++
		}
	}
	for _, mood := range []string{"GET 503", "GET 200 with a token", "GET 204", "POST 503", "POST 202", "POST 204", "PUT 503", "PUT 204"} {
		if seen[mood] == 0 {
			t.Errorf("%s was never answered: %v", mood, seen)
		}
	}
}
