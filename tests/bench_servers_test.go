//go:build bench

package tests

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// server is a program that runs until it is stopped.
type server struct {
	t       *testing.T
	command *exec.Cmd
	url     string // where it answers
}

// stop kills the program: none of them minds, and the bench must not leave any behind.
func (s *server) stop() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}

// memory reads VmHWM (the peak) or VmRSS (now) of the program, in bytes.
func (s *server) memory(field string) float64 {
	s.t.Helper()
	bytes := memoryOf(s.command.Process.Pid, field)
	if bytes == 0 {
		s.t.Fatalf("%s has ended, or has no %s", filepath.Base(s.command.Path), field)
	}
	return bytes
}

// cpu reads the seconds of CPU that a running program has taken.
func (s *server) cpu() float64 {
	s.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.command.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) / 100
}

// azurite is an Azurite of its own.
type azurite struct {
	server
	connection string
}

// startAzurite starts one on free ports: in memory, or with its data on disk.
func startAzurite(t *testing.T, onDisk bool) *azurite {
	t.Helper()
	folder := "node_modules/azurite"
	if elsewhere := os.Getenv("AZURITE"); elsewhere != "" {
		folder = elsewhere
	}
	script := filepath.Join(folder, "dist/src/azurite.js")
	if _, err := os.Stat(script); err != nil {
		t.Fatal("Azurite is missing: run `make deps`")
	}
	where := []string{"--inMemoryPersistence"}
	if onDisk {
		where = []string{"--location", t.TempDir()}
	}
	a := &azurite{server: server{t: t, command: exec.Command("node", append([]string{
		script, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--blobPort", "0", "--queuePort", "0", "--tablePort", "0",
	}, where...)...)}}
	ports := map[string]string{}
	a.start(regexp.MustCompile(`Azurite (Blob|Queue|Table) service is successfully listening at (\S+)`), func(m []string) bool {
		ports[m[1]] = strings.TrimSuffix(m[2], "/")
		return len(ports) == 3
	})
	a.connection = fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"+
		"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"+
		"BlobEndpoint=%[1]s/devstoreaccount1;QueueEndpoint=%[2]s/devstoreaccount1;TableEndpoint=%[3]s/devstoreaccount1",
		ports["Blob"], ports["Queue"], ports["Table"])
	return a
}

// start starts the program and reads its lines until ready has seen enough of those that match.
func (s *server) start(line *regexp.Regexp, ready func(match []string) bool) {
	s.t.Helper()
	s.command.Stderr = os.Stderr
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if m := line.FindStringSubmatch(lines.Text()); m != nil && ready(m) {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return
		}
	}
	s.stop()
	s.t.Fatalf("%s ended before it was ready", filepath.Base(s.command.Path))
}

// run starts `assay run` with some functions, all when none is named, on a free port.
func (b *bench) run(storage, only string, settings ...string) *server {
	b.t.Helper()
	s := &server{t: b.t, command: exec.Command(b.binary, "run", "--port", "0", "--only", only)}
	s.command.Env = append(append(os.Environ(), "AzureWebJobsStorage="+storage), settings...)
	s.start(regexp.MustCompile(`"url":("[^"]*")`), func(m []string) bool { return json.Unmarshal([]byte(m[1]), &s.url) == nil })
	s.url = strings.TrimSuffix(s.url, "/")
	return s
}

// host starts `assay host` as the Functions host does and returns the seconds until it answered.
func (b *bench) host() (*server, float64) {
	b.t.Helper()
	port := freePort(b.t)
	s := &server{t: b.t, command: exec.Command(b.binary, "host"), url: "http://127.0.0.1:" + port}
	s.command.Env = append(os.Environ(), "FUNCTIONS_CUSTOMHANDLER_PORT="+port)
	began := time.Now()
	if err := s.command.Start(); err != nil {
		b.t.Fatal(err)
	}
	for since(began) < 30 {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			<-time.After(200 * time.Microsecond)
			continue
		}
		defer c.Close()
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
		if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
			b.t.Fatalf("assay host does not answer: %v", err)
		}
		return s, since(began)
	}
	s.stop()
	b.t.Fatal("assay host was not ready within 30 s")
	return nil, 0
}
