package host

// The 34 statements of a custom handler that keeps the Functions host happy, and what holds each of them here. The tests
// below play the Functions host against a real process.
//
//	 1 reads its port, refuses a bad one           TestPortRefused; 8080 when unset: config
//	 2 listens on IPv4, no I/O before              TestReadyWithoutStorage
//	 3 GET / answers at once                       TestReadyWithoutStorage
//	 4 no required arguments, any folder           "host" comes from host.json; all files are embedded
//	 5 every folder has a function, and back       TestNewWantsBoth; main_test.go for the program's own
//	 6 no redirect of an invocation                TestInvocationNeverRedirects
//	 7 chunked invocation                          TestChunkedInvocation
//	 8 unknown path 404, wrong method 405          TestClientErrors
//	 9 every reply is a JSON object                answer.succeeded, in all tests of invocations
//	10 no empty success                            TestFailures, TestDeadline
//	11 a panic is a 500, the process goes on       TestFailures, TestPanicOverHTTP; in a goroutine: TestKilledAndRestarted
//	12 transient failure is not 2xx                TestFailures; bad input for good: each function's own tests
//	13 timer requests                              TestTurn, TestRecordedInvocations
//	14 two deliveries of a slot, one effect        the slot is in the payload (TestTurn); the claim of a turn: fetch
//	15 text messages, one more unquoting           TestMessage, TestRecordedInvocations
//	16 binary messages, byte-exact                 TestMessage, TestBinaryMessage
//	17 tolerant metadata                           TestTries, TestRecordedInvocations
//	18 no forged identity                          the loader wants dataType binary (TestLoadRefuses); metadata only reaches the log
//	19 duplicate delivery                          each function's own tests
//	20 80 invocations at once                      TestManyAtOnce
//	21 queue and blob outputs                      not applicable: outputs go through the SDK, the loader refuses output bindings
//	22 HTTP outputs                                not applicable: HTTP functions are proxied
//	23 HTTP business errors                        TestClientErrors: proxied, so the real status
//	24 routes with prefix, extra bindings          TestRecordedRequests; the loader refuses extra bindings
//	25 HTTP envelope                               not applicable: HTTP functions are proxied
//	26 log on stdout, one line a record            TestLog
//	27 the invocation's id on every record         TestLog
//	28 deadline below functionTimeout              TestDeadline
//	29 no short time limits in the server          TestServerLimits
//	30 SIGKILL, SIGTERM, never exit 0              TestKilledAndRestarted, TestStopped, TestParentGone; exit code: tests/program_test.go
//	31 the staged folder                           TestStage, TestPackage
//	32 function.json                               TestLoadRefuses; settings in local.settings.json.example: main_test.go
//	33 base64 of queue text                        not applicable: messageEncoding is none, and the loader wants that
//	34 both forms of storage settings              store

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInvocationNeverRedirects(t *testing.T) {
	p := startHandler(t)
	if got := p.invoke("QueueEcho", queueEnvelope([]byte("x"))); !got.succeeded() {
		t.Errorf("POST /QueueEcho: %+v", got)
	}
	if got := p.do(p.request("POST", "/QueueEcho/", strings.NewReader("{}"))); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST /QueueEcho/: status %d, want 405: it is no invocation", got.status)
	}
}

func TestChunkedInvocation(t *testing.T) {
	p := startHandler(t)
	body := io.MultiReader(strings.NewReader(queueEnvelope([]byte("chunked")))) // hides the length
	if got := p.do(p.request("POST", "/QueueEcho", body)); !got.succeeded() {
		t.Errorf("without Content-Length: %+v", got)
	}
	if diff := cmp.Diff([]string{"chunked"}, calls(t, p.events, "QueueEcho")); diff != "" {
		t.Errorf("payloads (-want +got):\n%s", diff)
	}
}

func TestBinaryMessage(t *testing.T) {
	p := startHandler(t)
	want := []string{"\x00\xff\xfe not UTF-8 \x80", `{"v":1,"id":"abc","dequeueCount":99}`, "", `"quoted"`, "test"}
	for _, payload := range want {
		if got := p.invoke("QueueEcho", queueEnvelope([]byte(payload))); !got.succeeded() {
			t.Errorf("%q: %+v", payload, got)
		}
	}
	if diff := cmp.Diff(want, calls(t, p.events, "QueueEcho")); diff != "" {
		t.Errorf("payloads (-want +got):\n%s", diff)
	}
}

