package api

import (
	"context"
	"errors"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"assay/shared/group"
	"assay/shared/source"
	"assay/shared/store"
)

// Status is the answer of /status.
type Status struct {
	Version string                       `json:"version" doc:"Of the program"`
	Storage StorageStatus                `json:"storage" doc:"Whether it can be read"`
	Series  map[string]map[string]string `json:"series" doc:"Start of the newest stored bar, by series and interval"`
	Queues  map[string]int               `json:"queues" doc:"About how many messages wait; those of a -poison queue failed too often"`
	Sources []SourceStatus               `json:"sources" doc:"Every provider"`
}

// StorageStatus says whether the storage answers.
type StorageStatus struct {
	Reachable bool   `json:"reachable" doc:"Whether it answers"`
	Error     string `json:"error,omitempty" doc:"What went wrong"`
}

// SourceStatus is how fetching from a provider goes.
type SourceStatus struct {
	Source  string   `json:"source"`
	Title   string   `json:"title" doc:"For people"`
	OptIn   bool     `json:"optIn" doc:"Asks nothing until its terms are accepted"`
	On      bool     `json:"on" doc:"Whether it is asked"`
	Off     string   `json:"off,omitempty" doc:"Why it asks nothing, and how to turn it on"`
	Turn    *Turn    `json:"turn" doc:"The last turn; null before the first"`
	Breaker *Breaker `json:"breaker" doc:"null as long as nothing failed"`
}

// TransformSchema says what may be null.
func (SourceStatus) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return orNull(s, "turn", "breaker")
}

// Turn is one run of a provider's schedule.
type Turn struct {
	Slot    string `json:"slot" format:"date-time" doc:"The time that it is for"`
	Done    bool   `json:"done" doc:"Whether it has ended"`
	Until   string `json:"until" format:"date-time" doc:"When a turn that is not done is free for somebody else"`
	Outcome string `json:"outcome" doc:"How it ended, in words"`
}

// Breaker keeps calls away from a provider that fails.
type Breaker struct {
	Kind     string `json:"kind" doc:"What is wrong in a word: limited, unavailable or refused; empty while it is closed"`
	Failures int64  `json:"failures" doc:"In a row; 0: it is closed"`
	Until    string `json:"until" format:"date-time" doc:"When the next call is let through"`
	Reason   string `json:"reason" doc:"The last failure"`
}

// ReadStatus returns the JSON of /status for a caller that is not on HTTP.
func ReadStatus(ctx context.Context, o Options) ([]byte, error) {
	a := &api{Options: o}
	return a.answer(ctx, func(ctx context.Context) (reply, error) { return a.status(ctx, nil) })
}

// status tells what it can find out. Storage that cannot be reached is part of the answer, no failure of it.
func (a *api) status(ctx context.Context, _ *struct{}) (reply, error) {
	s := Status{Version: a.Version, Series: map[string]map[string]string{}, Queues: map[string]int{}, Sources: []SourceStatus{}}
	err := a.fillStatus(ctx, &s)
	switch {
	case errors.Is(err, context.Canceled):
		return reply{}, err
	case err != nil:
		s.Storage.Error = err.Error()
	default:
		s.Storage.Reachable = true
	}
	answer, err := marshalled(s)
	answer.unread = !s.Storage.Reachable
	return answer, err
}

func (a *api) fillStatus(ctx context.Context, s *Status) error {
	entries, err := a.History.Entries(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		last := map[string]string{}
		for i, x := range e.Intervals {
			last[i.String()] = printed(x.Last)
		}
		s.Series[e.ID.String()] = last
	}
	sources := make([]SourceStatus, len(source.All))
	var mu sync.Mutex
	group, ctx := group.WithContext(ctx)
	group.SetLimit(8)
	queues := []string{store.RawPrices, store.CleanPrices, store.Backfill, store.JobSteps}
	for _, queue := range queues {
		queues = append(queues, store.Poison(queue))
	}
	for _, queue := range queues {
		group.Go(func() error {
			n, err := a.Store.Queues.Length(ctx, queue)
			mu.Lock()
			defer mu.Unlock()
			s.Queues[queue] = n
			return err
		})
	}
	for n, provider := range source.All {
		group.Go(func() (err error) {
			sources[n], err = a.sourceStatus(ctx, provider)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s.Sources = sources
	return nil
}

// sourceStatus reads the rows breaker and turn of the table sources.
func (a *api) sourceStatus(ctx context.Context, provider source.Source) (SourceStatus, error) {
	s := SourceStatus{Source: provider.Name, Title: provider.Title, OptIn: provider.OptIn, Off: a.Off(provider)}
	s.On = s.Off == ""
	for _, row := range []string{"breaker", "turn"} {
		e, err := a.Store.Tables.Get(ctx, store.TableSources, provider.Name, row)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return s, err
		}
		text := func(column string) string { v, _ := e.Values[column].(string); return v }
		number := func(column string) int64 { v, _ := e.Values[column].(int64); return v }
		if row == "breaker" {
			s.Breaker = &Breaker{text("kind"), number("failures"), millis(number("until")), text("reason")}
			continue
		}
		done, _ := e.Values["done"].(bool)
		s.Turn = &Turn{text("slot"), done, millis(number("until")), text("outcome")}
	}
	return s, nil
}
