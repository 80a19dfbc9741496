package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/market"
)

// analysedWorld holds two years of days of the series that the examples name, and hours of bitcoin.
func analysedWorld(tb testing.TB) *world {
	tb.Helper()
	w := newWorld(tb, nil)
	for n, id := range []string{"BTC-USD.kraken", "ETH-USD.kraken", "XAU-USD-PM.lbma", "XAG-USD-FIX.lbma", "XPT-USD-PM.lbma", "EUR-USD.ecb"} {
		w.put(id, market.Day, wandering(id, uint64(n), 730)...)
	}
	w.put("BTC-USD.kraken", market.Hour, run(market.Hour, monday, 100, bar)...)
	return w
}

// wandering is days before monday at which the series' market is open, with prices between about 50 and 200, all of them positive.
func wandering(id string, seed uint64, days int) []market.Bar {
	series, _ := market.ParseSeriesID(id)
	in, _ := market.Lookup(series.Instrument)
	var bars []market.Bar
	for n := range days {
		start := monday + int64(n-days)*day
		if !in.Calendar.Expects(start, market.Day) {
			continue
		}
		x := float64(n)
		v := 100 + 40*math.Sin(x/60+float64(seed)) + 5*math.Sin(x*1.7+float64(seed)) + 3*math.Cos(x*x*0.013*float64(seed+1))
		if in.Calendar == market.Always {
			bars = append(bars, bar(start, math.Round(v*100)/100))
		} else {
			bars = append(bars, fix(start, math.Round(v*100)/100))
		}
	}
	return bars
}

// described returns what the OpenAPI document says of a path.
func described(w *world, path string) *huma.Operation {
	w.tb.Helper()
	w.get("/api/openapi.json")
	item := w.handler.(*api).huma.OpenAPI().Paths[path]
	if item == nil || item.Get == nil {
		w.tb.Fatalf("the document says nothing of GET %s", path)
	}
	return item.Get
}

// Every kind answers its own example, as the document describes the answer, in JSON without NaN.
func TestEveryKindAnswersItsExample(t *testing.T) {
	w := analysedWorld(t)
	list := into[AnalysisList](w, "/api/v1/analysis")
	if len(list.Kinds) != len(kinds) || len(kinds) < 30 {
		t.Errorf("%d kinds are listed of %d, want at least 30", len(list.Kinds), len(kinds))
	}
	for _, k := range list.Kinds {
		t.Run(k.Kind, func(t *testing.T) {
			if k.Summary == "" || len(k.Definition) < 40 {
				t.Errorf("summary %q, definition %q: want both", k.Summary, k.Definition)
			}
			recorder := w.get(k.Example)
			if recorder.Code != http.StatusOK {
				t.Fatalf("GET %s: %d %s", k.Example, recorder.Code, recorder.Body)
			}
			operation := described(w, "/api/v1/analysis/"+k.Kind)
			if len(operation.Parameters) != len(k.Parameters) || operation.Parameters[0].Example == nil {
				t.Errorf("the document has %d parameters, the list %d, and series an example %v", len(operation.Parameters), len(k.Parameters), operation.Parameters[0].Example)
			}
			validate(t, w, operation, recorder.Body.Bytes())
			if again := w.get(k.Example); again.Header().Get("ETag") != recorder.Header().Get("ETag") || !bytes.Equal(again.Body.Bytes(), recorder.Body.Bytes()) {
				t.Errorf("asked again, GET %s answers otherwise", k.Example)
			}
		})
	}
}

func validate(t *testing.T, w *world, operation *huma.Operation, body []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatalf("%v in %.2000s", err, body)
	}
	schema := operation.Responses["200"].Content["application/json"].Schema
	result := huma.ValidateResult{}
	huma.Validate(w.handler.(*api).huma.OpenAPI().Components.Schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, &result)
	for _, err := range result.Errors {
		t.Errorf("%s: %v", operation.Path, err)
	}
}

