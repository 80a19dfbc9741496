package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"assay/shared/group"
	"assay/shared/market"
)

// Job is long work in steps. Table jobs, partition <yyyymmdd> of the day on which it was made, row its id, which begins with that
// day. Columns: kind, source, state, step, mover, tries, created, moved, until, why, and parts as JSON. A job that makes
// files has request, files and made in place of source and parts.
//
// Step is what keeps a job from forking: a message is for one step, and only who moves the row on from it queues the next.
type Job struct {
	ID      string
	Kind    string // backfill, or what its files are
	Source  string // whom it asks
	State   JobState
	Step    int64
	Mover   string // tells who made the last step from everybody else
	Tries   int    // how often the step was sent again
	Created int64  // Unix milliseconds
	Moved   int64  // Unix milliseconds: the last step, or when its message was sent again
	Until   int64  // Unix milliseconds: it waits until then; 0 when it does not
	Why     string // why it waits, or why it failed
	Parts   []JobPart
	Request string // JSON: what its files are made from
	Files   int    // that it makes, one a step
	Made    int    // of them
	etag    string
}

// JobState is how far a job has come.
type JobState string

// The states of a job and, without Running, of a part of it.
const (
	Waiting JobState = "waiting" // not begun
	Running JobState = "running"
	Done    JobState = "done" // all of it was answered; of a job: every part has ended, in whatever state
)

// The other states in which a job can end.
const (
	Failed    JobState = "failed" // Why says for what reason
	Cancelled JobState = "cancelled"
)

// Ended reports whether nothing more becomes of a job.
func (s JobState) Ended() bool { return s == Done || s == Failed || s == Cancelled }

// The other states in which a part can end; Why says more.
const (
	Beyond  JobState = "beyond"         // all of it lies beyond the source's history
	Unknown JobState = "unknown symbol" // the source does not have the instrument
	Refused JobState = "refused"        // the source does not answer us
	Changed JobState = "changed format" // the source answers what cannot be read
	Off     JobState = "off"            // the source is off
)

// JobPart is a run of bars of one series: [From, To) in Unix seconds, of which everything before Cursor is done.
type JobPart struct {
	Series   market.SeriesID `json:"series"`
	Interval market.Interval `json:"interval"`
	From     int64           `json:"from"`
	To       int64           `json:"to"`
	Cursor   int64           `json:"cursor"`
	State    JobState        `json:"state"`
	Why      string          `json:"why,omitempty"`
	Requests int             `json:"requests"`
	Bars     int             `json:"bars"`
	Failures int             `json:"failures,omitempty"` // in a row, of answers that cannot be read
}

// MaxJobParts is how many parts fit into a row: a text column holds 32 K characters.
const MaxJobParts = 64

// Part returns the part that is worked on, nil when all have ended.
func (j *Job) Part() *JobPart {
	i := slices.IndexFunc(j.Parts, func(p JobPart) bool { return p.State == Waiting })
	if i < 0 {
		return nil
	}
	return &j.Parts[i]
}

// Progress returns which share of a job's files or bars is done, from 0 to 1.
func (j *Job) Progress() float64 {
	if j.Files > 0 {
		return float64(j.Made) / float64(j.Files)
	}
	var done, all float64
	for _, p := range j.Parts {
		bars := float64(p.To-p.From) / float64(p.Interval)
		all += bars
		if p.State != Waiting {
			done += bars
		} else {
			done += float64(p.Cursor-p.From) / float64(p.Interval)
		}
	}
	if all == 0 {
		return 1
	}
	return done / all
}

var jobPattern = regexp.MustCompile(`^[0-9]{8}-[a-z0-9-]{2,60}$`)

// CheckJobID returns what is wrong with a job's id.
func CheckJobID(id string) error {
	if _, err := time.Parse("20060102", id[:min(8, len(id))]); err != nil || !jobPattern.MatchString(id) {
		return fmt.Errorf("job %.80q: want a day and a name, such as 20240115-kraken-watchlist", id)
	}
	return nil
}

