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
// has too, but for Kraken, who keeps 720 minutes. A turn a day stands for the 288 that there are: the windows are the same.
func TestOneSourceDownForAWeek(t *testing.T) {
	for _, name := range venues {
		t.Run(name, func(t *testing.T) {
			clock := &clockAt{at: noon}
			w := newHistoryWorld(t, storetest.Open(t), clock, newExchange(t, clock.now), "BTC-USD")
			w.knows(t, noon)
			w.turn(t, venues...)
			w.drain(t, 1)
			w.exchange.set(true, name)
			for range 7 {
				w.forward(24 * time.Hour)
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
				if missing := w.gapsOf(t, "BTC-USD."+venue, noon, end).Missing; venue != "kraken" && len(missing) > 0 && missing["no trade"] == 0 {
					t.Errorf("%s lacks %v, want minutes without a trade at most", venue, missing)
				}
			}
			if anybody == 0 {
				t.Fatal("nobody traded: this test tests nothing")
			}
			if name == "kraken" {
				kept := back.Truncate(time.Minute).Add(-719 * time.Minute)
				got := w.gapsOf(t, "BTC-USD.kraken", noon, end).Gaps
				want := []string{noon.Format(time.RFC3339), kept.Format(time.RFC3339), "beyond the source's history"}
				if len(got) != 1 || !cmp.Equal(want, []string{got[0].From, got[0].To, got[0].Reason}) {
					t.Errorf("gaps of kraken %+v, want one, %v", got, want)
				}
			}
			if w.exchange.refused > 0 {
				t.Errorf("a limit was broken %d times", w.exchange.refused)
			}
		})
	}
}
