package handlers

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"assay/shared/config"
	"assay/shared/fetch"
	"assay/shared/history"
	"assay/shared/sim"
	"assay/shared/sim/simtest"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// yearStart is a Monday.
var yearStart = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// yearWorld is the program with eight instruments on the simulated market, by a clock that runs faster than time.
type yearWorld struct {
	*App
	t     *testing.T
	clock *fetchWorld // for its clock only

	sources []string // that are asked in a turn
}

// yearSources are those that need no consent and have prices of the eight instruments.
var yearSources = []string{"bitfinex", "bitstamp", "coinbase", "goldapi", "kraken", "swissquote"}

func newYearWorld(t *testing.T, settings config.Storage, faults ...sim.Kind) *yearWorld {
	t.Helper()
	s := storetest.Reopen(t, settings)
	clock := &fetchWorld{at: yearStart}
	_, url := simtest.Serve(t, sim.Options{Seed: 1, Faults: faults, Now: clock.now, NoLimits: true, Slow: time.Millisecond})
	client, err := fetch.New(s.Tables, fetch.Options{Now: clock.now, Wait: clock.wait, URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return &yearWorld{t: t, clock: clock, sources: yearSources, App: &App{
		Config: config.Config{
			Watchlist:   strings.Split("BTC-USD,ETH-USD,LTC-USD,PAXG-USD,XAU-USD,XAG-USD,XPT-USD,XPD-USD", ","),
			ResendAfter: 30 * time.Minute,
		},
		Store: s, History: history.New(s.Tables, clock.now), Fetch: client, Now: clock.now,
	}}
}

// at moves the clock, which may have run on while somebody waited: never backwards.
func (w *yearWorld) at(at time.Time) {
	w.clock.mu.Lock()
	defer w.clock.mu.Unlock()
	if at.After(w.clock.at) {
		w.clock.at = at
	}
}

// turn runs every source's function and then what follows from it, until the queues are empty.
func (w *yearWorld) turn(slot time.Time) {
	w.t.Helper()
	w.at(slot.Add(20 * time.Second))
	for _, source := range w.sources {
		if err := w.fetch(w.t.Context(), source, slotAt(slot)); err != nil {
			w.t.Fatalf("%s at %s: %v", source, slot, err)
		}
	}
	w.work()
}

// work cleans and loads what waits.
func (w *yearWorld) work() {
	w.t.Helper()
	for _, m := range take(w.t, w.Store, store.RawPrices) {
		if err := w.Clean(w.t.Context(), m); err != nil {
			w.t.Fatal(err)
		}
	}
	loadAll(w.t, w.App)
}

// reconcile runs Reconcile as often as it takes to join so many days of a source.
func (w *yearWorld) reconcile(at time.Time, days int) {
	w.t.Helper()
	w.at(at)
	for range days {
		if err := w.Reconcile(w.t.Context(), nil); err != nil {
			w.t.Fatal(err)
		}
	}
}

// entries counts the rows of every table and the blobs.
func entries(t *testing.T, settings config.Storage) map[string]int {
	t.Helper()
	found := map[string]int{}
	service, err := aztables.NewServiceClientFromConnectionString(settings.Connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	keys := "PartitionKey"
	tables := service.NewListTablesPager(nil)
	for tables.More() {
		page, err := tables.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range page.Tables {
			pager := service.NewClient(*table.Name).NewListEntitiesPager(&aztables.ListEntitiesOptions{Select: &keys})
			for pager.More() {
				page, err := pager.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				found[*table.Name] += len(page.Entities)
			}
		}
	}
	blobs, err := azblob.NewClientFromConnectionString(settings.Connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	pager := blobs.NewListBlobsFlatPager("raw", nil)
	for pager.More() {
		page, err := pager.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found["blobs"] += len(page.Segment.BlobItems)
	}
	return found
}

// remembered is what must survive a restart: the value hashes of all chunks, and the records of every raw blob since a moment.
func (w *yearWorld) remembered(settings config.Storage, since time.Time) map[string]string {
	w.t.Helper()
	found := map[string]string{}
	service, err := aztables.NewServiceClientFromConnectionString(settings.Connection, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	columns := "PartitionKey,RowKey,value"
	for _, table := range []string{store.TableChunks1m, store.TableChunks1h, store.TableChunks1d} {
		pager := service.NewClient(table).NewListEntitiesPager(&aztables.ListEntitiesOptions{Select: &columns})
		for pager.More() {
			page, err := pager.NextPage(w.t.Context())
			if err != nil {
				w.t.Fatal(err)
			}
			for _, row := range page.Entities {
				var e struct{ PartitionKey, RowKey, Value string }
				if err := json.Unmarshal(row, &e); err != nil || e.Value == "" {
					w.t.Fatalf("%s: %v in %s", table, err, row)
				}
				found[table+" "+e.PartitionKey+" "+e.RowKey] = e.Value
			}
		}
	}
	for _, source := range w.sources {
		blobs, err := w.Store.Blobs.ListRaw(w.t.Context(), source, since.UnixMilli(), w.Now().UnixMilli()+1)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, blob := range blobs {
			records, err := w.Store.Blobs.Raw(w.t.Context(), blob)
			if err != nil {
				w.t.Fatal(err)
			}
			var said strings.Builder
			for _, r := range records {
				fmt.Fprintf(&said, "%s %x ", r.URI, sha256.Sum256(r.Body))
			}
			found[blob.String()] = said.String()
		}
	}
	return found
}
