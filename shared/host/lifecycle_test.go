package host

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
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

// Nothing listens at the storage that handlerEnvironment names, or it is not ours: the handler must not ask. It is asked by IPv4.
func TestReadyWithoutStorage(t *testing.T) {
	p := startHandler(t)
	if got, want := p.do(p.request("GET", "/", nil)).body, "the page"; got != want {
		t.Errorf("GET /: %q, want %q", got, want)
	}
}

func TestServerLimits(t *testing.T) {
	h := testHost(t, programFiles(), stubs(programFiles()))
	server := h.server(nil)
	if server.ReadTimeout != 0 || server.WriteTimeout != 0 || server.IdleTimeout < 2*time.Minute {
		t.Errorf("read %v, write %v, idle %v: want none, none and at least 2m", server.ReadTimeout, server.WriteTimeout, server.IdleTimeout)
	}
}

// TestKilledAndRestarted: a killed process, and one that a panic in a goroutine ended, fail what is in hand; the Functions
// host starts another on the same port, which goes on.
func TestKilledAndRestarted(t *testing.T) {
	p := startHandler(t)
	port := strings.TrimPrefix(p.url, "http://127.0.0.1:")
	for _, order := range []string{"kill once", "goroutine once"} {
		response, err := http.Post(p.url+"/QueueEcho", "application/json", strings.NewReader(queueEnvelope([]byte(order))))
		if err == nil {
			response.Body.Close()
			t.Errorf("%s: status %d from a process that ended", order, response.StatusCode)
		}
		<-p.ended
		if p.cmd.ProcessState.ExitCode() == 0 {
			t.Errorf("%s: exit code 0, after which the Functions host starts no other", order)
		}
		url, events := p.url, p.events
		p = startProcess(t, "host", events, handlerEnvironment(port)...)
		p.url = url
		p.waitReady()
		if got := p.invoke("QueueEcho", queueEnvelope([]byte(order))); !got.succeeded() {
			t.Errorf("%s, second try: %+v", order, got)
		}
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
	(&process{t: t, url: "http://127.0.0.1:" + port}).waitReady()
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()                  // killed
	printed, err := io.ReadAll(output) // ends with the handler, who holds the other end
	if err != nil || !strings.Contains(string(printed), "is gone") {
		t.Errorf("the handler printed %q, %v, want a word about its parent", printed, err)
	}
}
