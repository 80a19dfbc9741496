package commands

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/api"
	"assay/shared/store/storetest"
)

// Prices of 100, 110 and 99, and the same doubled: what a person reads, what a program reads, and how a mistake is told.
func TestAnalyse(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	write(t, folder, "gold.csv", "day,close\n2024-01-15,100\n2024-01-16,110\n2024-01-17,99\n")
	write(t, folder, "silver.csv", "day,close\n2024-01-15,200\n2024-01-16,220\n2024-01-17,198\n")
	for name, series := range map[string]string{"gold": "XAU-USD.mine", "silver": "XAG-USD.mine"} {
		if r := run(t, settings, folder, "import", name+".csv", "--series", series, "--columns", "time=day,close=close", "--interval", "1d"); r.code != 0 {
			t.Fatal(r.stderr)
		}
	}
	want := `
SERIES        INTERVAL  FIRST       LAST        N  PER YEAR  PRICE      LEFT OUT
XAU-USD.mine  1d        2024-01-15  2024-01-17  3  259       USD a toz  
XAG-USD.mine  1d        2024-01-15  2024-01-17  3  259       USD a toz  

     XAU-USD.mine  XAG-USD.mine
max  -0.1          -0.1

XAU-USD.mine falls
DEPTH  PEAK        TROUGH      RECOVERY           OBSERVATIONS
-0.1   2024-01-16  2024-01-17  - (not-recovered)  1

XAU-USD.mine, the last 2 of 3
TIME        VALUE
2024-01-16  0
2024-01-17  -0.1

XAG-USD.mine falls
DEPTH  PEAK        TROUGH      RECOVERY           OBSERVATIONS
-0.1   2024-01-16  2024-01-17  - (not-recovered)  1

XAG-USD.mine, the last 2 of 3
TIME        VALUE
2024-01-16  0
2024-01-17  -0.1
`
	got := run(t, settings, folder, strings.Fields("analyse drawdowns XAU-USD.mine XAG-USD.mine --last 2")...)
	if diff := cmp.Diff(want, "\n"+got.stdout+got.stderr); diff != "" {
		t.Errorf("assay analyse drawdowns (-want +got):\n%s", diff)
	}
	got = run(t, settings, folder, strings.Fields("analyse correlation XAU-USD.mine XAG-USD.mine --json")...)
	var answer struct {
		N      int
		Result []struct {
			Result struct{ Pearson struct{ Value float64 } }
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &answer); err != nil || answer.N != 2 || len(answer.Result) != 1 || answer.Result[0].Result.Pearson.Value != 1 {
		t.Errorf("assay analyse correlation --json: %s %v; want a correlation of 1 over 2 returns", got.stdout, err)
	}
	for arguments, want := range map[string]string{
		"horoscope XAU-USD.mine":           `there is no analysis "horoscope": assay analyse --help lists them`,
		"growth":                           "requires at least 1 arg",
		"growth XAU-USD.mine --window 3":   "unknown flag: --window",
		"growth XPT-USD":                   "No price of XPT-USD is stored yet",
		"rolling XAU-USD.mine --window 1":  `window="1": want a whole number from 2 to 50000`,
		"rolling XAU-USD.mine --window 30": "window=30: XAU-USD.mine has 3 observations in the range",
	} {
		r := run(t, settings, folder, append([]string{"analyse"}, strings.Fields(arguments)...)...)
		if r.code != 2 || !strings.Contains(r.stderr, want) || r.stdout != "" {
			t.Errorf("assay analyse %s: exit code %d, %s%s; want 2 and %s", arguments, r.code, r.stdout, r.stderr, want)
		}
	}
}

// Of two results the first is undefined: it says why, and the numbers of the second are printed as ever.
func TestAnalysisWithoutAFirstResult(t *testing.T) {
	const answer = `{"kind":"beta","join":"inner","n":9,"series":[],"result":[{"a":"X","b":"Z","result":null},{"a":"Y","b":"Z","result":{"beta":0.5,"n":9}}],
		"undefined":{"/result/0/result":"constant"}}`
	want := `
join inner, 9 in common

                    beta
[X, Z].result       - (constant)
[Y, Z].result.beta  0.5
[Y, Z].result.n     9
`
	var got strings.Builder
	if err := printAnalysis(&got, []byte(answer), 0); err != nil {
		t.Fatal(err)
	}
	_, numbers, _ := strings.Cut(got.String(), "LEFT OUT\n")
	if diff := cmp.Diff(want, numbers); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Every kind of the API is a command, with its definition, its parameters and an example.
func TestAnalyseHelp(t *testing.T) {
	p := &Program{}
	c := analyseCommand(p)
	for _, k := range api.Kinds() {
		kind, _, err := c.Find([]string{k.Kind})
		if err != nil || kind.Name() != k.Kind {
			t.Errorf("assay analyse %s: %v", k.Kind, err)
			continue
		}
		if !strings.Contains(kind.Long, k.Definition) || !strings.HasPrefix(kind.Example, "  assay analyse "+k.Kind+" ") {
			t.Errorf("assay analyse %s --help says %q, %q", k.Kind, kind.Long, kind.Example)
		}
		for _, parameter := range k.Parameters[1:] {
			if kind.Flags().Lookup(parameter.Name) == nil {
				t.Errorf("assay analyse %s has no flag --%s", k.Kind, parameter.Name)
			}
		}
	}
}
