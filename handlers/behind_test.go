package handlers

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// TestBehind counts what a market should have had: nothing is behind while it is closed.
func TestBehind(t *testing.T) {
	for _, test := range []struct {
		calendar  market.Calendar
		interval  market.Interval
		last, now string
		want      bool
	}{
		{market.Always, market.Minute, "2024-01-15T12:00", "2024-01-15T12:31", false},
		{market.Always, market.Minute, "2024-01-15T12:00", "2024-01-15T12:32", true},
		{market.Always, market.Minute, "2020-01-15T12:00", "2024-01-15T12:00", true},
		{market.MetalSession, market.Minute, "2024-01-12T21:55", "2024-01-14T22:00", false}, // from Friday's close to Sunday's opening
		{market.MetalSession, market.Minute, "2024-01-12T21:55", "2024-01-14T23:30", true},  // Sunday opened at 23:00 UTC
		{market.London, market.Day, "2024-01-12T00:00", "2024-01-16T23:00", false},          // Friday's fix, on Tuesday: Monday's may be late
		{market.London, market.Day, "2024-01-12T00:00", "2024-01-18T00:00", true},
	} {
		at := func(text string) time.Time {
			at, err := time.Parse("2006-01-02T15:04", text)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		entry := history.Entry{
			Instrument: market.Instrument{Calendar: test.calendar},
			Intervals:  map[market.Interval]history.Extent{test.interval: {Last: at(test.last).Unix()}},
		}
		if got := behind(entry, at(test.now)); got != test.want {
			t.Errorf("%s, newest of %v at %s: behind at %s is %v, want %v", test.calendar, test.interval, test.last, test.now, got, test.want)
		}
	}
	if behind(history.Entry{}, noon) {
		t.Error("an instrument without a bar is behind")
	}
}

// Reconcile says at every run what somebody should look at.
func TestReconcileReports(t *testing.T) {
	w := newFetchWorld(t, storetest.Open(t), &fakeMarket{})
	blob := putReceipt(t, w.Store, noon, store.Dead)
	if err := w.FetchKraken(t.Context(), slotAt(noon)); err != nil {
		t.Fatal(err)
	}
	work(t, w.App)
	for range 2 {
		var log bytes.Buffer
		w.Log = slog.New(slog.NewJSONHandler(&log, nil))
		w.reconcileAt(t, noon.Add(time.Hour))
		for _, want := range []string{
			`"msg":"` + logDead + `","blob":"` + blob.String() + `"`,
			`"msg":"` + logBehind + `","series":"BTC-USD"`,
		} {
			if strings.Count(log.String(), want) != 1 {
				t.Errorf("Reconcile logged %s, want once %s", log.String(), want)
			}
		}
	}
}
