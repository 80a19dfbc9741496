package web

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const day = 24 * 60 * 60

// fixture answers as the API does, for prices that can be checked by hand: each asset's close goes up by one with
// every bar. What the assets have to show:
//   - bitcoin has a bar every day from 2019-01-01 to 2024-12-31 but for 10, 11 and 12 June 2024. All are thin, 2024-03-05 is also untraded.
//   - gold has a bar on weekdays and ends on 2023-03-14. 2022-11-14 is partial.
//   - silver has a bar on weekdays, and none from 5 to 23 February 2024.
//   - platinum has none.
type fixture struct {
	assets    []fixtureAsset
	simulated bool
}

// fixtureAsset has the field names of the API's answer.
type fixtureAsset struct {
	Asset    string           `json:"asset"`
	Title    string           `json:"title"`
	Series   *string          `json:"series"`
	Name     string           `json:"name"`
	Calendar string           `json:"calendar"`
	First    *time.Time       `json:"first"`
	Last     *time.Time       `json:"last"`
	Reason   string           `json:"reason"`
	Time     []int64          `json:"time"`
	Close    []float64        `json:"close"`
	Flags    map[string][]int `json:"flags"`
}

func newFixture() fixture {
	at := func(d time.Time, days ...string) bool {
		for _, s := range days {
			if d.Format(time.DateOnly) == s {
				return true
			}
		}
		return false
	}
	weekend := func(d time.Time) bool { return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday }
	start := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	end := time.Date(2024, 12, 31, 0, 0, 0, 0, time.UTC)
	hole := time.Date(2024, 2, 5, 0, 0, 0, 0, time.UTC)

	bitcoin := fixtureAsset{Asset: "bitcoin", Title: "Bitcoin", Calendar: "always"}
	bitcoin.fill("BTC-USD", 20000, start, end, func(d time.Time) (bool, []string) {
		flags := []string{"thin"}
		if at(d, "2024-03-05") {
			flags = append(flags, "untraded")
		}
		return !at(d, "2024-06-10", "2024-06-11", "2024-06-12"), flags
	})
	gold := fixtureAsset{Asset: "gold", Title: "Gold", Calendar: "metal-session"}
	gold.fill("XAU-USD.workshop", 1200, start, time.Date(2023, 3, 14, 0, 0, 0, 0, time.UTC), func(d time.Time) (bool, []string) {
		if at(d, "2022-11-14") {
			return true, []string{"partial"}
		}
		return !weekend(d), nil
	})
	silver := fixtureAsset{Asset: "silver", Title: "Silver", Calendar: "london"}
	silver.fill("XAG-USD-FIX", 15, start, end, func(d time.Time) (bool, []string) {
		return !weekend(d) && (d.Before(hole) || !d.Before(hole.AddDate(0, 0, 19))), nil
	})
	platinum := fixtureAsset{Asset: "platinum", Title: "Platinum", Reason: "nothing is stored: import a file into XPT-USD-PM"}
	return fixture{assets: []fixtureAsset{bitcoin, gold, silver, platinum}}
}

// empty returns the fixture of a new storage.
func (f fixture) empty() fixture {
	none := fixture{}
	for _, a := range f.assets {
		none.assets = append(none.assets, fixtureAsset{Asset: a.Asset, Title: a.Title, Reason: "nothing is stored"})
	}
	return none
}

// made returns the fixture as a simulated market.
func (f fixture) made() fixture {
	f.simulated = true
	return f
}

func (a *fixtureAsset) fill(series string, price float64, first, last time.Time, has func(time.Time) (bool, []string)) {
	a.Series, a.Name, a.First, a.Last, a.Reason = &series, a.Title, &first, &last, "the only one"
	a.Flags = map[string][]int{}
	for d := first; !d.After(last); d = d.AddDate(0, 0, 1) {
		ok, flags := has(d)
		if !ok {
			continue
		}
		for _, name := range flags {
			a.Flags[name] = append(a.Flags[name], len(a.Time))
		}
		a.Time = append(a.Time, d.Unix())
		a.Close = append(a.Close, price)
		price++
	}
}

// within returns the asset with its bars in [from, to).
func (a fixtureAsset) within(from, to int64) fixtureAsset {
	cut := a
	cut.Time, cut.Close, cut.Flags = []int64{}, []float64{}, map[string][]int{}
	position := map[int]int{}
	for i, t := range a.Time {
		if t >= from && t < to {
			position[i] = len(cut.Time)
			cut.Time = append(cut.Time, t)
			cut.Close = append(cut.Close, a.Close[i])
		}
	}
	for name, all := range a.Flags {
		for _, i := range all {
			if p, ok := position[i]; ok {
				cut.Flags[name] = append(cut.Flags[name], p)
			}
		}
	}
	return cut
}

// routes answers the two requests that the page makes.
func (f fixture) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/expensive-things", f.prices)
	mux.HandleFunc("GET /api/v1/series/{series}/explain", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"series": %q, "interval": "1d", "sources": [{"source": "workshop", "series": "XAU-USD.workshop", "role": "", "verdict": "",
			"bar": {"close": 2209, "flags": ["partial"]}, "received": "2026-11-23T10:00:00.123Z", "raw": "workshop/2026/11/23/t%s.warc.gz",
			"rejects": [{"rule": "absent", "field": "open", "reason": "the open is absent", "text": "{\"last\":2209}"}]}], "gap": null}`,
			r.PathValue("series"), r.FormValue("t"))
	})
}

func (f fixture) prices(w http.ResponseWriter, r *http.Request) {
	to := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	if d, err := time.Parse(time.DateOnly, r.FormValue("to")); err == nil {
		to = d
	}
	from := to.AddDate(-5, 0, 0)
	if d, err := time.Parse(time.DateOnly, r.FormValue("from")); err == nil {
		from = d
	}
	if !from.Before(to) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"title": "Bad Request", "status": 400, "detail": "The range ends before it begins."}`)
		return
	}
	assets := []fixtureAsset{}
	for _, a := range f.assets {
		assets = append(assets, a.within(from.Unix(), to.Unix()))
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip") // the browser asks for it
	zipped := gzip.NewWriter(w)
	defer zipped.Close()
	answer := map[string]any{"from": from.Unix(), "to": to.Unix(), "interval": "1d", "step": day, "assets": assets}
	if f.simulated {
		answer["simulated"] = true
	}
	json.NewEncoder(zipped).Encode(answer)
}
