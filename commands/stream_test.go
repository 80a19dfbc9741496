package commands

import (
	"bufio"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"assay/shared/config"
	"assay/shared/sim"
	"assay/shared/sim/simtest"
	"assay/shared/store/storetest"
)

func TestStreamMistakes(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	for _, test := range []struct {
		arguments, watchlist string
		code                 int
		want                 string
	}{
		{"stream", "BTC-USD", 2, "accepts 1 arg(s), received 0"},
		{"stream nobody", "BTC-USD", 2, `there is no source "nobody": assay sources lists them`},
		{"stream coinbase", "BTC-USD", 2, "coinbase tells nothing by itself: kraken does"},
		{"stream kraken", "XAU-USD", 1, "stream: kraken has nothing of what ASSAY_WATCHLIST names"},
		{"stream kraken", "bitcoin", 1, `ASSAY_WATCHLIST: no instrument is called "bitcoin"`},
	} {
		c := command(t, settings, folder, strings.Fields(test.arguments)...)
		c.Env = append(c.Env, "ASSAY_WATCHLIST="+test.watchlist)
		got := finish(t, c, (*exec.Cmd).Run)
		if got.code != test.code || !strings.Contains(got.stderr, test.want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s of %s: %d, %q, want %d and one line with %q", test.arguments, test.watchlist, got.code, got.stderr, test.code, test.want)
		}
	}
}

// streamCommandOf is a command that follows the simulated market.
func streamCommandOf(t *testing.T, settings config.Storage, folder string) *exec.Cmd {
	t.Helper()
	_, url := simtest.Serve(t, sim.Options{Seed: 1})
	c := command(t, settings, folder, "stream", "kraken")
	c.Env = append(c.Env, "ASSAY_SOURCE_URL="+url, "ASSAY_WATCHLIST=BTC-USD,NOPE-USD")
	return c
}

// In a log every event has a line, and SIGTERM ends it well once what is in hand is kept.
func TestStreamInALog(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	c := streamCommandOf(t, settings, folder)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.HasSuffix(lines.Text(), " kraken caught up") {
			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := c.Wait(); err != nil {
		t.Errorf("it ended with %v, want exit code 0", err)
	}
	for _, want := range []string{
		`\d\d:\d\d:\d\d kraken refused NOPE-USD: kraken does not have NOPE/USD`,
		`\d\d:\d\d:\d\d kraken connected BTC-USD`,
		`\d\d:\d\d:\d\d kraken stored raw/kraken/\S+, \d+ frames, \d+ bytes`,
	} {
		if n := len(regexp.MustCompile("(?m)^"+want+"$").FindAllString(said.String(), -1)); n != 1 {
			t.Errorf("got\n%swant once %s", said.String(), want)
		}
	}
}
