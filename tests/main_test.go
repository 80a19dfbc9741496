// Package tests holds what is tested of the whole program from outside: what a person types, what the hosts send, what the
// documents say, what is fast. They run in the root of the repository, and those that mostly wait run beside each other.
package tests

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/shared/config"
)

// programs is the folder of the programs that build has built.
var programs string

func TestMain(m *testing.M) {
	var err error
	if programs, err = os.MkdirTemp("", "assay-tests-"); err == nil {
		err = os.Chdir("..")
	}
	if err == nil {
		err = flag.Set("test.parallel", "4") // unless the command line says otherwise: they wait, whatever the number of processors
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(programs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// building is held while a program is built: the second test that wants it finds it.
var building sync.Mutex

// build builds the program as make does, with more tags, once for all tests.
func build(t *testing.T, tags ...string) string {
	t.Helper()
	building.Lock()
	defer building.Unlock()
	tags = append([]string{"grpcnotrace"}, tags...)
	binary := filepath.Join(programs, strings.Join(tags, "-"), "assay")
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	c := exec.Command("go", "build", "-trimpath", "-tags", strings.Join(tags, ","), "-ldflags=-s -w", "-o", binary, ".")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

func command(settings config.Storage, binary string, arguments ...string) *exec.Cmd {
	c := exec.Command(binary, arguments...)
	c.Env = append(os.Environ(), "AzureWebJobsStorage="+settings.Connection)
	return c
}

func run(t *testing.T, settings config.Storage, binary string, arguments ...string) string {
	t.Helper()
	out, err := command(settings, binary, arguments...).CombinedOutput()
	t.Logf("assay %s: %s", strings.Join(arguments, " "), out)
	if err != nil {
		t.Errorf("assay %s: %v\n%s", strings.Join(arguments, " "), err, out)
	}
	return string(out)
}

// findTool finds a tool: what a variable names, what is on PATH, or what lies beside this repository. Without one it skips, and says what
// is missing.
func findTool(t *testing.T, name, variable, missing string) string {
	t.Helper()
	if tool := os.Getenv(variable); tool != "" {
		return tool
	}
	if tool, err := exec.LookPath(name); err == nil {
		return tool
	}
	tool, err := filepath.Abs("../shared/azure/" + name)
	if err == nil {
		_, err = os.Stat(tool)
	}
	if err != nil {
		t.Skip(missing)
	}
	return tool
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

// eventually asks every 50 ms until the answer is yes, for three minutes: other processes are at work.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(3 * time.Minute)
	for !yes() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited three minutes until %s", what)
		}
	}
}
