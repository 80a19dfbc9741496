package tests

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// longCommands are the documented commands that this test does not run whole: that they exist is all it asks. `func start` is
// run by the tests under the real host, make test by whoever runs this; assay stream and backfill would wait for a network.
var longCommands = map[string]string{
	"make test": "make -n test", "make check": "make -n check", "make bench": "make -n bench", "func start": "",
	"./assay stream kraken":                      "./assay stream kraken --help",
	"./assay backfill BTC-USD --from 2015-01-01": "./assay backfill --help",
}

var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```")

// TestDocumentedCommands does what README.md and docs/ tell a newcomer, in a copy of the repository, on ports of its own. The market is
// live, with or without a network, since files are loaded.
func TestDocumentedCommands(t *testing.T) {
	repository := copyRepository(t)
	linkInstalled(t, repository)
	ports := []string{freePort(t), freePort(t), freePort(t), freePort(t)}
	environment := append(os.Environ(), "AzureWebJobsStorage="+azuriteConnection(ports), "CGO_ENABLED=0", "MARKET=live")
	stop := makeRun(t, repository, environment, ports)
	defer stop()
	for _, file := range documents(t, repository) {
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
			for line := range strings.Lines(block[1]) {
				documented(t, repository, environment, ports, file, strings.TrimSpace(line))
			}
		}
		if file == "README.md" { // what it loads is used by the others
			assertServed(t, ports[0], "XAU-USD.mine", "2054.1")
		}
	}
	assertServed(t, ports[0], "XAU-USD.preise", "2054.1")
}

func documented(t *testing.T, repository string, environment []string, ports []string, file, line string) {
	t.Helper()
	if line == "make run" {
		return // it runs all the while
	}
	if instead, ok := longCommands[line]; ok {
		line = instead
	}
	c := exec.Command("bash", "-o", "pipefail", "-c", strings.ReplaceAll(line, "7071", ports[0]))
	c.Dir, c.Env = repository, environment
	out, err := c.CombinedOutput()
	t.Logf("%s: %s: %s", file, line, out)
	if err != nil {
		t.Errorf("%s: %s: %v", file, line, err)
	}
}

// makeRun starts make run and waits for the page. Stopping it must leave nothing that listens.
func makeRun(t *testing.T, repository string, environment []string, ports []string) (stop func()) {
	t.Helper()
	c := exec.Command("make", "--old-file=node_modules", "run", "port="+ports[0],
		fmt.Sprintf("azurite-flags=--blobPort %s --queuePort %s --tablePort %s", ports[1], ports[2], ports[3]))
	c.Dir, c.Env = repository, environment
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl+C reaches all of a terminal's processes
	var out bytes.Buffer
	both := io.MultiWriter(&out, t.Output())
	c.Stdout, c.Stderr = both, both
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // where the test failed before it could stop it
	})
	eventually(t, "make run serves the page", func() bool {
		response, err := http.Get("http://127.0.0.1:" + ports[0] + "/")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGINT)
		<-ended
		for _, port := range ports {
			eventually(t, "port "+port+" is free after make run was stopped", func() bool { return !listens(port) })
		}
	}
}

// linkInstalled saves the copy from installing Azurite again.
func linkInstalled(t *testing.T, repository string) {
	t.Helper()
	installed, err := filepath.Abs("node_modules")
	if err == nil {
		err = os.Symlink(installed, filepath.Join(repository, "node_modules"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func assertServed(t *testing.T, port, series, price string) {
	t.Helper()
	eventually(t, series+" is served with the price "+price, func() bool { // a reader trusts what it read for five seconds
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%s/api/v1/series/%s/bars?interval=1d", port, series))
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		return err == nil && strings.Contains(string(body), price)
	})
}

func documents(t *testing.T, repository string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"README.md"}
	for _, file := range files {
		names = append(names, filepath.Join("docs", filepath.Base(file)))
	}
	return names
}

func azuriteConnection(ports []string) string {
	const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==" // the one that everybody's Azurite has
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=%s;BlobEndpoint=http://127.0.0.1:%s/devstoreaccount1;"+
		"QueueEndpoint=http://127.0.0.1:%s/devstoreaccount1;TableEndpoint=http://127.0.0.1:%s/devstoreaccount1", key, ports[1], ports[2], ports[3])
}

func listens(port string) bool {
	connection, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}
