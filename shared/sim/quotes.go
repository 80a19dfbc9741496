package sim

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"assay/shared/market"
)

// quote is the price that a dealer or an aggregator has for a metal in one minute. It moves from one minute to the next.
func (s *Sim) quote(source string, in *instrument, minute int64) float64 {
	price := s.world.at(in, time.Unix(minute, 0))
	beside := 1e-4 * random(s.seed, "quote "+source+" "+in.id, minute).NormFloat64()
	return round(price*(1+beside), 2)
}

// goldAPI answers GET /price/XAU: one number. Its time moves on while the market is closed.
func (s *Sim) goldAPI(w http.ResponseWriter, r *http.Request, now time.Time) {
	in := s.metal(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/price/"), "/USD"))
	if in == nil {
		replyJSON(w, http.StatusNotFound, `{"error":"Symbol not found"}`)
		return
	}
	minute := market.Minute.Floor(now.Unix())
	price := s.value(series{source: "goldapi", instrument: in, interval: market.Minute}, minute, now)
	w.Header().Set("Cache-Control", "public, max-age=30")
	text := fmt.Sprintf(`"price":%s,`, oneDecimal(price))
	if math.IsNaN(price) {
		text = ""
	}
	replyJSON(w, http.StatusOK, fmt.Sprintf(
		`{"currency":"USD","currencySymbol":"$","exchangeRate":1.0,"name":"%s",%s"symbol":"%s","updatedAt":"%s","updatedAtReadable":"a few seconds ago"}`,
		in.name, text, in.base, now.Format(time.RFC3339)))
}

// oneDecimal prints a number with at least one decimal, as gold-api does.
func oneDecimal(x float64) string {
	if text := number(x, false); strings.Contains(text, ".") {
		return text
	}
	return number(x, false) + ".0"
}

// metal returns the spot metal of this code.
func (s *Sim) metal(code string) *instrument {
	in := s.world.find(code + "-USD")
	if in == nil || in.group != metal || in.follow != "" {
		return nil
	}
	return in
}

// swissquote answers GET /public-quotes/bboquotes/instrument/XAU/USD: bid and ask of two platforms. While the market is
// closed the time stands still at its last minute. An absent price is 0 on both sides.
func (s *Sim) swissquote(w http.ResponseWriter, r *http.Request, now time.Time) {
	pair, ok := strings.CutPrefix(r.URL.Path, "/public-quotes/bboquotes/instrument/")
	code, dollars := strings.CutSuffix(pair, "/USD")
	in := s.metal(code)
	if !ok || !dollars || in == nil {
		replyJSON(w, http.StatusNotFound, `{"error":"instrument not found"}`)
		return
	}
	minute := s.lastOpen(in, market.Minute.Floor(now.Unix()))
	moved := min(minute*1000+int64(random(s.seed, "moment "+in.id, minute).IntN(5000)), now.UnixMilli())
	mid := s.value(series{source: "swissquote", instrument: in, interval: market.Minute}, minute, now)
	if math.IsNaN(mid) {
		mid = 0
	}
	side := func(profile string, half float64) string {
		spread := round(mid*half*60, 2)
		return fmt.Sprintf(`{"spreadProfile":"%s","bidSpread":%.2f,"askSpread":%.2f,"bid":%s,"ask":%s}`,
			profile, spread, spread, threeDecimals(mid-float64(mid*half)), threeDecimals(mid+float64(mid*half)))
	}
	replyJSON(w, http.StatusOK, fmt.Sprintf(`[{"topo":{"platform":"SwissquoteCapitalMarkets","server":"Live7"},"spreadProfilePrices":[%s,%s],"ts":%d},`+
		`{"topo":{"platform":"AT","server":"AT"},"spreadProfilePrices":[%s],"ts":%d}]`,
		side("premium", 0.8e-4), side("prime", 0.7e-4), moved, side("standard", 1e-4), moved))
}

// threeDecimals prints a price as Swissquote does; one below a cent keeps its digits.
func threeDecimals(x float64) string {
	if x > 0 && x < 0.1 {
		return fmt.Sprintf("%.10f", x)
	}
	return fmt.Sprintf("%.3f", x)
}

// lastOpen is the newest minute not after this one in which a metal was traded.
func (s *Sim) lastOpen(in *instrument, minute int64) int64 {
	if s.world.isOpen(in, minute) {
		return minute
	}
	hour := market.Hour.Floor(minute)
	for !s.world.isOpen(in, hour) && hour > origin {
		hour -= int64(market.Hour)
	}
	return hour + int64(market.Hour-market.Minute)
}