// Job reads one job, or returns ErrNotFound.
func (s *Store) Job(ctx context.Context, id string) (Job, error) {
	if err := CheckJobID(id); err != nil {
		return Job{}, err
	}
	e, err := s.Tables.Get(ctx, TableJobs, id[:8], id)
	if err != nil {
		return Job{}, err
	}
	return decodeJob(e)
}

// Jobs lists the jobs that were made on the days from first to last, the oldest first.
func (s *Store) Jobs(ctx context.Context, first, last time.Time) ([]Job, error) {
	var partitions []string
	for day := first.UTC().Truncate(24 * time.Hour); !day.After(last); day = day.AddDate(0, 0, 1) {
		partitions = append(partitions, day.Format("20060102"))
	}
	pages := make([][]Entity, len(partitions))
	group, groupCtx := group.WithContext(ctx)
	group.SetLimit(8)
	for n, partition := range partitions {
		group.Go(func() (err error) {
			pages[n], err = s.Tables.Query(groupCtx, TableJobs, partition, Range{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var jobs []Job
	for _, e := range slices.Concat(pages...) {
		job, err := decodeJob(e)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// ChangeJob changes a job by compare-and-swap, the zero Job of this id when there is none, and returns it as it is then. change
// runs once per try on the row as it is then; false leaves it as it is, and changed is false too.
func (s *Store) ChangeJob(ctx context.Context, id string, change func(*Job) bool) (job Job, changed bool, err error) {
	for try := range tries {
		job, err = s.Job(ctx, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Job{}, false, err
		}
		job.ID = id
		if !change(&job) {
			return job, false, nil
		}
		entity, err := encodeJob(job)
		if err != nil {
			return Job{}, false, err
		}
		action := Replace
		if job.etag == "" {
			action = Insert
		}
		_, err = s.Tables.Write(ctx, TableJobs, Change{action, entity})
		if !errors.Is(err, ErrConflict) {
			return job, err == nil, err
		}
		if err := pause(ctx, try); err != nil {
			return Job{}, false, err
		}
	}
	return Job{}, false, fmt.Errorf("job %s: %w %d times", id, ErrConflict, tries)
}

func encodeJob(j Job) (Entity, error) {
	if len(j.Parts) > MaxJobParts {
		return Entity{}, fmt.Errorf("job %s has %d parts: want at most %d", j.ID, len(j.Parts), MaxJobParts)
	}
	j.Parts = slices.Clone(j.Parts)
	for i, p := range j.Parts {
		j.Parts[i].Why = strings.ToValidUTF8(p.Why[:min(len(p.Why), maxWhy)], "")
	}
	parts, err := json.Marshal(j.Parts)
	if err != nil {
		return Entity{}, fmt.Errorf("job %s: %w", j.ID, err)
	}
	return Entity{j.ID[:8], j.ID, j.etag, map[string]any{
		"kind": j.Kind, "source": j.Source, "state": string(j.State), "step": j.Step, "mover": j.Mover, "tries": int64(j.Tries), "created": j.Created,
		"moved": j.Moved, "until": j.Until, "why": cut(j.Why), "parts": string(parts), "request": j.Request, "files": int64(j.Files), "made": int64(j.Made),
	}}, nil
}

// maxWhy is how much is kept of the reason why a part ended: all parts together have to fit into a column.
const maxWhy = 160

func decodeJob(e Entity) (Job, error) {
	text := func(column string) string { s, _ := e.Values[column].(string); return s }
	number := func(column string) int64 { n, _ := e.Values[column].(int64); return n }
	j := Job{
		ID: e.Row, Kind: text("kind"), Source: text("source"), State: JobState(text("state")), Step: number("step"), Mover: text("mover"), Tries: int(number("tries")),
		Created: number("created"), Moved: number("moved"), Until: number("until"), Why: text("why"), Request: text("request"),
		Files: int(number("files")), Made: int(number("made")), etag: e.ETag,
	}
	if err := json.Unmarshal([]byte(text("parts")), &j.Parts); err != nil {
		return Job{}, fmt.Errorf("job %s: its parts: %w", e.Row, err)
	}
	return j, nil
}
