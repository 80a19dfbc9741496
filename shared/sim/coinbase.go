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

var coinbaseGranularities = []int64{60, 300, 900, 3600, 21600, 86400}

// coinbase answers GET /products/BTC-USD/candles?granularity=60&start=&end=: newest first, at most 300 bars, none for a bar
// without a trade. Where the first bar is such a one, the bar before the window comes along.
func (s *Sim) coinbase(w http.ResponseWriter, r *http.Request, now time.Time) {
	product, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/products/"), "/candles")
	in := s.coin(strings.TrimSuffix(product, "-USD"))
	refuse := func(status int, message string) { replyJSON(w, status, `{"message":"`+message+`"}`) }
	if !ok || in == nil || !strings.HasSuffix(product, "-USD") {
		refuse(http.StatusNotFound, "NotFound")
		return
	}
	if r.UserAgent() == "" {
		refuse(http.StatusBadRequest, "User-Agent header is required.")
		return
	}
	q := r.URL.Query()
	granularity, _ := strconv.ParseInt(q.Get("granularity"), 10, 64)
	if !slices.Contains(coinbaseGranularities, granularity) {
		refuse(http.StatusBadRequest, "Unsupported granularity")
		return
	}
	i := market.Interval(granularity)
	to, err1 := seconds(q, "end", now.Unix())
	from, err2 := seconds(q, "start", i.Floor(to)-349*granularity)
	switch {
	case err1 != nil || err2 != nil || q.Has("start") != q.Has("end"):
		refuse(http.StatusBadRequest, "Invalid start or end")
	case from > to:
		refuse(http.StatusBadRequest, "start must be before end")
	case q.Has("start") && to-from > 300*granularity:
		refuse(http.StatusBadRequest, "granularity too small for the requested time range. Count of aggregations requested exceeds 300")
	case to < coinbaseVenue.first:
		refuse(http.StatusBadRequest, "End is too old")
	default:
		replyJSON(w, http.StatusOK, s.coinbaseCandles(in, i, from, to, now))
	}
}

func (s *Sim) coinbaseCandles(in *instrument, i market.Interval, from, to int64, now time.Time) string {
	bars := s.bars(coinbaseVenue, in, i, from, to, now)
	if len(bars) > 0 && bars[0].count == 0 {
		bars = append(s.bars(coinbaseVenue, in, i, bars[0].start-int64(i), bars[0].start-1, now), bars...)
	}
	bars = slices.DeleteFunc(bars, func(c candle) bool { return c.count == 0 })
	if len(bars) > 350 {
		bars = bars[len(bars)-350:]
	}
	slices.Reverse(bars)
	var rows []string
	for _, c := range s.tellCandles(coinbaseVenue, in, i, bars, now) {
		rows = append(rows, fmt.Sprintf("[%d,%s,%s,%s,%s,%s]", c.start, number(c.low, false), number(c.high, false),
			number(c.open, false), number(c.close, c.absent), number(c.volume, false)))
	}
	return list(rows)
}
