package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// theme is the colours of a picture.
type theme struct {
	paper, ink, quiet, grid color.NRGBA
	alarm, onAlarm, veil    color.NRGBA // that the prices are made up
	lines                   []color.NRGBA
	cold, neutral, warm     color.NRGBA // of cells: below zero, zero, above
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

func faint(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}

// Okabe and Ito, "Color Universal Design" (2008); on light paper without yellow, which it swallows.
var (
	light = theme{
		paper: rgb(0xFFFFFF), ink: rgb(0x1A1A1A), quiet: rgb(0x555555), grid: rgb(0xDDDDDD),
		alarm: rgb(0xB23A00), onAlarm: rgb(0xFFFFFF), veil: rgb(0xF6E3DA),
		lines: []color.NRGBA{rgb(0x0072B2), rgb(0xD55E00), rgb(0x009E73), rgb(0xCC79A7), rgb(0xE69F00), rgb(0x56B4E9), rgb(0x1A1A1A), rgb(0x888888)},
		cold:  rgb(0x0072B2), neutral: rgb(0xF7F7F7), warm: rgb(0xD55E00),
	}
	dark = theme{
		paper: rgb(0x16181C), ink: rgb(0xF0F0F0), quiet: rgb(0xB0B4BA), grid: rgb(0x3A3E45),
		alarm: rgb(0xE69F00), onAlarm: rgb(0x16181C), veil: rgb(0x3A3220),
		lines: []color.NRGBA{rgb(0x56B4E9), rgb(0xE69F00), rgb(0x00C08B), rgb(0xE29AC2), rgb(0xF0E442), rgb(0xFF7F2A), rgb(0xF0F0F0), rgb(0x9AA0A8)},
		cold:  rgb(0x3D8FC6), neutral: rgb(0x2A2D33), warm: rgb(0xE0702A),
	}
)

// MaxLines is how many lines can be told apart.
const MaxLines = 8

var dashes = [MaxLines][]vg.Length{nil, {7, 3}, {2, 2}, {9, 3, 2, 3}, {12, 4}, {5, 2, 1, 2, 1, 2}, {1, 3}, {4, 4}}

// stroke returns how line n of several looks.
func (t theme) stroke(n int) stroke {
	return stroke{t.lines[n%MaxLines], 1.6, dashes[n%MaxLines]}
}

// cell returns the colour of a value between -1 and 1, and that of a text on it.
func (t theme) cell(value float64) (background, text color.NRGBA) {
	strong, share := t.warm, min(math.Abs(value), 1)
	if value < 0 {
		strong = t.cold
	}
	mix := func(a, b uint8) uint8 {
		return uint8(math.Round(float64(float64(a)*(1-share)) + float64(float64(b)*share)))
	}
	background = color.NRGBA{mix(t.neutral.R, strong.R), mix(t.neutral.G, strong.G), mix(t.neutral.B, strong.B), 255}
	if luma := 299*int(background.R) + 587*int(background.G) + 114*int(background.B); luma > 110_000 {
		return background, rgb(0x1A1A1A)
	}
	return background, rgb(0xFFFFFF)
}
