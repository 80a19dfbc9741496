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
	"github.com/google/go-cmp/cmp"

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

// document reads the OpenAPI document once, so that what it says can be compared with answers.
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

// Prices 100, 110, 99: returns of a tenth up and a tenth down, a fall of a tenth from the peak.
func TestTearSheetByHand(t *testing.T) {
	w := newWorld(t, nil)
	w.put("XAU-USD.workshop", market.Day, fix(monday, 100), fix(monday+day, 110), fix(monday+2*day, 99))
	got := into[struct {
		Analysed
		Result []struct {
			Performance struct {
				N                           int
				Mean, MaxDrawdown, HitRatio *float64
				Best, Worst, Omega, Sharpe  *float64
				Growth                      struct {
					Total, CAGR, CAGRCalendar *float64
					N                         int
				}
				Volatility, Sortino, Calmar *float64
				DownsideDeviation, Ulcer    *float64
				Skew, Kurtosis              *float64
			}
			Tail  map[string]any
			Falls []struct {
				Depth        float64
				Peak, Trough int64
				Recovery     *int64
				Observations int
			}
			Months struct {
				Time  []int64
				Value []float64
			}
		}
		Undefined map[string]string
	}](w, "/api/v1/analysis/tear-sheet?series=XAU-USD.workshop&periodsPerYear=4")
	p := got.Result[0].Performance
	near(t, "mean", p.Mean, 0)
	near(t, "total growth", p.Growth.Total, -0.01)
	near(t, "cagr", p.Growth.CAGR, 0.99*0.99-1)
	near(t, "max drawdown", p.MaxDrawdown, -0.1)
	near(t, "volatility", p.Volatility, math.Sqrt(0.02)*2)
	near(t, "omega", p.Omega, 1)
	fall := got.Result[0].Falls[0]
	if fall.Peak != monday+day || fall.Trough != monday+2*day || fall.Recovery != nil || fall.Observations != 1 {
		t.Errorf("the fall is %+v, want one from Tuesday to Wednesday, not recovered", fall)
	}
	if why := got.Undefined["/result/0/falls/0/recovery"]; why != "not-recovered" {
		t.Errorf("undefined says %v, want not-recovered of the fall", got.Undefined)
	}
	if got.N != 3 || got.Interval != "1d" || got.Series[0].PeriodsPerYear != 4 || got.Series[0].Currency != "USD" || got.Kind != "tear-sheet" {
		t.Errorf("the answer says %+v of itself", got.Analysed)
	}
}

func near(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil || math.Abs(*got-want) > 1e-12 {
		text, _ := json.Marshal(got)
		t.Errorf("%s is %s, want %v", what, text, want)
	}
}

