package api

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"assay/shared/market"
)

// Whatever parameters are drawn within their bounds, for series of any length: an answer in JSON, or a refusal. Nothing panics.
func TestAnyParametersAreAnsweredOrRefused(t *testing.T) {
	w := newWorld(t, nil)
	ids := []string{"BTC-USD.kraken", "ETH-USD.kraken", "LTC-USD.kraken", "PAXG-USD.kraken"}
	for n, id := range ids {
		w.put(id, market.Day, wandering(id, uint64(n), 400)...)
	}
	w.put("EUR-USD.ecb", market.Day, wandering("EUR-USD.ecb", 1, 420)...)
	random := rand.New(rand.NewPCG(3, 1))
	answered := map[string]int{}
	for _, k := range kinds {
		for range 40 {
			query := url.Values{"from": {strconv.FormatInt(monday-day*int64(1+random.IntN([]int{4, 20, 120, 400}[random.IntN(4)])), 10)}}
			for _, f := range parameterFields(k.parameters) {
				if text := anyValue(random, f); text != "" && random.IntN(3) > 0 {
					query.Set(f.Tag.Get("query"), text)
				}
			}
			for _, name := range k.idle(query) {
				query.Del(name)
			}
			query.Set("series", strings.Join(ids[:min(k.least+random.IntN(2), k.most, len(ids))], ","))
			target := "/api/v1/analysis/" + k.name + "?" + query.Encode()
			recorder := w.get(target)
			switch recorder.Code {
			case http.StatusOK:
				answered[k.name]++
				if !json.Valid(recorder.Body.Bytes()) {
					t.Errorf("GET %s answers what is no JSON", target)
				}
			case http.StatusBadRequest:
			default:
				t.Errorf("GET %s: %d %s", target, recorder.Code, recorder.Body)
			}
		}
		if answered[k.name] == 0 && k.name != "stl" {
			t.Errorf("%s refused all of 40 requests", k.name)
		}
	}
}

// anyValue is a value of a parameter within its bounds; small counts and both bounds are the likeliest.
func anyValue(random *rand.Rand, f reflect.StructField) string {
	name := f.Tag.Get("query")
	least, _ := strconv.ParseFloat(f.Tag.Get("minimum"), 64)
	most, _ := strconv.ParseFloat(f.Tag.Get("maximum"), 64)
	choices := strings.Split(f.Tag.Get("enum"), ",")
	switch {
	case name == "interval":
		return []string{"1d", "2d", "1w", "1mo"}[random.IntN(4)]
	case name == "unit", f.Type.Kind() == reflect.Pointer && random.IntN(10) > 0:
		return ""
	case choices[0] != "":
		return choices[random.IntN(len(choices))]
	case f.Type.Kind() == reflect.Int:
		return strconv.Itoa(int(min(most, least+[]float64{0, 1, float64(random.IntN(12)), float64(random.IntN(12)), most}[random.IntN(5)])))
	case most > least:
		v := least + (most-least)*math.Pow(random.Float64(), 8)
		if f.Type.Kind() == reflect.Pointer {
			v = math.Round(v)
		}
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	return ""
}