// Whatever is stored, an answer is JSON, each null of it that is no row of a column has a reason, and what makes no sense is refused
// in a sentence.
func TestEveryKindOfDegenerateSeries(t *testing.T) {
	steady := func(n int, v float64) []market.Bar {
		return run(market.Day, monday-int64(n)*day, n, func(start int64, _ float64) market.Bar {
			b := bar(start, v)
			b.High, b.Low, b.Close = v, v, v
			return b
		})
	}
	shapes := map[string][]market.Bar{
		"constant": steady(300, 100), "one": steady(1, 100), "two": steady(2, 100), "ten": steady(10, 100),
		"huge": nil, "tiny": nil, "line": nil, "gaps": nil,
	}
	for n := range 300 {
		start, x := monday+int64(n-300)*day, float64(n)
		closing := func(v float64) market.Bar { b := fix(start, v); b.Open, b.High, b.Low, b.Volume = v, v, v, 0; return b }
		shapes["huge"] = append(shapes["huge"], closing(1e300*(1+math.Abs(math.Sin(x)))))
		shapes["tiny"] = append(shapes["tiny"], closing(1e-300*(1+math.Abs(math.Sin(x)))))
		shapes["line"] = append(shapes["line"], closing(100+x))
		if n%7 < 3 {
			shapes["gaps"] = append(shapes["gaps"], fix(start, 100+math.Sin(x)))
		}
	}
	for shape, bars := range shapes {
		t.Run(shape, func(t *testing.T) {
			w := newWorld(t, nil)
			for _, id := range []string{"BTC-USD.kraken", "ETH-USD.kraken", "LTC-USD.kraken"} {
				w.put(id, market.Day, bars...)
			}
			w.put("EUR-USD.ecb", market.Day, wandering("EUR-USD.ecb", 1, 400)...)
			for _, k := range kinds {
				series := strings.Join([]string{"BTC-USD", "ETH-USD", "LTC-USD"}[:max(k.least, 1)], ",")
				target := "/api/v1/analysis/" + k.name + "?currency=EUR&series=" + series
				recorder := w.get(target)
				if recorder.Code == http.StatusBadRequest {
					if _, sentence := problemOf(t, recorder); !strings.HasSuffix(sentence, ".") {
						t.Errorf("GET %s: %q is no sentence", target, sentence)
					}
					continue
				}
				if recorder.Code != http.StatusOK {
					t.Errorf("GET %s: %d %s", target, recorder.Code, recorder.Body)
					continue
				}
				validate(t, w, described(w, "/api/v1/analysis/"+k.name), recorder.Body.Bytes())
				everyNullHasAReason(t, target, recorder.Body.Bytes())
			}
		})
	}
}

// everyNullHasAReason looks at result: in an array of numbers null may stand alone, and a warning that is not there is null.
func everyNullHasAReason(t *testing.T, target string, body []byte) {
	t.Helper()
	var answer struct {
		Result    any
		Undefined map[string]string
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	var walk func(pointer string, v any)
	walk = func(pointer string, v any) {
		switch v := v.(type) {
		case nil:
			name := pointer[strings.LastIndexByte(pointer, '/')+1:]
			if answer.Undefined[pointer] == "" && !slices.Contains([]string{"doubt", "withheld", "reason"}, name) {
				t.Errorf("GET %s: %s is null without a reason", target, pointer)
			}
		case map[string]any:
			for name, member := range v {
				walk(pointer+"/"+name, member)
			}
		case []any:
			numbers := !slices.ContainsFunc(v, func(one any) bool {
				_, isNumber := one.(float64)
				return !isNumber && one != nil
			})
			for n, one := range v {
				if _, has := answer.Undefined[fmt.Sprintf("%s/%d", pointer, n)]; !numbers || has {
					walk(fmt.Sprintf("%s/%d", pointer, n), one)
				}
			}
		}
	}
	walk("/result", answer.Result)
}
