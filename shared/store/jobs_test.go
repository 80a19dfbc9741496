package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// A row that was written before jobs made files is read as it was, and changed without losing anything.
func TestOldJobRow(t *testing.T) {
	s := storetest.Open(t)
	const id = "20240115-kraken-watchlist"
	_, err := s.Tables.Write(t.Context(), store.TableJobs, store.Change{Action: store.Insert, Entity: store.Entity{Partition: id[:8], Row: id, Values: map[string]any{
		"kind": "backfill", "source": "kraken", "state": "running", "step": int64(3), "mover": "m", "tries": int64(1), "created": int64(5), "moved": int64(6), "until": int64(7), "why": "limited",
		"parts": `[{"series":"BTC-USD.kraken","interval":"1d","from":0,"to":172800,"cursor":86400,"state":"waiting","requests":1,"bars":1}]`,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want := store.Job{
		ID: id, Kind: "backfill", Source: "kraken", State: store.Running, Step: 3, Mover: "m", Tries: 1, Created: 5, Moved: 6, Until: 7, Why: "limited",
		Parts: []store.JobPart{{Series: market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}, Interval: market.Day, To: 172800, Cursor: 86400, State: store.Waiting, Requests: 1, Bars: 1}},
	}
	got, err := s.Job(t.Context(), id)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(store.Job{})); diff != "" || err != nil || got.Progress() != 0.5 {
		t.Errorf("%v, progress %v (-want +got):\n%s", err, got.Progress(), diff)
	}
	want.Step = 4
	if got, _, err = s.ChangeJob(t.Context(), id, func(j *store.Job) bool { j.Step++; return true }); err == nil {
		got, err = s.Job(t.Context(), id)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(store.Job{})); diff != "" || err != nil {
		t.Errorf("changed: %v (-want +got):\n%s", err, diff)
	}
}

// A file that a job made stays as it was first made.
func TestJobFiles(t *testing.T) {
	s := storetest.Open(t)
	const id = "20240115-clustering-0123"
	if _, err := s.Blobs.JobFile(t.Context(), id, "result.json"); err == nil {
		t.Error("a file that nobody made is read")
	}
	for _, content := range []string{"first", "second"} {
		if err := s.Blobs.PutJobFile(t.Context(), id, "result.json", []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Blobs.JobFile(t.Context(), id, "result.json"); err != nil || string(got) != "first" {
		t.Errorf("got %q, %v; want the first", got, err)
	}
	for _, file := range []string{"", "../x", "a/b", ".hidden"} {
		if err := s.Blobs.PutJobFile(t.Context(), id, file, nil); err == nil {
			t.Errorf("a file is called %q", file)
		}
	}
}
