package api

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/analysis"
	"assay/shared/market"
)

// Each kind computes what its name says, of the series and in the order that was asked for: prices whose results can be worked out
// by hand. Gold doubles, doubles, halves and doubles; silver doubles, halves, doubles and doubles; bitcoin stands at 1 for three days
// and at 9 for three more; ether rises by 1 a day.
func TestKindsAreWired(t *testing.T) {
	w := newWorld(t, nil)
	prices := func(series string, values ...float64) {
		bars := make([]market.Bar, len(values))
		for n, v := range values {
			bars[n] = fix(monday+int64(n)*day, v)
		}
		w.put(series, market.Day, bars...)
	}
	prices("XAU-USD.workshop", 1, 2, 4, 2, 4)
	prices("XAG-USD.workshop", 1, 2, 1, 2, 4)
	prices("BTC-USD.kraken", 1, 1, 1, 9, 9, 9)
	line := make([]float64, 60)
	for n := range line {
		line[n] = float64(n + 1)
	}
	prices("ETH-USD.kraken", line...)

	const gold, both = "series=XAU-USD.workshop", "series=XAU-USD.workshop,XAG-USD.workshop"
	ln2 := math.Ln2
	for _, c := range []struct {
		target, pointer string
		want            float64
	}{
		{"returns?" + gold, "/0/value/3", -ln2},
		{"growth?" + gold, "/0/total", 3},
		{"rebased?base=50&" + gold, "/0/value/4", 200},
		{"normalise?method=unit&" + gold, "/0/value/3", 1.0 / 3},
		{"normalise?method=index&" + gold, "/0/value/4", 400},
		{"resample?to_interval=1w&" + gold, "/0/close/0", 4},
		{"ratio?" + both, "/value/2", 4},
		{"ratio?join=as-of&" + both, "/value/2", 4},
		{"rolling?window=2&" + gold, "/0/value/4", 3},
		{"rolling?statistic=sum&window=3&" + gold, "/0/value/4", 10},
		{"rolling?statistic=quantile&q=1&window=3&" + gold, "/0/value/3", 4},
		{"rolling?statistic=sd&window=4&of=log-returns&" + gold, "/0/value/4", ln2},
		{"ewm?span=3&" + gold, "/0/value/4", 3.1875},
		{"ewm?alpha=0.5&" + gold, "/0/value/4", 3.1875},
		{"volatility?window=5&periodsPerYear=4&" + gold, "/0/close/4", 2 * ln2},
		{"ewma-volatility?lambda=0.5&periodsPerYear=4&" + gold, "/0/annualised/3", 2 * ln2},
		{"performance?" + gold, "/0/hitRatio", 0.75},
		{"drawdowns?" + gold, "/0/max", -0.5},
		{"drawdowns?" + gold, "/0/falls/0/recovery", float64(monday + 4*day)},
		{"var?confidence=0.5&" + gold, "/0/var", -1},
		{"correlation?" + both, "/0/result/pearson/value", -1.0 / 3},
		{"correlation-matrix?" + both, "/matrix/0/1", -1.0 / 3},
		{"correlation-matrix?rows=pairwise&" + both, "/matrix/1/0", -1.0 / 3},
		{"correlation-matrix?method=covariance&" + both, "/matrix/0/0", ln2 * ln2},
		{"rolling-correlation?window=4&" + both, "/value/3", -1.0 / 3},
		{"rolling-correlation?statistic=covariance&window=4&" + both, "/value/3", -ln2 * ln2 / 3},
		{"beta?returns=simple&" + both, "/0/result/beta/value", -1.0 / 3},
		{"pca?" + both, "/eigenvalues/0", 4.0 / 3},
		{"clustering?" + both, "/heights/0", math.Sqrt(2.0 / 3)},
		{"lead-lag?maxLag=1&" + both, "/ccf/1", -1.0 / 3},
		{"lead-lag?maxLag=1&" + both, "/ccf/2", 2.75 / 3}, // silver's halving comes a day before gold's
		{"indicator?name=SMA&timePeriod=2&" + gold, "/0/outputs/0/value/4", 3},
		{"indicator?name=MOM&timePeriod=2&" + gold, "/0/outputs/0/value/2", 3},
		{"autocorrelation?of=price&lags=1&" + gold, "/0/acf/1", -1.56 / 7.2},
		{"seasonality?" + gold, "/0/buckets/2/mean", -ln2}, // Thursday
		{"changepoints?of=price&cost=mean&penalty=1&minSize=2&series=BTC-USD.kraken", "/0/changes/0", float64(monday + 3*day)},
		{"regimes-kmeans?window=2&k=2&series=ETH-USD.kraken", "/0/labels/1", 1},
		{"forecast?model=drift&horizon=3&origins=3&series=ETH-USD.kraken", "/0/forecast/mean/2", 63},
		{"forecast?model=drift&horizon=3&origins=3&series=ETH-USD.kraken", "/0/skill", 1},
		{"forecast?model=drift&horizon=3&origins=3&series=ETH-USD.kraken", "/0/naiveBacktest/mae", 2}, // 1, 2 and 3 days ahead
		{"forecast?model=drift&horizon=3&origins=3&series=ETH-USD.kraken", "/0/forecast/time/0", float64(monday + 60*day)},
		{"backtest?models=naive,drift&horizon=1&series=ETH-USD.kraken", "/0/1/backtest/mae", 0},
	} {
		recorder := w.get("/api/v1/analysis/" + c.target)
		var answer struct{ Result any }
		if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		got, ok := pointed(answer.Result, c.pointer).(float64)
		if !ok || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("GET %s: %s is %v, want %v\n%.600s", c.target, c.pointer, got, c.want, recorder.Body)
		}
	}
}

// Every indicator is offered, and answers with its own parameters.
func TestEveryIndicatorIsOffered(t *testing.T) {
	w := analysedWorld(t)
	var names []string
	for _, i := range analysis.Indicators {
		names = append(names, i.Name)
		target := "/api/v1/analysis/indicator?series=BTC-USD&name=" + i.Name
		for _, p := range i.Parameters {
			target += fmt.Sprintf("&%s=%v", p.Name, p.Default)
		}
		got := into[struct {
			Analysed
			Result    []indicatorResultJSON
			Undefined map[string]string
		}](w, target)
		if r := got.Result[0]; r.Name != i.Name || len(r.Parameters) != len(i.Parameters) || len(r.Outputs) != len(i.Outputs) || r.Outputs[0].Value[len(r.Time)-1] == nil {
			t.Errorf("GET %s answers %d parameters and %d outputs; want %d and %d, with a value at the end", target, len(r.Parameters), len(r.Outputs), len(i.Parameters), len(i.Outputs))
		}
	}
	field, _ := reflect.TypeFor[indicatorParameters]().FieldByName("Name")
	if diff := cmp.Diff(names, strings.Split(field.Tag.Get("enum"), ",")); diff != "" {
		t.Errorf("indicators that are offered (-want +got):\n%s", diff)
	}
}

type indicatorResultJSON struct {
	Name       string
	Parameters []struct {
		Name  string
		Value float64
	}
	Fields  []string
	Time    []int64
	Outputs []struct {
		Name  string
		Value []*float64
	}
}

// pointed returns what a JSON pointer points at; nil for nothing.
func pointed(v any, pointer string) any {
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch container := v.(type) {
		case map[string]any:
			v = container[name]
		case []any:
			n, err := strconv.Atoi(name)
			if err != nil || n >= len(container) {
				return nil
			}
			v = container[n]
		default:
			return nil
		}
	}
	return v
}
