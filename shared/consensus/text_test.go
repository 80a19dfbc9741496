package consensus_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"assay/shared/market"
)

// Bars as text, one a line, - where there is nothing:
//
//	start            open high low close volume  flags   authority received
//	2018-03-30T00:00 100  110  90  105   2.5     partial own       7

const startLayout = "2006-01-02T15:04"

func parseBars(t *testing.T, text string) []market.Bar {
	t.Helper()
	var bars []market.Bar
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != 9 {
			t.Fatalf("bar %q: want nine words", line)
		}
		start, err := time.Parse(startLayout, words[0])
		if err != nil {
			t.Fatal(err)
		}
		bar := market.Empty(start.Unix())
		for f := market.Open; f < market.Fields; f++ {
			if word := words[1+f]; word != "-" {
				bar.Set(f, number(t, word))
			}
		}
		bar.Flags = parseFlags(t, words[6])
		if words[7] == market.Own.String() {
			bar.Authority = market.Own
		}
		bar.Received = int64(number(t, words[8]))
		bars = append(bars, bar)
	}
	return bars
}

func number(t *testing.T, word string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(word, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func parseFlags(t *testing.T, words string) (flags market.Flags) {
	t.Helper()
	if words == "-" {
		return 0
	}
	for name := range strings.SplitSeq(words, ",") {
		flag := market.Flags(1)
		for flag.String() != name {
			if flag <<= 1; flag == 0 {
				t.Fatalf("unknown flag %q", name)
			}
		}
		flags |= flag
	}
	return flags
}

func printBar(b market.Bar) string {
	words := []string{time.Unix(b.Start, 0).UTC().Format(startLayout)}
	for f := market.Open; f < market.Fields; f++ {
		words = append(words, printNumber(b.Value(f)))
	}
	flags := b.Flags.String()
	if flags == "" {
		flags = "-"
	}
	return strings.Join(append(words, flags, b.Authority.String(), strconv.FormatInt(b.Received, 10)), " ")
}

func printNumber(v float64) string {
	if market.IsAbsent(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func printDecision(d market.Decision) string {
	var verdicts []string
	for _, v := range d.Verdicts {
		verdicts = append(verdicts, v.Source+":"+v.Ruling.String())
	}
	return fmt.Sprintf("votes %d, %s bp, %s", d.Votes, printNumber(d.Dispersion), strings.Join(verdicts, " "))
}

// spaced makes one space of many, so that testdata may be aligned.
func spaced(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 {
			b.WriteString(strings.Join(words, " ") + "\n")
		}
	}
	return b.String()
}