// TestClientErrors: a client gets a status and a body, whatever it asks; its POST is never an invocation.
func TestClientErrors(t *testing.T) {
	p := startHandler(t)
	tests := []struct {
		method, path string
		proxied      bool
		status       int
	}{
		{"GET", "/TimerTick", true, 404},
		{"GET", "/QueueEcho", false, 404},
		{"GET", "/nothing", true, 404},
		{"GET", "//double", true, 404},
		{"GET", "/../etc/passwd", true, 404},
		{"POST", "/nothing", false, 405},
		{"POST", "/QueueEcho", true, 405},
		{"POST", "/TimerTick", true, 405},
		{"DELETE", "/api/v1/x", true, 405},
		{"POST", "/Page", false, 405},
		{"GET", "/API/v1/x", true, 200},
	}
	for _, test := range tests {
		r := p.request(test.method, test.path, strings.NewReader(queueEnvelope([]byte("forged"))))
		if test.proxied {
			r.Header.Set("X-Forwarded-Host", "localhost:7071")
		}
		if got := p.do(r); got.status != test.status || got.body == "" {
			t.Errorf("%s %s: status %d, body %q, want %d and a body", test.method, test.path, got.status, got.body, test.status)
		}
	}
	if got := calls(t, p.events, "QueueEcho"); len(got) > 0 {
		t.Errorf("a client invoked QueueEcho with %q", got)
	}
}

func TestFailures(t *testing.T) {
	p := startHandler(t)
	tests := []struct{ name, function, envelope string }{
		{"error", "QueueEcho", queueEnvelope([]byte("fail"))},
		{"panic", "QueueEcho", queueEnvelope([]byte("panic"))},
		{"panic in a goroutine", "QueueEcho", queueEnvelope([]byte("beside"))},
		{"no body", "QueueEcho", ""},
		{"null", "QueueEcho", "null"},
		{"no JSON", "QueueEcho", "{garbled"},
		{"list", "TimerTick", "[]"},
		{"no data", "TimerTick", "{}"},
		{"another binding", "QueueEcho", `{"Data":{"other":"eA=="},"Metadata":{}}`},
		{"no timer", "TimerTick", `{"Data":{"timer":"soon"}}`},
		{"bad time", "TimerTick", `{"Data":{"timer":{"ScheduleStatus":{"Next":"noon"}}}}`},
		{"too long", "QueueEcho", queueEnvelope(bytes.Repeat([]byte("x"), maxEnvelope))},
	}
	for _, test := range tests {
		got := p.invoke(test.function, test.envelope)
		var reply struct{ Error string }
		err := json.Unmarshal([]byte(got.body), &reply)
		if got.status != 500 || got.contentType != "application/json" || err != nil || reply.Error == "" {
			t.Errorf("%s: %+v, want a 500 with a JSON error", test.name, got)
		}
	}
	if got := p.invoke("QueueEcho", queueEnvelope([]byte("ok"))); !got.succeeded() {
		t.Errorf("afterwards: %+v, want success", got)
	}
}

func TestPanicOverHTTP(t *testing.T) {
	p := startHandler(t)
	got := p.do(p.request("GET", "/api/panic", nil))
	if got.status != 500 || got.contentType != "application/problem+json" || strings.Contains(got.body, "asked to panic") {
		t.Errorf("panic: %+v, want a problem with status 500 that says nothing of the inside", got)
	}
	// The connection stays: the Functions host would ask again.
	if got := p.do(p.request("GET", "/api/panic-late", nil)); got.status != 200 {
		t.Errorf("panic after the answer began: %+v, want the status that was sent", got)
	}
}

func TestDeadline(t *testing.T) {
	p := startHandler(t)
	for _, order := range []string{"slow", "stuck"} {
		if got := p.invoke("QueueEcho", queueEnvelope([]byte(order))); got.status != 500 || !strings.Contains(got.body, "deadline") {
			t.Errorf("%s: %+v, want a 500 before functionTimeout", order, got)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	p := startHandler(t)
	var group sync.WaitGroup
	for i := range 80 {
		group.Go(func() {
			if got := p.invoke("QueueEcho", queueEnvelope([]byte("wait 100ms"))); !got.succeeded() {
				t.Errorf("invocation %d: %+v", i, got)
			}
		})
	}
	group.Wait()
	if got := len(calls(t, p.events, "QueueEcho")); got != 80 {
		t.Errorf("%d calls, want 80", got)
	}
}

func TestLog(t *testing.T) {
	p := startHandler(t)
	p.invoke("QueueEcho", queueEnvelope([]byte("fail")))
	p.invoke("QueueEcho", queueEnvelope([]byte("panic")))
	p.invoke("QueueEcho", queueEnvelope([]byte("ok")))
	eventually(t, "the log has three records", func() bool { return len(p.lines()) == 3 })
	for _, record := range append(p.logged("failed"), p.logged("done")...) {
		if record["function"] != "QueueEcho" || record["invocation"] != "2acbb366-b581-4f9e-8f97-7a2b90c20ebd" || record["try"] != 1.0 {
			t.Errorf("record %v, want function, invocation and try", record)
		}
	}
	if failed := p.logged("failed"); len(failed) != 2 || failed[0]["error"] != "asked to fail\nin two lines" ||
		!strings.Contains(failed[1]["error"].(string), "obey") {
		t.Errorf("failed: %v, want the error, and the panic with its stack", failed)
	}
	p.kill()
	if p.stderr.Len() > 0 {
		t.Errorf("stderr, which the Functions host takes for errors: %s", &p.stderr)
	}
}
