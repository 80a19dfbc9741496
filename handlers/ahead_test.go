package handlers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/store"
	"assay/shared/store/storetest"
	"assay/shared/telemetry"
)

// What was judged while the blob was being stored is what Clean finds in it: it ends the same, without reading the blob, and so it does
// when the message comes once more, and the blob is read.
func TestJudgedWhileStored(t *testing.T) {
	for _, body := range []string{threeMinutes, `[[1705312800,99,104,100,103,1],[1705312740,0,102,101,100,2]]`, `{"message":"unreadable"}`} {
		record := candles(noon, body)
		later := newFlow(storetest.Open(t))
		name, message := keep(t, later, "coinbase", noon, record)
		cleanAndLoad(t, later, message)
		want, wantReceipt := served(t, later.Store, coinbaseBTC, bitcoin), receipt(t, later.Store, name)

		app := newFlow(storetest.Open(t))
		if _, err := app.KeepAndJudge(t.Context(), "coinbase", noon, []store.Record{record}); err != nil {
			t.Fatal(err)
		}
		message = take(t, app.Store, store.RawPrices)[0]
		for _, reads := range []int{0, 1} {
			ctx, tally := telemetry.Tallied(t.Context())
			if err := app.Clean(ctx, message); err != nil {
				t.Fatal(err)
			}
			if n := tally.Counts()[telemetry.Kind{Service: "blob", Class: telemetry.Read}]; n != reads {
				t.Errorf("%s: Clean read %d blobs, want %d", body, n, reads)
			}
			loadAll(t, app)
			if diff := cmp.Diff(want, served(t, app.Store, coinbaseBTC, bitcoin)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", body, diff)
			}
			if diff := cmp.Diff(wantReceipt, receipt(t, app.Store, name)); diff != "" {
				t.Errorf("%s: receipt (-want +got):\n%s", body, diff)
			}
		}
	}
}

// What was judged is of one blob alone: another that is cleaned first is read.
func TestJudgedIsOfOneBlob(t *testing.T) {
	app := newFlow(storetest.Open(t))
	if _, err := app.KeepAndJudge(t.Context(), "coinbase", noon, []store.Record{candles(noon, threeMinutes)}); err != nil {
		t.Fatal(err)
	}
	take(t, app.Store, store.RawPrices)
	other, message := keep(t, app, "coinbase", noon.Add(time.Minute), candles(noon, `[[1705312800,99,104,100,103,1]]`))
	cleanAndLoad(t, app, message)
	if got := receipt(t, app.Store, other).Bars; got != 1 {
		t.Errorf("the other blob gave %d bars, want its own one", got)
	}
}
