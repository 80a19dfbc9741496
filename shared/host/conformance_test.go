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
//	11 a panic is a 500, the process goes on       TestFailures, TestPanicOverHTTP; goroutines of a function: see the package comment
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
//	30 SIGKILL, SIGTERM, never exit 0              TestKilledAndRestarted, TestStopped; exit code: main_test.go
//	31 the staged folder                           TestStage, TestPackage
//	32 function.json                               TestLoadRefuses; settings in local.settings.json.example: main_test.go
//	33 base64 of queue text                        not applicable: messageEncoding is none, and the loader wants that
//	34 both forms of storage settings              store

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPortRefused(t *testing.T) {
	for _, port := range []string{"", "0", "-1", "65536", "80a", "http"} {
		if _, err := Port("FUNCTIONS_CUSTOMHANDLER_PORT", port); err == nil {
			t.Errorf("port %q: no error", port)
		}
	}
	p := startProcess(t, "host", filepath.Join(t.TempDir(), "events"), handlerEnvironment("x7")...)
	<-p.ended
	want := "FUNCTIONS_CUSTOMHANDLER_PORT=\"x7\": want a port number from 1 to 65535\n"
	if got := p.stderr.String(); got != want || p.cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("exit code %d and %q, want 1 and %q", p.cmd.ProcessState.ExitCode(), got, want)
	}
}

// Nothing listens at the storage that handlerEnvironment names, or it is not ours: the handler must not ask.
func TestReadyWithoutStorage(t *testing.T) {
	p := startHandler(t)
	if got, want := p.do(p.request("GET", "/", nil)).body, "the page"; got != want {
		t.Errorf("GET /: %q, want %q", got, want)
	}
	if !strings.HasPrefix(p.url, "http://127.0.0.1:") {
		t.Errorf("played against %s, want IPv4", p.url)
	}
}

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
			if got := p.invoke("QueueEcho", queueEnvelope(fmt.Appendf(nil, "wait 100ms %d", i)[:10])); !got.succeeded() {
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

func TestServerLimits(t *testing.T) {
	h := testHost(t, programFiles(), stubs(programFiles()))
	server := h.server(nil)
	if server.ReadTimeout != 0 || server.WriteTimeout != 0 || server.IdleTimeout < 2*time.Minute {
		t.Errorf("read %v, write %v, idle %v: want none, none and at least 2m", server.ReadTimeout, server.WriteTimeout, server.IdleTimeout)
	}
}

func TestKilledAndRestarted(t *testing.T) {
	p := startHandler(t)
	response, err := http.Post(p.url+"/QueueEcho", "application/json", strings.NewReader(queueEnvelope([]byte("kill once"))))
	if err == nil {
		response.Body.Close()
		t.Errorf("status %d from a killed process", response.StatusCode)
	}
	<-p.ended
	again := startProcess(t, "host", p.events, handlerEnvironment(strings.TrimPrefix(p.url, "http://127.0.0.1:"))...)
	again.url = p.url
	eventually(t, "the new process answers", func() bool {
		response, err := http.Get(again.url + "/")
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
	if got := again.invoke("QueueEcho", queueEnvelope([]byte("kill once"))); !got.succeeded() {
		t.Errorf("second try: %+v", got)
	}
}

// TestStopped: SIGTERM ends the handler, but not as if all were well.
func TestStopped(t *testing.T) {
	p := startHandler(t)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if got, want := p.stderr.String(), ErrStopped.Error()+"\n"; got != want {
		t.Errorf("ended with %q, want %q", got, want)
	}
}

// TestParentGone: a Functions host that is killed leaves its handler behind, which must not stay.
func TestParentGone(t *testing.T) {
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command("sh", "-c", `"$0" host & cat`, binary)
	parent.Env = append(os.Environ(), programMode+"=host", programEvents+"="+filepath.Join(t.TempDir(), "events"))
	port := freePort(t)
	parent.Env = append(parent.Env, handlerEnvironment(port)...)
	output, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	parent.Stdout = input
	stdin, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	input.Close()
	eventually(t, "the handler answers", func() bool {
		response, err := http.Get("http://127.0.0.1:" + port + "/")
		if err == nil {
			response.Body.Close()
		}
		return err == nil
	})
	if err := errors.Join(parent.Process.Kill()); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()                  // killed
	printed, err := io.ReadAll(output) // ends with the handler, who holds the other end
	if err != nil || !strings.Contains(string(printed), "is gone") {
		t.Errorf("the handler printed %q, %v, want a word about its parent", printed, err)
	}
}

func TestRecordedInvocations(t *testing.T) {
	folder := sharedFile(t, "host")
	p := startHandler(t)
	tests := []struct {
		file, function, payload string
		succeeds                bool
	}{
		{"queue-binary", "QueueEcho", "panic", false}, // that was the message
		{"queue-text", "QueueText", "hello", true},
		{"queue-text-json-spill", "QueueText", `{"id":"abc","dequeueCount":99,"when":"2026-01-02T03:04:05Z","n":1.10}`, true},
		{"timer-first", "TimerTick", "", true},
		{"timer-next", "TimerTick", "", true},
		{"timer-past-due", "TimerTick", "", true},
		{"timer-sub-minute", "TimerTick", "", true},
		{"timer-admin", "TimerTick", "", true},
	}
	for _, test := range tests {
		before := time.Now()
		if got := p.do(recorded(t, p, filepath.Join(folder, test.file+".http"))); got.succeeded() != test.succeeds {
			t.Errorf("%s: %+v, want success %v", test.file, got, test.succeeds)
		}
		got := calls(t, p.events, test.function)
		last := got[len(got)-1]
		if test.payload != "" {
			if last != test.payload {
				t.Errorf("%s: payload %q, want %q", test.file, last, test.payload)
			}
			continue
		}
		var turn Turn
		if err := json.Unmarshal([]byte(last), &turn); err != nil || turn.Slot.Before(before.Truncate(time.Minute)) ||
			turn.Slot.After(time.Now()) || turn.PastDue != (test.file == "timer-past-due") {
			t.Errorf("%s: payload %s, %v, want this minute as the slot", test.file, last, err)
		}
	}
}

func TestRecordedRequests(t *testing.T) {
	folder := sharedFile(t, "host")
	p := startHandler(t)
	for file, want := range map[string]string{
		"http-get-proxied":          "GET /api/v1/bars?x=1&x=2&from=2020-01-01T00%3A00%3A00Z&a=b+c body=",
		"http-get-forwarded":        "GET /api/v1/bars?x=1,2&from=2020-01-01T00%3A00%3A00Z body=",
		"http-head-proxied":         "",
		"http-post-chunked-proxied": "POST /api/v1/ingest/gold body=Y2h1bmt5",
	} {
		if got := p.do(recorded(t, p, filepath.Join(folder, file+".http"))); got.body != want || got.status != 200 {
			t.Errorf("%s: status %d, body %q, want 200 and %q", file, got.status, got.body, want)
		}
	}
}

// recorded reads a recorded request, addressed to p.
func recorded(t *testing.T, p *process, name string) *http.Request {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	target, err := r.URL.Parse(p.url + r.URL.RequestURI())
	if err != nil {
		t.Fatal(err)
	}
	r.URL, r.RequestURI = target, ""
	return r
}
