package tests

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/klauspost/compress/gzip"

	"assay/shared/config"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

const plantedKey = "CG-planted-key-7f3a"

// misbehaviour is what a provider does that was asked with a key, and a part of what is said of it.
var misbehaviour = map[string]struct {
	says   string
	answer http.HandlerFunc
}{
	"answers": {"1 asked, 1 stored", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"bitcoin":{"usd":42001.5,"last_updated_at":%d}}`, time.Now().Add(-time.Minute).Unix())
	}},
	"refuses the key and repeats it": {"refused", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Key", plantedKey)
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"status":{"error_code":10002,"error_message":"%s is no key"}}`, plantedKey)
	}},
	"puts the key into its own address": {"unavailable", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("x_cg_demo_api_key") {
			panic(http.ErrAbortHandler) // which breaks the connection
		}
		http.Redirect(w, r, r.URL.Path+"?x_cg_demo_api_key="+plantedKey, http.StatusFound)
	}},
	"sends to another host": {"redirect to another host, elsewhere.example", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example/?x_cg_demo_api_key="+plantedKey, http.StatusFound)
	}},
	"sends inside": {"redirect to another host, 169.254.169.254", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/metadata?x_cg_demo_api_key="+plantedKey, http.StatusFound)
	}},
}

// TestPlantedKey: whatever a provider does with the key of a keyed source, the key is in no table, blob or queue, in no answer of the
// API and in nothing that the program prints.
func TestPlantedKey(t *testing.T) {
	program := build(t)
	for what, test := range misbehaviour {
		t.Run(what, func(t *testing.T) {
			var asked atomic.Int32
			provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				if r.Header.Get("X-Cg-Demo-Api-Key") != plantedKey {
					t.Errorf("%s is asked without the key", r.URL.Path)
				}
				test.answer(w, r)
			}))
			t.Cleanup(provider.Close)
			storage := storetest.Azurite(t)
			var printed bytes.Buffer
			slot := time.Now().UTC().Truncate(time.Minute).Format(time.RFC3339)
			for _, arguments := range [][]string{
				{"invoke", "FetchCoinGecko", fmt.Sprintf(`{"slot":%q}`, slot)},
				{"invoke", "Clean"},
				{"invoke", "Load"},
				{"sources", "coingecko"},
				{"sources", "--json"},
				{"sources", "check", "coingecko"},
			} {
				c := exec.Command(program, arguments...)
				c.Env = append(os.Environ(), "AzureWebJobsStorage="+storage.Connection, "ASSAY_SOURCE_URL="+provider.URL,
					"ASSAY_COINGECKO_KEY="+plantedKey, "ASSAY_WATCHLIST=BTC-USD")
				both := io.MultiWriter(&printed, t.Output())
				c.Stdout, c.Stderr = both, both
				_ = c.Run() // sources check fails where the provider does
			}
			if asked.Load() == 0 || !strings.Contains(printed.String(), test.says) {
				t.Fatalf("asked %d times, printed %s; want %q in it", asked.Load(), &printed, test.says)
			}
			app := newApp(t, storage)
			app.Config.Keys = map[string]string{"ASSAY_COINGECKO_KEY": plantedKey}
			var served bytes.Buffer
			for _, path := range []string{"status", "series", "receipts", "rejects?series=BTC-USD.coingecko", "series/BTC-USD.coingecko", "series/BTC-USD.coingecko/bars?interval=1m"} {
				recorder := httptest.NewRecorder()
				app.Api().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/api/v1/"+path, nil))
				fmt.Fprintln(&served, recorder.Code, recorder.Header(), recorder.Body)
			}
			for where, text := range map[string]string{"what is printed": printed.String(), "the API": served.String(), "the storage": everything(t, storage)} {
				if at := strings.Index(text, plantedKey); at >= 0 {
					t.Errorf("the key is in %s: …%.300s", where, text[max(0, at-200):])
				}
			}
		})
	}
}

// TestScanKnowsTheKeys: each key that a test gives to a program, and those of Azure, are what tests/scan looks for. A program that
// printed one would fail the suite.
func TestScanKnowsTheKeys(t *testing.T) {
	for what, key := range map[string]string{
		"of the tests' storage": storetest.Azurite(t).Connection, "of a source": plantedKey, "of who packs": secret,
		"of an account": "AccountKey=" + strings.Repeat("k", 86) + "==", "of a signature": "https://a.blob.core.windows.net/raw?sp=r&sig=" + strings.Repeat("s", 43),
	} {
		c := exec.Command("go", "run", "./tests/scan")
		c.Stdin = strings.NewReader(fmt.Sprintf(`{"Action":"output","Package":"assay","Test":"TestPrints","Output":"level=INFO %s\n"}`, key))
		out, err := c.CombinedOutput()
		if err == nil || !strings.HasPrefix(string(out), "a key is in what assay TestPrints prints\n") {
			t.Errorf("a key %s is printed: %v, want it found", what, err)
		}
	}
}

// everything is all that a storage account holds, as text.
func everything(t *testing.T, storage config.Storage) string {
	t.Helper()
	var all bytes.Buffer
	blobs, err := azblob.NewClientFromConnectionString(storage.Connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	for containers := blobs.NewListContainersPager(nil); containers.More(); {
		page, err := containers.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, container := range page.ContainerItems {
			allBlobs(t, blobs, *container.Name, &all)
		}
	}
	tables, err := aztables.NewServiceClientFromConnectionString(storage.Connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	for names := tables.NewListTablesPager(nil); names.More(); {
		page, err := names.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range page.Tables {
			for rows := tables.NewClient(*table.Name).NewListEntitiesPager(nil); rows.More(); {
				page, err := rows.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range page.Entities {
					fmt.Fprintln(&all, *table.Name, string(row))
				}
			}
		}
	}
	s := storetest.Reopen(t, storage)
	for _, name := range []string{store.RawPrices, store.CleanPrices, store.Backfill, store.JobSteps} {
		for _, queue := range []string{name, store.Poison(name)} {
			messages, err := s.Queues.Receive(t.Context(), queue, 32, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			for _, message := range messages {
				fmt.Fprintln(&all, queue, message.Text)
			}
		}
	}
	if !strings.Contains(all.String(), "coingecko") {
		t.Errorf("the storage holds nothing of the source: %s", &all)
	}
	return all.String()
}

// allBlobs writes the blobs of a container, unpacked where they are packed.
func allBlobs(t *testing.T, client *azblob.Client, container string, all io.Writer) {
	t.Helper()
	for blobs := client.NewListBlobsFlatPager(container, nil); blobs.More(); {
		page, err := blobs.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, blob := range page.Segment.BlobItems {
			response, err := client.DownloadStream(t.Context(), container, *blob.Name, nil)
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if unpacked, err := gzip.NewReader(bytes.NewReader(content)); err == nil {
				if content, err = io.ReadAll(unpacked); err != nil {
					t.Fatal(err)
				}
			}
			fmt.Fprintf(all, "%s %s\n%s\n", container, *blob.Name, content)
		}
	}
}
