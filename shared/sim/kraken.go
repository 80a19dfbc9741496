package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/shared/market"
)

const krakenWindow = 720

var krakenMinutes = []int64{1, 5, 15, 30, 60, 240, 1440, 10080, 21600}

// kraken answers GET /0/public/OHLC?pair=XBTUSD&interval=1&since=: the newest 720 bars at most, oldest first, those without a
// trade filled, the last one in progress. Its failures have status 200.
func (s *Sim) kraken(w http.ResponseWriter, r *http.Request, now time.Time) {
	q := r.URL.Query()
	refuse := func(message string) { replyJSON(w, http.StatusOK, `{"error":["`+message+`"]}`) }
	if r.URL.Path != "/0/public/OHLC" {
		refuse("EGeneral:Unknown method")
		return
	}
	in, name := s.krakenPair(q.Get("pair"))
	if in == nil {
		refuse("EQuery:Unknown asset pair")
		return
	}
	minutes := int64(1)
	if q.Has("interval") {
		minutes, _ = strconv.ParseInt(q.Get("interval"), 10, 64)
	}
	since, err := seconds(q, "since", 0)
	if err != nil || !slices.Contains(krakenMinutes, minutes) {
		refuse("EGeneral:Invalid arguments")
		return
	}
	i := market.Interval(minutes) * market.Minute
	last := i.Floor(now.Unix()) - int64(i)
	from := max(i.Floor(now.Unix())-(krakenWindow-1)*int64(i), since+1)
	bars := s.fill(krakenVenue, in, s.bars(krakenVenue, in, i, from, now.Unix(), now))
	var rows []string
	for _, c := range s.tellCandles(krakenVenue, in, i, bars, now) {
		rows = append(rows, krakenRow(in, c))
	}
	replyJSON(w, http.StatusOK, fmt.Sprintf(`{"error":[],"result":{"%s":%s,"last":%d}}`, name, list(rows), last))
}

func krakenRow(in *instrument, c record) string {
	price := func(x float64, absent bool) string {
		if absent {
			return "null"
		}
		return `"` + strconv.FormatFloat(x, 'f', max(krakenVenue.decimalsOf(in, x), 1), 64) + `"`
	}
	vwap := 0.0
	if c.count > 0 {
		vwap = krakenVenue.tick(in, (c.high+c.low+c.close)/3)
	}
	return fmt.Sprintf(`[%d,%s,%s,%s,%s,%s,"%.8f",%d]`, c.start, price(c.open, false), price(c.high, false), price(c.low, false),
		price(c.close, c.absent), price(vwap, false), c.volume, c.count)
}

// krakenPair reads XBTUSD, BTCUSD or BTC/USD, and returns how the answer calls the pair.
func (s *Sim) krakenPair(pair string) (*instrument, string) {
	base, ok := strings.CutSuffix(strings.ReplaceAll(pair, "/", ""), "USD")
	if base == "XBT" {
		base = "BTC"
	}
	in := s.coin(base)
	if !ok || in == nil {
		return nil, ""
	}
	names := map[string]string{"BTC": "XXBTZUSD", "ETH": "XETHZUSD", "LTC": "XLTCZUSD"}
	if name, old := names[base]; old {
		return in, name
	}
	return in, base + "USD"
}
