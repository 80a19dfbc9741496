package main

import (
	"encoding/json"
	"fmt"

	"assay/shared/analysis"
)

// indicatorKinds is the kind of TA-Lib's functions.
var indicatorKinds = map[string]compute{"ta": indicator}

func indicator(c *oracleCase) any {
	f := analysis.IndicatorOf(c.text("function"))
	if f == nil {
		panic(fmt.Errorf("unknown function %s", c.text("function")))
	}
	var parameters []float64
	for _, p := range f.Parameters {
		parameters = append(parameters, c.number(p.Name))
	}
	for name, v := range c.Params {
		if len(name) > 6 && name[len(name)-6:] == "MAType" && v != 0.0 {
			panic(fmt.Errorf("%s %v: only simple averages", name, v))
		}
	}
	out := object{}
	for i, column := range f.Compute(c.indicatorBars(f), parameters...) {
		out[f.Outputs[i]] = column
	}
	return out
}

// indicatorBars returns the bars of a case, from a file or inline. A function of one series calls it inReal.
func (c *oracleCase) indicatorBars(f *analysis.Indicator) analysis.Bars {
	if c.Inputs["inline"] == nil {
		return c.bars("bars")
	}
	var names map[string]json.RawMessage
	if err := json.Unmarshal(c.Inputs["inline"], &names); err != nil {
		panic(err)
	}
	var bars analysis.Bars
	columns := map[string]*[]float64{"high": &bars.High, "low": &bars.Low, "close": &bars.Close, "volume": &bars.Volume, "open": &bars.Open}
	for name := range names {
		x := c.inline(name)
		bars.Time = make([]int64, len(x))
		if name == "inReal" {
			name = f.Fields[0].String()
		}
		*columns[name] = x
	}
	return bars
}
