package chart

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"assay/shared/analysis"
)

// MaxCells is how many series a matrix or a tree takes: more could not be read.
const MaxCells = 40

// Matrix draws correlations between series as the lower half of a square: each name stands to the left of its row and, on the
// diagonal, above its column. An absent one is an empty cell.
func Matrix(f Frame, names []string, correlations [][]float64) Picture {
	return Picture{f, func(p pen, b box) {
		n := len(names)
		size := fontFor(b.height() / float64(n))
		widest := 0.0
		for _, name := range names {
			widest = max(widest, p.width(regular, size, name))
		}
		widest = min(widest, b.width()/3)
		b = colourKey(p, b)
		width := (b.width() - 2*widest - 16) / float64(n)
		side := min(b.height()/float64(n), width)
		width = min(width, 2.5*side)
		left := b.left + widest + 8
		for i := range n {
			top := b.top + float64(float64(i)*side)
			middleY := top + float64(side/2) + float64(size/3)
			p.text(left-6, middleY, size, end, p.theme.ink, p.fit(regular, size, names[i], widest))
			for j := range i {
				cell := box{left + float64(float64(j)*width), top, left + float64(float64(j+1)*width), top + side}
				p.cell(cell, correlations[i][j], number(correlations[i][j], 0.01))
			}
			p.text(left+float64(float64(i)*width)+4, middleY, size, start, p.theme.quiet, p.fit(regular, size, names[i], widest))
		}
	}}
}

// fontFor is the size of a text in a row of some height.
func fontFor(row float64) float64 { return max(6, min(12, math.Floor(row*0.7))) }

// cell draws one value between -1 and 1; its text only where it fits, a stroke where the value is absent.
func (p pen) cell(b box, value float64, text string) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		p.fill(p.theme.paper, b)
		p.line(stroke{color: p.theme.grid, width: 1}, point{b.left + 1, b.bottom - 1}, point{b.right - 1, b.top + 1})
		return
	}
	background, ink := p.theme.cell(value)
	p.fill(background, box{b.left + 0.5, b.top + 0.5, b.right - 0.5, b.bottom - 0.5})
	size := fontFor(b.height())
	if p.width(regular, size, text) <= b.width()-4 && b.height() >= 9 {
		p.text(b.left+float64(b.width()/2), b.top+float64(b.height()/2)+float64(size/3), size, middle, ink, text)
	}
}

// colourKey explains the colours of correlations at the top and returns the space below.
func colourKey(p pen, b box) box {
	const width, height, steps = 180.0, 10.0, 20
	x := b.right - width
	for i := range steps {
		value := (float64(i)+0.5)/steps*2 - 1
		background, _ := p.theme.cell(value)
		p.fill(background, box{x + float64(width/steps*float64(i)), b.top, x + float64(width/steps*float64(i+1)), b.top + height})
	}
	for i, text := range []string{"−1", "0", "1"} {
		p.text(x+float64(width/2*float64(i)), b.top+height+13, 11, anchor(float64(i)/2), p.theme.quiet, text)
	}
	p.text(x-8, b.top+height, 11, end, p.theme.quiet, "opposite")
	b.top += height + 22
	return b
}

// Months draws monthly returns, fractions, a row per year. A month without one is an empty cell.
func Months(f Frame, returns analysis.Series) Picture {
	return Picture{f, func(p pen, b box) {
		years, strongest := byYear(returns)
		if strongest == 0 {
			told(f, "There is no month with a return in this range.").paint(p, b)
			return
		}
		order := slices.Sorted(maps.Keys(years))
		left := b.left + 40
		width, height := (b.right-left)/12, min(48, (b.height()-18)/float64(len(order)))
		for m := range 12 {
			p.text(left+float64(width*(float64(m)+0.5)), b.top+10, 11, middle, p.theme.quiet, time.Month(m + 1).String()[:3])
		}
		scale := min(strongest, 0.3) // one extreme month would leave all others pale
		for row, year := range order {
			top := b.top + 18 + float64(height*float64(row))
			size := fontFor(height)
			p.text(left-6, top+float64(height/2)+float64(size/3), size, end, p.theme.ink, strconv.Itoa(year))
			for m, v := range years[year] {
				cell := box{left + float64(width*float64(m)), top, left + float64(width*float64(m+1)), top + height}
				p.cell(cell, v/scale, signed(v))
			}
		}
	}}
}

// byYear returns the months of each year, and the size of the strongest return.
func byYear(returns analysis.Series) (years map[int]*[12]float64, strongest float64) {
	years = map[int]*[12]float64{}
	for i, t := range returns.Time {
		at := time.Unix(t, 0).UTC()
		if years[at.Year()] == nil {
			years[at.Year()] = absentYear()
		}
		years[at.Year()][at.Month()-1] = returns.Value[i]
		if v := math.Abs(returns.Value[i]); v > strongest {
			strongest = v
		}
	}
	return years, strongest
}

func absentYear() *[12]float64 {
	var year [12]float64
	for m := range year {
		year[m] = math.NaN()
	}
	return &year
}

// signed prints a fraction as per cent with its sign.
func signed(v float64) string {
	text := number(100*v, 0.1)
	if v > 0 && text != "0.0" {
		return "+" + text
	}
	return text
}
