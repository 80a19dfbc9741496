package source_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"assay/shared/clean"
	"assay/shared/market"
	"assay/shared/source"
)

// pushOf is a push of daily bars into BTC-USD.mine.
func pushOf(dataset, body string, options source.Options) source.Payload {
	return source.Payload{
		Dataset: dataset, Body: []byte(body), Interval: market.Day, Received: today, Options: options,
		Series: []market.SeriesID{{Instrument: "BTC-USD", Source: "mine"}},
	}
}

// rowsOf prints the rows of a push, one a line: number, start or the time as sent, open, high, low, close, volume. They are the same
// from memory and read byte by byte.
func rowsOf(t *testing.T, p source.Payload) string {
	t.Helper()
	opened, body := p, p.Body
	opened.Body, opened.Open = nil, func() io.Reader { return iotest.OneByteReader(bytes.NewReader(body)) }
	text := printRows(p)
	if diff := cmp.Diff(text, printRows(opened)); diff != "" {
		t.Errorf("in memory - byte by byte +\n%s", diff)
	}
	return text
}

func printRows(p source.Payload) string {
	var text []string
	err := source.Parse(p, func(r market.Row) {
		if r.Unreadable != "" {
			text = append(text, fmt.Sprintf("%d! %s", r.Number, r.Unreadable))
			return
		}
		start := fmt.Sprint(r.Start)
		if r.BadTime != "" {
			start = "(" + r.BadTime + ")"
		}
		text = append(text, strings.Join([]string{fmt.Sprint(r.Number), start, r.Open, r.High, r.Low, r.Close, r.Volume}, " "))
	})
	if err != nil {
		text = append(text, err.Error())
	}
	return strings.Join(text, "\n")
}

