package host

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/config"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// The same functions must mean the same under both hosts: one suite, with real processes and real queues.

func TestOwnTriggersMeanTheSame(t *testing.T) {
	storage := storetest.Azurite(t)
	hostSemantics(t, storage, func(events string) (stop func()) {
		return keepRunning(t, events, storage)
	})
}

func TestFunctionsHostMeansTheSame(t *testing.T) {
	tool := findFunc(t)
	storage := storetest.Azurite(t)
	hostSemantics(t, storage, func(events string) (stop func()) {
		return startFunc(t, tool, events, storage)
	})
}

// hostSemantics sends messages of every kind at once and looks at what became of them. The settings are those of hostJSON:
// three tries, a second apart.
func hostSemantics(t *testing.T, storage config.Storage, start func(events string) (stop func())) {
	queues := storetest.Reopen(t, storage).Queues
	events := filepath.Join(t.TempDir(), "events")
	messages := []string{"fine", `{"v":1,"blob":"x","dequeueCount":99}`, "fail <&> \"as it is\"", "panic", "wait 200ms", "kill one"}
	for _, text := range messages {
		send(t, queues, "echo", text)
	}
	stop := start(events)
	eventually(t, "both messages that never work are in the poison queue", func() bool {
		return length(t, queues, "echo-poison") == 2 && length(t, queues, "echo") == 0
	})
	eventually(t, "the timer ran three times", func() bool { return len(calls(t, events, "TimerOften")) >= 3 })
	stop()
	got := map[string]int{}
	for _, text := range calls(t, events, "QueueEcho") {
		got[text]++
	}
	for _, text := range messages {
		order, _, _ := strings.Cut(text, " ")
		switch {
		case order == "fail" || order == "panic": // the kill may have cost one of the three tries
			if got[text] < 2 || got[text] > 3 {
				t.Errorf("%q was tried %d times, want three (or two, and one that the kill cut off)", text, got[text])
			}
		case order == "kill" && got[text] != 2:
			t.Errorf("%q was tried %d times, want two: killed once, then done", text, got[text])
		case got[text] < 1 || got[text] > 2:
			t.Errorf("%q was tried %d times, want once (or twice, if the kill met it)", text, got[text])
		}
	}
	if diff := cmp.Diff(map[string]bool{messages[2]: true, messages[3]: true}, texts(t, queues, "echo-poison")); diff != "" {
		t.Errorf("poison queue (-want +got):\n%s", diff)
	}
	checkSlots(t, calls(t, events, "TimerOften"))
}

// checkSlots wants every slot once, in order, on the schedule. Only a process that starts may run the last one again.
func checkSlots(t *testing.T, payloads []string) {
	t.Helper()
	var last time.Time
	for _, payload := range payloads {
		var turn Turn
		if err := json.Unmarshal([]byte(payload), &turn); err != nil {
			t.Fatal(err)
		}
		again := turn.PastDue && turn.Slot.Equal(last)
		if turn.Slot.Second()%2 != 0 || turn.Slot.Nanosecond() != 0 || !turn.Slot.After(last) && !again {
			t.Errorf("slot %v after %v: want later even seconds, each once", turn.Slot, last)
		}
		last = turn.Slot
	}
}

// keepRunning runs the program with its own triggers and starts it again when it was killed, as Kubernetes would. stop wants
// an exit without an error.
func keepRunning(t *testing.T, events string, storage config.Storage) (stop func()) {
	stopping := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			p := startProcess(t, "run", events, "AzureWebJobsStorage="+storage.Connection)
			select {
			case <-p.ended: // killed, as a message asked
				continue
			case <-stopping:
			}
			_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
			<-p.ended
			if code := p.cmd.ProcessState.ExitCode(); code != 0 {
				t.Errorf("exit code %d after SIGTERM, want 0: %s", code, &p.stderr)
			}
			return
		}
	}()
	return func() { close(stopping); <-stopped }
}

// startFunc stages this test binary as the program and runs the real Functions host on it.
func startFunc(t *testing.T, tool, events string, storage config.Storage) (stop func()) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "app")
	if err := Stage(StageOptions{Files: programFiles(), Folder: root, Binary: binary}); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "func.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tool, "start", "--script-root", root, "--port", freePort(t))
	cmd.Env = append(os.Environ(), programMode+"=host", programEvents+"="+events, "FUNCTIONS_WORKER_RUNTIME=custom",
		"TMPDIR="+t.TempDir(), "AzureWebJobsStorage="+storage.Connection) // it leaves logs in TMPDIR
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // its exit code says nothing
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		<-ended
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name()) // only for a person to read
			t.Logf("func printed:\n%s", text)
		}
	})
	return stop
}

func findFunc(t *testing.T) string {
	t.Helper()
	if tool := os.Getenv("FUNC"); tool != "" {
		return tool
	}
	if tool, err := exec.LookPath("func"); err == nil {
		return tool
	}
	return sharedFile(t, "azure/func")
}

func length(t *testing.T, queues *store.Queues, queue string) int {
	t.Helper()
	n, err := queues.Length(t.Context(), queue)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func texts(t *testing.T, queues *store.Queues, queue string) map[string]bool {
	t.Helper()
	messages, err := queues.Receive(t.Context(), queue, 32, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range messages {
		if found[m.Text] {
			t.Errorf("%q is there twice", m.Text)
		}
		found[m.Text] = true
	}
	return found
}
