package analysis

import (
	"fmt"

	"assay/shared/market"
)

// Indicator is a technical indicator in TA-Lib's conventions, with an unstable period of 0: the leading bars without a value are
// absent, and flat input gives 0 where TA-Lib does. A bar that lacks one of the fields has no value and is left out of the
// computation, as if it were not there. Indicators that remember (EMA, RSI, ATR ...) depend on the first bar they are given.
type Indicator struct {
	Name       string // as TA-Lib writes it
	Fields     []market.Field
	Parameters []Parameter
	Outputs    []string
	compute    func(in [][]float64, p []float64) [][]float64
}

// Parameter is a number that an indicator takes.
type Parameter struct {
	Name    string // as TA-Lib writes it
	Default float64
	Min     float64
	Whole   bool // a count of bars
}

// Compute returns one column per output, with one value per bar. The parameters are in the order of Parameters; it panics where
// one is missing or below its Min.
func (i *Indicator) Compute(bars Bars, parameters ...float64) [][]float64 {
	if len(parameters) != len(i.Parameters) {
		panic(fmt.Sprintf("analysis: %s takes %d parameters", i.Name, len(i.Parameters)))
	}
	for k, p := range i.Parameters {
		if !(parameters[k] >= p.Min) {
			panic(fmt.Sprintf("analysis: %s of %s is below %v", p.Name, i.Name, p.Min))
		}
	}
	in := make([][]float64, len(i.Fields))
	for k, f := range i.Fields {
		in[k] = bars.column(f)
	}
	return observed(len(bars.Time), in, func(in [][]float64) [][]float64 { return i.compute(in, parameters) }, len(i.Outputs))
}

func (b *Bars) column(f market.Field) []float64 {
	return [...][]float64{b.Open, b.High, b.Low, b.Close, b.Volume}[f]
}

// observed gives f the rows of which no column is absent, and puts its results where they belong.
func observed(n int, in [][]float64, f func(in [][]float64) [][]float64, outputs int) [][]float64 {
	rows := make([]int, 0, n)
	for row := range n {
		if allPresent(in, row) {
			rows = append(rows, row)
		}
	}
	if len(rows) < n {
		dense := make([][]float64, len(in))
		for k, column := range in {
			for _, row := range rows {
				dense[k] = append(dense[k], column[row])
			}
		}
		in = dense
	}
	out := make([][]float64, outputs)
	for k, column := range f(in) {
		out[k] = absent(n)
		for j, row := range rows {
			out[k][row] = finite(column[j])
		}
	}
	return out
}

// IndicatorOf returns the indicator of a name, or nil.
func IndicatorOf(name string) *Indicator {
	for i := range Indicators {
		if Indicators[i].Name == name {
			return &Indicators[i]
		}
	}
	return nil
}

func period(n float64) []Parameter { return []Parameter{bars("timePeriod", n, 2)} }

func bars(name string, n, least float64) Parameter {
	return Parameter{Name: name, Default: n, Min: least, Whole: true}
}

// single makes an indicator of one series and one period.
func single(f func(x []float64, n int) []float64) func(in [][]float64, p []float64) [][]float64 {
	return func(in [][]float64, p []float64) [][]float64 { return [][]float64{f(in[0], int(p[0]))} }
}

// ranged makes an indicator of high, low and close and one period.
func ranged(f func(high, low, closing []float64, n int) []float64) func(in [][]float64, p []float64) [][]float64 {
	return func(in [][]float64, p []float64) [][]float64 { return [][]float64{f(in[0], in[1], in[2], int(p[0]))} }
}

var (
	onClose  = []market.Field{market.Close}
	onRange  = []market.Field{market.High, market.Low}
	onHLC    = []market.Field{market.High, market.Low, market.Close}
	onHLCV   = []market.Field{market.High, market.Low, market.Close, market.Volume}
	oneValue = []string{"output"}
)

