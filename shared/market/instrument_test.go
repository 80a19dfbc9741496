package market_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assay/shared/market"
)

func TestParseSeriesID(t *testing.T) {
	for text, want := range map[string]market.SeriesID{
		"BTC-USD":                  {Instrument: "BTC-USD"},
		"BTC-USD.kraken":           {Instrument: "BTC-USD", Source: "kraken"},
		"XAU-USD-PM.lbma":          {Instrument: "XAU-USD-PM", Source: "lbma"},
		"XAG-USD-FIX":              {Instrument: "XAG-USD-FIX"},
		"1INCH-USDT.my-scale-2":    {Instrument: "1INCH-USDT", Source: "my-scale-2"},
		"ABCDEFGHIJKL-ABCDE-ABCD.": {}, // refused: a point and no source
	} {
		got, err := market.ParseSeriesID(text)
		if got != want || (err == nil) != (want != market.SeriesID{}) {
			t.Errorf("series %q: got %+v and error %v, want %+v", text, got, err, want)
		}
		if err == nil && got.String() != text {
			t.Errorf("series %q: printed as %q", text, got)
		}
	}
}

func TestParseSeriesIDRefuses(t *testing.T) {
	for _, text := range []string{
		"", "BTC", "BTC-", "-USD", "btc-usd", "BTC-usd", "BTC-USD.Kraken", "BTC-USD.k", "BTC-USD.kraken.x", "BTC-USD.a_b", "B-USD", "BTC-USDUSD",
		"BTC-USD-A", "BTC-USD-ABCDE", "BTC-USD-A1", "BTC_USD", "BTC-USD ", " BTC-USD", "BTC-USD\n", "BTC-USD\x00", "BTC-USD.kraken\n",
		"..%2f..%2fBTC-USD", "../BTC-USD", "BTC-USD/..", "BTC-USD.%2e%2e", "BTC-USD'", "BTC-USD' or '1' eq '1", `"BTC-USD"`, "BTC-USD~2017",
		"ABCDEFGHIJKLM-USD", "BTC-USD." + strings.Repeat("a", 25), "ВТС-USD", "BTC-USD.krakén", strings.Repeat("A", 10_000),
	} {
		got, err := market.ParseSeriesID(text)
		if err == nil || got != (market.SeriesID{}) {
			t.Errorf("series %.80q: got %+v, want it refused", text, got)
		} else if len(err.Error()) > 600 || !strings.Contains(err.Error(), "want an instrument such as BTC-USD") {
			t.Errorf("series %.80q: got error %.200q, want a short one that says what is right", text, err)
		}
	}
}

func FuzzParseSeriesID(f *testing.F) {
	for _, text := range []string{"BTC-USD", "XAU-USD-PM.lbma", "..%2f", "BTC-USD'", "btc-usd", "BTC-USD.\n"} {
		f.Add(text)
	}
	key := regexp.MustCompile(`^[A-Za-z0-9._-]+$`) // what may stand in a path, a key or a filter as it is
	f.Fuzz(func(t *testing.T, text string) {
		id, err := market.ParseSeriesID(text)
		if err != nil {
			return
		}
		if id.String() != text || !key.MatchString(text) || strings.Contains(text, "..") {
			t.Errorf("series %q was taken, as %q", text, id)
		}
	})
}

func TestSeriesIDInJSON(t *testing.T) {
	text := `{"series":"BTC-USD.kraken","interval":"1d","from":0,"to":86400}`
	var span market.Span
	if err := json.Unmarshal([]byte(text), &span); err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(span); err != nil || string(got) != text {
		t.Errorf("got %s and error %v, want %s", got, err, text)
	}
	for _, bad := range []string{`{"series":"../x"}`, `{"interval":"1y"}`, `{"series":7}`} {
		if err := json.Unmarshal([]byte(bad), &span); err == nil {
			t.Errorf("%s was taken, want an error", bad)
		}
	}
}

func TestSeriesIDsSort(t *testing.T) {
	sorted := []string{"BTC-USD", "BTC-USD.bitstamp", "BTC-USD.kraken", "XAU-USD", "XAU-USD.gold-api", "XAU-USD-PM"}
	var ids []market.SeriesID
	for _, text := range []string{"XAU-USD-PM", "XAU-USD.gold-api", "BTC-USD.kraken", "XAU-USD", "BTC-USD", "BTC-USD.bitstamp"} {
		id, err := market.ParseSeriesID(text)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	slices.SortFunc(ids, market.SeriesID.Compare)
	for n, id := range ids {
		if id.String() != sorted[n] {
			t.Errorf("id %d: got %s, want %s", n, id, sorted[n])
		}
	}
}

func TestInstruments(t *testing.T) {
	seen := map[string]bool{}
	for _, in := range market.Instruments {
		if id, err := market.ParseSeriesID(in.ID); err != nil || id.Source != "" {
			t.Errorf("instrument %s is no id of an instrument: %v", in.ID, err)
		}
		if seen[in.ID] {
			t.Errorf("instrument %s is listed twice", in.ID)
		}
		seen[in.ID] = true
		if got, ok := market.Lookup(in.ID); !ok || got != in {
			t.Errorf("lookup of %s: got %+v, %t", in.ID, got, ok)
		}
		if in.Best == market.NoRole || in.Unit == "" || in.Calendar.PerYear() == 0 || !strings.Contains(in.ID, "-"+in.Currency) {
			t.Errorf("instrument %+v is incomplete", in)
		}
		if isFix := in.Kind == market.Fix; isFix != (in.Calendar == market.London || in.Calendar == market.Warsaw) {
			t.Errorf("instrument %s: kind %s with calendar %s", in.ID, in.Kind, in.Calendar)
		}
	}
	for _, id := range []string{"BTC-USD", "ETH-USD", "LTC-USD", "XAU-USD", "XAG-USD", "XPT-USD", "XPD-USD", "EUR-USD", "XAU-USD-PM", "XAG-USD-FIX"} {
		if !seen[id] {
			t.Errorf("instrument %s is missing", id)
		}
	}
	if _, ok := market.Lookup("DOGE-USD"); ok {
		t.Error("DOGE-USD was found")
	}
}

// Any coin has a name; metals, money, typing errors and what is no series id are no coins.
func TestCoin(t *testing.T) {
	want := market.Instrument{
		ID: "DOGE-EUR", Name: "DOGE in EUR", Class: market.Crypto, Kind: market.Spot, Unit: "DOGE", Currency: "EUR",
		Calendar: market.Always, Best: market.Venue,
	}
	if got, ok := market.Coin("DOGE-EUR"); !ok || got != want {
		t.Errorf("got %+v, %t; want %+v", got, ok, want)
	}
	for _, id := range []string{"BTC-USDT", "1INCH-USD", "ETH-BTC", "SOL-GBP", "PAXG-EUR"} {
		if _, ok := market.Coin(id); !ok {
			t.Errorf("%s was not found", id)
		}
	}
	for _, id := range []string{
		"XAU-EUR", "XPD-GBP", "GBP-USD", "EUR-GBP", "BTC-BTC", "BTC-USDD", "BTC-XAU", "btc-USD", "BTC-USD-AM", "BTC-USD.kraken", "BTC", "-USD", "",
		"../A-USD", "B-USD", "BTC-USD\n",
	} {
		if in, ok := market.Coin(id); ok {
			t.Errorf("%q is %+v", id, in)
		}
	}
}
