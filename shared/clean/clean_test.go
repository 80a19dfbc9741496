package clean_test

import (
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"assay/shared/clean"
	"assay/shared/market"
)

var update = flag.Bool("update", false, "write what is got into testdata, to be read before it is believed")

// Each case is a txtar file for one rule: a sentence about it, the rows, and the bars and rejects that come of them. All is
// received at 2024-01-15T12:00:20Z.
//
// A row is a series, interval, start, open, high, low, close and volume, - for a field that its format does not have and null for
// one that it has and the row lacks; then, where they are known, quote= currency= unit= unfinished sampled bad-time=.
func TestRules(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d cases, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			c := clean.New(clean.Origin{Received: received, Authority: market.Own})
			for n, line := range strings.Split(strings.TrimSpace(string(archive.Files[0].Data)), "\n") {
				c.Add(row(t, n+1, line))
			}
			result := c.Result()
			got := []txtar.File{
				{Name: "bars", Data: []byte(barsText(result))},
				{Name: "rejects", Data: []byte(rejectsText(result))},
			}
			if *update {
				archive.Files = append(archive.Files[:1], got...)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for i, want := range archive.Files[1:] {
				if diff := cmp.Diff(string(want.Data), string(got[i].Data)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", want.Name, diff)
				}
			}
		})
	}
}

var received = time.Date(2024, 1, 15, 12, 0, 20, 0, time.UTC).UnixMilli()

const layout = "2006-01-02T15:04:05"

// row reads a row from words.
func row(t *testing.T, number int, line string) market.Row {
	t.Helper()
	words := strings.Fields(line)
	if len(words) < 8 {
		t.Fatalf("row %q: want at least eight words", line)
	}
	r := market.Row{Number: number, Text: line}
	var err error
	if r.Series, err = market.ParseSeriesID(words[0]); err != nil {
		t.Fatal(err)
	}
	if r.Interval, err = market.ParseInterval(words[1]); err != nil {
		t.Fatal(err)
	}
	start, err := time.Parse(layout[:len(words[2])], words[2])
	if err != nil {
		t.Fatal(err)
	}
	r.Start = start.Unix()
	for i, field := range []*string{&r.Open, &r.High, &r.Low, &r.Close, &r.Volume} {
		if *field = words[3+i]; *field == "-" {
			*field = ""
		}
	}
	for _, extra := range words[8:] {
		key, value, _ := strings.Cut(extra, "=")
		switch key {
		case "quote":
			r.QuoteVolume = value
		case "currency":
			r.Currency = value
		case "unit":
			r.Unit = value
		case "unfinished":
			r.Unfinished = true
		case "sampled":
			r.Sampled = true
		case "bad-time":
			r.BadTime = value
		default:
			t.Fatalf("row %q: unknown word %q", line, extra)
		}
	}
	return r
}

func barsText(result clean.Result) string {
	var text strings.Builder
	order := func(a, b clean.Key) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	for _, key := range slices.SortedFunc(maps.Keys(result.Bars), order) {
		for _, bar := range result.Bars[key] {
			words := []string{key.Series.String(), key.Interval.String(), time.Unix(bar.Start, 0).UTC().Format(layout)}
			for f := market.Open; f < market.Fields; f++ {
				word := "-"
				if v := bar.Value(f); !market.IsAbsent(v) {
					word = strconv.FormatFloat(v, 'g', -1, 64)
				}
				words = append(words, word)
			}
			if bar.Flags != 0 {
				words = append(words, bar.Flags.String())
			}
			fmt.Fprintln(&text, strings.Join(words, " "))
		}
	}
	return text.String()
}

func rejectsText(result clean.Result) string {
	var text strings.Builder
	for _, r := range result.Rejects {
		what := r.Rule
		if r.Field != "" {
			what += " " + r.Field
		}
		fmt.Fprintf(&text, "row %d: %s: %s\n", r.Row, what, r.Reason)
	}
	return text.String()
}

// A flood of bad rows is counted to the end, and remembered in part; so is a text.
func TestRejectsAreBounded(t *testing.T) {
	c := clean.New(clean.Origin{Record: 3, Received: received})
	id := market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}
	for n := range 5000 {
		c.Add(market.Row{Series: id, Interval: market.Minute, Number: n + 1, Start: int64(n) * 60, Close: "0", Text: strings.Repeat("ä", 4000)})
	}
	result := c.Result()
	if len(result.Rejects) != 1000 || result.Rejected != 5000 || len(result.Bars) != 0 {
		t.Errorf("got %d rejects of %d and %d runs, want 1000 of 5000 and none", len(result.Rejects), result.Rejected, len(result.Bars))
	}
	last := result.Rejects[999]
	last.Text = last.Text[4090:]
	want := market.Reject{
		Series: id, Record: 3, Row: 1000, Start: 999 * 60, Rule: "zero", Field: "close", Text: "äää",
		Reason: "the close is 0, and nothing costs nothing",
	}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What the cleaner puts on every bar.
func TestOrigin(t *testing.T) {
	c := clean.New(clean.Origin{Received: received, Authority: market.Own})
	c.Add(row(t, 1, "BTC-USD.kraken 1m 2024-01-15T11:00 1 1 1 1 1"))
	for _, bars := range c.Result().Bars {
		if bars[0].Received != received || bars[0].Authority != market.Own {
			t.Errorf("got %+v, want received %d and the authority own", bars[0], received)
		}
	}
}

// A number is read as the float64 nearest to what is written, which strconv finds by another way.
func FuzzDecimal(f *testing.F) {
	for _, text := range []string{
		"0", "-0", "1", "0.1", "4.727521520000001", "9007199254740993", "123456789012345", "1234567890123456", ".5", "5.", "1e22", "1e23",
		"1e-5", "1E+400", "1e-400", "0.000000000000000000000001", "00000000000000000000000000012.5", "1.7976931348623157e308",
		"", ".", "-", "+", "e5", "1e", "1e+", "0x10", "1_000", "inf", "nan", "NaN", "Infinity", "1,5", " 1", "1 ", "1.2.3", "--1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := clean.New(clean.Origin{Received: received})
		c.Add(market.Row{
			Series: market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}, Interval: market.Minute,
			Start: 1705312800, Close: "1", Volume: text,
		})
		got := math.NaN()
		for _, bars := range c.Result().Bars {
			got = bars[0].Volume
		}
		want, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(want, 0) || want < 0 || strings.ContainsAny(text, "xXpP_iInN") {
			want = math.NaN()
		}
		if want == 0 {
			want = 0 // not -0
		}
		if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	})
}
