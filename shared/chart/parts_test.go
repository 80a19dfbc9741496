package chart

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"assay/shared/analysis"
	"assay/shared/market"
)

const day = int64(market.Day)

// TestWithGaps: 2024-01-12 is a Friday. Crypto lacks the Saturday; metal spot, closed then, lacks nothing.
func TestWithGaps(t *testing.T) {
	friday := int64(1705017600)
	s := analysis.Series{Time: []int64{friday, friday + 3*day}, Value: []float64{1, 2}}
	want := analysis.Series{Time: []int64{friday, friday + day, friday + 3*day}, Value: []float64{1, market.Absent, 2}}
	if diff := cmp.Diff(want, WithGaps(s, market.Day, expected(market.Always)), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("crypto (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(s, WithGaps(s, market.Day, expected(market.MetalSession))); diff != "" {
		t.Errorf("metal (-want +got):\n%s", diff)
	}
}

func expected(c market.Calendar) func(int64) bool {
	return func(start int64) bool { return c.Expects(start, market.Day) }
}

// TestGapsAreGaps: four values with one absent in the middle are two strokes, and one value alone between two gaps is a dot.
func TestGapsAreGaps(t *testing.T) {
	f := frame("Gaps", "USD", "BTC-USD")
	f.From, f.To = 0, 7*day
	draw := func(values ...float64) (strokes, dots int) {
		s := analysis.Series{Value: values}
		for i := range values {
			s.Time = append(s.Time, int64(i)*day)
		}
		svg := string(Lines(f, []Line{{"BTC-USD", s}}, Linear, false).SVG())
		return strings.Count(svg, "stroke:#0072B2"), strings.Count(svg, `style="fill:#0072B2`)
	}
	for _, c := range []struct {
		values        []float64
		strokes, dots int
	}{
		{[]float64{1, 2, 3, 4, 5}, 1, 0},
		{[]float64{1, 2, market.Absent, 4, 5}, 2, 0},
		{[]float64{1, 2, market.Absent, 4, market.Absent, 5, 6}, 2, 1},
	} {
		if strokes, dots := draw(c.values...); strokes != c.strokes || dots != c.dots {
			t.Errorf("%v: got %d strokes and %d dots, want %d and %d", c.values, strokes, dots, c.strokes, c.dots)
		}
	}
}

// TestPictureSays: every picture names its series, range, interval, unit and whose prices it shows; one of a simulated market, and
// no other, that they are made up.
func TestPictureSays(t *testing.T) {
	for name, picture := range pictures(t) {
		text := strings.Join(words(picture), " ")
		for _, want := range append([]string{stamp(picture.frame.From), "bars of 1d", "bitstamp"}, picture.frame.Series...) {
			if !strings.Contains(text, want) && name != "small" {
				t.Errorf("%s does not say %s:\n%s", name, want, text)
			}
		}
		if got := strings.Contains(text, "SIMULATED"); got != picture.frame.Simulated {
			t.Errorf("%s says that its prices are made up: got %t, want %t", name, got, picture.frame.Simulated)
		}
	}
}

// TestNoRoomForLines: names that fill a picture leave no room for the lines, which would be drawn upside down. It says so instead.
func TestNoRoomForLines(t *testing.T) {
	f := frame("Many", "USD", "BTC-USD")
	f.From, f.To, f.Width = 0, 3*day, MinWidth
	lines := make([]Line, MaxLines)
	for n := range lines {
		lines[n] = Line{strings.Repeat("long", 10), analysis.Series{Time: []int64{0, day, 2 * day}, Value: []float64{1, 2, 3}}}
	}
	for height, fits := range map[int]bool{MinHeight: false, 2 * MinHeight: true} {
		f.Height = height
		picture := Lines(f, lines, Linear, false)
		told := strings.Contains(strings.Join(words(picture), " "), "no room for lines")
		drawn := strings.Contains(string(picture.SVG()), "stroke:#0072B2")
		if told == fits || drawn != fits {
			t.Errorf("%d pixels high: says that there is no room: %t, draws lines: %t; want %t and %t", height, told, drawn, !fits, fits)
		}
	}
}

// TestNoRoomBesideWords: where sentences fill a picture, it says that this is why nothing is drawn.
func TestNoRoomBesideWords(t *testing.T) {
	f := frame("Many", "USD", "BTC-USD")
	f.From, f.To, f.Width, f.Notes = 0, 3*day, MinWidth, []string{strings.Repeat("wordy ", 40), strings.Repeat("wordier ", 40)}
	line := Line{"BTC-USD", analysis.Series{Time: []int64{0, day}, Value: []float64{1, 2}}}
	for height, fits := range map[int]bool{MinHeight: false, 2 * MinHeight: true} {
		f.Height = height
		picture := Lines(f, []Line{line}, Linear, false)
		text := strings.Join(words(picture), " ")
		told, drawn := strings.Contains(text, "no room for the drawing"), strings.Contains(string(picture.SVG()), "stroke:#0072B2")
		if told == fits || drawn != fits || strings.Contains(text, "wordy") != fits || !strings.Contains(text, "Prices: ") {
			t.Errorf("%d pixels high: draws %t, want %t, and says %s", height, drawn, fits, text)
		}
	}
}

// words are the texts that a picture shows.
func words(p Picture) []string {
	var shown []string
	for _, match := range regexp.MustCompile(`<text[^>]*>([^<]*)</text>`).FindAllStringSubmatch(string(p.SVG()), -1) {
		shown = append(shown, match[1])
	}
	return shown
}

// Whatever the values are, there is a picture, and every coordinate in it is a number.
func TestAnyValues(t *testing.T) {
	f := frame("Any", "USD", "BTC-USD")
	f.From, f.To = 0, 4*day
	for _, values := range [][]float64{
		{1, 1, 1},
		{0, 0, 0},
		{-1, -1, -1},
		{1e16, 1e16 + 2, 1e16 + 4},
		{1e-300, 1e300, 5},
		{math.MaxFloat64, -math.MaxFloat64, 1},
		{1e100, -1e100, 0},
		{math.Inf(1), math.Inf(-1), math.NaN()},
		{1e-100, 1e100, 1},
		{5e-324, 1e-323, 0},
		{1},
		{},
	} {
		s := analysis.Series{Value: values}
		for i := range values {
			s.Time = append(s.Time, int64(i)*day)
		}
		band := Outlook{"m", s.Time, values, []Band{{0.95, values, values}}}
		lines := []Line{{"BTC-USD", s}}
		for name, picture := range map[string]Picture{
			"linear": Lines(f, lines, Linear, false), "log": Lines(f, lines, Log, false), "percent": Lines(f, lines, Percent, true),
			"fan": Fan(f, lines[0], band, Linear), "months": Months(f, s), "matrix": Matrix(f, []string{"a", "b"}, [][]float64{{1, 0}, append(values, 1, 1)[:2]}),
		} {
			if svg := string(picture.SVG()); strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("%s of %v has a coordinate that is no number", name, values)
			}
		}
	}
}

