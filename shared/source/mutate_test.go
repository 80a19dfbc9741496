package source_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"assay/shared/clean"
	"assay/shared/market"
	"assay/shared/source"
)

// live are small answers of the live parsers, in the providers' formats.
var live = []struct {
	dataset, series string
	interval        market.Interval
	received, body  string
}{
	{"coinbase-candles", "BTC-USD.coinbase", market.Minute, "2018-02-01T00:10:20Z", `[
		[1517443740,10106,10120.21,10106.01,10120.2,2.85107455],
		[1517443680,10106.01,10130,10129.99,10106.02,4.727521520000001],
		[1517443620,10127.89,10157,10156.99,10130,1.0367627400000001]]`},
	{"kraken-ohlc", "BTC-USD.kraken", market.Minute, "2017-08-10T22:05:20Z", `{"error":[],"result":{"XXBTZUSD":[
		[1502402520,"3449.992","3449.999","3449.991","3449.998","3449.997","1.01200000",7],
		[1502402580,"3449.997","3450.000","3440.001","3440.002","3441.656","7.36749998",12],
		[1502402640,"3442.001","3449.437","3440.006","3440.012","3441.254","1.89397999",8]],"last":1502402580}}`},
	{"kraken-ws-ohlc", "BTC-USD.kraken", market.Minute, "2026-09-10T17:36:20Z", `{"channel":"ohlc","type":"snapshot","timestamp":"2026-09-10T17:36:10.1Z","data":[` +
		`{"symbol":"BTC/USD","open":77400.0,"high":77445.8,"low":77400.0,"close":77416.3,"trades":15,"volume":0.25302078,"interval_begin":"2026-09-10T17:32:00.000000000Z","interval":1},` +
		`{"symbol":"BTC/USD","open":77415.4,"high":77415.4,"low":77397.1,"close":77397.1,"trades":5,"volume":0.03771523,"interval_begin":"2026-09-10T17:33:00.000000000Z","interval":1},` +
		`{"symbol":"BTC/USD","open":77499.9,"high":77509.2,"low":77467.5,"close":77509.2,"trades":15,"volume":0.58051276,"interval_begin":"2026-09-10T17:35:00.000000000Z","interval":1}]}`},
	{"bitstamp-ohlc", "BTC-USD.bitstamp", market.Day, "2017-04-10T00:00:20Z", `{"data":{"ohlc":[
		{"close":"1190.66","high":"1202.00","low":"1176.00","open":"1190.72","timestamp":"1491523200","volume":"5450.27"},
		{"close":"1184.03","high":"1197.30","low":"1166.66","open":"1190.66","timestamp":"1491609600","volume":"2720.79"},
		{"close":"1206.20","high":"1217.00","low":"1171.00","open":"1184.04","timestamp":"1491696000","volume":"2900.12"}],"pair":"BTC/USD"}}`},
	{"lbma-json", "XAU-USD-PM.lbma", market.Day, "1968-04-05T16:00:00Z", `[
		{"is_cms_locked":0,"d":"1968-04-03","v":[37.6,15.63,null]},
		{"is_cms_locked":0,"d":"1968-04-04","v":[36.95,15.36,null]},
		{"is_cms_locked":0,"d":"1968-04-05","v":[37,15.39,null]}]`},
	{"bitfinex-candles", "BTC-USD.bitfinex", market.Minute, "2013-04-01T00:20:20Z", `[
		[1364774820000,93.25,93.3,93.5,93.1,93.3],
		[1364774880000,100,100.5,101,99.5,93.31],
		[1364774940000,93.3,93.1,93.4,93,33.67686227]]`},
	{"binance-klines", "BTC-USDT.binance", market.Minute, "2020-05-06T05:10:30Z", `[
		[1588741440000,"9033.34","9039.99","9032.75","9033.15","31.192968",1588741499999,"281893.08800082",282,"6.3581","57447.26912415","0"],
		[1588741500000,"9033.15","9034.16","9030.01","9030.02","2.5",1588741559999,"22579.1",12,"0.5","4515.6","0"],
		[1588741560000,"9030.02","9033.17","9030.00","9031.20","1.5",1588741619999,"13547.1",12,"0.5","4515.6","0"]]`},
	{"nbp-gold", "XAU-PLN-FIX.nbp", market.Day, "2026-09-17T12:00:20Z", `[
		{"data":"2026-09-15","cena":520.11},{"data":"2026-09-16","cena":521.4},{"data":"2026-09-17","cena":523.97}]`},
}

