package api

import (
	"strings"
	"testing"

	"assay/shared/market"
)

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
		"growth?series=BTC-USD&from=2030-01-01":                      "has no bars in this range: those that are stored are from 2022-01-15T00:00:00Z to 2024-01-20T00:00:00Z",
		"growth?series=BTC-USD&from=2024-01-14&to=2024-01-15":        "needs at least 2 observations",
		"rolling?series=BTC-USD&window=1":                            "window=\"1\": want a whole number from 2 to 50000",
		"volatility?series=BTC-USD&window=2":                         "window=\"2\": want a whole number from 3 to 1000",
		"rolling?series=BTC-USD&window=5000":                         "has 730 observations in the range, and a window has to be full",
		"rolling?series=BTC-USD&q=0.9":                               "q=\"0.9\" goes with statistic=quantile only",
		"ewm?series=BTC-USD&span=10&alpha=0.1":                       "span and alpha say the same thing in two ways",
		"normalise?series=BTC-USD&method=index&of=log-returns":       "an index is of prices",
		"correlation-matrix?series=A,B&rows=pairwise&join=ffill":     "rows=pairwise goes with method=pearson and join=inner only",
		"clustering?series=BTC-USD,ETH-USD&clusters=3":               "clusters=3: there are 2 series",
		"forecast?series=BTC-USD&model=theta&order=1,1,1":            "order=\"1,1,1\" goes with model=arima only",
		"backtest?series=BTC-USD&models=naive,arima&form=AAN":        "form=\"AAN\" goes with model=ets only",
		"backtest?series=BTC-USD&models=naive,naive":                 "naive is named twice",
		"fit?series=BTC-USD&model=ses&period=7":                      "period=7: the model ses has no season",
		"fit?series=BTC-USD&model=arima&order=1,0,0&period=7":        "period=7: the model ARIMA(1,0,0) with mean has no season",
		"rolling?series=BTC-USD&statistic=mode":                      "want mean or sd",
		"correlation?series=BTC-USD":                                 "takes 2 to 10 series",
		"correlation?series=BTC-USD,LTC-USD":                         "no observation at a common time",
		"correlation?series=BTC-USD,ETH-USD&align_at=15:00+UTC":      "want interval=1d and a fix",
		"correlation?series=BTC-USD,XAU-USD-PM&align_at=noon":        "want a time and a time zone",
		"correlation?series=BTC-USD,ETH-USD&from=2024-01-13":         "too few observations in this range for these parameters: the series have 1 in common",
		"correlation-matrix?series=BTC-USD,ETH-USD&from=2024-01-13":  "too few observations in this range",
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
		"fit?series=BTC-USD&interval=1h&from=2022-01-01&period=7":    "more than the 3125 that it is fitted to",
		"forecast?series=BTC-USD&model=arima&order=1,1":              "want three numbers",
		"forecast?series=BTC-USD&model=oracle":                       "want naive or drift",
		"forecast?series=BTC-USD&model=ets&form=AAM":                 "want auto or ANN",
		"forecast?series=BTC-USD&model=ets&form=AAA":                 "form=AAA needs the observations in a season",
		"fit?series=BTC-USD&model=arima&order=1,2,1&drift=true":      "difference 2 times, and a drift is of what is differenced once",
		"backtest?series=BTC-USD&models=naive,oracle":                "models=\"oracle\": want naive or drift",
		"seasonality?series=BTC-USD&by=hour":                         "by=hour wants bars of 1h or less, and these are of 1d",
		"seasonality?series=BTC-USD&by=hour&interval=1mo":            "by=hour wants bars of 1h or less, and these are of 1mo",
		"seasonality?series=BTC-USD&by=weekday&interval=1w":          "by=weekday wants bars of 1d or less, and these are of 1w",
		"seasonality?series=BTC-USD&by=month&interval=2mo":           "by=month wants bars of 1mo or less",
		"pca?series=BTC-USD,ETH-USD&from=2024-01-13":                 "pca has too few observations in this range",
		"clustering?series=BTC-USD,ETH-USD&from=2024-01-13":          "clustering has too few observations in this range",
		"hampel?series=BTC-USD&half=500":                             "half=500: that is a window of 1001 values, and BTC-USD has 730",
		"autocorrelation?series=BTC-USD&q=900":                       "q=900: BTC-USD has 729 values",
		"indicator?series=BTC-USD&name=MACD&fastPeriod=30":           "fastPeriod=30: MACD wants it to be at most slowPeriod, and that is 26",
		"resample?series=BTC-USD&to_interval=36h":                    "want a multiple of interval=1d",
		"returns?series=BTC-USD,ETH-USD,XAU-USD-PM&interval=1m":      "has no bars that those could be made of",
		"resample?series=BTC-USD&interval=1w&to_interval=1mo":        "want a multiple of interval=1w that holds whole bars of it, such as 2w",
		"resample?series=BTC-USD&interval=2d&to_interval=1mo":        "holds whole bars of it, such as 4d",
		"resample?series=BTC-USD&interval=3d&to_interval=3w":         "holds whole bars of it, such as 6d",
		"resample?series=BTC-USD&interval=1mo&to_interval=1w":        "holds whole bars of it, such as 2mo",
	} {
		status, sentence := problemOf(t, w.get("/api/v1/analysis/"+target))
		if status/100 != 4 || !strings.Contains(sentence, want) {
			t.Errorf("GET %s: %d %s\n want 4xx %s", target, status, sentence, want)
		}
	}
}
