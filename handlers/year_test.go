package handlers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/store/storetest"
)

// Four turns, two days apart by a clock that runs faster than time, on an Azurite on disk. Thirty days after the first day it is
// one file a source and has no receipts; a restart of Azurite changes nothing of it. TestYear (make test-year) says what becomes of a year.
func TestDaysGoBy(t *testing.T) {
	long(t)
	folder := t.TempDir()
	disk := storetest.OnDisk(t, folder)
	w := newYearWorld(t, disk.Storage)
	w.Config.Watchlist, w.sources = []string{"ETH-USD", "XAU-USD"}, []string{"goldapi", "kraken"}
	tuesday := yearStart.Add(36 * time.Hour)
	for _, day := range []time.Time{tuesday, tuesday.AddDate(0, 0, 2)} {
		w.turn(day)
		w.turn(day.Add(5 * time.Minute))
	}
	before := w.remembered(disk.Storage, yearStart)
	w.reconcile(yearStart.AddDate(0, 0, 32), 1)

	found := entries(t, disk.Storage)
	if found["blobs"] != 2+4 || found["receipts"] != 4 {
		t.Errorf("%d blobs and %d receipts, want one joined file of each source, and 4 blobs and receipts of the second day", found["blobs"], found["receipts"])
	}
	if diff := cmp.Diff(before, w.remembered(disk.Storage, yearStart)); diff != "" {
		t.Errorf("joining changed (-before +after):\n%s", diff)
	}
	disk.Stop(t)
	again := storetest.OnDisk(t, folder)
	w.Store = storetest.Reopen(t, again.Storage)
	if diff := cmp.Diff(before, w.remembered(again.Storage, yearStart)); diff != "" {
		t.Errorf("a restart of Azurite changed (-before +after):\n%s", diff)
	}
}
