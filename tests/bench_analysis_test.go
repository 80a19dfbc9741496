//go:build bench

package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

const (
	sheetRuns = 500
	sheetPath = "/api/v1/analysis/tear-sheet?series=BTC-USD,XAU-USD,XAG-USD,XPT-USD&from=2019-01-01&to=2024-01-01"
)

// sheets measures the tear sheet of four assets over five years: asked again, computed anew each time, and from the start of a
// process that answers it and nothing before.
func (b *bench) sheets(connection string) {
	s := b.run(connection, "Api")
	c := newClient(b.t)
	_, body := c.get(s.url + sheetPath)
	checkSheet(b.t, body)
	var again, anew []float64
	for n := range sheetRuns {
		took, _ := c.get(s.url + sheetPath)
		again = append(again, took)
		took, _ = c.get(s.url + fmt.Sprintf("%s&riskFree=%g", sheetPath, float64(n+1)/1e6))
		anew = append(anew, took)
	}
	memory := []float64{s.memory("VmHWM")}
	s.stop()
	b.add(line{what: "tear sheet of four assets, five years, warm", samples: again, print: milliseconds, bar: 0.005, memory: memory, note: "p99 " + milliseconds(quantile(again, 0.99))})
	b.add(line{what: "  the same, computed each time", samples: anew, print: milliseconds, bar: 0.005, memory: memory, note: "p99 " + milliseconds(quantile(anew, 0.99))})

	served := line{what: "  a process from its start to this answer", print: milliseconds, bar: 0.15}
	typed := line{what: "  assay analyse, the whole process", print: milliseconds, bar: 0.15}
	for range coldRuns {
		began := time.Now()
		s := b.run(connection, "Api")
		_, body := newClient(b.t).get(s.url + sheetPath)
		served.samples, served.memory = append(served.samples, since(began)), append(served.memory, s.memory("VmHWM"))
		s.stop()
		checkSheet(b.t, body)

		command := exec.Command(b.binary, "analyse", "tear-sheet", "BTC-USD", "XAU-USD", "XAG-USD", "XPT-USD", "--from", "2019-01-01", "--to", "2024-01-01", "--json")
		command.Env = append(os.Environ(), "AzureWebJobsStorage="+connection)
		began = time.Now()
		body, err := command.Output()
		if err != nil {
			b.t.Fatal(err)
		}
		typed.samples = append(typed.samples, since(began))
		checkSheet(b.t, body)
	}
	b.add(served)
	b.add(typed)
}

func checkSheet(t *testing.T, body []byte) {
	t.Helper()
	var got struct {
		N      int
		Result []struct{ Performance struct{ Sharpe float64 } }
	}
	if err := json.Unmarshal(body, &got); err != nil || got.N != fiveYears || len(got.Result) != 4 || got.Result[3].Performance.Sharpe == 0 {
		t.Fatalf("%v: %d observations and %d sheets in %.300s; want %d and 4", err, got.N, len(got.Result), body, fiveYears)
	}
}
