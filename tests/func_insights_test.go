package tests

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

// insights stands where Application Insights would, and keeps what the host sends.
type insights struct {
	mu       sync.Mutex
	counts   map[string]int // items by type: RequestData, MessageData, …
	requests map[string]int // by "name, code, success"
	messages []string
}

type insightsItem struct {
	Data struct {
		BaseType string
		BaseData struct {
			Name, ResponseCode, Message string
			Success                     bool
			Metrics                     []struct{ Name string }
		}
	}
}

// ServeHTTP takes items, one a line or in a list, and pings.
func (in *insights) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	text, _ := io.ReadAll(body)
	items := []insightsItem{}
	if json.Unmarshal(text, &items) != nil {
		for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
			var item insightsItem
			if decoder.Decode(&item) != nil {
				break
			}
			items = append(items, item)
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, item := range items {
		d := item.Data.BaseData
		switch in.counts[item.Data.BaseType]++; item.Data.BaseType {
		case "RequestData":
			in.requests[strings.Join([]string{d.Name, d.ResponseCode, map[bool]string{true: "good", false: "bad"}[d.Success]}, " ")]++
		case "MessageData":
			in.messages = append(in.messages, d.Message)
		case "MetricData":
			for _, m := range d.Metrics {
				in.messages = append(in.messages, "metric "+m.Name)
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"itemsReceived":1,"itemsAccepted":1,"errors":[]}`)
}

// said reports whether a message has all of some words.
func (in *insights) said(words ...string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, message := range in.messages {
		all := true
		for _, word := range words {
			all = all && strings.Contains(message, word)
		}
		if all {
			return true
		}
	}
	return false
}

// testInsights: with the settings of the deployment the host sends to Application Insights what infra/modules/broken.kql looks for,
// and not the metrics of its runtime, which are paid for as logs.
func testInsights(t *testing.T, script, program string) {
	in := &insights{counts: map[string]int{}, requests: map[string]int{}}
	server := httptest.NewServer(in)
	t.Cleanup(server.Close)
	storage := storetest.Azurite(t)
	app := newApp(t, storage)
	h := newFunctionsHost(t, script, stage(t, program), storage, deployedSettings(t)...)
	h.env = append(h.env, "ASSAY_SOURCE_URL="+providers(t).URL, "APPLICATIONINSIGHTS_CONNECTION_STRING="+
		"InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint="+server.URL+"/;LiveEndpoint="+server.URL+"/")
	h.start()
	received := time.Now()
	keepEach(t, app, "coinbase", received, []store.Record{coinbasePayload(0)})
	if err := app.Store.Queues.Send(t.Context(), store.RawPrices, "no pointer", 0); err != nil {
		t.Fatal(err)
	}
	ask(t, h.url, "/api/v1/series", nil)
	ask(t, h.url, "/api/v1/series/NO-SUCH/bars", nil)
	eventually(t, "the payload is loaded", func() bool { return states(t, app, "coinbase", received)[store.Loaded] == 1 })
	eventually(t, "a message is poison", func() bool { return length(t, app, store.Poison(store.RawPrices)) == 1 })
	eventually(t, "Reconcile finds prices behind", func() bool { // it trusts the catalogue for five seconds
		before := h.records("done", "Reconcile")
		if err := h.invoke("Reconcile"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "Reconcile is done", func() bool { return h.records("done", "Reconcile") > before })
		return strings.Contains(h.printed(), "prices are behind")
	})
	h.stop() // sends what is left
	for _, words := range [][]string{
		{"MaxDequeueCount", store.Poison(store.RawPrices)}, {`{"time":`, `"msg":"done"`, `"function":"Load"`}, {`{"time":`, `"msg":"prices are behind"`, `"series":"BTC-USD"`, `"newest":"2024-01-15T`},
	} {
		if !in.said(words...) {
			t.Errorf("the host did not send a message with %q", words)
		}
	}
	for _, request := range []string{"Load 0 good", "Clean 0 bad", "Api 200 good", "Api 404 good"} {
		if in.requests[request] == 0 {
			t.Errorf("the host sent the requests %v, want %s among them", in.requests, request)
		}
	}
	for _, unwanted := range []string{"metric dotnet", "metric process", "metric kestrel", "metric \\", "Trigger Details", "Executing 'Functions."} {
		if in.said(unwanted) {
			t.Errorf("the host sent %q: it costs money, and nothing asks for it", unwanted)
		}
	}
	if n := in.counts["RemoteDependencyData"]; n > 0 {
		t.Errorf("the host sent %d calls of its own: they cost money, and nothing asks for them", n)
	}
	h.checkErrors(`Executed 'Functions\.Clean' \(Failed`)
	h.checkTelemetry()
}

// TestBrokenQuery: what the alert searches for is what the program logs.
func TestBrokenQuery(t *testing.T) {
	query, err := os.ReadFile("infra/modules/broken.kql")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("handlers/behind.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{`"payload is dead"`, `"prices are behind"`} {
		if !bytes.Contains(query, []byte(words)) || !bytes.Contains(code, []byte(words)) {
			t.Errorf("%s is not both in the query and in what Reconcile logs", words)
		}
	}
	for _, name := range functionNames(t) {
		file, err := os.ReadFile("functions/" + name + "/function.json")
		if err != nil {
			t.Fatal(err)
		}
		asked := name == "Load" || bytes.Contains(file, []byte("httpTrigger"))
		if bytes.Contains(query, []byte(`"`+name+`"`)) != asked {
			t.Errorf("the query looks at %s: %v, want %v", name, !asked, asked)
		}
	}
}
