package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"assay/shared/config"
)

// functionsHost is the real Functions host over one script root. Its settings are in the environment.
type functionsHost struct {
	t      *testing.T
	script string // func
	root   string // the script root
	plain  bool   // start it as plain func start, in the script root
	auth   bool   // it checks keys
	temp   string // its own folder for temporary files: it writes logs there
	env    []string
	url    string
	cmd    *exec.Cmd
	ended  chan struct{}
	mu     sync.Mutex
	output bytes.Buffer // of all its starts
}

// newFunctionsHost prepares the host over root with more settings. A message that failed is tried again after a second: the
// 30 that host.json says are what five tries of one message would take a test minutes for. No real provider is asked: without a
// server in their place none answers.
func newFunctionsHost(t *testing.T, script, root string, storage config.Storage, env ...string) *functionsHost {
	t.Helper()
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	h := &functionsHost{t: t, script: script, root: root, temp: t.TempDir()}
	h.env = append(os.Environ(), "TMPDIR="+h.temp, "TZ=UTC", "FUNCTIONS_WORKER_RUNTIME=custom",
		"AzureWebJobsStorage="+storage.Connection, "ASSAY_SOURCE_URL="+noProvider,
		"AzureFunctionsJobHost__logging__fileLoggingMode=always",
		"AzureFunctionsJobHost__extensions__queues__visibilityTimeout=00:00:01")
	h.env = append(h.env, env...)
	t.Cleanup(h.stop)
	return h
}

// findFunc finds func, or skips.
func findFunc(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the Functions host is watched through /proc, which only Linux has")
	}
	return findTool(t, "func", "FUNC", "func is missing, so nothing runs under the real Functions host: install Azure Functions Core Tools 4 and put func on PATH, or name it in FUNC")
}

// start starts the host, on another port each time, and waits until it serves every function.
func (h *functionsHost) start() {
	h.t.Helper()
	port := freePort(h.t)
	h.url = "http://127.0.0.1:" + port
	h.cmd = exec.Command(h.script, "start", "--port", port)
	if h.plain {
		h.cmd.Dir = h.root
	} else {
		h.cmd.Args = append(h.cmd.Args, "--script-root", h.root)
	}
	if h.auth {
		h.cmd.Args = append(h.cmd.Args, "--enableAuth")
	}
	h.cmd.Env, h.cmd.Stdout, h.cmd.Stderr = h.env, h, h
	if err := h.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	cmd, ended := h.cmd, make(chan struct{})
	h.ended = ended
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended is in the log
	}()
	eventually(h.t, "the Functions host runs", func() bool {
		if h.hasEnded() {
			h.t.Fatalf("func ended at its start:\n%s", h.printed())
		}
		response, err := http.Get(h.url + "/")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK || h.auth && response.StatusCode == http.StatusUnauthorized // the handler's page
	})
}

// stop ends the host with SIGTERM, which takes its handler along.
func (h *functionsHost) stop() {
	if h.cmd == nil || h.cmd.Process == nil {
		return
	}
	_ = h.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-h.ended:
	case <-time.After(30 * time.Second):
		_ = h.cmd.Process.Kill()
		<-h.ended
		h.t.Error("func did not end within 30 s of SIGTERM")
	}
	h.cmd = nil
	eventually(h.t, "the handler is gone", func() bool { return len(h.handlers()) == 0 })
}

func (h *functionsHost) hasEnded() bool {
	select {
	case <-h.ended:
		return true
	default:
		return false
	}
}

// Write takes what func prints.
func (h *functionsHost) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, _ = h.t.Output().Write(p)
	return h.output.Write(p)
}

func (h *functionsHost) printed() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.output.String()
}

// handlers returns the process ids of handlers that run from the script root: one, mostly.
func (h *functionsHost) handlers() []int {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		h.t.Fatal(err)
	}
	var pids []int
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == filepath.Join(h.root, "assay") {
			pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

// killHandler kills the handler with SIGKILL and waits for the next.
func (h *functionsHost) killHandler() {
	h.t.Helper()
	old := h.handlers()
	if len(old) != 1 {
		h.t.Fatalf("%d handlers run, want one", len(old))
	}
	if err := syscall.Kill(old[0], syscall.SIGKILL); err != nil {
		h.t.Fatal(err)
	}
	eventually(h.t, "the host starts another handler", func() bool {
		now := h.handlers()
		return len(now) == 1 && now[0] != old[0]
	})
}

// handlerURL is where the handler itself listens.
func (h *functionsHost) handlerURL() string {
	h.t.Helper()
	pids := h.handlers()
	if len(pids) != 1 {
		h.t.Fatalf("%d handlers run, want one", len(pids))
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pids[0]))
	if err != nil {
		h.t.Fatal(err)
	}
	for variable := range strings.SplitSeq(string(environ), "\x00") {
		if port, found := strings.CutPrefix(variable, "FUNCTIONS_CUSTOMHANDLER_PORT="); found {
			return "http://127.0.0.1:" + port
		}
	}
	h.t.Fatal("the handler has no FUNCTIONS_CUSTOMHANDLER_PORT")
	return ""
}

// invoke runs a function at once, as a person does who has the master key.
func (h *functionsHost) invoke(function string) error {
	response, err := http.Post(h.url+"/admin/functions/"+function, "application/json", strings.NewReader(`{"input":""}`))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("POST /admin/functions/%s answered %s, want 202", function, response.Status)
	}
	return nil
}

// functions lists the functions that the host found, in alphabetical order.
func (h *functionsHost) functions() []string {
	h.t.Helper()
	response, err := http.Get(h.url + "/admin/functions")
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	var found []struct{ Name string }
	if err := json.Unmarshal(text, &found); err != nil {
		h.t.Fatalf("GET /admin/functions: %v: %s", err, text)
	}
	var names []string
	for _, f := range found {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}
