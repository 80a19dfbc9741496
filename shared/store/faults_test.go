package store_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

func isBatch(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/$batch") }

// A process that is killed before a request leaves nothing of it, one that is killed after it leaves all of it.
func TestFailBeforeAndAfter(t *testing.T) {
	for _, after := range []bool{false, true} {
		settings := storetest.Azurite(t)
		write(t, storetest.Reopen(t, settings), store.Insert, row("first", nil))
		s := storetest.Reopen(t, settings, &storetest.Fail{Match: isBatch, After: after})
		changes := []store.Change{{Action: store.Insert, Entity: row("second", nil)}}
		if err := s.Tables.Transact(t.Context(), store.TableBars, changes); !errors.Is(err, storetest.ErrInjected) {
			t.Errorf("after %v: %v, want ErrInjected", after, err)
		}
		want := "first"
		if after {
			want = "first second"
		}
		if got := keys(t, s, store.Range{}); got != want {
			t.Errorf("after %v: got rows %q, want %q", after, got, want)
		}
	}
}

func TestFailCounts(t *testing.T) {
	fail := &storetest.Fail{First: 2, Count: 2}
	s := storetest.Open(t, fail)
	failed := ""
	for range 5 {
		_, err := s.Tables.Get(t.Context(), store.TableBars, "p", "r")
		failed += fmt.Sprint(errors.Is(err, storetest.ErrInjected), " ")
	}
	if want := "false true true false false "; failed != want || fail.Seen() != 5 {
		t.Errorf("got %s of %d requests, want %s of 5", failed, fail.Seen(), want)
	}
}

// An insert whose answer is lost is tried again by the SDK and finds its own row.
func TestLostAnswerOfAnInsertIsAConflict(t *testing.T) {
	settings := storetest.Azurite(t)
	write(t, storetest.Reopen(t, settings), store.Insert, row("first", nil))
	s := storetest.Reopen(t, settings, &storetest.Fail{After: true, Passes: true})
	if _, err := s.Tables.Write(t.Context(), store.TableBars, store.Change{Action: store.Insert, Entity: row("second", nil)}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
}

// A raw blob whose answer is lost is found to be there already: success, with the same name.
func TestLostAnswerOfAPutIsSuccess(t *testing.T) {
	settings := storetest.Azurite(t)
	first := putRaw(t, storetest.Reopen(t, settings), "kraken", moment-1, records())
	isPut := func(r *http.Request) bool { return r.Method == http.MethodPut }
	s := storetest.Reopen(t, settings, &storetest.Fail{After: true, Passes: true, Match: isPut})
	name := putRaw(t, s, "kraken", moment, records())
	if names, err := s.Blobs.ListRaw(t.Context(), "kraken", moment-1, moment+1); err != nil || len(names) != 2 || names[0] != first || names[1] != name {
		t.Errorf("got %v, %v; want %s and %s", names, err, first, name)
	}
}

// gone answers every write of a blob as Azure does while the container is being deleted.
type gone struct{}

func (gone) Do(request *policy.Request) (*http.Response, error) {
	response, err := request.Next()
	if err == nil && request.Raw().Method == http.MethodPut {
		response.StatusCode, response.Header = http.StatusConflict, http.Header{"X-Ms-Error-Code": {"ContainerBeingDeleted"}}
	}
	return response, err
}

// Only a blob that is there already makes it needless to write it: any other conflict has stored nothing.
func TestConflictThatIsNoBlobIsAnError(t *testing.T) {
	s := storetest.Open(t, gone{})
	if name, err := s.Blobs.PutRaw(t.Context(), "kraken", moment, records()); !errors.Is(err, store.ErrConflict) {
		t.Errorf("PutRaw: %s, %v; want ErrConflict", name, err)
	}
	if err := s.Blobs.PutJobFile(t.Context(), jobID, "result.json", []byte("{}")); !errors.Is(err, store.ErrConflict) {
		t.Errorf("PutJobFile: %v, want ErrConflict", err)
	}
}

// Each mood is met by some request of this walk through all services, and none of them is seen from outside.
func TestStoreRidesOutMoods(t *testing.T) {
	for seed := range uint64(5) {
		s := storetest.Open(t, storetest.NewMoody(seed))
		var changes []store.Change
		for i := range 30 {
			changes = append(changes, store.Change{Action: store.Insert, Entity: row(fmt.Sprintf("%02d", i), nil)})
		}
		if err := s.Tables.Transact(t.Context(), store.TableBars, changes); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if got := strings.Count(keys(t, s, store.Range{}), " ") + 1; got != 30 {
				t.Fatalf("seed %d: got %d rows, want 30", seed, got)
			}
		}
		if err := s.Queues.Send(t.Context(), store.RawPrices, "text", 0); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, s, 1); len(got) != 1 {
			t.Fatalf("seed %d: got %d messages, want 1", seed, len(got))
		}
		if _, err := s.Blobs.Raw(t.Context(), putRaw(t, s, "kraken", moment, records())); err != nil {
			t.Fatal(err)
		}
	}
}
