package chart

import (
	"image/color"
	"math"
	"strings"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// pen draws on a canvas. Its coordinates are pixels from the top left corner, in whole 64ths: what the canvas computes with them is
// exact, on every processor.
type pen struct {
	canvas vg.Canvas
	height float64
	theme  theme
}

type point struct{ x, y float64 }

// snap rounds to a whole 64th.
func snap(x float64) float64 { return float64(math.Round(x*64) / 64) }

func (p pen) point(at point) vg.Point {
	return vg.Point{X: vg.Length(snap(at.x)), Y: vg.Length(p.height - snap(at.y))}
}

func (p pen) path(points []point) vg.Path {
	var path vg.Path
	for i, at := range points {
		if i == 0 {
			path.Move(p.point(at))
		} else {
			path.Line(p.point(at))
		}
	}
	return path
}

// stroke is how a line looks.
type stroke struct {
	color  color.NRGBA
	width  float64
	dashes []vg.Length
}

func (p pen) line(s stroke, points ...point) {
	p.canvas.SetColor(s.color)
	p.canvas.SetLineWidth(vg.Length(s.width))
	p.canvas.SetLineDash(s.dashes, 0)
	p.canvas.Stroke(p.path(points))
}

func (p pen) area(c color.NRGBA, points ...point) {
	path := p.path(points)
	path.Close()
	p.canvas.SetColor(c)
	p.canvas.Fill(path)
}

func (p pen) fill(c color.NRGBA, b box) {
	p.area(c, point{b.left, b.top}, point{b.right, b.top}, point{b.right, b.bottom}, point{b.left, b.bottom})
}

// anchor is where a text is held: at its start, middle or end.
type anchor float64

const (
	start  anchor = 0
	middle anchor = 0.5
	end    anchor = 1
)

// text writes a line whose baseline is y.
func (p pen) text(x, y, size float64, a anchor, c color.NRGBA, s string) {
	p.write(regular, x, y, size, a, c, s)
}

func (p pen) boldText(x, y, size float64, a anchor, c color.NRGBA, s string) {
	p.write(bold, x, y, size, a, c, s)
}

func (p pen) write(f typeface, x, y, size float64, a anchor, c color.NRGBA, s string) {
	face := f.sized(size)
	p.canvas.SetColor(c)
	p.canvas.FillString(face, p.point(point{x - float64(float64(a)*float64(face.Width(s))), y}), s)
}

func (p pen) width(f typeface, size float64, s string) float64 {
	face := f.sized(size)
	return float64(face.Width(s))
}

// fit shortens a text to a width.
func (p pen) fit(f typeface, size float64, s string, width float64) string {
	if p.width(f, size, s) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && p.width(f, size, string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

// maxLines is how many lines a text may take: more would leave no space for the picture.
const maxLines = 4

// wrap breaks a text into lines at its spaces.
func (p pen) wrap(f typeface, size float64, s string, width float64) []string {
	var lines []string
	line := ""
	words := strings.Fields(s)
	for i, word := range words {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && p.width(f, size, longer) > width {
			if len(lines) == maxLines-1 {
				line += " " + strings.Join(words[i:], " ")
				break
			}
			lines = append(lines, p.fit(f, size, line, width))
			longer = word
		}
		line = longer
	}
	return append(lines, p.fit(f, size, line, width))
}

// typeface is a font of any size.
type typeface func() *opentype.Font

var (
	regular = parsed(liberationsansregular.TTF)
	bold    = parsed(liberationsansbold.TTF)
)

func parsed(file []byte) typeface {
	return sync.OnceValue(func() *opentype.Font {
		f, err := opentype.Parse(file)
		if err != nil {
			panic(err) // the font is part of the program
		}
		return f
	})
}

func (f typeface) sized(size float64) font.Face {
	face := font.Face{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Length(size)}, Face: f()}
	if face.Face == bold() {
		face.Font.Weight = xfont.WeightBold
	}
	return face
}
