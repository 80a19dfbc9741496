package storetest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func upsert(t *testing.T, s *store.Store, row string) {
	t.Helper()
	change := store.Change{Action: store.Upsert, Entity: store.Entity{Partition: "p", Row: row}}
	if _, err := s.Tables.Write(t.Context(), store.TableBars, change); err != nil {
		t.Fatal(err)
	}
}

func rows(t *testing.T, s *store.Store) string {
	t.Helper()
	entities, err := s.Tables.Query(t.Context(), store.TableBars, "p", store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entities {
		found = append(found, e.Row)
	}
	return strings.Join(found, " ")
}

func TestEveryStoreIsEmptyAndItsOwn(t *testing.T) {
	settings := storetest.Azurite(t)
	upsert(t, storetest.Reopen(t, settings), "mine")
	if got := rows(t, storetest.Open(t)); got != "" {
		t.Errorf("a new store has rows %q", got)
	}
	if got := rows(t, storetest.Reopen(t, settings)); got != "mine" {
		t.Errorf("the reopened store has rows %q, want mine", got)
	}
}

// What was just made is missing for a moment; a policy before Moody sees it.
func TestMoodyForgetsWhatWasJustMade(t *testing.T) {
	codes := map[string]bool{}
	spy := policyFunc(func(r *policy.Request) (*http.Response, error) {
		response, err := r.Next()
		if err == nil && response.StatusCode == http.StatusNotFound {
			text := response.Header.Get("x-ms-error-code")
			if response.Header.Get("Retry-After-Ms") != "" {
				codes[text] = true
			}
		}
		return response, err
	})
	for seed := range uint64(8) {
		s := storetest.Open(t, spy, storetest.NewMoody(seed))
		upsert(t, s, "r")
		if err := s.Queues.Send(t.Context(), store.RawPrices, "text", 0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Blobs.PutRaw(t.Context(), "kraken", 0, []store.Record{{URI: "file:///a", Body: []byte("a")}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, code := range []string{"TableNotFound", "QueueNotFound", "ContainerNotFound"} {
		if !codes[code] {
			t.Errorf("Moody never answered %s just after something was made: %v", code, codes)
		}
	}
}

type policyFunc func(*policy.Request) (*http.Response, error)

func (f policyFunc) Do(r *policy.Request) (*http.Response, error) { return f(r) }
