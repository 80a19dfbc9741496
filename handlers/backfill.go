package handlers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/shared/fetch"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

const (
	// maxUnreadable is how many answers in a row that cannot be read end a part of a job.
	maxUnreadable = 5
	// firstUnreadable is how long a job waits after the first of them; doubled with each further one.
	firstUnreadable = time.Minute
	// maxDelay is how long a job waits at once: a queue hides a message for 7 days at most.
	maxDelay = 24 * time.Hour
)

// Backfill fetches one window of a source's history, within the source's limits, and moves the job on.
//
// Running it twice for one step asks the source twice and moves the job once: only who moves it queues the next step, so a job
// never forks. Killed before it moved, the message comes back and the window is asked for again; killed after, Reconcile finds a
// job that stands still and sends its step again.
// A source that is limited, out of order or left alone for a while delays the job. One that refuses us, or does not have the
// instrument, ends that part of it.
func (a *App) Backfill(ctx context.Context, message []byte) error {
	m, err := decodeJobMessage(message)
	if err != nil {
		return err
	}
	if err := a.Store.Admit(ctx, a.gathers()); err != nil {
		return fmt.Errorf("backfill %s: %w", m.Job, err)
	}
	job, err := a.Store.Job(ctx, m.Job)
	if err != nil {
		return fmt.Errorf("backfill: %w", err)
	}
	if job.State == store.Done || job.Step != m.Step {
		return nil // somebody has moved it on, and queued what follows
	}
	became, err := a.window(ctx, job.Source, *job.Part())
	if err != nil {
		return fmt.Errorf("backfill %s: %w", job.ID, err)
	}
	_, err = a.moveJob(ctx, m.Job, became.delay, func(j *store.Job) bool {
		if j.Step != m.Step || j.State == store.Done {
			return false
		}
		*j.Part() = became.part
		j.State, j.Until, j.Why = store.Running, 0, ""
		if became.delay > 0 {
			j.Until, j.Why = a.Now().Add(became.delay).UnixMilli(), fetch.Redact(became.why)
		}
		if j.Part() == nil {
			j.State = store.Done
		}
		j.Step++
		j.Tries = 0
		return true
	})
	return err
}

// window is what came of one window: what the part of the job is now, and how long the next step has to wait, and why.
type window struct {
	part  store.JobPart
	delay time.Duration
	why   string
}

// window asks for the next window of a part.
func (a *App) window(ctx context.Context, name string, part store.JobPart) (window, error) {
	src, in, why := a.Enabled(name, part.Series.Instrument)
	if why != "" {
		return ended(part, store.Off, why), nil
	}
	reach, ok := src.Reach(in, part.Interval, a.Now().Unix())
	if !ok || reach >= part.To {
		return ended(part, store.Beyond, src.Manner.History), nil
	}
	if reach > part.Cursor {
		part.Cursor = reach
		part.Why = fmt.Sprintf("nothing before %s: %s", time.Unix(reach, 0).UTC().Format(time.RFC3339), src.Manner.History)
	}
	request, next := src.Past.Ask(in, part.Interval, part.Cursor, part.To)
	asking, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	record, failure := a.Fetch.Ask(asking, leavingSome(src), a.withKey(src, request))
	if keeps(failure) {
		if _, err := a.Keep(ctx, name, record.Date, []store.Record{record}); err != nil {
			return window{}, err
		}
	}
	switch {
	case failure == nil:
		if err := a.Fetch.Remember(ctx, src, request, record); err != nil {
			return window{}, err
		}
		part.Bars += barsIn(record, market.Range{From: part.Cursor, To: next})
	case !errors.Is(failure, fetch.ErrUnchanged):
		return a.failed(ctx, src, part, failure)
	}
	part.Cursor, part.Failures = next, 0
	part.Requests++
	if next >= part.To {
		part.State = store.Done
	}
	return window{part: part}, a.Fetch.Answered(ctx, name, request)
}

// failed says what becomes of a part of which a window was not answered.
func (a *App) failed(ctx context.Context, src source.Source, part store.JobPart, failure error) (window, error) {
	if errors.Is(failure, fetch.ErrPaused) {
		delay, err := a.untilFree(ctx, src, failure)
		return window{part, delay, failure.Error()}, err
	}
	part.Requests++
	switch {
	case errors.Is(failure, source.ErrUnknownSymbol):
		return ended(part, store.Unknown, failure.Error()), a.Fetch.MarkUnknown(ctx, src.Name, part.Series.Instrument)
	case errors.Is(failure, source.ErrRefused):
		return ended(part, store.Refused, failure.Error()), nil
	case errors.Is(failure, source.ErrFormat):
		if part.Failures++; part.Failures >= maxUnreadable {
			return ended(part, store.Changed, failure.Error()), nil
		}
		return window{part, firstUnreadable << (part.Failures - 1), failure.Error()}, nil
	case errors.Is(failure, source.ErrLimited), errors.Is(failure, source.ErrUnavailable):
		delay, err := a.untilFree(ctx, src, failure)
		return window{part, delay, failure.Error()}, err
	default:
		return window{}, failure
	}
}

func ended(part store.JobPart, state store.JobState, why string) window {
	part.State, part.Why = state, fetch.Redact(why)
	return window{part: part}
}

// keeps reports whether an answer is stored: one that was understood, and one that a person has to see.
func keeps(failure error) bool {
	return failure == nil || errors.Is(failure, source.ErrFormat) || errors.Is(failure, source.ErrUnknownSymbol)
}

// untilFree returns how long a source is left alone after a failure.
func (a *App) untilFree(ctx context.Context, src source.Source, failure error) (time.Duration, error) {
	var paused *fetch.Paused
	if errors.As(failure, &paused) {
		return min(max(paused.Until.Sub(a.Now()), time.Second), maxDelay), nil
	}
	state, err := a.Fetch.State(ctx, src)
	return min(max(state.Until.Sub(a.Now()), time.Second), maxDelay), err
}

// leavingSome returns a source of whose budget a quarter is left to the turns: history can wait, prices cannot.
func leavingSome(src source.Source) source.Source {
	src.Budget.Calls = max(1, src.Budget.Calls*3/4)
	return src
}

// barsIn counts the bars of an answer that lie in a range: windows share a bar.
func barsIn(record store.Record, r market.Range) int {
	result, err := cleaned(record)
	if err != nil {
		return 0
	}
	n := 0
	for _, bars := range result.Bars {
		for _, b := range bars {
			if r.From <= b.Start && b.Start < r.To {
				n++
			}
		}
	}
	return n
}