func TestLineProtocol(t *testing.T) {
	tests := []struct{ what, body, want string }{
		{"no tags", "m close=1 1705276800000000000", "1 1705276800    1 "},
		{"all fields", "m,a=b open=1,high=2,low=0.5,close=1.5,volume=7i 1705276800000000000", "1 1705276800 1 2 0.5 1.5 7"},
		{"price is close", "m price=1e3 1705276800000000000", "1 1705276800    1e3 "},
		{"escapes in names", `a\ b\,c,t\=1=x\ y close=1 1705276800000000000`, "1 1705276800    1 "},
		{"a quote in a tag is a letter", "m,t=\" close=1 1705276800000000000\nm,t=\" close=2 1705276800000000000", "1 1705276800    1 \n2 1705276800    2 "},
		{"a string with a line end", "m s=\"a\nb\",close=1 1705276800000000000\nm close=2 1705276800000000000", "1 1705276800    1 \n3 1705276800    2 "},
		{"a string with escaped quotes", `m s="\"\\",close=1 1705276800000000000`, "1 1705276800    1 "},
		{"a string for a price", `m close="1" 1705276800000000000`, `1 1705276800    "1" `},
		{"another field", "m bid=3,close=1 1705276800000000000", "1 1705276800    1 "},
		{"blank lines, comments, CR LF", "\r\n# m close=\"\r\nm close=1 1705276800000000000\r\n", "3 1705276800    1 "},
		{"several blanks", "m  close=1  1705276800000000000 ", "1 1705276800    1 "},
		{"a field that was there before is missed", "m open=1,close=1 1705276800000000000\nm close=2 1705363200000000000", "1 1705276800 1   1 \n2 1705363200 null   2 "},
		{"no close", "m open=1 1705276800000000000", "1 1705276800 1    "},
		{"not a whole second", "m close=1 1705276800000000001", "1 (1705276800000000001)    1 "},
		{"no time", "m close=1", "1! the line does not end with its time, a whole number"},
		{"no fields", "m 1705276800000000000", "1! a field is not of the form name=value"},
		{"only a name", "m", "1! a point has no fields: want measurement field=value time"},
		{"no value", "m close= 1705276800000000000", "1! the field close has no value, or a quote that is not closed"},
		{"a comma too many", "m close=1, 1705276800000000000", "1! a field is not of the form name=value"},
		{"twice", "m close=1,price=1 1705276800000000000", "1! the field price is given twice, or close and price both"},
		{
			"an open quote ends with its line", "m s=\"x,close=1 1705276800000000000\nm close=2 1705276800000000000",
			"1! the field s has no value, or a quote that is not closed\n2 1705276800    2 ",
		},
		{"more after the time", "m close=1 1705276800000000000 x", "1! the line does not end with its time, a whole number"},
		{"a page", "<html><body>", "an HTML page where prices were due: \"<html><body>\": not in the documented format"},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, rowsOf(t, pushOf("push-line", test.body, source.Options{}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
}

func TestPushedTimes(t *testing.T) {
	const monday = "1 1705276800    1 "
	tests := []struct{ time, times, zone, want string }{
		{"2024-01-15", "", "", monday},
		{"2024-01-15", "", "Europe/Zurich", monday}, // the UTC day of that name
		{"2024-01-15T01:00:00+01:00", "", "", monday},
		{"2024-01-15 01:00:00", "", "Europe/Zurich", monday},
		{"2024-01-15T00:00", "", "", monday},
		{"1705276800", "", "", monday},
		{"1705276800.0", "", "", monday},
		{"1705276800000", "", "", monday},
		{"1705276800000000", "", "", monday},
		{"1705276800000000000", "", "", monday},
		{"1705276800", "s", "", monday},
		{"1705276800", "ms", "", "1 (1705276800)    1 "},
		{"1705276800000", "ms", "", monday},
		{"-86400", "", "", "1 -86400    1 "},
		{"1705276800.5", "", "", "1 (1705276800.5)    1 "},
		{"2024-01-15T00:00:00.5Z", "", "", "1 (2024-01-15T00:00:00.5Z)    1 "},
		{"2024-03-31 02:30:00", "", "Europe/Zurich", "1 (2024-03-31 02:30:00)    1 "}, // an hour that was skipped
		{"2024-10-27 02:30:00", "", "Europe/Zurich", "1 (2024-10-27 02:30:00)    1 "}, // and one that came twice
		{"15.01.2024", "", "", "1 (15.01.2024)    1 "},
		{"", "", "", "1 (null)    1 "},
	}
	for _, test := range tests {
		p := pushOf("push-json", fmt.Sprintf(`[{"time":%q,"close":1}]`, test.time), source.Options{Times: test.times, TimeZone: test.zone})
		if diff := cmp.Diff(test.want, rowsOf(t, p)); diff != "" {
			t.Errorf("%s %s %s (-want +got):\n%s", test.time, test.times, test.zone, diff)
		}
	}
}

// What cannot be read as a whole is refused as a whole, with what would be right.
func TestPushesThatAreNoPush(t *testing.T) {
	for _, test := range []struct{ dataset, body, want string }{
		{"push-csv", "a,b\n1,2\n", "want at least time and close"},
		{"push-csv", "time,close,price\n1,2,3\n", "both close and price"},
		{"push-csv", " \n", "nothing where prices were due"},
		{"push-json", `{"time":[1]}`, "columns with one called time"},
		{"push-json", `{"columns":{"time":[1,2],"close":[1]}}`, "column close has 1 values, time has 2"},
		{"push-json", `{"columns":{"time":[1],"close":[1],"price":[1]}}`, "close and price are both given"},
		{"push-json", `{"columns":` + strings.Repeat("[", 1000), "an object was due"},
		{"push-json", `{"other":` + strings.Repeat("[", 1000), "more than 100 deep"},
		{"push-json", `{"columns":{"time":[1],"close":[1]}} []`, "something follows the object"},
		{"push-json", `5`, "want an array of objects"},
		{"push-json", `[{"time":1,"close":1},{"time"`, "row 2"},
		{"push-json", `[{"time":1,"close":1}`, "does not end"},
		{"push-json", `[{"time":1,"close":1}] []`, "something follows the array"},
	} {
		err := source.Parse(pushOf(test.dataset, test.body, source.Options{}), func(market.Row) {})
		if !errors.Is(err, source.ErrFormat) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %q: %v, want %q", test.dataset, test.body, err, test.want)
		}
	}
	for _, zone := range []string{"Europe/Atlantis", "Local"} { // the latter is another one on each machine
		err := source.Parse(pushOf("push-csv", "time,close\n2024-01-15 12:00,1\n", source.Options{TimeZone: zone}), func(market.Row) {})
		if !errors.Is(err, source.ErrFormat) || !strings.Contains(err.Error(), zone) {
			t.Errorf("zone %s: %v, want that it is not known", zone, err)
		}
	}
}

// A line of more than 1 MiB is refused, and those around it stand; so are those after a quote that is closed nowhere near.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, test := range []struct{ dataset, body, want string }{
		{"push-line", "m close=1 60000000000\n" + long + " close=2 60000000000\nm close=3 60000000000", "1 60    1 \n2! the line has more than 1024 KiB\n3 60    3 "},
		{"push-line", "m s=\"\nm close=1 60000000000\n# " + long[:1<<19] + "\n# " + long[:1<<19] + "\nm s=\"\",close=2 60000000000", "1! the field s has no value, or a quote that is not closed\n2 60    1 \n5 60    2 "},
		{"push-line", "m s=\"\nm close=1 60000000000\n" + long + "\n\",close=2 60000000000", "1! the field s has no value, or a quote that is not closed\n2 60    1 \n3! the line has more than 1024 KiB\n4! a field is not of the form name=value"},
		{"push-csv", "time,close\n60," + long + "\n60,3", "2! the line has more than 1024 KiB\n3 60    3 "},
		{"push-csv", long + "\n60,3", "1! the line has more than 1024 KiB\nthe header is \"60,3\""},
		{"push-ndjson", "{\"time\":60,\"close\":\"" + long + "\"}\n{\"time\":60,\"close\":3}", "1! the line has more than 1024 KiB\n2 60    3 "},
	} {
		if got := rowsOf(t, pushOf(test.dataset, test.body, source.Options{})); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s %.30q:\n%.500s\nwant\n%s", test.dataset, test.body, got, test.want)
		}
	}
}