// Indicators lists the indicators.
var Indicators = []Indicator{
	{"SMA", onClose, period(20), oneValue, single(RollingMean)},
	{"EMA", onClose, period(12), oneValue, single(EMA)},
	{"WMA", onClose, period(15), oneValue, single(WMA)},
	{"DEMA", onClose, period(12), oneValue, single(DEMA)},
	{"TEMA", onClose, period(12), oneValue, single(TEMA)},
	{"KAMA", onClose, period(10), oneValue, single(KAMA)},
	{"TRIX", onClose, period(15), oneValue, single(TRIX)},
	{"RSI", onClose, period(14), oneValue, single(RSI)},
	{"ROC", onClose, []Parameter{bars("timePeriod", 10, 1)}, oneValue, single(ROC)},
	{"MOM", onClose, []Parameter{bars("timePeriod", 10, 1)}, oneValue, single(MOM)},
	{"LINEARREG_SLOPE", onClose, period(14), oneValue, single(LinearSlope)},
	{"STDDEV", onClose, []Parameter{bars("timePeriod", 20, 2), {Name: "nbDev", Default: 1}}, oneValue, func(in [][]float64, p []float64) [][]float64 {
		return [][]float64{PopulationDeviation(in[0], int(p[0]), p[1])}
	}},
	{
		"BBANDS", onClose,
		[]Parameter{bars("timePeriod", 20, 2), {Name: "nbDevUp", Default: 2}, {Name: "nbDevDn", Default: 2}},
		[]string{"upperBand", "middleBand", "lowerBand"},
		func(in [][]float64, p []float64) [][]float64 {
			return Bollinger(in[0], int(p[0]), p[1], p[2])
		},
	},
	{
		"MACD", onClose,
		[]Parameter{bars("fastPeriod", 12, 2), bars("slowPeriod", 26, 2), bars("signalPeriod", 9, 1)},
		[]string{"MACD", "MACDSignal", "MACDHist"},
		func(in [][]float64, p []float64) [][]float64 {
			return MACD(in[0], int(p[0]), int(p[1]), int(p[2]))
		},
	},
	{
		"STOCHRSI", onClose,
		[]Parameter{bars("timePeriod", 14, 2), bars("fastK_Period", 5, 1), bars("fastD_Period", 3, 1)},
		[]string{"fastK", "fastD"},
		func(in [][]float64, p []float64) [][]float64 {
			return StochasticRSI(in[0], int(p[0]), int(p[1]), int(p[2]))
		},
	},
	{
		"STOCH", onHLC,
		[]Parameter{bars("fastK_Period", 14, 1), bars("slowK_Period", 3, 1), bars("slowD_Period", 3, 1)},
		[]string{"slowK", "slowD"},
		func(in [][]float64, p []float64) [][]float64 {
			return Stochastic(in[0], in[1], in[2], int(p[0]), int(p[1]), int(p[2]))
		},
	},
	{"MAX", []market.Field{market.High}, period(20), oneValue, single(RollingMax)},
	{"MIN", []market.Field{market.Low}, period(20), oneValue, single(RollingMin)},
	{"AROON", onRange, period(25), []string{"aroonDown", "aroonUp"}, func(in [][]float64, p []float64) [][]float64 {
		return Aroon(in[0], in[1], int(p[0]))
	}},
	{"SAR", onRange, []Parameter{{Name: "acceleration", Default: 0.02}, {Name: "maximum", Default: 0.2}}, oneValue, func(in [][]float64, p []float64) [][]float64 {
		return [][]float64{SAR(in[0], in[1], p[0], p[1])}
	}},
	{"TRANGE", onHLC, nil, oneValue, func(in [][]float64, _ []float64) [][]float64 {
		return [][]float64{TrueRange(in[0], in[1], in[2])}
	}},
	{"ATR", onHLC, []Parameter{bars("timePeriod", 14, 1)}, oneValue, ranged(ATR)},
	{"NATR", onHLC, []Parameter{bars("timePeriod", 14, 1)}, oneValue, ranged(NATR)},
	{"ADX", onHLC, period(14), oneValue, ranged(ADX)},
	{"PLUS_DI", onHLC, period(14), oneValue, ranged(PlusDI)},
	{"MINUS_DI", onHLC, period(14), oneValue, ranged(MinusDI)},
	{"CCI", onHLC, period(20), oneValue, ranged(CCI)},
	{"WILLR", onHLC, period(14), oneValue, ranged(WilliamsR)},
	{"MFI", onHLCV, period(14), oneValue, func(in [][]float64, p []float64) [][]float64 {
		return [][]float64{MFI(in[0], in[1], in[2], in[3], int(p[0]))}
	}},
	{"OBV", []market.Field{market.Close, market.Volume}, nil, oneValue, func(in [][]float64, _ []float64) [][]float64 {
		return [][]float64{OBV(in[0], in[1])}
	}},
	{"AD", onHLCV, nil, oneValue, func(in [][]float64, _ []float64) [][]float64 {
		return [][]float64{AccumulationDistribution(in[0], in[1], in[2], in[3])}
	}},
}
