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
	"strconv"
	"strings"
	"testing"
)

const refusal = "this storage holds a simulated market, and real prices never go among made-up ones: MARKET=live make run keeps them in a storage of their own"

// TestMakeRunSimulated runs the simulated market in a copy of the repository, as a newcomer without a network gets it: five years of four
// curves, marked as made up, in storage that takes nothing real. Only what the page draws is gathered, to save time.
func TestMakeRunSimulated(t *testing.T) {
	repository := copyRepository(t)
	linkInstalled(t, repository)
	ports := []string{freePort(t), freePort(t), freePort(t), freePort(t)}
	environment := append(os.Environ(), "AzureWebJobsStorage="+azuriteConnection(ports), "CGO_ENABLED=0", "MARKET=sim", "ASSAY_ACCEPT_TERMS=",
		"ASSAY_WATCHLIST=BTC-USD,XAU-USD-PM,XAG-USD-FIX,XPT-USD-PM")
	stop := makeRun(t, repository, environment, ports)
	url := "http://127.0.0.1:" + ports[0]
	for curves := 1; curves <= 4; curves++ {
		eventually(t, fmt.Sprintf("there are five years of %d curves", curves), func() bool { return fullCurves(t, url) >= curves })
	}
	for name, folder := range map[string]bool{".azurite-sim": true, ".azurite": false} {
		if _, err := os.Stat(filepath.Join(repository, name)); (err == nil) != folder {
			t.Errorf("folder %s: %v, want it there: %v", name, err, folder)
		}
	}
	refusesImport(t, repository, environment)
	response, err := http.Post(url+"/api/v1/ingest/BTC-USD.mine?interval=1d", "text/csv", strings.NewReader("time,close\n2024-01-15,42000\n"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusConflict {
		t.Errorf("push: %s, want 409", response.Status)
	}
	stop()
	stop = makeRun(t, repository, environment, ports)
	if n := fullCurves(t, url); n != 4 { // to gather them again takes longer than to ask
		t.Errorf("%d curves right after the next start, want the 4 that were stored", n)
	}
	stop()
}

// fullCurves counts the curves of the page that have nine tenths of their days, after making sure that they are said to be made up.
func fullCurves(t *testing.T, url string) (curves int) {
	t.Helper()
	response, err := http.Get(url + "/api/v1/expensive-things")
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	var answer struct {
		Simulated bool
		Assets    []struct {
			Series *string
			Time   []int64
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return 0 // the storage may not answer yet
	}
	for _, asset := range answer.Assets {
		if asset.Series != nil && !answer.Simulated {
			t.Fatalf("%s is served without a word that it is made up", *asset.Series)
		}
		if len(asset.Time) > 1100 { // of about 1,260 days that London has in five years
			curves++
		}
	}
	return curves
}

func refusesImport(t *testing.T, repository string, environment []string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(repository, "gold.csv"), []byte("day,close\n2024-01-15,2054.10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("./assay", "import", "gold.csv", "--series", "XAU-USD.mine", "--columns", "time=day,close=close", "--interval", "1d")
	c.Dir, c.Env = repository, environment
	out, err := c.CombinedOutput()
	if want := "assay: gold.csv: " + refusal + "; nothing was imported\n"; err == nil || string(out) != want {
		t.Errorf("import: %v, %q, want it to fail with %q", err, out, want)
	}
}

// TestLocalEnds kills one part of assay local, and expects the other to end too.
func TestLocalEnds(t *testing.T) {
	binary := build(t)
	for _, victim := range []string{"assay", "azurite"} {
		t.Run(victim, func(t *testing.T) {
			ports := []string{freePort(t), freePort(t), freePort(t), freePort(t)}
			c := exec.Command(binary, "local", "--market", "sim", "--data", filepath.Join(t.TempDir(), "data"), "--port", ports[0], "--",
				"--blobPort", ports[1], "--queuePort", ports[2], "--tablePort", ports[3])
			c.Env = append(os.Environ(), "AzureWebJobsStorage="+azuriteConnection(ports))
			var out bytes.Buffer
			both := io.MultiWriter(&out, t.Output())
			c.Stdout, c.Stderr = both, both
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Process.Kill() }) // where the test failed before it ended
			eventually(t, "the API answers", func() bool { return listens(ports[0]) })
			pid := c.Process.Pid
			if victim == "azurite" {
				pid = childOf(t, pid)
			}
			process, err := os.FindProcess(pid)
			if err == nil {
				err = process.Kill()
			}
			if err != nil {
				t.Fatal(err)
			}
			err = c.Wait()
			for _, port := range ports {
				eventually(t, "port "+port+" is free", func() bool { return !listens(port) })
			}
			if victim == "azurite" && (c.ProcessState.ExitCode() != 1 || !strings.Contains(out.String(), "assay: storage ended; the last words of Azurite")) {
				t.Errorf("%v, want exit code 1 and Azurite's last words after\n%s", err, out.String())
			}
		})
	}
}

// childOf returns the process that another one started.
func childOf(t *testing.T, parent int) int {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range processes {
		text, err := os.ReadFile(file) // "17 (node) S 16 …": its id, name, state, parent
		_, fields, found := strings.Cut(string(text), ") ")
		if err != nil || !found || strings.Fields(fields)[1] != strconv.Itoa(parent) {
			continue
		}
		child, err := strconv.Atoi(strings.Split(file, "/")[2])
		if err != nil {
			t.Fatal(err)
		}
		return child
	}
	t.Fatalf("process %d has started none", parent)
	return 0
}
