package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

const jobID = "20240115-kraken-watchlist"

// part is a run of days of which some are done.
func part(days, done int64, state store.JobState) store.JobPart {
	id := market.SeriesID{Instrument: "BTC-USD", Source: "kraken"}
	return store.JobPart{Series: id, Interval: market.Day, To: days * 86400, Cursor: done * 86400, State: state}
}

func TestJobRoundTrip(t *testing.T) {
	s := storetest.Open(t)
	want := store.Job{
		ID: jobID, Kind: "backfill", Source: "kraken", State: store.Running, Step: 3, Mover: "me", Tries: 2, Created: 1, Moved: 2, Until: 3, Why: "limited",
		Parts: []store.JobPart{part(4, 4, store.Done), part(4, 1, store.Waiting)},
	}
	_, changed, err := s.ChangeJob(t.Context(), jobID, func(j *store.Job) bool {
		*j = want
		return true
	})
	if err != nil || !changed {
		t.Fatalf("%v, %v; want it inserted", changed, err)
	}
	got, err := s.Job(t.Context(), jobID)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(store.Job{})); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got.Part() != &got.Parts[1] || got.Progress() != 5.0/8 {
		t.Errorf("the part in hand is %v, progress %v; want the second, 0.625", got.Part(), got.Progress())
	}
	day := time.Date(2024, 1, 15, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		first, last time.Time
		want        int
	}{{day.AddDate(0, 0, -3), day, 1}, {day, day.AddDate(0, 0, 3), 1}, {day.AddDate(0, 0, 1), day.AddDate(0, 0, 3), 0}, {day.Add(-13 * time.Hour), day.Add(-11 * time.Hour), 1}} {
		if jobs, err := s.Jobs(t.Context(), test.first, test.last); err != nil || len(jobs) != test.want {
			t.Errorf("%d jobs from %s to %s, %v; want %d", len(jobs), test.first, test.last, err, test.want)
		}
	}
}

// Many who change a job at once change it one after the other.
func TestChangeJobByManyAtOnce(t *testing.T) {
	s := storetest.Open(t)
	var group errgroup.Group
	for range 5 {
		group.Go(func() error {
			_, _, err := s.ChangeJob(t.Context(), jobID, func(j *store.Job) bool {
				j.Step++
				return true
			})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if job, err := s.Job(t.Context(), jobID); err != nil || job.Step != 5 {
		t.Errorf("step %d, %v; want 5", job.Step, err)
	}
}

func TestJobRefuses(t *testing.T) {
	s := storetest.Open(t)
	for _, id := range []string{"", "kraken", "20241315-kraken", "20240115-", "20240115-../x", "20240115-KRAKEN", "20240115-" + strings.Repeat("a", 61)} {
		if _, err := s.Job(t.Context(), id); err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("job %q: %v, want it refused", id, err)
		}
	}
	_, _, err := s.ChangeJob(t.Context(), jobID, func(j *store.Job) bool {
		j.Parts = make([]store.JobPart, store.MaxJobParts+1)
		return true
	})
	if err == nil || !strings.Contains(err.Error(), "65 parts: want at most 64") {
		t.Errorf("too many parts: %v", err)
	}
}

// A full row fits into its column, whatever the parts say.
func TestJobFits(t *testing.T) {
	s := storetest.Open(t)
	_, _, err := s.ChangeJob(t.Context(), jobID, func(j *store.Job) bool {
		for range store.MaxJobParts {
			p := part(1<<40, 1<<40, store.Unknown)
			p.Series.Instrument, p.Why, p.Requests, p.Bars, p.Failures = "ABCDEFGHIJKL-USDTX-FIXX", strings.Repeat("é", 5000), 1<<40, 1<<40, 1<<40
			j.Parts = append(j.Parts, p)
		}
		return true
	})
	if err != nil {
		t.Error(err)
	}
}

// The row of a job that makes no files is read as it is, and changed without losing anything.
func TestRowOfJobWithoutFiles(t *testing.T) {
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
