package chart

import (
	"slices"

	"gonum.org/v1/plot/vg"
)

// simulatedText is in every picture of a simulated market.
const simulatedText = "SIMULATED MARKET – made-up prices"

const (
	margin    = 16.0
	lineSpace = 16.0 // between lines of small text

	leastDrawing = 60.0 // height of what can still be read
)

// box is a part of a picture, in pixels from its top left corner.
type box struct{ left, top, right, bottom float64 }

func (b box) width() float64  { return b.right - b.left }
func (b box) height() float64 { return b.bottom - b.top }

// draw draws the frame, and in the space that it leaves what the picture is of.
func (p Picture) draw(canvas vg.Canvas) {
	f := p.frame
	pen := pen{canvas, float64(f.Height), light}
	if f.Dark {
		pen.theme = dark
	}
	all := box{0, 0, float64(f.Width), float64(f.Height)}
	pen.fill(pen.theme.paper, all)
	in := box{margin, margin, all.right - margin, all.bottom - margin}
	if f.Simulated {
		band := box{0, 0, all.right, 26}
		pen.fill(pen.theme.alarm, band)
		pen.boldText(all.right/2, 18, 13, middle, pen.theme.onAlarm, pen.fit(bold, 13, simulatedText, in.width()))
		in.top = band.bottom + margin/2
	}
	in.top += 14
	pen.boldText(in.left, in.top, 16, start, pen.theme.ink, pen.fit(bold, 16, f.Title, in.width()))
	for _, line := range pen.wrap(regular, 12, f.facts(), in.width()) {
		in.top += lineSpace
		pen.text(in.left, in.top+2, 12, start, pen.theme.quiet, line)
	}
	in.top += 10
	foot := pen.sentences(in.width(), append(slices.Clip(f.Notes), "Prices: "+f.Prices)...)
	roomy := in.height()-float64(lineSpace*float64(len(foot)))-6 >= leastDrawing
	if !roomy {
		foot = pen.sentences(in.width(), "There is no room for the drawing beside so many words: want a larger picture.", "Prices: "+f.Prices)
	}
	in.bottom -= float64(lineSpace * float64(len(foot)))
	for i, line := range foot {
		pen.text(in.left, in.bottom+float64(lineSpace*float64(i+1)), 11, start, pen.theme.quiet, line)
	}
	in.bottom -= 6
	if !roomy {
		return
	}
	if f.Simulated {
		size := min(in.width()/8, in.height()/2)
		pen.boldText(in.left+float64(in.width()/2), in.top+float64(in.height()/2)+float64(size/3), size, middle, pen.theme.veil, "SIMULATED")
	}
	p.paint(pen, in)
}

// sentences are the lines of small text that some sentences take.
func (p pen) sentences(width float64, all ...string) []string {
	var lines []string
	for _, text := range all {
		lines = append(lines, p.wrap(regular, 11, text, width)...)
	}
	return lines
}
