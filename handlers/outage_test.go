package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/api"
	"assay/shared/market"
	"assay/shared/store/storetest"
)

var venues = []string{"coinbase", "kraken", "bitstamp", "bitfinex"}

// gapsOf asks the API what a series lacks of its minutes.
func (w *historyWorld) gapsOf(t *testing.T, series string, from, to time.Time) api.Gaps {
	t.Helper()
	recorder := httptest.NewRecorder()
	target := fmt.Sprintf("/api/v1/series/%s/gaps?interval=1m&limit=100000&from=%d&to=%d", series, from.Unix(), to.Unix())
	w.Api().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, target, nil))
	var answer api.Gaps
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil || recorder.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s %v", target, recorder.Code, recorder.Body, err)
	}
	return answer
}

// Any one venue is down for a week. The consensus has every minute in which anybody traded, and afterwards the venue's own series
// has too, but for Kraken, who keeps 720 minutes. A turn every two days stands for the 576 that there are: it looks back as far.
func TestOneSourceDownForAWeek(t *testing.T) {
	long(t)
	for _, name := range venues {
		t.Run(name, func(t *testing.T) {
			clock := &clockAt{at: noon}
			w := newHistoryWorld(t, storetest.Open(t), clock, newExchange(t, clock.now), "BTC-USD")
			w.knows(t, noon)
			w.turn(t, venues...)
			w.drain(t, 1)
			w.exchange.set(true, name)
			for _, days := range []int{2, 2, 2, 1} {
				w.forward(time.Duration(days) * 24 * time.Hour)
				w.turn(t, venues...)
				w.drain(t, 1)
			}
			w.exchange.set(false, name)
			w.forward(time.Hour)
			w.turn(t, venues...)
			back := w.now()
			w.drain(t, 1)
			w.forward(2 * time.Hour)
			w.reconcile(t)

			end := back.Truncate(time.Minute)
			consensus, anybody := w.minutesOf(t, "BTC-USD", noon, end), 0
			for _, venue := range venues {
				own, lost := w.minutesOf(t, "BTC-USD."+venue, noon, end), 0
				for _, bar := range w.exchange.Bars(venue, "BTC-USD", market.Minute, noon.Unix(), end.Unix()) {
					anybody++
					if !consensus[bar.Start] {
						t.Fatalf("the consensus lacks %s, when %s traded", time.Unix(bar.Start, 0).UTC(), venue)
					}
					if !own[bar.Start] {
						lost++
					}
				}
				if venue != "kraken" && lost > 0 {
					t.Errorf("%s lacks %d minutes in which it traded", venue, lost)
				}
			}
			if anybody == 0 {
				t.Fatal("nobody traded: this test tests nothing")
			}
			if missing := w.gapsOf(t, "BTC-USD."+name, noon, end).Missing; name != "kraken" && len(missing) > 0 && missing["no trade"] == 0 {
				t.Errorf("%s lacks %v, want minutes without a trade at most", name, missing)
			}
			if name == "kraken" {
				kept := back.Truncate(time.Minute).Add(-719 * time.Minute)
				got := w.gapsOf(t, "BTC-USD.kraken", noon, end).Gaps
				want := []string{noon.Format(time.RFC3339), kept.Format(time.RFC3339), "beyond the source's history"}
				if len(got) != 1 || !cmp.Equal(want, []string{got[0].From, got[0].To, got[0].Reason}) {
					t.Errorf("gaps of kraken %+v, want one, %v", got, want)
				}
			}
			if n := w.exchange.Refused(); n > 0 {
				t.Errorf("a limit was broken %d times", n)
			}
		})
	}
}

// Everything is down for an hour: a gap, and then none where a history reaches that far. The quotes of metals keep theirs, and the
// reason is that nobody can be asked any more.
func TestAllDownForAnHour(t *testing.T) {
	long(t)
	clock := &clockAt{at: noon}
	w := newHistoryWorld(t, storetest.Open(t), clock, newExchange(t, clock.now), "BTC-USD", "XAU-USD")
	w.knows(t, noon.Add(-10*time.Minute))
	all := append([]string{"goldapi", "swissquote"}, venues...)
	turns := func(n int) {
		for range n {
			w.turn(t, all...)
			w.drain(t, 1)
			w.forward(5 * time.Minute)
		}
	}
	turns(3)
	down := w.now().Truncate(5 * time.Minute) // a wait for a budget has moved the clock
	w.exchange.set(true, all...)
	w.turn(t, all...)
	w.forward(time.Hour)
	w.exchange.set(false, all...)

	coins, gold := w.gapsOf(t, "BTC-USD", noon, w.now()), w.gapsOf(t, "XAU-USD", noon, w.now())
	if len(coins.Gaps) != 1 || coins.Gaps[0].Bars < 50 || coins.Gaps[0].Reason != "not fetched" {
		t.Errorf("while all is down BTC-USD lacks %+v, want one gap, not fetched", coins.Gaps)
	}
	if len(gold.Gaps) != 1 || gold.Gaps[0].Bars != 10 {
		t.Errorf("while all is down XAU-USD lacks %+v, want one gap of ten times five minutes, the last ten minutes left out", gold.Gaps)
	}

	turns(3)
	w.reconcile(t)
	if missing := w.gapsOf(t, "BTC-USD", noon, w.now()).Missing; len(missing) > 0 {
		t.Errorf("afterwards BTC-USD lacks %v, want nothing", missing)
	}
	gaps := w.gapsOf(t, "XAU-USD", noon, down.Add(70*time.Minute)).Gaps
	want := []string{down.Format(time.RFC3339), down.Add(time.Hour).Format(time.RFC3339), "beyond the source's history"}
	if len(gaps) != 1 || !cmp.Equal(want, []string{gaps[0].From, gaps[0].To, gaps[0].Reason}) {
		t.Errorf("afterwards XAU-USD lacks %+v, want %v", gaps, want)
	}
}
