package handlers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"assay/shared/api"
	"assay/shared/store"
)

// maxJobRequest is how long a request for a job may be, in bytes: it is kept in the job's row.
const maxJobRequest = 8 << 10

// Submit takes a request for a job and answers 202 with where to look how far it has come; with DELETE it cancels one. See SubmitJob
// and CancelJob.
func (a *App) Submit() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		job, err := a.submit(w, r)
		if err != nil {
			api.Fail(w, r, err)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-store")
		h.Set("Location", "/api/v1/jobs/"+job.ID)
		w.WriteHeader(http.StatusAccepted)
		_ = json.NewEncoder(w).Encode(api.DescribeJob(job)) // a client that went away needs no answer
	})
}

func (a *App) submit(w http.ResponseWriter, r *http.Request) (store.Job, error) {
	id := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/v1/jobs"), "/")
	switch {
	case r.Method == http.MethodDelete:
		if id == "" {
			return store.Job{}, api.Problem(http.StatusBadRequest, "Which job is to be cancelled is not said: want DELETE /api/v1/jobs/{id}.")
		}
		return a.CancelJob(r.Context(), id)
	case id != "":
		w.Header().Set("Allow", "GET, HEAD, DELETE")
		return store.Job{}, api.Problem(http.StatusMethodNotAllowed, "A job gets its name from us: want POST /api/v1/jobs.")
	}
	var request api.JobRequest
	if err := readJSON(w, r, maxJobRequest, "request for a job", `{"kind":"clustering","series":["BTC-USD","XAU-USD"]}`, &request); err != nil {
		return store.Job{}, err
	}
	return a.SubmitJob(r.Context(), request, r.Header.Get("Idempotency-Key"))
}

// SubmitJob checks a request, keeps it as a job and queues its first step. What cannot be made is refused here.
//
// With a key the same request is one job, however often and wherever it arrives within 30 days: its id follows from the key and the
// day of the first arrival. Where it is under way its step is sent again, since who submitted it may have been killed before it
// was. Without a key every request is a new job.
func (a *App) SubmitJob(ctx context.Context, request api.JobRequest, key string) (store.Job, error) {
	said, err := json.Marshal(request)
	if err != nil {
		return store.Job{}, err
	}
	if err := api.NewJobs(a.apiOptions()).Complete(ctx, &request); err != nil {
		return store.Job{}, err
	}
	kept, err := json.Marshal(request)
	if err != nil {
		return store.Job{}, err
	}
	first, name := a.Now(), strings.ToLower(rand.Text())[:16]
	if key != "" {
		sum := sha256.Sum256(said)
		what := idempotent{jobKeys, key, hex.EncodeToString(sum[:])}
		row, err := a.claimKey(ctx, what, first)
		if err != nil {
			return store.Job{}, err
		}
		received, _ := row.Values["received"].(int64)
		first, name = time.UnixMilli(received), what.hash()[:16]
	}
	return a.moveJob(ctx, jobID(first, request.Kind+"-"+name), 0, func(j *store.Job) bool {
		if j.Step > 0 {
			return !j.State.Ended()
		}
		j.Kind, j.State, j.Step, j.Created, j.Request, j.Files = request.Kind, store.Waiting, 1, a.Now().UnixMilli(), string(kept), len(request.Files())
		return true
	})
}

// CancelJob ends a job that makes files, and returns it. What it has made stays; a file that is being made is not counted any more.
// Running it twice changes nothing, nor does cancelling a job that has ended.
func (a *App) CancelJob(ctx context.Context, id string) (store.Job, error) {
	seen, err := api.FindJob(ctx, a.Store, id)
	if err != nil {
		return seen, err
	}
	if seen.Kind == backfill {
		return seen, api.Problem(http.StatusConflict, "%s is a backfill, which cannot be cancelled: it fetches what is missing, and would be begun again.", id)
	}
	job, err := a.moveJob(ctx, id, 0, func(j *store.Job) bool {
		if j.State.Ended() {
			return false
		}
		j.State = store.Cancelled
		return true
	})
	if err != nil {
		return job, fmt.Errorf("cancel job %s: %w", id, err)
	}
	return job, nil
}
