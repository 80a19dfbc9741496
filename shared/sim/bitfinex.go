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

const bitfinexWindow = 10_000

var bitfinexIntervals = map[string]market.Interval{
	"1m": market.Minute, "5m": 5 * market.Minute, "15m": 15 * market.Minute, "30m": 30 * market.Minute, "1h": market.Hour,
	"3h": 3 * market.Hour, "6h": 6 * market.Hour, "12h": 12 * market.Hour, "1D": market.Day,
}

// bitfinex answers GET /v2/candles/trade:1m:tBTCUSD/hist?start=ms&end=ms&limit=10000&sort=1, and /last: newest first unless
// sorted, no bar without a trade. A wrong parameter is a 500, an unknown symbol an empty list.
func (s *Sim) bitfinex(w http.ResponseWriter, r *http.Request, now time.Time) {
	refuse := func(message string) { replyJSON(w, http.StatusInternalServerError, `["error",10020,"`+message+`"]`) }
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v2/candles/trade:"), "/")
	name, symbol, ok := strings.Cut(parts[0], ":")
	i, known := bitfinexIntervals[name]
	if !ok || !known || len(parts) != 2 {
		refuse("key: invalid")
		return
	}
	q := r.URL.Query()
	limit := int64(100)
	if parts[1] == "last" {
		limit = 1
	} else if q.Has("limit") {
		limit, _ = strconv.ParseInt(q.Get("limit"), 10, 64)
	}
	if limit < 1 || limit > bitfinexWindow {
		refuse("limit: invalid")
		return
	}
	to, err1 := milliseconds(q.Get("end"), now.Unix())
	from, err2 := milliseconds(q.Get("start"), 0)
	if err1 != nil || err2 != nil {
		refuse("start: invalid")
		return
	}
	base, dollars := strings.CutSuffix(strings.TrimPrefix(strings.ReplaceAll(symbol, ":", ""), "t"), "USD")
	in := s.coin(base)
	if !dollars || in == nil {
		replyJSON(w, http.StatusOK, "[]")
		return
	}
	replyJSON(w, http.StatusOK, s.bitfinexCandles(in, i, from, min(to, now.Unix()), limit, q.Get("sort") == "1", now, parts[1] == "last"))
}

func (s *Sim) bitfinexCandles(in *instrument, i market.Interval, from, to, limit int64, ascending bool, now time.Time, last bool) string {
	bars := s.bitfinexBars(in, i, from, to, limit, ascending, now)
	var rows []string
	for _, c := range s.tellCandles(bitfinexVenue, in, i, bars, now) {
		rows = append(rows, fmt.Sprintf("[%d,%s,%s,%s,%s,%s]", c.start*1000, number(c.open, false), number(c.close, c.absent),
			number(c.high, false), number(c.low, false), number(c.volume, false)))
	}
	if last && len(rows) > 0 {
		return rows[0]
	}
	return list(rows)
}

// bitfinexBars takes as many traded bars as the limit allows, from the oldest on when they are wanted in ascending order, else from the
// newest back.
func (s *Sim) bitfinexBars(in *instrument, i market.Interval, from, to, limit int64, ascending bool, now time.Time) []candle {
	var bars []candle
	from, to = i.Ceil(max(from, bitfinexVenue.first)), i.Floor(min(to, end-1))
	for int64(len(bars)) < limit && from <= to {
		start := to
		if ascending {
			start, from = from, i.Next(from)
		} else {
			to -= int64(i)
		}
		if c := s.bar(bitfinexVenue, in, i, start, now); c.count > 0 {
			bars = append(bars, c)
		}
	}
	return slices.Clip(bars)
}

// milliseconds reads a time in Unix milliseconds as Unix seconds.
func milliseconds(text string, otherwise int64) (int64, error) {
	if text == "" {
		return otherwise, nil
	}
	t, err := strconv.ParseInt(text, 10, 64)
	return t / 1000, err
}