// However an answer is damaged, a bar is right or it is refused. The damage: a text cut anywhere, rows in another order,
// rows twice, a field that is null, a field too many, a field that is gone.
func TestDamagedAnswers(t *testing.T) {
	for _, answer := range live {
		t.Run(answer.dataset, func(t *testing.T) {
			p := source.Payload{
				Dataset: answer.dataset, Series: []market.SeriesID{seriesID(t, answer.series)}, Interval: answer.interval,
				Status: 200, Received: at(t, answer.received),
			}
			right := map[int64]market.Bar{}
			for _, bar := range barsOf(t, p, answer.body) {
				right[bar.Start] = bar
			}
			if len(right) < 2 {
				t.Fatalf("got %d bars of the answer as it was sent, want at least 2", len(right))
			}
			for what, body := range damaged(t, answer.body) {
				for _, bar := range barsOf(t, p, body) {
					if !isPartOf(bar, right[bar.Start]) {
						t.Errorf("%s: got %+v, want %+v or a part of it\n%s", what, bar, right[bar.Start], body)
					}
				}
			}
		})
	}
}

func barsOf(t *testing.T, p source.Payload, body string) []market.Bar {
	t.Helper()
	p.Body = []byte(body)
	cleaner := clean.New(clean.Origin{Received: p.Received})
	if err := source.Parse(p, cleaner.Add); err != nil {
		return nil
	}
	var bars []market.Bar
	for _, some := range cleaner.Result().Bars {
		bars = append(bars, some...)
	}
	return bars
}

// isPartOf reports whether a bar says nothing that another does not.
func isPartOf(part, whole market.Bar) bool {
	for f := market.Open; f < market.Fields; f++ {
		v := part.Value(f)
		if !market.IsAbsent(v) && v != whole.Value(f) {
			return false
		}
		if market.IsAbsent(v) && !market.IsAbsent(whole.Value(f)) && !part.Flags.Has(market.Partial) {
			return false
		}
	}
	return part.Start == whole.Start
}

// damaged returns damaged versions of an answer by what was done to it.
func damaged(t *testing.T, body string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for n := range len(body) {
		all[fmt.Sprintf("cut at %d", n)] = body[:n]
	}
	change := func(what string, row func(rows []any, n int) []any) {
		var document any
		decoder := json.NewDecoder(strings.NewReader(body))
		decoder.UseNumber()
		if err := decoder.Decode(&document); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			changed, err := json.Marshal(inRows(document, func(rows []any) []any { return row(slices.Clone(rows), n) }))
			if err != nil {
				t.Fatal(err)
			}
			all[fmt.Sprintf("%s, row %d", what, n+1)] = string(changed)
		}
	}
	change("reversed", func(rows []any, _ int) []any { slices.Reverse(rows); return rows })
	change("twice", func(rows []any, n int) []any { return append(rows, rows[n]) })
	change("null", func(rows []any, n int) []any { rows[n] = nil; return rows })
	change("gone", func(rows []any, n int) []any { return slices.Delete(rows, n, n+1) })
	for field := range 8 {
		change(fmt.Sprintf("field %d null", field), func(rows []any, n int) []any { rows[n] = withField(rows[n], field, nil, false); return rows })
		change(fmt.Sprintf("field %d too many", field), func(rows []any, n int) []any {
			rows[n] = withField(rows[n], field, json.Number("9"), true)
			return rows
		})
	}
	return all
}

// inRows applies a change to the list of rows in a document: the longest list of lists or objects.
func inRows(document any, change func([]any) []any) any {
	switch v := document.(type) {
	case []any:
		if len(v) == 3 {
			return change(v)
		}
	case map[string]any:
		changed := map[string]any{}
		for name, value := range v {
			changed[name] = inRows(value, change)
		}
		return changed
	}
	return document
}

// withField sets a field of a row, or puts one more in its place.
func withField(row any, field int, value any, more bool) any {
	switch v := row.(type) {
	case []any:
		if field >= len(v) {
			return v
		}
		if more {
			return slices.Insert(slices.Clone(v), field, value)
		}
		changed := slices.Clone(v)
		changed[field] = value
		return changed
	case map[string]any:
		changed := map[string]any{}
		names := []string{}
		for name, old := range v {
			changed[name] = old
			names = append(names, name)
		}
		slices.Sort(names)
		if more {
			changed["field"+fmt.Sprint(field)] = value
		} else if field < len(names) {
			changed[names[field]] = value
		}
		return changed
	}
	return row
}

// Rows in any order give the same bars as in the one in which they were sent.
func TestOrderDoesNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, answer := range live {
		p := source.Payload{
			Dataset: answer.dataset, Series: []market.SeriesID{seriesID(t, answer.series)}, Interval: answer.interval,
			Status: 200, Received: at(t, answer.received),
		}
		want := barsOf(t, p, answer.body)
		for range 10 {
			var document any
			if err := json.Unmarshal([]byte(answer.body), &document); err != nil {
				t.Fatal(err)
			}
			body, err := json.Marshal(inRows(document, func(rows []any) []any {
				random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
				return rows
			}))
			if err != nil {
				t.Fatal(err)
			}
			got := barsOf(t, p, string(body))
			if len(got) != len(want) {
				t.Fatalf("%s: got %d bars of %s, want %d", answer.dataset, len(got), body, len(want))
			}
			for i := range got {
				if !got[i].SameValue(&want[i]) {
					t.Errorf("%s: got %+v, want %+v", answer.dataset, got[i], want[i])
				}
			}
		}
	}
}
