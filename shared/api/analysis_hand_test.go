package api

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
)

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

// Steps of 1 and 3 in turn: a drift of 2 with errors of 1, of which the variance is the sum of their squares by the steps less the
// mean.
func TestFitByHand(t *testing.T) {
	w := newWorld(t, nil)
	bars := []market.Bar{fix(monday, 100)}
	for n := range int64(24) {
		bars = append(bars, fix(monday+(n+1)*day, bars[n].Close+float64(1+2*(n%2))))
	}
	w.put("BTC-USD.kraken", market.Day, bars...)
	type fit struct {
		Model                       string
		N                           int
		Coefficients                []coefficient
		Sigma2, LogLikelihood, AICc float64
	}
	got := into[struct {
		Analysed
		Result    []fit
		Undefined map[string]string
	}](w, "/api/v1/analysis/fit?series=BTC-USD.kraken&model=arima&order=0,1,0&drift=true")
	r := got.Result[0]
	if r.Model != "ARIMA(0,1,0) with drift" || r.N != 25 || len(r.Coefficients) != 1 || r.Coefficients[0].Name != "drift" {
		t.Fatalf("%+v; want an ARIMA(0,1,0) of 25 values with a drift", r)
	}
	near(t, "drift", &r.Coefficients[0].Value, 2)
	near(t, "variance of the errors", &r.Sigma2, 24.0/23)
	near(t, "log likelihood", &r.LogLikelihood, -12*(math.Log(2*math.Pi)+1))
	if got.Parameters["drift"] != true || got.Parameters["seasonal"] != "0,0,0" {
		t.Errorf("parameters are %v; want the drift that was asked for, and no season", got.Parameters)
	}
}

// A form of exponential smoothing is fitted by its name.
func TestFormsAreNamed(t *testing.T) {
	w := analysedWorld(t)
	for query, want := range map[string]string{
		"model=ses": "ETS(A,N,N)", "model=ets&form=AAdN": "ETS(A,Ad,N)", "model=ets&form=MAM&period=7": "ETS(M,A,M)", "model=arima&order=0,1,1": "ARIMA(0,1,1)",
		"model=arima&order=1,0,0": "ARIMA(1,0,0) with mean", "model=arima&order=0,1,1&seasonal=0,1,1&period=7": "ARIMA(0,1,1)(0,1,1)[7]",
	} {
		answer := into[map[string]any](w, "/api/v1/analysis/fit?series=BTC-USD&from=2023-06-01&"+query)
		if got := pointed(answer, "/result/0/model"); got != want {
			t.Errorf("%s fits %v, want %s", query, got, want)
		}
	}
	answer := into[map[string]any](w, "/api/v1/analysis/backtest?series=BTC-USD&models=arima,ets&form=AAN&drift=true")
	if got := []any{pointed(answer, "/result/0/0/model"), pointed(answer, "/result/0/1/model")}; got[0] != "ARIMA(1,1,1) with drift" || got[1] != "ets AAN" {
		t.Errorf("the backtest is of %v, want an ARIMA(1,1,1) with drift and ets AAN", got)
	}
}

// What was not asked for is echoed too, 0 and false among it, but for what means nothing beside the rest.
func TestParametersAreEchoed(t *testing.T) {
	w := analysedWorld(t)
	for target, want := range map[string]map[string]any{
		"stl?series=BTC-USD":                           {"of": "log-price", "period": 7.0, "seasonal": 7.0, "robust": false, "interval": "1d", "series": []any{"BTC-USD"}},
		"johansen?series=XAU-USD-PM,XPT-USD-PM&lags=0": {"lags": 0.0, "interval": "1d", "series": []any{"XAU-USD-PM", "XPT-USD-PM"}},
		"rolling?series=BTC-USD":                       {"of": "price", "statistic": "mean", "window": 30.0, "interval": "1d", "series": []any{"BTC-USD"}},
		"ewm?series=BTC-USD&alpha=0.1":                 {"of": "price", "statistic": "mean", "alpha": 0.1, "interval": "1d", "series": []any{"BTC-USD"}},
		"fit?series=BTC-USD&model=ses":                 {"of": "price", "model": "ses", "period": 1.0, "interval": "1d", "series": []any{"BTC-USD"}},
		"performance?series=BTC-USD":                   {"riskFree": 0.0, "interval": "1d", "series": []any{"BTC-USD"}},
	} {
		got := into[map[string]any](w, "/api/v1/analysis/"+target)["parameters"]
		if diff := cmp.Diff(any(want), got); diff != "" {
			t.Errorf("GET %s: parameters (-want +got):\n%s", target, diff)
		}
	}
}
