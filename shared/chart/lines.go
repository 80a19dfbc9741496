package chart

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"assay/shared/analysis"
	"assay/shared/market"
)

// Scale is how values are laid out and printed.
type Scale string

// The scales.
const (
	Linear  Scale = "linear"
	Log     Scale = "log"     // leaves out what is not positive
	Percent Scale = "percent" // values are fractions
)

// Line is one series of a picture. A value that is absent breaks it.
type Line struct {
	Name   string
	Series analysis.Series
}

// WithGaps adds an absent value wherever a bar of interval i that is expected is missing between two others.
func WithGaps(s analysis.Series, i market.Interval, expected func(start int64) bool) analysis.Series {
	var out analysis.Series
	for row, t := range s.Time {
		if row > 0 {
			missing := i.Next(s.Time[row-1])
			for missing < t && !expected(missing) {
				missing = i.Next(missing)
			}
			if missing < t {
				out.Time, out.Value = append(out.Time, missing), append(out.Value, market.Absent)
			}
		}
		out.Time, out.Value = append(out.Time, t), append(out.Value, s.Value[row])
	}
	return out
}

// Lines draws series over time. With under, the space between zero and each line is filled: drawdowns.
func Lines(f Frame, lines []Line, scale Scale, under bool) Picture {
	return Picture{f, func(p pen, b box) {
		plot, ok := newPlot(p, b, f, lines, scale, under)
		if !ok {
			return
		}
		for n, line := range lines {
			plot.draw(p, line.Series, p.theme.stroke(n), under)
		}
	}}
}

// plot is the space of a picture with two axes.
type plot struct {
	box
	x, y axis
}

// newPlot draws a legend, a grid and its labels, and returns the space for lines; nothing where no value is there.
func newPlot(p pen, b box, f Frame, lines []Line, scale Scale, zero bool) (plot, bool) {
	low, high, any := extremes(lines, scale)
	if !any {
		told(f, "There is no value in this range.").paint(p, b)
		return plot{}, false
	}
	if zero {
		high = max(high, 0)
	}
	names, top := legend(p, b, lines)
	if b.bottom-top < leastDrawing {
		told(f, "There is no room for lines below so many names: want a taller picture.").paint(p, b)
		return plot{}, false
	}
	b.top = top
	for _, name := range names {
		name.draw(p)
	}
	print := number
	if scale == Percent {
		print = percent
	}
	b.bottom -= 20
	y := valueAxis(low, high, b.bottom, b.top+6, scale == Log)
	rows := y.ticks(44, print)
	widest := 0.0
	for _, t := range rows {
		widest = max(widest, p.width(regular, 11, t.text))
	}
	b.left += widest + 8
	x := axis{low: float64(f.From), high: float64(max(f.To, f.From+1)), start: b.left, end: b.right}
	grid := stroke{color: p.theme.grid, width: 1}
	for _, t := range rows {
		p.line(grid, point{b.left, t.at}, point{b.right, t.at})
		p.text(b.left-6, t.at+4, 11, end, p.theme.quiet, t.text)
	}
	for _, t := range x.times(92) {
		p.line(grid, point{t.at, b.top}, point{t.at, b.bottom})
		half := float64(p.width(regular, 11, t.text) / 2)
		p.text(max(b.left, min(b.right-float64(2*half), t.at-half)), b.bottom+16, 11, start, p.theme.quiet, t.text)
	}
	p.line(stroke{color: p.theme.quiet, width: 1}, point{b.left, b.bottom}, point{b.right, b.bottom})
	return plot{b, x, y}, true
}

func extremes(lines []Line, scale Scale) (low, high float64, any bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, line := range lines {
		for _, v := range line.Series.Value {
			if drawable(v, scale) {
				low, high, any = min(low, v), max(high, v), true
			}
		}
	}
	return low, high, any
}

// largest is the size of the values that can be drawn, its inverse that of the smallest on a logarithmic scale.
const largest = 1e100

