package commands

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"assay/shared/api"
	"assay/shared/sim"
	"assay/shared/sim/simtest"
	"assay/shared/store/storetest"
)

func TestBackfill(t *testing.T) {
	_, url := simtest.Serve(t, sim.Options{Seed: 1})
	settings, folder := storetest.Azurite(t), t.TempDir()
	assay := func(arguments string) result {
		c := command(t, settings, folder, strings.Fields(arguments)...)
		c.Env = append(c.Env, "ASSAY_SOURCE_URL="+url, "ASSAY_ACCEPT_TERMS=", "ASSAY_COINGECKO_KEY=")
		return finish(t, c, (*exec.Cmd).Run)
	}
	const days = "--from 2024-01-01 --to 2024-03-01"
	for _, test := range []struct {
		arguments string
		code      int
		want      []string // parts of what is printed
	}{
		{"BTC-USD.coinbase " + days, 0, []string{"BTC-USD.coinbase 1d: done, 60 bars in 1 calls"}},
		{"BTC-USD.coinbase " + days, 0, []string{"BTC-USD.coinbase 1d: done, 60 bars in 1 calls"}}, // the same job: nothing is asked again
		{"XAU-USD " + days, 0, []string{"XAU-USD.goldapi 1d: beyond, 0 bars in 0 calls", "what was not asked for in time is gone"}},
		{"BTC-USD.kraken --from 2024-01-01 --to 2024-01-02 --interval 1m", 0, []string{"beyond", "12 hours of minutes"}},
		{"XAU-USD-PM " + days, 2, []string{"no source that is on has XAU-USD-PM. lbma is off until its terms are accepted"}},
		{"BTC-USD.lbma " + days, 2, []string{"lbma does not have BTC-USD"}},
		{"BTC-USD.mine " + days, 2, []string{"no source is called mine"}},
		{"BTC-USD", 2, []string{"say how far back: --from 2020-01-01"}},
		{"BTC-USD --from yesterday", 2, []string{`--from "yesterday": want a date`}},
		{"BTC-USD --from 2024-01-02 --to 2024-01-01", 2, []string{"no bar of 1d lies between"}},
		{"BTC-USD --from 2024-01-02 --to 2999-01-01", 2, []string{"lies ahead"}},
		{"BTC-USD --from 2024-01-02 --interval 5m", 2, []string{"want 1m, 1h or 1d"}},
		{"bitcoin --from 2024-01-02", 2, []string{"want an instrument such as BTC-USD"}},
	} {
		got := assay("backfill " + test.arguments)
		if got.code != test.code {
			t.Errorf("%s: exit code %d, want %d: %s", test.arguments, got.code, test.code, got.stderr)
		}
		for _, want := range test.want {
			if text := got.stdout + got.stderr; !strings.Contains(text, want) {
				t.Errorf("%s: got\n%s\nwant %q in it", test.arguments, text, want)
			}
		}
	}
	var job api.Job
	if err := json.Unmarshal([]byte(assay("backfill BTC-USD.coinbase "+days+" --json").stdout), &job); err != nil || job.State != "done" || job.Bars != 60 {
		t.Errorf("--json: %v, %+v; want one job, done, with 60 bars", err, job)
	}
}

// Stopped, it says how it goes on; the same command ends what was begun.
func TestBackfillInterrupted(t *testing.T) {
	_, url := simtest.Serve(t, sim.Options{Seed: 1})
	settings, folder := storetest.Azurite(t), t.TempDir()
	backfill := func() *exec.Cmd {
		c := command(t, settings, folder, strings.Fields("backfill BTC-USD.coinbase --from 2024-01-01 --to 2024-01-04 --interval 1m")...)
		c.Env = append(c.Env, "ASSAY_SOURCE_URL="+url)
		return c
	}
	stopped := finish(t, backfill(), func(c *exec.Cmd) error {
		if err := c.Start(); err != nil {
			return err
		}
		s := storetest.Reopen(t, settings)
		for begun := false; !begun; { // until the job has made a step
			jobs, err := s.Jobs(t.Context(), time.Now().AddDate(0, 0, -1), time.Now())
			if err != nil {
				return err
			}
			begun = len(jobs) > 0 && jobs[0].Step > 1
		}
		_ = c.Process.Signal(os.Interrupt)
		return c.Wait()
	})
	if want := "goes on with assay run, or with the same command"; stopped.code != 1 || !strings.Contains(stopped.stderr, want) {
		t.Errorf("stopped: exit code %d, %q, want 1 and %q", stopped.code, stopped.stderr, want)
	}
	ended := finish(t, backfill(), (*exec.Cmd).Run)
	if ended.code != 0 || !strings.Contains(ended.stdout, "BTC-USD.coinbase 1m: done") {
		t.Errorf("again: exit code %d, %q %q, want it done", ended.code, ended.stdout, ended.stderr)
	}
}
