package tests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/google/go-cmp/cmp"

	"assay/handlers"
	"assay/shared/config"
	"assay/shared/fetch"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// TestFunctionsHost runs the program under the real Azure Functions host, with Azurite.
func TestFunctionsHost(t *testing.T) {
	t.Parallel()
	script := findFunc(t)
	program, faulty := build(t), build(t, "faults")
	for name, test := range map[string]func(t *testing.T){
		"Spine":    func(t *testing.T) { testSpine(t, script, program) },
		"Sources":  func(t *testing.T) { testSources(t, script, program) },
		"Upload":   func(t *testing.T) { testUpload(t, script, program) },
		"Keys":     func(t *testing.T) { testKeys(t, script, false) },
		"Public":   func(t *testing.T) { testKeys(t, script, true) },
		"Insights": func(t *testing.T) { testInsights(t, script, program) },
		"InPlace":  func(t *testing.T) { testInPlace(t, script, program) },
		"Panic":    func(t *testing.T) { testPanic(t, script, faulty) },
		"Killer":   func(t *testing.T) { testKiller(t, script, faulty) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// stage stages a program and returns the script root.
func stage(t *testing.T, program string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "app")
	run(t, config.Storage{}, program, "stage", root)
	return root
}

// testSpine: every function is found, timers fire, 200 messages go through Clean and Load while the handler is killed
// twice, and what comes out through the host is what the handler says, and what it would be without kills.
func testSpine(t *testing.T, script, program string) {
	storage := storetest.Azurite(t)
	app := newApp(t, storage)
	h := newFunctionsHost(t, script, stage(t, program), storage, "ASSAY_SOURCE_URL="+providers(t).URL,
		"ASSAY_WATCHLIST=LTC-USD,XAU-USD-PM", "ASSAY_ACCEPT_TERMS=lbma")
	knowHistory(t, app.Store, "LTC-USD")
	h.start()
	if diff := cmp.Diff(functionNames(t), h.functions()); diff != "" {
		t.Errorf("functions that the host found (-want +got):\n%s", diff)
	}
	fireByHand(t, h, app.Store)
	h.stop()
	h.checkErrors(`Executed 'Functions\.Backfill' \(Failed`) // a job goes on by itself: one of its steps may be in hand when the host stops
	firePastDue(t, h, storage)

	loadAndKill(t, h, app)
	calm := loadCalmly(t)
	if diff := cmp.Diff(valueHashes(t, calm, killedVenue, otherVenue), valueHashes(t, storage, killedVenue, otherVenue)); diff != "" {
		t.Errorf("value hashes differ from a load without kills (-want +got):\n%s", diff)
	}
	compareBars(t, h, newApp(t, calm))
	compareWithHandler(t, h)
	h.stop()
	h.checkErrors(deaths...)
	if n := h.died(); n != 2 {
		t.Errorf("%d handlers died, want the two that were killed", n)
	}
	if n := h.records("failed", ""); n != 0 {
		t.Errorf("the handler says of %d invocations that they failed, want none: those that it was killed in do not count", n)
	}
}

// deaths match what the host logs at Error level when its handler dies.
var deaths = []string{`Language Worker Process exited\. Pid=\d+\.$`, `Executed 'Functions\.(Clean|Load|Backfill)' \(Failed`}

// knowHistory makes as if the venues had answered for all of a coin's history, so that Reconcile asks for none of it.
func knowHistory(t *testing.T, s *store.Store, instrument string) {
	t.Helper()
	client, err := fetch.New(s.Tables, fetch.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"coinbase", "kraken", "bitstamp", "bitfinex"} {
		for _, i := range []market.Interval{market.Minute, market.Day} {
			id := market.SeriesID{Instrument: instrument, Source: name}
			err := client.Answered(t.Context(), name, source.Request{Series: []market.SeriesID{id}, Interval: i, To: time.Now().Add(time.Hour).Unix()})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// functionNames lists the functions of the program in alphabetical order.
func functionNames(t *testing.T) []string {
	t.Helper()
	folders, err := os.ReadDir("functions")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, folder := range folders {
		names = append(names, folder.Name())
	}
	return names
}

// timers are the functions with a timer, and the source that each asks; none where it is off.
var timers = map[string]string{
	"FetchCoinbase": "coinbase", "FetchKraken": "kraken", "FetchBitstamp": "bitstamp", "FetchBitfinex": "bitfinex", "FetchGoldAPI": "goldapi",
	"FetchSwissquote": "swissquote", "FetchECB": "ecb", "FetchLBMA": "lbma", "FetchNBP": "", "FetchBinance": "", "FetchCoinGecko": "", "Reconcile": "",
}

// fireByHand runs every timer function through the host's admin interface and waits for what it does.
func fireByHand(t *testing.T, h *functionsHost, s *store.Store) {
	t.Helper()
	for name, source := range timers {
		before := h.records("done", name)
		if err := h.invoke(name); err != nil {
			t.Fatal(err)
		}
		eventually(t, name+" is done", func() bool { return h.records("done", name) > before })
		if source == "" {
			continue
		}
		turn, err := s.Tables.Get(t.Context(), store.TableSources, source, "turn")
		if err != nil || turn.Values["done"] != true {
			t.Errorf("row turn of %s: %v, %v; want it done", source, turn.Values, err)
		}
	}
}

// firePastDue makes every timer a week overdue while no host runs, and waits until each has fired at start.
func firePastDue(t *testing.T, h *functionsHost, storage config.Storage) {
	t.Helper()
	client, err := azblob.NewClientFromConnectionString(storage.Connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	const container = "azure-webjobs-hosts"
	prefix, moved := "timers/", 0
	for pages := client.NewListBlobsFlatPager(container, &azblob.ListBlobsFlatOptions{Prefix: &prefix}); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, blob := range page.Segment.BlobItems {
			aWeekEarlier(t, client, container, *blob.Name)
			moved++
		}
	}
	if moved != len(timers) {
		t.Fatalf("the host keeps the state of %d timers, want %d", moved, len(timers))
	}
	before := map[string]int{}
	for name := range timers {
		before[name] = h.records("done", name)
	}
	h.start()
	for name := range timers {
		eventually(t, name+" fired at start", func() bool { return h.records("done", name) > before[name] })
	}
	if n := strings.Count(h.printed(), "UnscheduledInvocationReason: IsPastDue"); n != len(timers) {
		t.Errorf("%d timers fired past due, want %d", n, len(timers))
	}
}

// aWeekEarlier moves the times in a timer's state, {"Last":…,"Next":…,"LastUpdated":…}: a week keeps them on the schedule.
func aWeekEarlier(t *testing.T, client *azblob.Client, container, name string) {
	t.Helper()
	response, err := client.DownloadStream(t.Context(), container, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var state map[string]time.Time
	if err := json.NewDecoder(response.Body).Decode(&state); err != nil {
		t.Fatalf("blob %s: %v", name, err)
	}
	for key, at := range state {
		if at.Year() > 1 {
			state[key] = at.AddDate(0, 0, -7)
		}
	}
	text, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UploadBuffer(t.Context(), container, name, text, nil); err != nil {
		t.Fatal(err)
	}
}

// payloads is how many payloads each of two venues sends: 200 messages for Clean, and as many for Load.
const payloads = 100

func venuePayloads() (coinbase, kraken []store.Record) {
	for n := range payloads {
		coinbase, kraken = append(coinbase, coinbasePayload(n)), append(kraken, krakenPayload(n))
	}
	return coinbase, kraken
}

// loadAndKill sends 200 messages through Clean and Load and kills the handler twice meanwhile.
func loadAndKill(t *testing.T, h *functionsHost, app *handlers.App) {
	t.Helper()
	coinbase, kraken := venuePayloads()
	received := time.Now()
	ours := slices.Concat(keepEach(t, app, "coinbase", received, coinbase), keepEach(t, app, "kraken", received, kraken))
	loaded := func() (n int) { // of ours: a job that Reconcile made may still fetch history
		for _, source := range []string{"coinbase", "kraken"} {
			receipts, err := app.Store.Receipts(t.Context(), source, received.UnixMilli(), received.Add(time.Second).UnixMilli())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range receipts {
				if r.State == store.Loaded && slices.Contains(ours, r.Name) {
					n++
				}
			}
		}
		return n
	}
	for _, n := range []int{1, payloads} {
		eventually(t, "payloads are being loaded", func() bool { return loaded() >= n })
		if loaded() == 2*payloads {
			t.Fatal("all payloads were loaded before the handler was killed")
		}
		h.killHandler()
	}
	eventually(t, "every payload is loaded", func() bool { return loaded() == 2*payloads })
	eventually(t, "nothing is left to do", func() bool { // a message whose handler was killed may do what is done
		return length(t, app, store.RawPrices)+length(t, app, store.CleanPrices)+length(t, app, store.Backfill) == 0
	})
}

// loadCalmly loads the same payloads in this process, all of a venue in one blob.
func loadCalmly(t *testing.T) config.Storage {
	t.Helper()
	storage := storetest.Azurite(t)
	app := newApp(t, storage)
	coinbase, kraken := venuePayloads()
	for source, records := range map[string][]store.Record{"coinbase": coinbase, "kraken": kraken} {
		if _, err := app.Keep(t.Context(), source, time.Now(), records); err != nil {
			t.Fatal(err)
		}
	}
	work(t, app, store.RawPrices, func(message []byte) error { return app.Clean(t.Context(), message) })
	work(t, app, store.CleanPrices, func(message []byte) error { return app.Load(t.Context(), message) })
	return storage
}
