package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/store"
)

// JobList is the answer of /jobs.
type JobList struct {
	Day  string `json:"day" format:"date" doc:"The UTC day on which the jobs were made"`
	Jobs []Job  `json:"jobs" doc:"The oldest first"`
}

// Job is long work in steps.
type Job struct {
	ID       string    `json:"id" doc:"The day on which it was made, and a name" example:"20240115-kraken-watchlist"`
	Kind     string    `json:"kind" enum:"backfill,backtest,clustering,cointegration,export,garch,images" doc:"What it does"`
	Source   string    `json:"source,omitempty" doc:"Of a backfill: whom it asks"`
	State    string    `json:"state" enum:"waiting,running,done,failed,cancelled" doc:"A backfill is done when every part has ended; the parts say how"`
	Progress float64   `json:"progress" doc:"From 0 to 1, of the bars asked for or the files to be made"`
	Created  string    `json:"created" format:"date-time" doc:"When it was made"`
	Moved    string    `json:"moved" format:"date-time" doc:"Its last step"`
	Until    *string   `json:"until" format:"date-time" doc:"It waits until then: the source is limited, out of order, or left alone for a while"`
	Why      string    `json:"why,omitempty" doc:"Why it waits, or why it failed"`
	Requests int       `json:"requests" doc:"Calls to the source so far"`
	Bars     int       `json:"bars" doc:"That came so far"`
	Parts    []JobPart `json:"parts" doc:"Of a backfill, in their order: days before minutes"`

	Request *JobRequest `json:"request,omitempty" doc:"What was asked for, with what was left open filled in"`
	Files   []string    `json:"files,omitempty" doc:"Paths of the files that are made so far"`
}

// JobPart is a run of bars of one series.
type JobPart struct {
	Series   string `json:"series"`
	Interval string `json:"interval"`
	From     string `json:"from" format:"date-time"`
	To       string `json:"to" format:"date-time"`
	Cursor   string `json:"cursor" format:"date-time" doc:"Everything before it is done"`
	State    string `json:"state" doc:"How it ended, or that it waits"`
	Why      string `json:"why,omitempty" doc:"What could not come, and why"`
	Requests int    `json:"requests" doc:"Calls to the source so far"`
	Bars     int    `json:"bars" doc:"That came so far"`
}

// TransformSchema lists the states.
func (JobPart) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	for _, state := range []store.JobState{store.Waiting, store.Done, store.Beyond, store.Unknown, store.Refused, store.Changed, store.Off} {
		s.Properties["state"].Enum = append(s.Properties["state"].Enum, string(state))
	}
	return s
}

type jobFileInput struct {
	ID   string `path:"id" doc:"Of the job" example:"20240115-clustering-0123abcd"`
	File string `path:"file" doc:"One of its files" example:"result.json"`
}

// jobMedia are the media types of the files of jobs.
var jobMedia = map[string]string{".json": jsonMedia, ".csv": csvMedia, ".parquet": parquetMedia, ".svg": chartMedia["svg"], ".png": chartMedia["png"]}

// getJobFile serves a file that a job has made. It is made once and never changes.
func (a *api) getJobFile(ctx context.Context, in *jobFileInput) (reply, error) {
	job, err := a.job(ctx, in.ID)
	if err != nil {
		return reply{}, err
	}
	if files := madeFiles(job); !slices.Contains(files, in.File) {
		return reply{}, notFound("The job %s has made no file %s: it has %s.", job.ID, quoted(in.File), cmp.Or(strings.Join(files, ", "), "none yet"))
	}
	content, err := a.Store.Blobs.JobFile(ctx, job.ID, in.File)
	if errors.Is(err, store.ErrNotFound) {
		return reply{}, notFound("The file %s of the job %s is no longer kept.", in.File, job.ID)
	}
	return reply{key: []string{job.ID, in.File}, media: jobMedia[path.Ext(in.File)], body: func() []byte { return content }}, err
}

// madeFiles lists what a job has made so far.
func madeFiles(j store.Job) []string {
	if r := requestOf(j); r != nil {
		files := r.Files()
		return files[:min(j.Made, len(files))]
	}
	return nil
}

// requestOf reads what a job was asked to make; nil for a backfill.
func requestOf(j store.Job) *JobRequest {
	var r JobRequest
	if j.Request == "" || json.Unmarshal([]byte(j.Request), &r) != nil {
		return nil
	}
	return &r
}

type jobInput struct {
	ID string `path:"id" doc:"Of the job" example:"20240115-kraken-watchlist"`
}

func (a *api) getJob(ctx context.Context, in *jobInput) (reply, error) {
	job, err := a.job(ctx, in.ID)
	if err != nil {
		return reply{}, err
	}
	return marshalled(DescribeJob(job))
}

func (a *api) job(ctx context.Context, id string) (store.Job, error) {
	return FindJob(ctx, a.Store, id)
}

// FindJob reads a job, or returns the problem that there is none.
func FindJob(ctx context.Context, s *store.Store, id string) (store.Job, error) {
	if err := store.CheckJobID(id); err != nil {
		return store.Job{}, badRequest("%s is no id of a job: want a day and a name, such as 20240115-kraken-watchlist.", quoted(id))
	}
	job, err := s.Job(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return job, notFound("There is no job %s: /api/v1/jobs?day=%s-%s-%s lists those of its day.", id, id[:4], id[4:6], id[6:8])
	}
	return job, err
}

type jobsInput struct {
	Day string `query:"day" doc:"A UTC day; by default today" example:"2024-01-15"`
}

func (a *api) listJobs(ctx context.Context, in *jobsInput) (reply, error) {
	day := a.Now().UTC()
	if in.Day != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, in.Day); err != nil {
			return reply{}, badRequest("day=%s: want a date such as 2024-01-15.", quoted(in.Day))
		}
	}
	jobs, err := a.Store.Jobs(ctx, day, day)
	if err != nil {
		return reply{}, err
	}
	list := JobList{Day: day.Format(time.DateOnly), Jobs: make([]Job, len(jobs))}
	for i, job := range jobs {
		list.Jobs[i] = DescribeJob(job)
	}
	return marshalled(list)
}

// DescribeJob prints a job as the API does.
func DescribeJob(j store.Job) Job {
	d := Job{
		ID: j.ID, Kind: j.Kind, Source: j.Source, State: string(j.State), Progress: j.Progress(), Created: millis(j.Created),
		Moved: millis(j.Moved), Why: j.Why, Parts: make([]JobPart, len(j.Parts)), Request: requestOf(j),
	}
	for _, file := range madeFiles(j) {
		d.Files = append(d.Files, "/api/v1/jobs/"+j.ID+"/"+file)
	}
	if j.Until > 0 {
		until := millis(j.Until)
		d.Until = &until
	}
	for i, p := range j.Parts {
		d.Requests += p.Requests
		d.Bars += p.Bars
		d.Parts[i] = JobPart{
			p.Series.String(), p.Interval.String(), printed(p.From), printed(p.To), printed(p.Cursor), string(p.State), p.Why, p.Requests, p.Bars,
		}
	}
	return d
}
