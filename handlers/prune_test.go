package handlers

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// hourRows lists the hours of bitcoin in the table bars.
func hourRows(t *testing.T, s *store.Store) []string {
	t.Helper()
	var found []string
	for _, year := range []string{"2023", "2024"} {
		rows, err := s.Tables.Query(t.Context(), store.TableBars, "BTC-USD~1h~"+year, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			found = append(found, row.Row)
		}
	}
	return found
}

// The table bars shows the hours of the last 366 days. What is read of them stays.
func TestReconcileDropsOldHoursFromBars(t *testing.T) {
	app := newFlow(storetest.Open(t))
	body := "at,last\n1704063600,1\n1704067200,2\n1704070800,3\n1704074400,4\n" // 2023-12-31 23:00, 2024-01-01 00:00, 01:00, 02:00
	hours := file(noon, "columns-csv", market.Hour, body, coinbaseBTC)
	hours.Options = `{"columns":{"time":"at","close":"last"}}`
	_, message := keep(t, app, "coinbase", noon, hours)
	cleanAndLoad(t, app, message)
	before := served(t, app.Store, bitcoin)
	for _, step := range []struct {
		now  time.Time
		want []string
	}{
		{time.Date(2024, 12, 31, 23, 59, 0, 0, time.UTC), []string{"20231231T23", "20240101T00", "20240101T01", "20240101T02"}},
		{time.Date(2025, 1, 1, 1, 0, 0, 0, time.UTC), []string{"20240101T01", "20240101T02"}},
		{time.Date(2025, 1, 1, 1, 59, 0, 0, time.UTC), []string{"20240101T01", "20240101T02"}},
	} {
		app.Now = func() time.Time { return step.now }
		if err := app.Reconcile(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, hourRows(t, app.Store)); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", step.now, diff)
		}
	}
	isRow := func(line string) bool { return strings.HasPrefix(line, "bars ") && strings.Contains(line, "~1h~") }
	without := func(text string) string {
		var kept []string
		for line := range strings.Lines(text) {
			if !isRow(line) {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	if diff := cmp.Diff(without(before), without(served(t, app.Store, bitcoin))); diff != "" {
		t.Errorf("what is read (-before +after):\n%s", diff)
	}
}