// FuzzPush reads any bytes as any push: no panic, errors of a kind, bars that keep the cleaner's promises; and a good line of line
// protocol before them is read whatever follows it.
func FuzzPush(f *testing.F) {
	datasets := []string{"push-csv", "push-json", "push-ndjson", "push-line"}
	for n, body := range []string{
		"time,open,high,low,close,volume\n2024-01-15,1,2,0.5,1.5,3\n", `[{"time":1705276800,"close":"1"},{"columns":null}]`,
		"{\"time\":\"2024-01-15\",\"price\":1}\nnull\n", "m,t=a\\ b close=1i,s=\"x\\\"\ny\" 1705276800000000000\n# c\nm open=\"\n",
		`{"columns":{"time":[1,2],"close":["1",null]}}`,
	} {
		f.Add([]byte(body), uint8(n))
	}
	f.Fuzz(func(t *testing.T, body []byte, dataset uint8) {
		p := pushOf(datasets[int(dataset)%len(datasets)], string(body), source.Options{})
		cleaner := clean.New(clean.Origin{Received: p.Received})
		if err := source.Parse(p, cleaner.Add); err != nil && !errors.Is(err, source.ErrFormat) {
			t.Errorf("error %v has no kind", err)
		}
		check(t, cleaner.Result())
		rowsOf(t, p)
		found := false
		p = pushOf("push-line", "m close=1 1705276800000000000\n"+string(body), source.Options{})
		err := source.Parse(p, func(r market.Row) { found = found || r.Number == 1 && r.Start == 1705276800 && r.Close == "1" })
		if err == nil && !found {
			t.Errorf("the first line is lost")
		}
	})
}

// BenchmarkLineProtocol reads and cleans 100,000 points.
func BenchmarkLineProtocol(b *testing.B) {
	const points = 100_000
	var body strings.Builder
	for n := range points {
		fmt.Fprintf(&body, "price,venue=mine open=42000.%d,high=42010.5,low=41990.25,close=42001.%d,volume=1.%d %d000000000\n", n%97, n%89, n%83, 1700000040+60*n)
	}
	p := pushOf("push-line", body.String(), source.Options{})
	p.Interval = market.Minute
	b.SetBytes(int64(body.Len()))
	for b.Loop() {
		cleaner := clean.New(clean.Origin{Received: p.Received})
		if err := source.Parse(p, cleaner.Add); err != nil {
			b.Fatal(err)
		}
		if bars := cleaner.Result().Bars[clean.Key{Series: p.Series[0], Interval: market.Minute}]; len(bars) != points {
			b.Fatalf("%d bars, want %d", len(bars), points)
		}
	}
	b.ReportMetric(points*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}
