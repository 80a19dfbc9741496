package api

import (
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/store"
)

// JobList is the answer of /jobs.
type JobList struct {
	Day  string `json:"day" format:"date"`
	Jobs []Job  `json:"jobs"`
}

// Job is long work in steps.
type Job struct {
	ID       string    `json:"id" example:"20240115-kraken-watchlist"`
	Kind     string    `json:"kind" enum:"backfill"`
	Source   string    `json:"source" doc:"Whom it asks"`
	State    string    `json:"state" enum:"waiting,running,done" doc:"Done when every part has ended; the parts say how"`
	Progress float64   `json:"progress" doc:"From 0 to 1, of the bars asked for"`
	Created  string    `json:"created" format:"date-time"`
	Moved    string    `json:"moved" format:"date-time" doc:"Its last step"`
	Until    *string   `json:"until" format:"date-time" doc:"It waits until then: the source is limited, out of order, or left alone for a while"`
	Why      string    `json:"why,omitempty" doc:"Why it waits"`
	Requests int       `json:"requests" doc:"Calls to the source so far"`
	Bars     int       `json:"bars" doc:"That came so far"`
	Parts    []JobPart `json:"parts" doc:"In their order: days before minutes"`
}

// JobPart is a run of bars of one series.
type JobPart struct {
	Series   string `json:"series"`
	Interval string `json:"interval"`
	From     string `json:"from" format:"date-time"`
	To       string `json:"to" format:"date-time" doc:"Not included"`
	Cursor   string `json:"cursor" format:"date-time" doc:"Everything before it is done"`
	State    string `json:"state" doc:"How it ended, or that it waits"`
	Why      string `json:"why,omitempty" doc:"What could not come, and why"`
	Requests int    `json:"requests"`
	Bars     int    `json:"bars"`
}

// TransformSchema lists the states.
func (JobPart) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	for _, state := range []store.JobState{store.Waiting, store.Done, store.Beyond, store.Unknown, store.Refused, store.Changed, store.Off} {
		s.Properties["state"].Enum = append(s.Properties["state"].Enum, string(state))
	}
	return s
}

type jobInput struct {
	ID string `path:"id" example:"20240115-kraken-watchlist"`
}

func (a *api) getJob(ctx context.Context, in *jobInput) (reply, error) {
	if err := store.CheckJobID(in.ID); err != nil {
		return reply{}, badRequest("%s is no id of a job: want a day and a name, such as 20240115-kraken-watchlist.", quoted(in.ID))
	}
	job, err := a.Store.Job(ctx, in.ID)
	if errors.Is(err, store.ErrNotFound) {
		return reply{}, notFound("There is no job %s: /api/v1/jobs?day=%s-%s-%s lists those of its day.", in.ID, in.ID[:4], in.ID[4:6], in.ID[6:8])
	}
	if err != nil {
		return reply{}, err
	}
	return marshalled(DescribeJob(job))
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
		Moved: millis(j.Moved), Why: j.Why, Parts: make([]JobPart, len(j.Parts)),
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
