package handlers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// backfill is the kind of the jobs that fetch history.
const backfill = "backfill"

// jobsSeen is how far back jobs are looked for: for the same request, and for one that stands still.
const jobsSeen = 30 * 24 * time.Hour

// RequestBackfill queues a job that asks one source for some runs of bars, and returns it. The same request again, within 30 days,
// is the same job: where it is under way its step is sent again, where a part of it was not answered that part is begun anew.
func (a *App) RequestBackfill(ctx context.Context, source string, parts []store.JobPart) (store.Job, error) {
	if err := a.Store.Admit(ctx, a.gathers()); err != nil {
		return store.Job{}, fmt.Errorf("request a backfill: %w", err)
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return store.Job{}, fmt.Errorf("request a backfill: %w", err)
	}
	hash := sha256.Sum256(text)
	name := source + "-" + hex.EncodeToString(hash[:4])
	now := a.Now()
	jobs, err := a.Store.Jobs(ctx, now.Add(-jobsSeen), now)
	if err != nil {
		return store.Job{}, fmt.Errorf("request a backfill: %w", err)
	}
	for _, job := range jobs {
		if strings.HasSuffix(job.ID, "-"+name) {
			if err := a.sendUnfinished(ctx, job); err != nil {
				return job, fmt.Errorf("request a backfill: %w", err)
			}
			return a.beginAgain(ctx, job)
		}
	}
	return a.begin(ctx, jobID(now, name), source, parts)
}

func jobID(day time.Time, name string) string { return day.UTC().Format("20060102") + "-" + name }

// begin makes a job, or begins one that has ended with other parts, and queues its first step. One that is under way is left alone.
func (a *App) begin(ctx context.Context, id, source string, parts []store.JobPart) (store.Job, error) {
	return a.moveJob(ctx, id, 0, func(j *store.Job) bool {
		if j.Step > 0 && j.State != store.Done {
			return false
		}
		if j.Created == 0 {
			j.Created = a.Now().UnixMilli()
		}
		j.Kind, j.Source, j.State, j.Until, j.Why, j.Parts = backfill, source, store.Waiting, 0, "", parts
		j.Step++
		return true
	})
}

// beginAgain begins the parts of a job anew that ended without an answer, or sends the step again that is due.
func (a *App) beginAgain(ctx context.Context, seen store.Job) (store.Job, error) {
	return a.moveJob(ctx, seen.ID, 0, func(j *store.Job) bool {
		if j.State != store.Done {
			return true
		}
		for i, p := range j.Parts {
			if p.State != store.Done && p.State != store.Beyond {
				j.Parts[i].State, j.Parts[i].Why, j.Parts[i].Failures = store.Waiting, "", 0
			}
		}
		if j.Part() == nil {
			return false
		}
		j.State = store.Running
		j.Step++
		return true
	})
}

// sendUnfinished sends on its way again what came of a job and was not loaded: who worked on it may have been killed, and a queue
// hides their messages for minutes. Who is at work on one does it twice, which changes nothing.
func (a *App) sendUnfinished(ctx context.Context, job store.Job) error {
	receipts, err := a.Store.Receipts(ctx, job.Source, job.Created, a.Now().UnixMilli()+1)
	if err != nil {
		return err
	}
	for _, r := range receipts {
		if r.State == store.Stored || r.State == store.Cleaned {
			if err := a.send(ctx, r, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// moveJob changes a job by compare-and-swap and queues the step that is due then, visible after delay. Of several who would, one
// does: a write whose answer got lost is recognised by its mover.
func (a *App) moveJob(ctx context.Context, id string, delay time.Duration, change func(*store.Job) bool) (store.Job, error) {
	me, mine := rand.Text(), false
	job, _, err := a.Store.ChangeJob(ctx, id, func(j *store.Job) bool {
		if j.Mover == me {
			mine = true
			return false
		}
		if mine = change(j); mine {
			j.Mover, j.Moved = me, a.Now().UnixMilli()
		}
		return mine
	})
	if err != nil || !mine || job.State.Ended() {
		return job, err
	}
	queue := store.JobSteps
	if job.Kind == backfill {
		queue = store.Backfill
	}
	return job, a.Store.Queues.Send(ctx, queue, jobMessage{1, job.ID, job.Step}.encode(), delay)
}

// Enabled returns a source and an instrument, or why the one is not asked for the other.
func (a *App) Enabled(name, instrument string) (src source.Source, in market.Instrument, why string) {
	src, found := source.Find(name)
	if !found {
		return src, in, "no source is called " + name
	}
	in, known := market.Lookup(instrument)
	if !known {
		in, known = market.Coin(instrument)
	}
	if _, has := src.Symbol(in); !known || !has {
		return src, in, name + " does not have " + instrument
	}
	if why = src.Inert(a.Config.AcceptTerms, a.Config.Keys); why != "" {
		why = name + " is " + why
	}
	return src, in, why
}

// jobMessage is a message of the queues backfill and jobs: the step of a job that is due.
type jobMessage struct {
	Version int    `json:"v"`
	Job     string `json:"job"`
	Step    int64  `json:"step"`
}

func (m jobMessage) encode() string {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return string(text)
}

// decodeJobMessage reads a message. One that is none can never work: the queue moves it to its poison queue.
func decodeJobMessage(message []byte) (jobMessage, error) {
	var m jobMessage
	if err := json.Unmarshal(message, &m); err != nil {
		return m, fmt.Errorf("message is none of a job: %w", err)
	}
	if m.Version != 1 {
		return m, fmt.Errorf("message has version %d: this release reads version 1", m.Version)
	}
	if err := store.CheckJobID(m.Job); err != nil {
		return m, fmt.Errorf("message: %w", err)
	}
	return m, nil
}
