package sim

import (
	"crypto/sha256"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"assay/shared/market"
)

// fix is a price that is struck once a business day at an hour of a city's clock.
type fix struct {
	calendar     market.Calendar
	zone         *time.Location
	hour, minute int
	publish      time.Duration // from the strike until it can be read
	decimals     int
	step         float64 // prices are multiples of it; 0 for none
	half         bool    // not struck on 24 and 31 December
}

var (
	london    = zone("Europe/London")
	frankfurt = zone("Europe/Berlin")
)

// fixes are the prices struck, by instrument and fix.
var fixes = map[string]fix{
	"EUR-USD":     {calendar: market.Target, zone: frankfurt, hour: 14, minute: 15, publish: 105 * time.Minute, decimals: 4},
	"XAU-USD-AM":  {calendar: market.London, zone: london, hour: 10, minute: 30, publish: 10 * time.Minute, decimals: 2, step: 0.05},
	"XAU-USD-PM":  {calendar: market.London, zone: london, hour: 15, publish: 10 * time.Minute, decimals: 2, step: 0.05, half: true},
	"XAG-USD-FIX": {calendar: market.London, zone: london, hour: 12, publish: 10 * time.Minute, decimals: 3, step: 0.005},
	"XPT-USD-AM":  {calendar: market.London, zone: london, hour: 9, minute: 45, publish: 10 * time.Minute},
	"XPT-USD-PM":  {calendar: market.London, zone: london, hour: 14, publish: 10 * time.Minute, half: true},
	"XPD-USD-AM":  {calendar: market.London, zone: london, hour: 9, minute: 45, publish: 10 * time.Minute},
	"XPD-USD-PM":  {calendar: market.London, zone: london, hour: 14, publish: 10 * time.Minute, half: true},
}

func zone(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // market compiles the zone files in
	}
	return l
}

// strike is the instant of a day's fix.
func (f fix) strike(day int64) time.Time {
	d := time.Unix(day, 0).UTC()
	return time.Date(d.Year(), d.Month(), d.Day(), f.hour, f.minute, 0, 0, f.zone)
}

// struckOn reports whether a series has a fix on the UTC day that starts at day.
func struckOn(se series, day int64) bool {
	f := fixes[se.id()]
	d := time.Unix(day, 0).UTC()
	if f.half && d.Month() == time.December && (d.Day() == 24 || d.Day() == 31) {
		return false
	}
	return f.calendar.Expects(day, market.Day)
}

// fixing is the price struck on a day, faults apart.
func (s *Sim) fixing(se series, day int64) float64 {
	f, key := fixes[se.id()], fixKey{se.id(), day}
	s.mu.Lock()
	defer s.mu.Unlock()
	if price, ok := s.struck.get(key); ok {
		return price
	}
	price := s.world.at(se.instrument, f.strike(day))
	if f.step > 0 {
		price = math.Round(price/f.step) * f.step
	}
	price = round(price, f.decimals)
	s.struck.put(key, price)
	return price
}

type fixKey struct {
	id  string
	day int64
}

// published lists the days of a series' fixes in [from, now] that can be read, the oldest first.
func (s *Sim) published(se series, from int64, now time.Time) []int64 {
	f := fixes[se.id()]
	var list []int64
	for day := market.Day.Ceil(max(from, origin)); day < end && !f.strike(day).Add(f.publish).After(now); day += int64(market.Day) {
		if struckOn(se, day) {
			list = append(list, day)
		}
	}
	return list
}

// lbmaFiles are the fixes by the names of their files.
var lbmaFiles = map[string]struct{ instrument, fix string }{
	"gold_am": {"XAU-USD", "-AM"}, "gold_pm": {"XAU-USD", "-PM"}, "silver": {"XAG-USD", "-FIX"},
	"platinum_am": {"XPT-USD", "-AM"}, "platinum_pm": {"XPT-USD", "-PM"},
	"palladium_am": {"XPD-USD", "-AM"}, "palladium_pm": {"XPD-USD", "-PM"},
}

// lbma answers GET /json/gold_pm.json: a fix's whole history, oldest first, in dollars, pounds and euros per troy ounce. It
// can be asked for conditionally.
func (s *Sim) lbma(w http.ResponseWriter, r *http.Request, now time.Time) {
	name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/json/"), ".json")
	file, ok := lbmaFiles[name]
	if !ok {
		reply(w, http.StatusNotFound, "text/html", "<html><head><title>404 Not Found</title></head><body></body></html>\n")
		return
	}
	se := series{"lbma", s.world.find(file.instrument), market.Day, file.fix}
	list := s.published(se, origin, now)
	if len(list) == 0 {
		replyJSON(w, http.StatusOK, "[]")
		return
	}
	changed := fixes[se.id()].strike(list[len(list)-1]).Add(fixes[se.id()].publish).UTC()
	w.Header().Set("Last-Modified", changed.Format(http.TimeFormat))
	since, err := time.Parse(http.TimeFormat, r.Header.Get("If-Modified-Since"))
	body := s.lbmaDays(se, list, now)
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(body)))[:18] + `"`
	w.Header().Set("Etag", tag)
	if match := r.Header.Get("If-None-Match"); match == tag || match == "" && err == nil && !changed.After(since) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	replyJSON(w, http.StatusOK, body)
}

