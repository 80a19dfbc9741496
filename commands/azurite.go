package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// azurite is Azure Storage on this machine, while it runs.
type azurite struct {
	command *exec.Cmd
	stdin   io.Closer
	log     string
	ended   context.Context // done when it has ended
}

// untilStdinEnds makes Azurite write what it has in memory and end when its standard input does: at the latest with this
// program, however that ends.
const untilStdinEnds = `process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume(); process.argv.splice(1, 0, 'azurite'); require(process.argv[2]);`

// How long Azurite may take: to start, of which a busy machine has needed 14 seconds, and to write what it has in memory.
const (
	azuriteStart = time.Minute
	azuriteStop  = 20 * time.Second
)

// startAzurite returns when storage in a folder answers.
func startAzurite(ctx context.Context, script, folder string, flags []string) (*azurite, error) {
	a, listening, err := launchAzurite(script, folder, flags)
	if err != nil {
		return nil, fmt.Errorf("start Azurite: %w", err)
	}
	select {
	case <-listening.Done():
		return a, nil
	case <-a.ended.Done():
		return nil, a.lastWords("did not start")
	case <-ctx.Done():
		a.stop()
		return nil, ctx.Err()
	case <-time.After(azuriteStart):
		a.stop()
		return nil, fmt.Errorf("start Azurite: it did not listen within %v; what it printed is in %s", azuriteStart, a.log)
	}
}

// launchAzurite runs Azurite. What it prints goes into the file log in the folder. listening is done when all three services listen.
func launchAzurite(script, folder string, flags []string) (a *azurite, listening context.Context, err error) {
	if script, err = filepath.Abs(script); err != nil {
		return nil, nil, err
	}
	if _, err := os.Stat(script); err != nil {
		return nil, nil, fmt.Errorf("there is no %s: make deps installs it, or --azurite names another", script)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, nil, err
	}
	a = &azurite{log: filepath.Join(folder, "log")}
	log, err := os.Create(a.log)
	if err != nil {
		return nil, nil, err
	}
	arguments := append([]string{"-e", untilStdinEnds, "--", script, "--location", folder, "--silent", "--disableTelemetry", "--skipApiVersionCheck"}, flags...)
	a.command = exec.Command("node", arguments...)
	a.command.SysProcAttr = ownGroup() // Ctrl+C in a terminal is for this program, which needs the storage until it has ended
	a.command.Stderr = log
	if a.stdin, err = a.command.StdinPipe(); err != nil {
		return nil, nil, err
	}
	stdout, err := a.command.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := a.command.Start(); err != nil {
		return nil, nil, err
	}
	return a, a.follow(stdout, log), nil
}

// follow copies what Azurite prints to its log. It returns a context that is done when all three services listen.
func (a *azurite) follow(stdout io.Reader, log io.WriteCloser) (listening context.Context) {
	listening, listens := context.WithCancel(context.Background())
	var ends context.CancelFunc
	a.ended, ends = context.WithCancel(context.Background())
	go func() {
		lines, services := bufio.NewScanner(io.TeeReader(stdout, log)), 0
		for lines.Scan() {
			if strings.Contains(lines.Text(), "service is successfully listening") {
				if services++; services == 3 {
					listens()
				}
			}
		}
		_ = a.command.Wait() // how it ended is in its last words
		log.Close()
		ends()
	}()
	return listening
}

// stop lets Azurite write what it has in memory, and returns when it has ended.
func (a *azurite) stop() {
	a.stdin.Close()
	select {
	case <-a.ended.Done():
	case <-time.After(azuriteStop):
		_ = a.command.Process.Kill()
		<-a.ended.Done()
	}
}

// lastWords is the error of an Azurite that ended by itself.
func (a *azurite) lastWords(what string) error {
	text, err := os.ReadFile(a.log)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err != nil || len(text) == 0 {
		return errors.New("storage " + what + ": Azurite printed nothing")
	}
	return fmt.Errorf("storage %s; the last words of Azurite, from %s:\n%s", what, a.log, strings.Join(lines[max(0, len(lines)-3):], "\n"))
}
