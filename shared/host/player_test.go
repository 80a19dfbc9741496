package host

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is the program as a process, and what it printed.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	events string // its events file
	url    string
	ended  chan struct{}
	mu     sync.Mutex
	stdout []string
	stderr bytes.Buffer
}

// startProcess starts the test binary as the program, in mode "host" or "run", with more environment.
func startProcess(t *testing.T, mode, events string, env ...string) *process {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(binary, mode), events: events, ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), programMode+"="+mode, programEvents+"="+events)
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stderr = io.MultiWriter(&p.stderr, t.Output())
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			fmt.Fprintln(t.Output(), lines.Text())
			p.mu.Lock()
			p.stdout = append(p.stdout, lines.Text())
			p.mu.Unlock()
		}
		_ = p.cmd.Wait() // the exit code is in ProcessState
	}()
	t.Cleanup(p.kill)
	return p
}

// startHandler starts the program as the Functions host does, and waits for it.
func startHandler(t *testing.T) *process {
	t.Helper()
	port := freePort(t)
	p := startProcess(t, "host", filepath.Join(t.TempDir(), "events"), handlerEnvironment(port)...)
	p.url = "http://127.0.0.1:" + port
	p.waitReady()
	return p
}

// waitReady waits as the Functions host does: GET / every 25 ms, any answer.
func (p *process) waitReady() {
	p.t.Helper()
	eventually(p.t, "the handler answers GET /", func() bool {
		response, err := http.Get(p.url + "/")
		if err != nil {
			return false
		}
		response.Body.Close()
		return true
	})
}

func handlerEnvironment(port string) []string {
	return []string{
		"FUNCTIONS_CUSTOMHANDLER_PORT=" + port, "FUNCTIONS_HTTPWORKER_PORT=" + port,
		"FUNCTIONS_CUSTOMHANDLER_WORKER_ID=79fce1f6-4425-4595-af2b-8c5019ecc096",
		"FUNCTIONS_HTTPWORKER_ID=79fce1f6-4425-4595-af2b-8c5019ecc096", "FUNCTIONS_APP_ROOT_PATH=/",
		"AzureWebJobsStorage=UseDevelopmentStorage=true",
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// lines returns what the program printed so far.
func (p *process) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.stdout...)
}

// logged returns the records of the log whose message is msg.
func (p *process) logged(msg string) []map[string]any {
	p.t.Helper()
	var found []map[string]any
	for _, line := range p.lines() {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			p.t.Errorf("stdout line is no JSON record: %s", line)
		}
		if record["msg"] == msg {
			found = append(found, record)
		}
	}
	return found
}

// calls returns the payloads that a function was called with, in order.
func calls(t *testing.T, events, function string) []string {
	t.Helper()
	text, err := os.ReadFile(events)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var payloads []string
	for line := range strings.Lines(string(text)) {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("event %q: %v", line, err)
		}
		if e.Function == function {
			payloads = append(payloads, string(e.Payload))
		}
	}
	return payloads
}

// answer is what the handler replied.
type answer struct {
	status      int
	contentType string
	body        string
}

// succeeded reports whether the Functions host would take it as success: 2xx, a JSON type, a JSON object.
func (a answer) succeeded() bool {
	var object map[string]any
	return a.status/100 == 2 && a.contentType == "application/json" && json.Unmarshal([]byte(a.body), &object) == nil && object != nil
}

// invoke posts an envelope to a function.
func (p *process) invoke(function, envelope string) answer {
	p.t.Helper()
	return p.do(p.request(http.MethodPost, "/"+function, strings.NewReader(envelope)))
}

func (p *process) request(method, path string, body io.Reader) *http.Request {
	p.t.Helper()
	r, err := http.NewRequest(method, p.url+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "Azure-Functions-Host/4.1045.200.25556")
	r.Header.Set("X-Azure-Functions-Invocationid", "2acbb366-b581-4f9e-8f97-7a2b90c20ebd")
	return r
}

func (p *process) do(r *http.Request) answer {
	p.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s", r.Method, r.URL.Path, err, p.stderr.String())
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	return answer{response.StatusCode, response.Header.Get("Content-Type"), string(body)}
}

// queueEnvelope is an invocation of a queue function with dataType binary, as recorded.
func queueEnvelope(payload []byte) string {
	msg, _ := json.Marshal(payload) // base64
	return fmt.Sprintf(`{"Data":{"msg":%s},"Metadata":{"DequeueCount":"1","ExpirationTime":"2026-11-30T08:08:51+00:00",`+
		`"Id":"\"d678c1b2-81a5-4643-ab2e-4a2b3d7d2d42\"","InsertionTime":"2026-11-23T08:08:51+00:00",`+
		`"NextVisibleTime":"2026-11-23T08:18:58+00:00","PopReceipt":"\"MjNOb3YyMDI2MDg6MDg6NThmOTFl\"",`+
		`"sys":{"MethodName":"QueueEcho","UtcNow":"2026-11-23T08:08:58.9302847Z","RandGuid":"814d8785-ec09-408a-a9e3-f636a819d818"}}}`, msg)
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// eventually asks every 25 ms until the answer is yes, for a minute: another process is at work.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for !yes() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited a minute until %s", what)
		}
	}
}

// sharedFile finds a file beside the repository, or skips.
func sharedFile(t *testing.T, name string) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
	}
	path := filepath.Join(filepath.Dir(folder), "shared", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is missing: this test plays requests recorded from the real Functions host", path)
	}
	return path
}