func (s *Sim) lbmaDays(se series, list []int64, now time.Time) string {
	euro := series{source: "ecb", instrument: s.world.find("EUR-USD"), interval: market.Day}
	rows := make([]string, 0, len(list))
	for _, day := range list {
		price := s.value(se, day, now)
		rate := s.fixing(euro, day)
		value := func(rate float64) string { return number(round(price/rate, 2), math.IsNaN(price)) }
		rows = append(rows, fmt.Sprintf(`{"is_cms_locked":0,"d":"%s","v":[%s,%s,%s]}`, date(day),
			number(price, math.IsNaN(price)), value(poundRate*rate), value(rate)))
	}
	return "[" + strings.Join(rows, ",") + "]"
}

// poundRate is euros for a pound, always.
const poundRate = 1.16

func date(day int64) string { return time.Unix(day, 0).UTC().Format(time.DateOnly) }

// otherCurrencies move with the dollar: units for a dollar, in the order of the ECB's files.
var otherCurrencies = []struct {
	code     string
	dollar   float64
	decimals int
}{{"JPY", 150, 2}, {"GBP", 0.75, 4}, {"CHF", 0.88, 4}}

// ecbFiles answers GET /stats/eurofxref/eurofxref-{daily,hist-90d,hist}.xml: the newest first.
func (s *Sim) ecbFiles(w http.ResponseWriter, r *http.Request, now time.Time) {
	se := series{source: "ecb", instrument: s.world.find("EUR-USD"), interval: market.Day}
	from := int64(origin)
	name := strings.TrimPrefix(r.URL.Path, "/stats/eurofxref/")
	switch name {
	case "eurofxref-hist.xml":
	case "eurofxref-hist-90d.xml", "eurofxref-daily.xml":
		from = now.AddDate(0, 0, -90).Unix()
	default:
		reply(w, http.StatusNotFound, "text/html", "<html><head><title>404</title></head><body></body></html>\n")
		return
	}
	list := s.published(se, from, now)
	quote, trim, gap := `"`, true, ""
	if name == "eurofxref-daily.xml" {
		list, quote, trim, gap = list[max(0, len(list)-1):], "'", false, "\n\t"
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + gap + `<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" ` +
		`xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><gesmes:subject>Reference rates</gesmes:subject>` +
		`<gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>` + gap + `<Cube>`)
	for n := len(list) - 1; n >= 0; n-- {
		fmt.Fprintf(&b, "%s<Cube time=%s%s%s>", gap, quote, date(list[n]), quote)
		for _, rate := range s.ecbRates(se, list[n], now) {
			fmt.Fprintf(&b, "%s<Cube currency=%s%s%s rate=%s%s%s/>", gap, quote, rate.code, quote, quote, rate.text(trim), quote)
		}
		b.WriteString("</Cube>")
	}
	b.WriteString("</Cube></gesmes:Envelope>\n")
	reply(w, http.StatusOK, "text/xml", b.String())
}

// ecbRate is what a euro buys of a currency; NaN when the day has none.
type ecbRate struct {
	code     string
	rate     float64
	decimals int
}

// text prints a rate: padded with zeros, or as short as it goes.
func (r ecbRate) text(trim bool) string {
	if math.IsNaN(r.rate) {
		return "N/A"
	}
	if trim || r.rate != round(r.rate, r.decimals) {
		return number(r.rate, false)
	}
	return fmt.Sprintf("%.*f", r.decimals, r.rate)
}

func (s *Sim) ecbRates(se series, day int64, now time.Time) []ecbRate {
	rates := []ecbRate{{"USD", s.value(se, day, now), 4}}
	for _, c := range otherCurrencies {
		rates = append(rates, ecbRate{c.code, round(s.fixing(se, day)*c.dollar, c.decimals), c.decimals})
	}
	return rates
}

// ecbPortal answers GET /service/data/EXR/D.USD+GBP.EUR.SP00.A?startPeriod=&endPeriod=&format=csvdata&detail=dataonly: by currency, the
// oldest first. A missing value is an empty cell.
func (s *Sim) ecbPortal(w http.ResponseWriter, r *http.Request, now time.Time) {
	key, ok := strings.CutPrefix(r.URL.Path, "/service/data/EXR/")
	parts := strings.Split(key, ".")
	q := r.URL.Query()
	from, err1 := seconds(q, "startPeriod", origin)
	to, err2 := seconds(q, "endPeriod", end)
	if !ok || len(parts) != 5 || parts[0] != "D" || parts[2] != "EUR" || err1 != nil || err2 != nil || q.Get("format") != "csvdata" {
		reply(w, http.StatusBadRequest, "text/plain", "Invalid request\n")
		return
	}
	se := series{source: "ecb", instrument: s.world.find("EUR-USD"), interval: market.Day}
	rows := map[string][]string{}
	for _, day := range s.published(se, from, now) {
		for _, rate := range s.ecbRates(se, day, now) {
			if day <= to {
				value := strings.ReplaceAll(rate.text(true), "N/A", "")
				rows[rate.code] = append(rows[rate.code], fmt.Sprintf("EXR.D.%s.EUR.SP00.A,D,%s,EUR,SP00,A,%s,%s", rate.code, rate.code, date(day), value))
			}
		}
	}
	var b strings.Builder
	b.WriteString("KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE\r\n")
	for code := range strings.SplitSeq(parts[1], "+") {
		for _, row := range rows[code] {
			b.WriteString(row + "\r\n")
		}
	}
	if len(rows) == 0 {
		reply(w, http.StatusNotFound, "text/plain", "No results found.\n")
		return
	}
	reply(w, http.StatusOK, "text/csv", b.String())
}
