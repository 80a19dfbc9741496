package consensus_test

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"

	"assay/shared/consensus"
	"assay/shared/market"
)

// Each case is a txtar file: the instrument, then per source its name, role and bars, then the consensus and how it came about.
func TestBars(t *testing.T) {
	for name, files := range cases(t, "testdata/bars/*.txtar") {
		t.Run(name, func(t *testing.T) {
			in, ok := market.Lookup(strings.TrimSpace(files["instrument"]))
			if !ok {
				t.Fatalf("instrument %q is unknown", files["instrument"])
			}
			var voters []consensus.Voter
			for file, text := range files {
				if source, role, ok := strings.Cut(file, " "); ok {
					parsed, _ := market.ParseRole(strings.Trim(role, "()"))
					voters = append(voters, consensus.Voter{Source: source, Role: parsed, Bars: parseBars(t, text)})
				}
			}
			var got strings.Builder
			bars, decisions := consensus.Bars(in, voters)
			for i, b := range bars {
				got.WriteString(printBar(b) + "\n" + printDecision(decisions[i]) + "\n")
			}
			if diff := cmp.Diff(spaced(files["consensus"]), got.String()); diff != "" {
				t.Errorf("consensus (-want +got):\n%s", diff)
			}
		})
	}
}

// Each case is a txtar file: the calendar with the two intervals, the bars, and the longer ones.
func TestAggregate(t *testing.T) {
	for name, files := range cases(t, "testdata/aggregate/*.txtar") {
		t.Run(name, func(t *testing.T) {
			words := strings.Fields(files["calendar from to"])
			if len(words) != 3 {
				t.Fatalf("got %q, want a calendar and two intervals", words)
			}
			var got strings.Builder
			bars := parseBars(t, files["bars"])
			for _, b := range consensus.Aggregate(market.Calendar(words[0]), bars, interval(t, words[1]), interval(t, words[2])) {
				got.WriteString(printBar(b) + "\n")
			}
			if diff := cmp.Diff(spaced(files["longer"]), got.String()); diff != "" {
				t.Errorf("longer bars (-want +got):\n%s", diff)
			}
		})
	}
}

// cases reads txtar files: by name of the case, its files by name.
func cases(t *testing.T, pattern string) map[string]map[string]string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no cases (%v)", pattern, err)
	}
	all := map[string]map[string]string{}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		for _, f := range archive.Files {
			files[f.Name] = string(f.Data)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".txtar")] = files
	}
	return all
}

func interval(t *testing.T, s string) market.Interval {
	t.Helper()
	i, err := market.ParseInterval(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// randomVoters returns sources of any role with sound bars of which some are missing, and some fields of some.
func randomVoters(r *rand.Rand) []consensus.Voter {
	voters := []consensus.Voter{{Source: "bitfinex"}, {Source: "bitstamp"}, {Source: "coinbase"}, {Source: "kraken"}, {Source: "lbma"}}
	for i := range voters {
		voters[i].Role = market.Role(r.IntN(int(market.Venue) + 1))
		for start := int64(0); start < 100*int64(market.Minute); start += int64(market.Minute) {
			if r.IntN(3) == 0 {
				continue
			}
			cents := func(from, n int) float64 { return float64(from+r.IntN(n)) / 100 }
			b := market.Bar{
				Start: start, Low: cents(9000, 100), Open: cents(9100, 100), Close: cents(9100, 100), High: cents(9200, 100),
				Volume: cents(0, 100), Flags: market.Flags(r.IntN(8)), Authority: market.Authority(r.IntN(2)), Received: r.Int64N(9),
			}
			if r.IntN(3) == 0 {
				b.Set(market.Field(r.IntN(market.Fields)), market.Absent)
			}
			voters[i].Bars = append(voters[i].Bars, b)
		}
	}
	return voters
}

func TestOrderOfSourcesDoesNotMatter(t *testing.T) {
	in, _ := market.Lookup("BTC-USD")
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		voters := randomVoters(r)
		bars, decisions := consensus.Bars(in, voters)
		r.Shuffle(len(voters), func(i, j int) { voters[i], voters[j] = voters[j], voters[i] })
		again, reasons := consensus.Bars(in, voters)
		if diff := cmp.Diff(bars, again, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("seed %d: bars of the sources in another order:\n%s", seed, diff)
		}
		if diff := cmp.Diff(decisions, reasons, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("seed %d: decisions of the sources in another order:\n%s", seed, diff)
		}
	}
}

func TestOneSourceIsItself(t *testing.T) {
	in, _ := market.Lookup("BTC-USD")
	for seed := range uint64(50) {
		alone := randomVoters(rand.New(rand.NewPCG(seed, 2)))[0]
		alone.Role = market.Venue
		got, _ := consensus.Bars(in, []consensus.Voter{alone})
		for i := range got {
			got[i].Flags &^= market.Thin
		}
		if diff := cmp.Diff(alone.Bars, got, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("seed %d (-source +consensus):\n%s", seed, diff)
		}
	}
}

// Whatever the sources say: a median lies between the least and the greatest vote, a range holds its open and close, and
// bars with the same verdicts share one slice.
func TestConsensusIsSound(t *testing.T) {
	in, _ := market.Lookup("BTC-USD")
	for seed := range uint64(50) {
		bars, decisions := consensus.Bars(in, randomVoters(rand.New(rand.NewPCG(seed, 3))))
		lists := map[string]*market.Verdict{}
		for i, b := range bars {
			if b.High < max(b.Open, b.Close) || b.Low > min(b.Open, b.Close) {
				t.Errorf("seed %d: %s: range excludes the open or the close", seed, printBar(b))
			}
			if b.Close < 91 || b.Close > 92 {
				t.Errorf("seed %d: %s: close is none that anybody said", seed, printBar(b))
			}
			if i > 0 && b.Start <= bars[i-1].Start {
				t.Errorf("seed %d: %s: not after the bar before", seed, printBar(b))
			}
			said, list := printVerdicts(decisions[i]), &decisions[i].Verdicts[0]
			if first, ok := lists[said]; ok && first != list {
				t.Errorf("seed %d: %s: verdicts equal to earlier ones, in a slice of their own", seed, said)
			}
			lists[said] = list
		}
	}
}

func printVerdicts(d market.Decision) string {
	return printDecision(market.Decision{Verdicts: d.Verdicts})
}
