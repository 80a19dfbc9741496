package tests

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"

	"assay/shared/config"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// testKeys: the package that goes to Azure runs under a host that checks keys, with the settings of the deployment and none of a file.
// It takes a write with a key and refuses it without, and reads too, unless the owner lets everybody read. Nothing of what is
// refused comes as far as the storage.
func testKeys(t *testing.T, script string, public bool) {
	const pushes, reads = "/api/v1/ingest/BTC-USD.mine?interval=1d", "/api/v1/series"
	readable := http.StatusUnauthorized
	if public {
		readable = http.StatusOK
	}
	storage := storetest.Azurite(t)
	app := newApp(t, storage)
	h := newFunctionsHost(t, script, unpack(t, pack(t, copyRepository(t), public)), storage, deployedSettings(t)...)
	h.env = append(h.env, "ASSAY_SOURCE_URL="+providers(t).URL)
	h.auth = true
	h.start()
	received := time.Now()
	wrong := http.Header{"X-Functions-Key": {"wrong"}}
	send(t, http.MethodPost, h.url+pushes, wrong) // makes the host give itself keys
	key := functionKey(t, storage)
	for _, test := range []struct {
		what, method, path string
		header             http.Header
		want               int
	}{
		{"a write without a key", http.MethodPost, pushes, nil, http.StatusUnauthorized},
		{"a write with a wrong key", http.MethodPost, pushes, wrong, http.StatusUnauthorized},
		{"a write with a wrong key in its address", http.MethodPost, pushes + "&code=wrong", nil, http.StatusUnauthorized},
		{"a declaration without a key", http.MethodPost, "/api/v1/series", nil, http.StatusUnauthorized},
		{"a job without a key", http.MethodPost, "/api/v1/jobs", nil, http.StatusUnauthorized},
		{"a cancellation without a key", http.MethodDelete, "/api/v1/jobs/20240115-mine", nil, http.StatusUnauthorized},
		{"a cancellation with a key", http.MethodDelete, "/api/v1/jobs/20240115-mine", http.Header{"X-Functions-Key": {key}}, http.StatusNotFound},
		{"the jobs with a key", http.MethodGet, "/api/v1/jobs", http.Header{"X-Functions-Key": {key}}, http.StatusOK},
		{"a write with a key", http.MethodPost, pushes, http.Header{"X-Functions-Key": {key}}, http.StatusAccepted},
		{"a write with a key in its address", http.MethodPost, pushes + "&code=" + key, nil, http.StatusAccepted},
		{"a read without a key", http.MethodGet, reads, nil, readable},
		{"the page without a key", http.MethodGet, "/", nil, readable},
		{"a read with a key", http.MethodGet, reads, http.Header{"X-Functions-Key": {key}}, http.StatusOK},
		{"the page with a key in its address", http.MethodGet, "/?code=" + key, nil, http.StatusOK},
	} {
		if got := send(t, test.method, h.url+test.path, test.header); got != test.want {
			t.Errorf("%s is answered %d, want %d", test.what, got, test.want)
		}
	}
	eventually(t, "both pushes are loaded", func() bool { return states(t, app, "mine", received)[store.Loaded] == 2 })
	said := h.printed()
	if strings.Contains(said, key) {
		t.Errorf("the key is in what the host or the handler printed")
	}
	if !strings.Contains(said, "Function FetchBinance is disabled") || strings.Contains(said, "Function FetchKraken is disabled") {
		t.Errorf("which timers stand still? %s", said)
	}
	h.stop()
}

// send sends two rows, or asks for something, and returns the status.
func send(t *testing.T, method, url string, header http.Header) int {
	t.Helper()
	body := io.Reader(http.NoBody)
	if method == http.MethodPost {
		body = strings.NewReader("time,close\n2024-01-15,42000\n2024-01-16,42001\n")
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "text/csv")
	maps.Copy(request.Header, header)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// functionKey reads the key for all functions from where the host keeps it.
func functionKey(t *testing.T, storage config.Storage) string {
	t.Helper()
	client, err := azblob.NewClientFromConnectionString(storage.Connection, nil)
	if err != nil {
		t.Fatal(err)
	}
	const container = "azure-webjobs-secrets"
	for pages := client.NewListBlobsFlatPager(container, nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, blob := range page.Segment.BlobItems {
			if path.Base(*blob.Name) != "host.json" {
				continue
			}
			response, err := client.DownloadStream(t.Context(), container, *blob.Name, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var secrets struct {
				FunctionKeys []struct{ Value string }
			}
			if err := json.NewDecoder(response.Body).Decode(&secrets); err == nil && len(secrets.FunctionKeys) > 0 {
				return secrets.FunctionKeys[0].Value
			}
		}
	}
	t.Fatalf("container %s holds no function key", container)
	return ""
}
