package commands

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"assay/shared/config"
	"assay/shared/store/storetest"
)

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "assay-commands")
	if err != nil {
		panic(err)
	}
	program.path = filepath.Join(folder, "assay")
	storetest.Main(m, func() { _ = os.RemoveAll(folder) })
}

// program is the built program, of all tests.
var program struct {
	once sync.Once
	path string
	out  []byte
	err  error
}

// command makes a command of the program, in a folder.
func command(t *testing.T, settings config.Storage, folder string, arguments ...string) *exec.Cmd {
	t.Helper()
	program.once.Do(func() {
		build := exec.Command("go", "build", "-o", program.path, "assay")
		program.out, program.err = build.CombinedOutput()
	})
	if program.err != nil {
		t.Fatalf("go build: %v\n%s", program.err, program.out)
	}
	c := exec.Command(program.path, arguments...)
	c.Dir = folder
	c.Env = append(os.Environ(), "AzureWebJobsStorage="+settings.Connection)
	return c
}

// result is what a command printed, and its exit code.
type result struct {
	stdout, stderr string
	code           int
}

// run runs the program.
func run(t *testing.T, settings config.Storage, folder string, arguments ...string) result {
	t.Helper()
	return finish(t, command(t, settings, folder, arguments...), (*exec.Cmd).Run)
}

// finish runs a command with what follows its start, and reads what it printed.
func finish(t *testing.T, c *exec.Cmd, run func(*exec.Cmd) error) result {
	t.Helper()
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = io.MultiWriter(&stdout, t.Output()), io.MultiWriter(&stderr, t.Output())
	if err := run(c); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), c.ProcessState.ExitCode()}
}

// write writes a file of a test and returns its name.
func write(t *testing.T, folder, name, content string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
