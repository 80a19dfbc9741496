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

var bitstampSteps = []int64{60, 180, 300, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 259200}

// bitstamp answers GET /api/v2/ohlc/btcusd/?step=60&limit=1000&start=&end=: oldest first, bars without a trade filled, of a
// window longer than the limit the bars nearest to its end.
func (s *Sim) bitstamp(w http.ResponseWriter, r *http.Request, now time.Time) {
	pair, ok := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/"), "/api/v2/ohlc/")
	base, dollars := strings.CutSuffix(strings.ToUpper(pair), "USD")
	in := s.coin(base)
	if !ok || !dollars || in == nil {
		replyJSON(w, http.StatusNotFound, `{"code":"404.002","reason":"Currency pair not found.","status":"error"}`)
		return
	}
	q := r.URL.Query()
	step, _ := strconv.ParseInt(q.Get("step"), 10, 64)
	limit, _ := strconv.ParseInt(q.Get("limit"), 10, 64)
	i := market.Interval(step)
	refuse := func(field, message string) {
		replyJSON(w, http.StatusBadRequest, fmt.Sprintf(`{"code":"400.003","errors":[{"field":"%s","message":"%s","code":"invalid"}]}`, field, message))
	}
	if !slices.Contains(bitstampSteps, step) {
		refuse("step", "Select a valid choice.")
		return
	}
	if limit < 1 || limit > 1000 {
		refuse("limit", "Ensure this value is between 1 and 1000.")
		return
	}
	to, err1 := seconds(q, "end", now.Unix())
	from, err2 := seconds(q, "start", i.Floor(to)-(limit-1)*step)
	if err1 != nil || err2 != nil {
		refuse("start", "Enter a whole number.")
		return
	}
	if q.Has("start") && !q.Has("end") {
		to = from + (limit-1)*step
	}
	to = min(to, now.Unix())
	if q.Get("exclude_current_candle") == "true" {
		to = min(to, i.Floor(now.Unix())-1)
	}
	from = max(from, i.Floor(to)-(limit-1)*step)
	bars := s.fill(bitstampVenue, in, s.bars(bitstampVenue, in, i, from, to, now))
	var rows []string
	for _, c := range s.tellCandles(bitstampVenue, in, i, bars, now) {
		rows = append(rows, bitstampRow(in, c))
	}
	replyJSON(w, http.StatusOK, fmt.Sprintf(`{"data":{"ohlc":%s,"pair":"%s/USD"}}`, list(rows), base))
}

func bitstampRow(in *instrument, c record) string {
	price := func(x float64) string {
		return `"` + strconv.FormatFloat(x, 'f', bitstampVenue.decimalsOf(in, x), 64) + `"`
	}
	last := ""
	if !c.absent {
		last = `"close":` + price(c.close) + ","
	}
	return fmt.Sprintf(`{%s"high":%s,"low":%s,"open":%s,"timestamp":"%d","volume":"%.8f"}`, last, price(c.high), price(c.low), price(c.open), c.start, c.volume)
}