func TestTicks(t *testing.T) {
	print := func(ticks []tick) (texts []string) {
		for _, one := range ticks {
			texts = append(texts, one.text)
		}
		return texts
	}
	for _, c := range []struct {
		name      string
		got, want []string
	}{
		{"linear", print(axis{low: -0.4, high: 1.1, end: 200}.ticks(50, number)), []string{"0.0", "0.5", "1.0"}},
		{"per cent", print(axis{low: -0.25, high: 0, end: 150}.ticks(50, percent)), []string{"−20 %", "−10 %", "0 %"}},
		{"logarithmic", print(axis{low: 90, high: 6000, end: 300, log: true}.ticks(50, number)), []string{"100", "200", "500", "1,000", "2,000", "5,000"}},
		{"decades", print(axis{low: 0.5, high: 2e6, end: 200, log: true}.ticks(50, number)), []string{"1", "100", "10,000", "1,000,000"}},
		{"years", print(axis{low: 0, high: float64(4 * 365 * day), end: 400}.times(90)), []string{"1970", "1971", "1972", "1973"}},
		{"weeks", print(axis{low: 0, high: float64(30 * day), end: 500}.times(90)), []string{"05 Jan", "12 Jan", "19 Jan", "26 Jan"}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestThinned: of a pixel column with many points the first, lowest, highest and last stay.
func TestThinned(t *testing.T) {
	run := []point{{1, 5}, {1.1, 9}, {1.2, 6}, {1.3, 2}, {1.4, 4}, {2, 1}}
	want := []point{{1, 5}, {1.1, 9}, {1.3, 2}, {1.4, 4}, {2, 1}}
	if diff := cmp.Diff(want, thinned(run), cmp.AllowUnexported(point{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
