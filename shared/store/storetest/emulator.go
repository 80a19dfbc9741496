package storetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// emulator is one Azurite. It starts when the first test needs it.
type emulator struct {
	once               sync.Once
	err                error
	command            *exec.Cmd
	stdin              io.Closer
	blob, queue, table string // http://127.0.0.1:<port>
	folder             string // where it keeps what it is given; empty: in memory
}

// Azurite ends when its standard input does, and so with the test binary, however that ends.
const untilStdinEnds = `process.stdin.on('end', () => process.exit(0)).resume().unref(); process.argv.splice(1, 0, 'azurite'); require(process.argv[2]);`

// startTimeout is long because a busy machine has needed 14 seconds.
const startTimeout = time.Minute

func (e *emulator) start(tb testing.TB, flags ...string) *emulator {
	tb.Helper()
	e.once.Do(func() { e.err = e.run(flags) })
	if e.err != nil {
		tb.Fatal(e.err)
	}
	return e
}

func (e *emulator) run(flags []string) error {
	script, err := findAzurite()
	if err != nil {
		return err
	}
	if e.folder != "" {
		flags = append(flags, "--location", e.folder)
	} else {
		flags = append(flags, "--inMemoryPersistence")
	}
	arguments := append([]string{
		"-e", untilStdinEnds, "--", script,
		"--silent", "--disableTelemetry", "--skipApiVersionCheck", "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
	}, flags...)
	e.command = exec.Command("node", arguments...)
	e.command.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+accountList())
	e.command.Stderr = os.Stderr
	if e.stdin, err = e.command.StdinPipe(); err != nil {
		return err
	}
	stdout, err := e.command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.command.Start(); err != nil {
		return fmt.Errorf("Azurite does not start: %w", err)
	}
	timer := time.AfterFunc(startTimeout, func() { e.stdin.Close() })
	defer timer.Stop()
	return e.listening(stdout)
}

var listening = regexp.MustCompile(`Azurite (Blob|Queue|Table) service is successfully listening at (\S+)`)

// listening reads the ports from what Azurite prints, and what follows in the background, so that it never waits for us.
func (e *emulator) listening(stdout io.Reader) error {
	lines := bufio.NewScanner(stdout)
	var printed []string
	for lines.Scan() {
		printed = append(printed, lines.Text())
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			*map[string]*string{"Blob": &e.blob, "Queue": &e.queue, "Table": &e.table}[m[1]] = strings.TrimSuffix(m[2], "/")
		}
		if e.blob != "" && e.queue != "" && e.table != "" {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return nil
		}
	}
	return fmt.Errorf("Azurite ended without listening: %s", strings.Join(printed, "\n"))
}

func (e *emulator) stop() {
	if e.stdin == nil {
		return
	}
	e.stdin.Close()
	_ = e.command.Wait()
}

func accountList() string {
	var list strings.Builder
	for n := range accounts {
		fmt.Fprintf(&list, "%s:%s;", accountName(int64(n+1)), accountKey)
	}
	return strings.TrimSuffix(list.String(), ";")
}

// findAzurite looks in the repository's node_modules, then in the folder that AZURITE names.
func findAzurite() (string, error) {
	const script = "azurite/dist/src/azurite.js"
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	candidates := []string{filepath.Join(root, "node_modules", script)}
	if folder := os.Getenv("AZURITE"); folder != "" {
		candidates = append(candidates, filepath.Join(folder, "dist/src/azurite.js"))
	}
	for _, path := range candidates {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("Azurite is missing: run `make deps`")
}

func moduleRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("no go.mod in this folder or one above it")
		}
		folder = parent
	}
}
