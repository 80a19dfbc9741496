package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"assay/shared/api"
	"assay/shared/group"
	"assay/shared/store"
)

// Job makes the next file of a job, keeps it in the container jobs, and moves the job on.
//
// Running it twice for one step makes the file twice and keeps it once, and moves the job once: only who moves it queues the next
// step. Killed before it moved, the message comes back and finds the file; killed after, Reconcile finds a job that stands still and
// sends its step again. A job that was cancelled meanwhile is not moved.
// What trying again does not mend ends the job as failed, with the reason.
func (a *App) Job(ctx context.Context, message []byte) error {
	m, err := decodeJobMessage(message)
	if err != nil {
		return err
	}
	job, err := a.Store.Job(ctx, m.Job)
	if err != nil {
		return fmt.Errorf("job: %w", err)
	}
	if job.State.Ended() || job.Step != m.Step {
		return nil // somebody has moved it on, and queued what follows
	}
	failed := ""
	if err := a.untilEnded(ctx, job, a.makeFile); errors.Is(err, errEnded) {
		return nil
	} else if err != nil {
		why, permanent := api.Reason(err)
		if !permanent {
			return fmt.Errorf("job %s: %w", job.ID, err)
		}
		failed = why
	}
	_, err = a.moveJob(ctx, m.Job, 0, func(j *store.Job) bool {
		if j.Step != m.Step || j.State.Ended() {
			return false
		}
		j.Step++
		j.Tries = 0
		if failed != "" {
			j.State, j.Why = store.Failed, failed
			return true
		}
		j.State = store.Running
		if j.Made++; j.Made == j.Files {
			j.State = store.Done
		}
		return true
	})
	return err
}

// endedEvery is how often a job that is worked on is looked at for whether it was cancelled.
const endedEvery = time.Second

var errEnded = errors.New("the job was cancelled")

// untilEnded does a step of a job, and stops it with errEnded when the job was ended meanwhile.
func (a *App) untilEnded(ctx context.Context, job store.Job, do func(context.Context, store.Job) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	watch, watching := group.WithContext(ctx)
	watch.Go(func() error {
		tick := time.NewTicker(endedEvery)
		defer tick.Stop()
		for {
			select {
			case <-watching.Done():
				return nil
			case <-tick.C:
			}
			if now, err := a.Store.Job(watching, job.ID); err == nil && now.State.Ended() {
				stop(errEnded)
			}
		}
	})
	err := do(ctx, job)
	if errors.Is(context.Cause(ctx), errEnded) {
		err = errEnded
	}
	stop(nil)
	_ = watch.Wait() // it has no error
	return err
}

// makeFile makes the file that is next.
func (a *App) makeFile(ctx context.Context, job store.Job) error {
	var request api.JobRequest
	if err := json.Unmarshal([]byte(job.Request), &request); err != nil {
		return api.Problem(http.StatusUnprocessableEntity, "Its request cannot be read: %v.", err)
	}
	files := request.Files()
	if len(files) != job.Files {
		return api.Problem(http.StatusUnprocessableEntity, "It makes %d files, and another release of the program began it with %d: submit it again.", len(files), job.Files)
	}
	file := files[job.Made]
	content, err := api.NewJobs(a.apiOptions()).Make(ctx, &request, job.Made, func(file string) ([]byte, error) {
		return a.Store.Blobs.JobFile(ctx, job.ID, file)
	})
	if err != nil {
		return fmt.Errorf("make %s: %w", file, err)
	}
	return a.Store.Blobs.PutJobFile(ctx, job.ID, file, content)
}
