package api

import (
	"math"
	"reflect"
	"slices"
	"strings"

	"assay/shared/analysis"
	"assay/shared/market"
)

// indicatorKinds are the technical indicators, all in one kind.
var indicatorKinds = []kind{
	each(kind{
		name: "indicator", summary: "A technical indicator", example: "series=BTC-USD&name=RSI&timePeriod=14", most: 10,
		definition: "In TA-Lib's conventions, with an unstable period of 0: EMA starts with a mean, RSI, ATR and ADX are smoothed as Wilder does, flat input gives 0 where TA-Lib does. Names and parameters are TA-Lib's; " +
			"a parameter that is not given has its default there. Indicators that remember depend on the first bar of the range.",
	}, indicator),
}

// indicatorParameters are those of all indicators; each takes some of them.
type indicatorParameters struct {
	selection
	Name         string   `query:"name" default:"SMA" enum:"SMA,EMA,WMA,DEMA,TEMA,KAMA,TRIX,RSI,ROC,MOM,LINEARREG_SLOPE,STDDEV,BBANDS,MACD,STOCHRSI,STOCH,MAX,MIN,AROON,SAR,TRANGE,ATR,NATR,ADX,PLUS_DI,MINUS_DI,CCI,WILLR,MFI,OBV,AD" doc:"As TA-Lib writes it"`
	TimePeriod   *float64 `query:"timePeriod" minimum:"1" maximum:"1000" doc:"Bars" example:"14"`
	NbDev        *float64 `query:"nbDev" minimum:"0" maximum:"100" doc:"Of STDDEV" example:"1"`
	NbDevUp      *float64 `query:"nbDevUp" minimum:"0" maximum:"100" doc:"Of BBANDS" example:"2"`
	NbDevDn      *float64 `query:"nbDevDn" minimum:"0" maximum:"100" doc:"Of BBANDS" example:"2"`
	FastPeriod   *float64 `query:"fastPeriod" minimum:"1" maximum:"1000" doc:"Of MACD" example:"12"`
	SlowPeriod   *float64 `query:"slowPeriod" minimum:"1" maximum:"1000" doc:"Of MACD" example:"26"`
	SignalPeriod *float64 `query:"signalPeriod" minimum:"1" maximum:"1000" doc:"Of MACD" example:"9"`
	FastK        *float64 `query:"fastK_Period" minimum:"1" maximum:"1000" doc:"Of STOCH and STOCHRSI" example:"5"`
	FastD        *float64 `query:"fastD_Period" minimum:"1" maximum:"1000" doc:"Of STOCHRSI" example:"3"`
	SlowK        *float64 `query:"slowK_Period" minimum:"1" maximum:"1000" doc:"Of STOCH" example:"3"`
	SlowD        *float64 `query:"slowD_Period" minimum:"1" maximum:"1000" doc:"Of STOCH" example:"3"`
	Acceleration *float64 `query:"acceleration" minimum:"0" maximum:"10" doc:"Of SAR" example:"0.02"`
	Maximum      *float64 `query:"maximum" minimum:"0" maximum:"10" doc:"Of SAR" example:"0.2"`
}

type indicatorResult struct {
	Name       string               `doc:"As TA-Lib writes it"`
	Parameters []indicatorParameter `doc:"As they were used"`
	Fields     []string             `doc:"Of the bars, that it is made of"`
	Time       []int64
	Outputs    []indicatorOutput `doc:"As TA-Lib names them"`
}

type indicatorParameter struct {
	Name  string  `doc:"As TA-Lib writes it"`
	Value float64 `doc:"That was used"`
}

type indicatorOutput struct {
	Name  string `doc:"As TA-Lib writes it"`
	Value []float64
}

func indicator(in *indicatorParameters, o *observed) (indicatorResult, error) {
	chosen := analysis.IndicatorOf(in.Name)
	r := indicatorResult{Name: chosen.Name, Time: starts(o.bars)}
	values, err := in.values(chosen, len(o.bars))
	if err != nil {
		return r, err
	}
	for n, p := range chosen.Parameters {
		r.Parameters = append(r.Parameters, indicatorParameter{p.Name, values[n]})
	}
	for _, f := range chosen.Fields {
		r.Fields = append(r.Fields, f.String())
		if !slices.ContainsFunc(o.bars, func(b market.Bar) bool { return !market.IsAbsent(b.Value(f)) }) {
			return r, badRequest("name=%s needs the %s of bars, and %s has none in the range.", in.Name, f, o.ID)
		}
	}
	for n, column := range chosen.Compute(o.columns(), values...) {
		r.Outputs = append(r.Outputs, indicatorOutput{chosen.Outputs[n], column})
	}
	return r, nil
}

// values are the parameters of an indicator in their order: what was given, else the default. One that it does not take is refused.
func (in *indicatorParameters) values(i *analysis.Indicator, rows int) ([]float64, error) {
	values := make([]float64, len(i.Parameters))
	takes := make([]string, len(i.Parameters))
	for n, p := range i.Parameters {
		values[n], takes[n] = p.Default, p.Name
	}
	v := reflect.ValueOf(in).Elem()
	for _, f := range parameterFields(v.Type()) {
		given, ok := v.FieldByIndex(f.Index).Interface().(*float64)
		if !ok || given == nil {
			continue
		}
		name := f.Tag.Get("query")
		n := slices.Index(takes, name)
		switch {
		case n < 0 && len(takes) == 0:
			return nil, badRequest("name=%s takes no parameter.", i.Name)
		case n < 0:
			return nil, badRequest("name=%s does not take %s: it takes %s.", i.Name, name, strings.Join(takes, ", "))
		case *given < i.Parameters[n].Min || i.Parameters[n].Whole && *given != math.Trunc(*given):
			return nil, badRequest("%s=%v: %s wants a whole number from %v.", name, *given, i.Name, i.Parameters[n].Min)
		}
		values[n] = *given
	}
	for n, p := range i.Parameters {
		if p.Whole && int(values[n]) > rows {
			return nil, badRequest("%s=%v: there are %d observations in the range.", p.Name, values[n], rows)
		}
	}
	if i.Name == "MACD" && values[0] > values[1] { // which TA-Lib exchanges, and says nothing
		return nil, badRequest("fastPeriod=%v: MACD wants it to be at most slowPeriod, and that is %v.", values[0], values[1])
	}
	return values, nil
}
