//go:build year

package handlers

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"assay/shared/config"
	"assay/shared/market"
	"assay/shared/sim"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// TestYear says what a year of eight instruments at five minutes takes on a laptop. One day is lived, turn by turn, with the
// functions on the simulated market and an Azurite on disk; ASSAY_YEAR_TURNS shortens it. The days before it are copies of what
// it left: of its rows as they are, of its raw blobs under each day's name, and of the file that Reconcile joins one such
// day into. Then Reconcile runs, a few more turns are timed, and Azurite is started again.
func TestYear(t *testing.T) {
	folder := t.TempDir()
	disk := storetest.OnDisk(t, folder)
	w := newYearWorld(t, disk.Storage, sim.All()...)
	lived := yearStart.AddDate(0, 0, 364)
	turns := 288
	if n, err := strconv.Atoi(os.Getenv("ASSAY_YEAR_TURNS")); err == nil && n > 0 && 288%n == 0 {
		turns = n
	}
	took := w.live(lived.Add(time.Duration(288-turns)*5*time.Minute), turns)
	t.Logf("%d of 288 turns lived; the first, with its history, took %s; then median %s, longest %s", turns, took[0].Round(time.Millisecond),
		median(took[1:]).Round(time.Millisecond), slices.Max(took[1:]).Round(time.Millisecond))
	oneDay, oneDayBytes := entries(t, disk.Storage), onDisk(t, folder)

	began := time.Now()
	w.copyRaw(disk.Storage, lived, turns)
	w.copyRows(lived)
	t.Logf("the copies took %s", time.Since(began).Round(time.Second))
	began = time.Now()
	w.reconcile(lived.AddDate(0, 0, 1), 1)
	t.Logf("Reconcile took %s", time.Since(began).Round(time.Second))
	took = w.live(lived.AddDate(0, 0, 1), 4)
	t.Logf("with a year stored, turns take %s", took)
	began = time.Now()
	year := entries(t, disk.Storage)
	t.Logf("all is counted in %s:\n%s", time.Since(began).Round(time.Millisecond), table("entries", oneDay, year))
	before := w.remembered(disk.Storage, lived)

	began = time.Now()
	disk.Stop(t)
	stopped := time.Since(began)
	yearBytes := onDisk(t, folder)
	began = time.Now()
	again := storetest.OnDisk(t, folder)
	t.Logf("Azurite stops in %s and starts in %s", stopped.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	w.Store = storetest.Reopen(t, again.Storage)
	if diff := cmp.Diff(before, w.remembered(again.Storage, lived)); diff != "" {
		t.Errorf("a restart of Azurite changed (-before +after):\n%s", diff)
	}
	t.Logf("\n%s", table("bytes on disk", oneDayBytes, yearBytes))
	for name, n := range year {
		if n >= 100_000 {
			t.Errorf("%s has %d entries, want fewer than 100,000", name, n)
		}
	}
}

// live runs so many turns, five minutes apart, and says how long each took.
func (w *yearWorld) live(from time.Time, turns int) []time.Duration {
	w.t.Helper()
	var took []time.Duration
	for n := range turns {
		began := time.Now()
		w.turn(from.Add(time.Duration(n) * 5 * time.Minute))
		took = append(took, time.Since(began))
		if n%24 == 0 {
			w.t.Logf("%s: turn %d took %s", time.Now().Format(time.TimeOnly), n, took[n].Round(time.Millisecond))
		}
	}
	return took
}

func median(of []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(of))[len(of)/2]
}

