package chart

import (
	"assay/shared/analysis"
)

// Outlook is a forecast of the values after the last: its middle, and bounds for each probability, the widest first.
type Outlook struct {
	Model string
	Time  []int64
	Mean  []float64
	Bands []Band
}

// Band is the bounds between which a value lies with a probability.
type Band struct {
	Probability float64
	Low, High   []float64
}

// legend names the model and the probabilities.
func (o Outlook) legend() string {
	text := o.Model
	for i, band := range o.Bands {
		joined := " and "
		if i == 0 {
			joined = ", within "
		}
		text += joined + number(100*band.Probability, 1) + " %"
	}
	return text
}

// Fan draws a series and what a model expects after it.
func Fan(f Frame, past Line, o Outlook, scale Scale) Picture {
	return Picture{f, func(p pen, b box) {
		lines := []Line{past, {o.legend(), analysis.Series{Time: o.Time, Value: o.Mean}}}
		bounds := lines
		for _, band := range o.Bands {
			bounds = append(bounds, Line{"", analysis.Series{Time: o.Time, Value: band.Low}},
				Line{"", analysis.Series{Time: o.Time, Value: band.High}})
		}
		low, high, any := extremes(bounds, scale)
		if any { // the bounds are drawn too
			lines[1].Series.Time = append([]int64{f.From, f.From}, o.Time...)
			lines[1].Series.Value = append([]float64{low, high}, o.Mean...)
		}
		plot, ok := newPlot(p, b, f, lines, scale, false)
		if !ok {
			return
		}
		look := p.theme.stroke(1)
		look.dashes = forecastDash
		for n, band := range o.Bands {
			plot.band(p, o.Time, band.Low, band.High, look, uint8(40+30*n))
		}
		plot.draw(p, past.Series, p.theme.stroke(0), false)
		plot.draw(p, analysis.Series{Time: o.Time, Value: o.Mean}, look, false)
	}}
}
