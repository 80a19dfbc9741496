package handlers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/shared/fetch"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// horizon is how far back the watchlist is gathered by itself, at each interval where a source reaches that far. Hours follow from
// minutes, and Fetch asks for the newest that are published.
var horizon = map[market.Interval]time.Duration{market.Day: 5 * 366 * 24 * time.Hour, market.Minute: 30 * 24 * time.Hour}

// turnsSee is how long a missing answer is left to the turns of Fetch, which look back themselves.
var turnsSee = map[market.Interval]time.Duration{market.Day: 72 * time.Hour, market.Minute: time.Hour}

// watchlistJob ends the id of the jobs that Reconcile makes: one a day and source at most.
const watchlistJob = "-watchlist"

// reconcileHistory asks the sources for what they have not answered for yet, and sends the step of a job again that stands still.
//
// This is the first back-fill of the watchlist too: of an empty store everything is missing. It is here and nowhere else because what
// is missing is computed from what was answered, whoever asked: nothing has to remember that a first time was over, and an
// instrument that joins the watchlist, a source that is turned on and a hole that an outage left are all the same case. What a source
// has answered for it is not asked for again, whether it had bars or not.
//
// Running it twice, or two at once, makes one job: its row is inserted, or begun anew when it has ended, by compare-and-swap.
func (a *App) reconcileHistory(ctx context.Context) error {
	if err := a.Store.Admit(ctx, a.gathers()); err != nil {
		return fmt.Errorf("reconcile history: %w", err)
	}
	now := a.Now()
	jobs, err := a.Store.Jobs(ctx, now.Add(-jobsSeen), now)
	if err != nil {
		return fmt.Errorf("reconcile jobs: %w", err)
	}
	var errs []error
	busy := map[string]bool{}
	for _, job := range jobs {
		today := strings.HasPrefix(job.ID, jobID(now, ""))
		if strings.HasSuffix(job.ID, watchlistJob) && (job.State != store.Done || today && gaveUp(job)) {
			busy[job.Source] = true
		}
		if job.State.Ended() {
			continue
		}
		if err := a.resendJob(ctx, job); err != nil {
			errs = append(errs, fmt.Errorf("reconcile job %s: %w", job.ID, err))
		}
	}
	for _, src := range source.All {
		if busy[src.Name] || src.Inert(a.Config.AcceptTerms, a.Config.Keys) != "" {
			continue
		}
		if err := a.fillWatchlist(ctx, src); err != nil {
			errs = append(errs, fmt.Errorf("reconcile history of %s: %w", src.Name, err))
		}
	}
	return errors.Join(errs...)
}

// gaveUp reports whether a source refused a part of a job, or answered what cannot be read: it is not asked again on the same day,
// since each refusal closes it to the turns of Fetch too.
func gaveUp(job store.Job) bool {
	return slices.ContainsFunc(job.Parts, func(p store.JobPart) bool { return p.State == store.Refused || p.State == store.Changed })
}

// maxDoublings bounds how much longer each time it takes until a step is sent again.
const maxDoublings = 6

// resendJob sends the step of a job again when nobody has worked on it for too long, each time twice as long as the time before. One
// that makes files has failed when that did not help: what breaks it breaks it every time.
func (a *App) resendJob(ctx context.Context, seen store.Job) error {
	due := time.UnixMilli(max(seen.Moved, seen.Until)).Add(a.Config.ResendAfter << min(seen.Tries, maxDoublings))
	if a.Now().Before(due) {
		return nil
	}
	_, err := a.moveJob(ctx, seen.ID, 0, func(j *store.Job) bool {
		if j.Moved != seen.Moved || j.Step != seen.Step || j.State.Ended() {
			return false
		}
		if j.Kind != backfill && j.Tries >= maxResends {
			j.State, j.Why = store.Failed, fmt.Sprintf("step %d was sent again %d times and never ended", j.Step, j.Tries)
			return true
		}
		j.Tries++
		return true
	})
	return err
}

// fillWatchlist queues a job for what a source has not answered for, if there is anything. What does not fit into one job is left to
// the next run.
func (a *App) fillWatchlist(ctx context.Context, src source.Source) error {
	watched, err := a.Watched(src)
	if err != nil || len(watched) == 0 {
		return err
	}
	unknown, err := a.Fetch.Unknown(ctx, src.Name)
	if err != nil {
		return err
	}
	answered, err := a.Fetch.AllAnswered(ctx, src.Name)
	if err != nil {
		return err
	}
	watched = slices.DeleteFunc(watched, func(in market.Instrument) bool { return slices.Contains(unknown, in.ID) })
	parts := unanswered(src, watched, answered, a.Now().Unix())
	if len(parts) == 0 {
		return nil
	}
	_, err = a.begin(ctx, jobID(a.Now(), src.Name+watchlistJob), src.Name, parts[:min(len(parts), store.MaxJobParts)])
	return err
}

// unanswered lists what a source could still be asked for within the horizon: the days of all instruments, which are few, before
// the minutes.
func unanswered(src source.Source, watched []market.Instrument, answered map[fetch.Part][]market.Range, now int64) []store.JobPart {
	var parts []store.JobPart
	for _, i := range []market.Interval{market.Day, market.Minute} {
		for _, in := range watched {
			reach, ok := src.Reach(in, i, now)
			if !ok {
				continue
			}
			all := market.Range{
				From: max(reach, i.Ceil(now-int64(horizon[i]/time.Second))),
				To:   i.Floor(now - int64(turnsSee[i]/time.Second)),
			}
			for _, r := range all.Without(answered[fetch.Part{Instrument: in.ID, Interval: i}]) {
				id := market.SeriesID{Instrument: in.ID, Source: src.Name}
				parts = append(parts, store.JobPart{Series: id, Interval: i, From: r.From, To: r.To, Cursor: r.From, State: store.Waiting})
			}
		}
	}
	return parts
}
