// Package chart draws prices and what follows from them as SVG and PNG.
//
// Lines, Matrix, Months, Tree and Fan make a Picture out of a Frame, which says what is drawn, of whom and by whose prices, and
// of numbers. Picture.SVG and Picture.PNG give its bytes: the same input gives the same bytes, in every process and on every
// processor. A value that is absent is a gap in a line and an empty cell, never a zero; WithGaps marks the bars that are
// expected and nobody has.
//
// Colours are those of Okabe and Ito, which people who see fewer colours can tell apart, with a dash of its own for each line.
package chart

import (
	"bytes"
	"fmt"
	"html"
	"strings"
	"time"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"assay/shared/market"
)

// The bounds of a picture in pixels.
const (
	MinWidth, MaxWidth   = 320, 3000
	MinHeight, MaxHeight = 240, 2000
)

// Frame is what every picture says around what it draws.
type Frame struct {
	Title         string
	Series        []string        // by name
	From, To      int64           // Unix seconds, half-open: what is drawn of them
	Interval      market.Interval // of the bars
	Unit          string          // of the values: USD per toz
	Prices        string          // whose they are: consensus of kraken and coinbase
	Notes         []string        // what else one should know, in sentences
	Simulated     bool            // the prices are made up, and the picture says so
	Width, Height int             // pixels
	Dark          bool
}

// Picture is a frame and how to draw what is in it.
type Picture struct {
	frame Frame
	paint func(pen, box)
}

// SVG draws the picture as a document that stands alone. Its text is in Liberation Sans or what else is there, as wide as that.
func (p Picture) SVG() []byte {
	canvas := &measuring{Canvas: vgsvg.NewWith(vgsvg.UseWH(vg.Length(p.frame.Width), vg.Length(p.frame.Height)))}
	p.draw(canvas)
	drawing := canvas.drawing()
	title := html.EscapeString(p.frame.Title)
	if p.frame.Simulated {
		title += ". " + simulatedText
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img">`+
		"\n<title>%s</title>\n<desc>%s</desc>\n<g %s", p.frame.Width, p.frame.Height, title, html.EscapeString(strings.Join(p.frame.Series, ", ")+". "+p.frame.facts()+". Prices: "+p.frame.Prices), drawing)
}

// measuring is a canvas that keeps how wide each text is.
type measuring struct {
	*vgsvg.Canvas
	widths []float64
}

func (m *measuring) FillString(face font.Face, at vg.Point, s string) {
	m.widths = append(m.widths, snap(float64(face.Width(s))))
	m.Canvas.FillString(face, at, s)
}

// drawing returns the document from its first group on. A reader without the font takes another one, and fits it to the width.
func (m *measuring) drawing() string {
	var document strings.Builder
	_, _ = m.WriteTo(&document) // a strings.Builder takes everything
	_, rest, _ := strings.Cut(document.String(), "<g ")
	rest = strings.ReplaceAll(rest, "font-family:Liberation Sans;", "font-family:'Liberation Sans',Arimo,Arial,Helvetica,sans-serif;")
	parts := strings.Split(rest, "<text ")
	for i, width := range m.widths {
		parts[i+1] = fmt.Sprintf(`<text textLength="%g" lengthAdjust="spacingAndGlyphs" %s`, width, parts[i+1])
	}
	return strings.Join(parts, "")
}

// PNG draws the picture in pixels.
func (p Picture) PNG() []byte {
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(p.frame.Width), vg.Length(p.frame.Height)), vgimg.UseDPI(72)) // a point is a pixel
	p.draw(outlining{canvas})
	var file bytes.Buffer
	_, _ = vgimg.PngCanvas{Canvas: canvas}.WriteTo(&file) // a bytes.Buffer takes everything
	return file.Bytes()
}

// facts is the line that says of whom, when and in what the picture is. Several series are named where they are drawn.
func (f Frame) facts() string {
	var facts []string
	if len(f.Series) == 1 {
		facts = append(facts, f.Series[0])
	}
	if f.From < f.To {
		facts = append(facts, "from "+stamp(f.From)+" to before "+stamp(f.To)+" UTC", "bars of "+f.Interval.String())
	}
	if f.Unit != "" {
		facts = append(facts, f.Unit)
	}
	return strings.Join(facts, " · ")
}

// stamp prints a time as short as it can be.
func stamp(at int64) string {
	t := time.Unix(at, 0).UTC()
	if at%int64(market.Day) == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04")
}

// told is a picture of a sentence: why nothing is drawn.
func told(f Frame, why string) Picture {
	return Picture{f, func(p pen, b box) {
		for i, line := range p.wrap(regular, 14, why, b.width()) {
			p.text(b.left+float64(b.width()/2), b.top+float64(b.height()/2)+float64(20*i), 14, middle, p.theme.quiet, line)
		}
	}}
}
