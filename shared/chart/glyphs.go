package chart

import (
	"errors"
	"math"

	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// outlining is a canvas that fills the outlines of letters, as it fills every other area: in whole 64ths of a pixel. The canvas's own
// letters are other pixels on a processor that multiplies and adds in one step.
type outlining struct{ *vgimg.Canvas }

func (c outlining) FillString(face font.Face, at vg.Point, s string) {
	if outlines, err := outlined(face, at, s); err != nil {
		panic(err) // the font is part of the program
	} else if len(outlines) > 0 {
		c.Fill(outlines)
	}
}

// outlined returns the outlines of the letters of a text that starts at a point. Its width is face.Width.
func outlined(face font.Face, at vg.Point, s string) (outlines vg.Path, err error) {
	var (
		letters  = face.Face
		buffer   sfnt.Buffer
		previous sfnt.GlyphIndex
		width    fixed.Int26_6 // so far, in units of the font
		em       = fixed.Int26_6(letters.UnitsPerEm())
		size     = float64(face.Font.Size)
	)
	for i, r := range s {
		glyph, err := letters.GlyphIndex(&buffer, r)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			kern, err := letters.Kern(&buffer, previous, glyph, em, xfont.HintingNone)
			if err != nil && !errors.Is(err, sfnt.ErrNotFound) {
				return nil, err
			}
			width += kern
		}
		segments, err := letters.LoadGlyph(&buffer, glyph, fixed.Int26_6(math.Round(size*64)), nil)
		if err != nil {
			return nil, err
		}
		outlines = appendOutline(outlines, segments, vg.Point{X: at.X + vg.Length(snap(float64(width)*size/float64(em))), Y: at.Y})
		advance, err := letters.GlyphAdvance(&buffer, glyph, em, xfont.HintingNone)
		if err != nil {
			return nil, err
		}
		width += advance
		previous = glyph
	}
	return outlines, nil
}

// appendOutline adds the outline of a letter at a point to a path. Its contours are of lines and quadratic curves, as TrueType's are.
func appendOutline(path vg.Path, letter sfnt.Segments, at vg.Point) vg.Path {
	place := func(p fixed.Point26_6) vg.Point {
		return vg.Point{X: at.X + vg.Length(float64(p.X)/64), Y: at.Y - vg.Length(float64(p.Y)/64)}
	}
	for i, s := range letter {
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				path.Close()
			}
			path.Move(place(s.Args[0]))
		case sfnt.SegmentOpLineTo:
			path.Line(place(s.Args[0]))
		case sfnt.SegmentOpQuadTo:
			path.QuadTo(place(s.Args[0]), place(s.Args[1]))
		case sfnt.SegmentOpCubeTo:
			path.CubeTo(place(s.Args[0]), place(s.Args[1]), place(s.Args[2]))
		}
	}
	if len(letter) > 0 {
		path.Close()
	}
	return path
}