// copyRows copies the chunks of minutes that a day left to a year of days, the hours of metals in the table bars to the year before
// it. The hours of coins reach back further than a year already. A copied chunk still speaks of the
// day that it is copied from: it goes under the year 0, which no turn reads.
func (w *yearWorld) copyRows(day time.Time) {
	w.t.Helper()
	catalogue, err := w.History.Entries(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range catalogue {
		metal := e.Instrument.Class == market.Metal
		chunks := w.rowsOf(store.TableChunks1m, e.ID.String()+"~2024", day)
		var hours []store.Entity
		if metal && e.ID.Source == "" {
			hours = w.rowsOf(store.TableBars, e.ID.String()+"~1h~2024", day)
		}
		for n := 1; n < 365; n++ {
			at := day.AddDate(0, 0, -n)
			if metal && (at.Weekday() == time.Saturday || at.Weekday() == time.Sunday) {
				continue
			}
			w.insert(store.TableChunks1m, e.ID.String()+"~0000", chunks, day, at)
			w.insert(store.TableBars, e.ID.String()+"~1h~2024", hours, day, at)
		}
	}
}

// rowsOf reads a day's rows of a partition.
func (w *yearWorld) rowsOf(table, partition string, day time.Time) []store.Entity {
	w.t.Helper()
	from := day.Format("20060102")
	rows, err := w.Store.Tables.Query(w.t.Context(), table, partition, store.Range{From: from, To: from + "~"})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// insert writes a day's rows as those of another day.
func (w *yearWorld) insert(table, partition string, rows []store.Entity, day, to time.Time) {
	w.t.Helper()
	var changes []store.Change
	for _, row := range rows {
		row.Partition, row.Row = partition, to.Format("20060102")+strings.TrimPrefix(row.Row, day.Format("20060102"))
		changes = append(changes, store.Change{Action: store.Upsert, Entity: row})
	}
	if err := w.Store.Tables.Transact(w.t.Context(), table, changes); err != nil {
		w.t.Fatal(err)
	}
}

// copyRaw fills the day with copies of the raw blobs of its turns, and 30 days before it likewise; all but the first of them have
// receipts. Reconcile's Join joins the first day, and what it wrote is stored for every day of the year before.
func (w *yearWorld) copyRaw(settings config.Storage, day time.Time, turns int) {
	w.t.Helper()
	client, err := azblob.NewClientFromConnectionString(settings.Connection, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	oldest := day.AddDate(0, 0, -30)
	for _, source := range yearSources {
		blobs, err := w.Store.Blobs.ListRaw(w.t.Context(), source, day.UnixMilli(), day.AddDate(0, 0, 1).UnixMilli())
		if err != nil {
			w.t.Fatal(err)
		}
		blobs = blobs[1:] // not the first one, which has the history
		receipt := w.rowsOf(store.TableReceipts, source+"~"+day.Format("20060102"), day)[0]
		for n := range 31 {
			w.copyBlobs(blobs, turns, n, receipt)
		}
		if err := w.Store.Blobs.Join(w.t.Context(), source, oldest.UnixMilli()); err != nil {
			w.t.Fatal(err)
		}
		content := make([]byte, 32<<20)
		name := func(at time.Time) string { return source + "/" + at.Format("2006/01/02") + ".warc.gz" }
		size, err := client.DownloadBuffer(w.t.Context(), "raw", name(oldest), content, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Logf("%s: %s: %d raw blobs lived; a day of them is joined into %d bytes", time.Now().Format(time.TimeOnly), source, len(blobs), size)
		for n := 31; n < 365; n++ {
			if _, err := client.UploadBuffer(w.t.Context(), "raw", name(day.AddDate(0, 0, -n)), content[:size], nil); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// copyBlobs stores raw blobs of so many turns again, until they fill the day that is n days before theirs, and their receipts.
func (w *yearWorld) copyBlobs(blobs []store.RawName, turns, n int, receipt store.Entity) {
	w.t.Helper()
	var mu sync.Mutex
	var receipts []store.Change
	group, ctx := errgroup.WithContext(w.t.Context())
	group.SetLimit(8)
	for _, blob := range blobs {
		records, err := w.Store.Blobs.Raw(ctx, blob)
		if err != nil {
			w.t.Fatal(err)
		}
		for part := range 288 / turns {
			if n == 0 && part == 0 {
				continue
			}
			group.Go(func() error {
				at := time.UnixMilli(blob.Received).AddDate(0, 0, -n).Add(-time.Duration(part*turns) * 5 * time.Minute)
				name, err := w.Store.Blobs.PutRaw(ctx, blob.Source, at.UnixMilli(), records)
				copied := receipt
				copied.Partition, copied.Row = blob.Source+"~"+at.UTC().Format("20060102"), name.Key()
				mu.Lock()
				defer mu.Unlock()
				receipts = append(receipts, store.Change{Action: store.Upsert, Entity: copied})
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		w.t.Fatal(err)
	}
	if n == 30 {
		return
	}
	if err := w.Store.Tables.Transact(w.t.Context(), store.TableReceipts, receipts); err != nil {
		w.t.Fatal(err)
	}
}

// onDisk lists how many bytes lie in a folder, by file, the content of blobs together.
func onDisk(t *testing.T, folder string) map[string]int64 {
	t.Helper()
	sizes := map[string]int64{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(path, folder+string(os.PathSeparator)), string(os.PathSeparator))
		sizes[name] += info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sizes
}

// table prints what a day and a year hold.
func table[N int | int64](title string, day, year map[string]N) string {
	var out bytes.Buffer
	columns := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(columns, "%s\ta day\ta year\t\n", title)
	for _, name := range slices.Sorted(maps.Keys(year)) {
		fmt.Fprintf(columns, "%s\t%d\t%d\t\n", name, day[name], year[name])
	}
	_ = columns.Flush()
	return out.String()
}