func drawable(v float64, scale Scale) bool {
	return math.Abs(v) <= largest && (scale != Log || v >= 1/largest)
}

// lineName names a line: a sample of it, then a text.
type lineName struct {
	at   point // where the sample begins, and the baseline
	look stroke
	text string
}

// legendSample is the width of a sample, with the space after it.
const legendSample = 26 + 6

// legend places the names of the lines above the plot and returns where they end. A single line needs none: the frame names it.
func legend(p pen, b box, lines []Line) (names []lineName, bottom float64) {
	if len(lines) < 2 {
		return nil, b.top
	}
	x, y := b.left, b.top+12
	for n, line := range lines {
		text := p.fit(regular, 12, line.Name, b.width()-legendSample)
		width := legendSample + p.width(regular, 12, text)
		if x > b.left && x+width > b.right {
			x, y = b.left, y+lineSpace+2
		}
		names = append(names, lineName{point{x, y}, p.theme.stroke(n), text})
		x += width + 18
	}
	return names, y + 8
}

func (n lineName) draw(p pen) {
	p.line(n.look, point{n.at.x, n.at.y - 4}, point{n.at.x + legendSample - 6, n.at.y - 4})
	p.text(n.at.x+legendSample, n.at.y, 12, start, p.theme.ink, n.text)
}

// draw draws a series, a run between gaps at a time.
func (l plot) draw(p pen, s analysis.Series, look stroke, under bool) {
	scale := Linear
	if l.y.log {
		scale = Log
	}
	var run []point
	flush := func() {
		l.run(p, thinned(run), look, under)
		run = run[:0]
	}
	for i, v := range s.Value {
		if !drawable(v, scale) {
			flush()
			continue
		}
		run = append(run, point{l.x.at(float64(s.Time[i])), l.y.at(v)})
	}
	flush()
}

func (l plot) run(p pen, run []point, look stroke, under bool) {
	switch len(run) {
	case 0:
		return
	case 1: // alone between two gaps
		p.area(look.color, point{run[0].x - 1.5, run[0].y - 1.5}, point{run[0].x + 1.5, run[0].y - 1.5}, point{run[0].x + 1.5, run[0].y + 1.5}, point{run[0].x - 1.5, run[0].y + 1.5})
		return
	}
	if under {
		zero := l.y.at(0)
		outline := append([]point{{run[0].x, zero}}, run...)
		p.area(faint(look.color, 48), append(outline, point{run[len(run)-1].x, zero})...)
	}
	p.line(look, run...)
}

// thinned keeps of every pixel column the first, lowest, highest and last point: the line looks the same.
func thinned(run []point) []point {
	var out []point
	for i := 0; i < len(run); {
		first, low, high := i, i, i
		column := math.Floor(run[i].x)
		for ; i < len(run) && math.Floor(run[i].x) == column; i++ {
			if run[i].y < run[low].y {
				low = i
			}
			if run[i].y > run[high].y {
				high = i
			}
		}
		previous := -1
		for _, keep := range [4]int{first, min(low, high), max(low, high), i - 1} {
			if keep != previous {
				out = append(out, run[keep])
			}
			previous = keep
		}
	}
	return out
}

// band draws the space between two bounds that begin and end at the same times.
func (l plot) band(p pen, times []int64, low, high []float64, look stroke, alpha uint8) {
	var outline []point
	within := func(v float64) float64 { return l.y.at(min(max(v, l.y.low), l.y.high)) }
	for i, t := range times {
		if low[i] != low[i] || high[i] != high[i] {
			return // no band without all of its bounds
		}
		outline = append(outline, point{l.x.at(float64(t)), within(high[i])})
	}
	for i, t := range slices.Backward(times) {
		outline = append(outline, point{l.x.at(float64(t)), within(low[i])})
	}
	p.area(faint(look.color, alpha), outline...)
}

var forecastDash = []vg.Length{6, 3}
