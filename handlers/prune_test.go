package handlers

import (
	"errors"
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

// A picture is kept for a week.
func TestReconcileDropsOldPictures(t *testing.T) {
	s := storetest.Open(t)
	app := newFlow(s)
	if err := s.Blobs.PutPicture(t.Context(), "abc.svg", []byte("<svg/>")); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		days int
		want error
	}{{6, nil}, {8, store.ErrNotFound}, {8, store.ErrNotFound}} { // the last time there is none
		app.Now = func() time.Time { return time.Now().AddDate(0, 0, step.days) } // storage has a clock of its own
		if err := app.Reconcile(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Blobs.Picture(t.Context(), "abc.svg"); !errors.Is(err, step.want) {
			t.Errorf("after %d days: %v, want %v", step.days, err, step.want)
		}
	}
}

// The table bars shows the hours of the 366 days before the newest one. What is read of them stays.
func TestReconcileDropsOldHoursFromBars(t *testing.T) {
	s := storetest.Open(t)
	load := func(body string) {
		app := newFlow(s)
		hours := file(noon, "columns-csv", market.Hour, "at,last\n"+body, coinbaseBTC)
		hours.Options = `{"columns":{"time":"at","close":"last"}}`
		_, message := keep(t, app, "coinbase", noon, hours)
		cleanAndLoad(t, app, message)
	}
	var before string
	for _, step := range []struct {
		load string
		want []string
	}{
		{"1672531200,1\n1672534800,2\n", []string{"20230101T00", "20230101T01"}},                 // 2023-01-01 00:00, 01:00
		{"1704153600,3\n", []string{"20230101T00", "20230101T01", "20240102T00"}},                // 366 days later
		{"1704157200,4\n", []string{"20230101T01", "20240102T00", "20240102T01"}},                // and an hour
		{"1672538400,5\n", []string{"20230101T01", "20230101T02", "20240102T00", "20240102T01"}}, // a late one, of 2023
	} {
		load(step.load)
		before = served(t, s, bitcoin)
		if err := newFlow(s).Reconcile(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, hourRows(t, s)); diff != "" {
			t.Errorf("after %q (-want +got):\n%s", step.load, diff)
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
	if diff := cmp.Diff(without(before), without(served(t, s, bitcoin))); diff != "" {
		t.Errorf("what is read (-before +after):\n%s", diff)
	}
}