// The calendar says how many periods a year has: 365 days of coins, 253 of London's fixes, and of both the smaller number.
func TestPeriodsPerYearAreTheCalendars(t *testing.T) {
	w := analysedWorld(t)
	for target, want := range map[string][]float64{
		"growth?series=BTC-USD,XAU-USD-PM":                    {365, 253},
		"beta?series=BTC-USD,XAU-USD-PM":                      {253, 253},
		"growth?series=BTC-USD&interval=1w":                   {52},
		"growth?series=BTC-USD,XAU-USD-PM&periodsPerYear=252": {252, 252},
	} {
		var got struct{ Series []AnalysedSeries }
		if err := json.Unmarshal(w.get("/api/v1/analysis/"+target).Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		var years []float64
		for _, s := range got.Series {
			years = append(years, s.PeriodsPerYear)
		}
		if diff := cmp.Diff(want, years); diff != "" {
			t.Errorf("periods per year of %s (-want +got):\n%s", target, diff)
		}
	}
}

// What is asked wrongly is refused in a sentence that names the rule.
func TestBadAnalyses(t *testing.T) {
	w := analysedWorld(t)
	w.put("LTC-USD.kraken", market.Day, run(market.Day, monday+1000*day, 50, bar)...)
	w.put("BTC-USD.kraken", market.Hour, run(market.Hour, monday-10_000*3600, 10_000, bar)...)
	for target, want := range map[string]string{
		"horoscope?series=BTC-USD":                                   "There is no analysis \"horoscope\"",
		"growth":                                                     "The parameter series is missing",
		"growth?series=BTC-USD&windows=3":                            "There is no parameter \"windows\"",
		"growth?series=DOGE":                                         "is no series",
		"growth?series=XPD-USD":                                      "No price of XPD-USD is stored yet",
		"growth?series=BTC-USD,BTC-USD":                              "is named twice",
		"growth?series=BTC-USD&periodsPerYear=0":                     "want a number from 1 to 1000000",
		"growth?series=XAU-USD-PM&interval=1h":                       "XAU-USD-PM has no bars that those could be made of, it has 1d",
		"growth?series=BTC-USD&from=2024-01-14&to=2024-01-15":        "needs at least 2 observations",
		"rolling?series=BTC-USD&window=1":                            "window=\"1\": want a whole number from 2 to 50000",
		"rolling?series=BTC-USD&window=5000":                         "has 730 observations in the range, and a window has to be full",
		"rolling?series=BTC-USD&statistic=mode":                      "want mean or sd",
		"correlation?series=BTC-USD":                                 "takes 2 to 10 series",
		"correlation?series=BTC-USD,LTC-USD":                         "no observation at a common time",
		"correlation?series=BTC-USD,ETH-USD&align_at=15:00+UTC":      "want interval=1d and a fix",
		"correlation?series=BTC-USD,XAU-USD-PM&align_at=noon":        "want a time and a time zone",
		"decompose?series=XAU-USD-PM":                                "decompose needs currency",
		"growth?series=BTC-USD&unit=g":                               "none of the series is a metal",
		"growth?series=BTC-USD&currency=PLN":                         "want EUR or USD",
		"rolling-correlation?series=BTC-USD,ETH-USD&window=900":      "the series have 729 returns in common",
		"autocorrelation?series=BTC-USD&lags=1000000":                "lags=\"1000000\": want a whole number from 1 to 1000",
		"autocorrelation?series=BTC-USD&lags=900":                    "lags=900: BTC-USD has 729 values",
		"lead-lag?series=BTC-USD,ETH-USD&maxLag=1000000":             "want a whole number from 1 to 1000",
		"adf?series=BTC-USD&lags=200":                                "at most 20 are tried",
		"stl?series=BTC-USD&period=400":                              "want at least two seasons",
		"stl?series=BTC-USD&seasonal=8":                              "want an odd number",
		"stl?series=BTC-USD&period=5000&interval=1h&from=2022-01-01": "windows hold more than 4000000 values together",
		"changepoints?series=BTC-USD&interval=1h&from=2022-01-01":    "takes at most 10000 observations of each series, and BTC-USD has 10100",
		"indicator?series=BTC-USD&name=RSI&nbDev=2":                  "name=RSI does not take nbDev: it takes timePeriod",
		"indicator?series=BTC-USD&name=RSI&timePeriod=2.5":           "wants a whole number",
		"indicator?series=XAU-USD-PM&name=ATR":                       "needs the high of bars, and XAU-USD-PM has none",
		"forecast?series=BTC-USD&origins=500":                        "of 730 values that leaves 0 before the first origin",
		"forecast?series=BTC-USD&origins=70&model=auto":              "fitted at every origin, and 70 origins over 730 values are more than 50000 together",
		"forecast?series=BTC-USD&model=arima&order=1,1":              "want three numbers",
		"forecast?series=BTC-USD&model=oracle":                       "want naive or drift",
		"backtest?series=BTC-USD&models=naive,oracle":                "want one or more of naive drift",
		"seasonality?series=BTC-USD&by=hour":                         "wants bars of hours or less",
		"resample?series=BTC-USD&to_interval=36h":                    "want a multiple of interval=1d",
		"returns?series=BTC-USD,ETH-USD,XAU-USD-PM&interval=1m":      "has no bars that those could be made of",
	} {
		status, sentence := problemOf(t, w.get("/api/v1/analysis/"+target))
		if status/100 != 4 || !strings.Contains(sentence, want) {
			t.Errorf("GET %s: %d %s\n want 4xx %s", target, status, sentence, want)
		}
	}
}

// Bitcoin rises on a Saturday and gold does not trade. Prices first, the two returns from Friday to Monday are compared; returns first,
// Saturday's rise is lost; filled forward, gold has returns of nothing.
func TestJoins(t *testing.T) {
	w := newWorld(t, nil)
	friday := monday - 3*day
	var coins []market.Bar
	for n, price := range []float64{100, 100, 200, 200, 200, 100} { // Thursday to Tuesday
		b := market.Empty(friday + int64(n-1)*day)
		b.Close = price
		coins = append(coins, b)
	}
	w.put("BTC-USD.kraken", market.Day, coins...)
	w.put("XAU-USD-PM.lbma", market.Day, fix(friday-day, 10), fix(friday, 20), fix(monday, 40), fix(monday+day, 20))
	for join, want := range map[string]struct {
		n           int
		correlation float64
	}{
		"inner":         {3, 1 / math.Sqrt(1.75)},   // (0, 1, -1/2) and (1, 1, -1/2)
		"returns-first": {3, 1},                     // (0, 0, -1/2) and the same
		"ffill":         {5, 0.1 / math.Sqrt(2.16)}, // (0, 1, 0, 0, -1/2) and (1, 0, 0, 1, -1/2)
	} {
		got := into[struct {
			Analysed
			Result []struct {
				A, B   string
				Result struct {
					N                          int
					Pearson, Spearman, Kendall struct{ Value, P, Low, High *float64 }
				}
			}
			Undefined map[string]string
		}](w, "/api/v1/analysis/correlation?series=BTC-USD,XAU-USD-PM&returns=simple&join="+join)
		if got.N != want.n || got.Join != join {
			t.Errorf("join=%s: n %d, join %s; want %d", join, got.N, got.Join, want.n)
		}
		near(t, "correlation by "+join, got.Result[0].Result.Pearson.Value, want.correlation)
		if biased := len(got.Notes) > 0; biased != (join != "inner") {
			t.Errorf("join=%s: notes %v", join, got.Notes)
		}
	}
}

// A fix of 15:00 London is compared with the hour that ended then: 14:00 UTC to 15:00 UTC in winter.
func TestAlignAt(t *testing.T) {
	w := newWorld(t, nil)
	var hours []market.Bar
	for n := range 72 {
		hours = append(hours, fix(monday+int64(n)*3600, 100+float64(n)))
	}
	w.put("BTC-USD.kraken", market.Hour, hours...)
	w.put("XAU-USD-PM.lbma", market.Day, fix(monday, 10), fix(monday+day, 10), fix(monday+2*day, 10))
	got := into[struct {
		Analysed
		Result struct {
			Time  []int64
			Value []float64
		}
		Undefined map[string]string
	}](w, "/api/v1/analysis/ratio?series=BTC-USD,XAU-USD-PM&align_at=15:00+Europe/London")
	if diff := cmp.Diff([]float64{11.4, 13.8, 16.2}, got.Result.Value); diff != "" {
		t.Errorf("bitcoin at the fix, over the fix (-want +got):\n%s", diff)
	}
	if got.AlignAt != "15:00 Europe/London" || got.Series[0].SampledFrom != "1h" {
		t.Errorf("align_at %q, sampled from %q", got.AlignAt, got.Series[0].SampledFrom)
	}
}

// Gold stands still in dollars while the euro goes from 1.25 to 1.28: all of its return in euro is the currency's.
func TestDecompose(t *testing.T) {
	w := goldAndRates(t)
	got := into[struct {
		Analysed
		Result []struct {
			Time                    []int64
			Return, Price, Currency []*float64
		}
		Undefined map[string]string
	}](w, "/api/v1/analysis/decompose?series=XAU-USD.workshop&currency=EUR&from=2024-01-15&to=2024-01-18")
	r := got.Result[0]
	near(t, "return", r.Return[1], math.Log(1.25/1.28))
	near(t, "of the price", r.Price[1], 0)
	near(t, "of the currency", r.Currency[1], math.Log(1.25/1.28))
	rates := got.Series[0].Conversion.Rates
	if rates.First.Date != "2024-01-15" || rates.Last.Rate != 1.28 || rates.First.Received != "1970-01-01T00:00:00.001Z" {
		t.Errorf("rates from %+v to %+v; want those of Monday and Tuesday with their receipts", rates.First, rates.Last)
	}
}

// A day that has not ended is no observation, and neither is a month of it. Friday of spot metal ends with its session.
func TestBarsThatGoOnAreLeftOut(t *testing.T) {
	w := newWorld(t, nil)
	friday := monday - 3*day
	w.put("BTC-USD.coinbase", market.Minute, fix(friday, 100), fix(friday+day, 101), fix(friday+day+21*3600, 102))
	w.put("XAU-USD.swissquote", market.Minute, fix(friday-day, 100), fix(friday, 101), fix(friday+22*3600-60, 102))
	for id, want := range map[string]int{"BTC-USD.coinbase": 1, "XAU-USD.swissquote": 2, "XAU-USD": 2} {
		got := into[struct {
			Analysed
			Result    any
			Undefined map[string]string
		}](w, "/api/v1/analysis/returns?series="+id)
		if got.N != want {
			t.Errorf("%s has %d observations, left out %v; want %d", id, got.N, got.Series[0].LeftOut, want)
		}
	}
	w.put("BTC-USD.kraken", market.Day, run(market.Day, monday-60*day, 61, bar)...) // until 2024-01-15
	got := into[struct {
		Analysed
		Result    any
		Undefined map[string]string
	}](w, "/api/v1/analysis/returns?series=BTC-USD&interval=1mo&from=2023-11-01")
	if got.N != 2 || got.Series[0].LeftOut["unfinished"] != 1 {
		t.Errorf("%d months, left out %v; want November and December, January left out", got.N, got.Series[0].LeftOut)
	}
}
