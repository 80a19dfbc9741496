package commands

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"assay/shared/store/storetest"
)

func TestSources(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Host {
		case "api.exchange.coinbase.com":
			_, _ = w.Write([]byte(`[]`))
		case "api.kraken.com":
			_, _ = w.Write([]byte(`{"error":[],"result":{"XXBTZUSD":"soon"}}`))
		default:
			http.Error(w, "down", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(provider.Close)
	settings, folder := storetest.Azurite(t), t.TempDir()
	assay := func(arguments ...string) result {
		c := command(t, settings, folder, arguments...)
		c.Env = append(c.Env, "ASSAY_SOURCE_URL="+provider.URL, "ASSAY_WATCHLIST=BTC-USD", "ASSAY_ACCEPT_TERMS=", "ASSAY_COINGECKO_KEY=")
		return finish(t, c, (*exec.Cmd).Run)
	}
	for _, test := range []struct {
		arguments string
		code      int
		want      []string // parts of what is printed
	}{
		{"sources", 0, []string{"coinbase", "lbma: off until its terms are accepted: add lbma to ASSAY_ACCEPT_TERMS", "coingecko: off until it has a key: set ASSAY_COINGECKO_KEY"}},
		{"sources check coinbase ecb lbma", 0, []string{
			"coinbase    ok              nothing new of BTC-USD", "ecb         ok              nothing to ask", "lbma        off             off until",
		}},
		{"sources check kraken", 1, []string{"kraken      changed format", "not every source answers as it should"}},
		{"sources check", 1, []string{"coinbase    ok", "bitstamp    unavailable"}},
		{"sources check bitstamp", 1, []string{"bitstamp    paused", "the breaker is open until"}},
		{"sources", 0, []string{"bitstamp    venue of crypto       unavailable", "bitstamp: the breaker is open until"}},
		{"sources bitstamp", 0, []string{"history", "From 2011-08", "open until"}},
		{"sources nobody", 2, []string{`there is no source "nobody"`}},
		{"sources check nobody", 2, []string{`there is no source "nobody"`}},
	} {
		got := assay(strings.Fields(test.arguments)...)
		if got.code != test.code {
			t.Errorf("%s: exit code %d, want %d", test.arguments, got.code, test.code)
		}
		for _, want := range test.want {
			if text := got.stdout + got.stderr; !strings.Contains(text, want) {
				t.Errorf("%s: got\n%s\nwant %q in it", test.arguments, text, want)
			}
		}
	}
	var listed []sourceState
	if err := json.Unmarshal([]byte(assay("sources", "--json").stdout), &listed); err != nil || len(listed) != 11 || listed[2].Breaker == nil {
		t.Errorf("--json: %v, %d sources: %+v", err, len(listed), listed)
	}
	var checks []checked
	if err := json.Unmarshal([]byte(assay("sources", "check", "kraken", "--json").stdout), &checks); err != nil || checks[0].State != "changed format" {
		t.Errorf("check --json: %v, %+v", err, checks)
	}
}
