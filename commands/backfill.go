package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay/handlers"
	"assay/shared/api"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

func backfillCommand(p *Program) *cobra.Command {
	var from, to, interval string
	var asJSON bool
	c := &cobra.Command{
		Use:   "backfill SERIES",
		Short: "Fetch the history of a series",
		Long: `backfill asks for the history of an instrument, of every source that is on and has it, or of one source's series. Each source is
asked by a job of its own, window by window and within its limits, beside whatever else is running. It ends when the bars can be
queried. What a source does not reach is said, and is no failure.

The same request again, within 30 days, is the same job: it goes on where it was stopped. Without an end the history reaches up to
today, 00:00 UTC: newer prices are gathered by assay run, which also fetches five years of days and thirty days of minutes of
the watchlist by itself.

It exits with 0 when all that the sources reach was fetched, 1 when anything was not, 2 for a mistake in the command line.`,
		Example: `  assay backfill BTC-USD --from 2015-01-01
  assay backfill BTC-USD.bitstamp --from 2024-01-01 --to 2024-02-01 --interval 1m
  assay backfill EUR-USD --from 1999-01-04 --json`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			wanted, err := p.wanted(args[0], interval, from, to)
			if err != nil {
				return usageError{err}
			}
			return runBackfill(c.Context(), p, wanted, c.OutOrStdout(), asJSON)
		},
	}
	c.Flags().StringVar(&from, "from", "", "the first bar, a date or RFC 3339")
	c.Flags().StringVar(&to, "to", "", "the end, not included: a date or RFC 3339; today, 00:00 UTC")
	c.Flags().StringVar(&interval, "interval", "1d", "1m, 1h or 1d")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object for each source's job, as /api/v1/jobs/{id} does")
	return c
}

// wanted lists what to ask the sources for: a run of bars of each.
func (p *Program) wanted(series, interval, from, to string) ([]store.JobPart, error) {
	id, err := market.ParseSeriesID(series)
	if err != nil {
		return nil, err
	}
	every, err := market.ParseInterval(interval)
	if err != nil || !every.IsStored() {
		return nil, fmt.Errorf("--interval %.20q: want 1m, 1h or 1d", interval)
	}
	if from == "" {
		return nil, errors.New("say how far back: --from 2020-01-01")
	}
	start, err := parseMoment("--from", from)
	if err != nil {
		return nil, err
	}
	now := p.App.Now().UTC()
	end := now.Truncate(24 * time.Hour)
	if to != "" {
		if end, err = parseMoment("--to", to); err != nil {
			return nil, err
		}
	}
	r := market.Range{From: every.Ceil(start.Unix()), To: every.Floor(end.Unix())}
	switch {
	case end.After(now):
		return nil, fmt.Errorf("--to %s lies ahead: nobody has these bars yet", to)
	case r.From >= r.To:
		return nil, fmt.Errorf("no bar of %s lies between %s and %s", every, start.Format(time.RFC3339), end.Format(time.RFC3339))
	}
	sources, err := p.sourcesOf(id)
	if err != nil {
		return nil, err
	}
	var parts []store.JobPart
	for _, name := range sources {
		id.Source = name
		parts = append(parts, store.JobPart{Series: id, Interval: every, From: r.From, To: r.To, Cursor: r.From, State: store.Waiting})
	}
	return parts, nil
}

func parseMoment(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s %.40q: want a date such as 2026-01-01, or 2026-01-01T09:30:00Z", flag, text)
}

// sourcesOf lists the sources to ask: the one that a series names, or all that are on and have the instrument.
func (p *Program) sourcesOf(id market.SeriesID) ([]string, error) {
	if id.Source != "" {
		if _, _, why := p.App.Enabled(id.Source, id.Instrument); why != "" {
			return nil, errors.New(why)
		}
		return []string{id.Source}, nil
	}
	var names, off []string
	for _, s := range source.All {
		_, in, why := p.App.Enabled(s.Name, id.Instrument)
		if _, has := s.Symbol(in); why == "" {
			names = append(names, s.Name)
		} else if has {
			off = append(off, " "+why)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no source that is on has %s.%s", id, strings.Join(off, ""))
	}
	return names, nil
}

// runBackfill queues a job for each source, then takes part in the work until all that came of them can be queried.
func runBackfill(ctx context.Context, p *Program, wanted []store.JobPart, out io.Writer, asJSON bool) error {
	jobs := make([]store.Job, len(wanted))
	for n, part := range wanted {
		var err error
		if jobs[n], err = p.App.RequestBackfill(ctx, part.Series.Source, []store.JobPart{part}); err != nil {
			return err
		}
	}
	shown := newJobProgress(os.Stderr, jobs)
	err := p.drainJobs(ctx, jobs, shown)
	shown.stop()
	if ctx.Err() != nil {
		return fmt.Errorf("stopped; %s goes on with assay run, or with the same command", jobNames(jobs))
	}
	if err != nil {
		return err
	}
	failed := 0
	for _, job := range jobs {
		for _, part := range job.Parts {
			if part.State != store.Done && part.State != store.Beyond {
				failed++
			}
		}
		if err := printJob(out, job, asJSON); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d sources did not answer for it: see above", failed, len(jobs))
	}
	return nil
}

func jobNames(jobs []store.Job) string {
	names := make([]string, len(jobs))
	for n, job := range jobs {
		names[n] = job.ID
	}
	return strings.Join(names, ", ")
}

// drainJobs takes messages until every job has ended and all that came of it is loaded. It brings jobs up to date.
func (p *Program) drainJobs(ctx context.Context, jobs []store.Job, shown *jobProgress) error {
	h, err := p.draining(shown.worked)
	if err != nil {
		return err
	}
	return h.Drain(ctx, []string{"Backfill", "Clean", "Load"}, func(ctx context.Context) (bool, error) {
		ended := true
		for n := range jobs {
			if jobs[n].State == store.Done {
				continue
			}
			job, err := p.App.Store.Job(ctx, jobs[n].ID)
			if err != nil {
				return false, err
			}
			jobs[n] = job
			ended = ended && job.State == store.Done
		}
		if err := shown.reached(jobs); err != nil || !ended {
			return false, err
		}
		return allLoaded(ctx, p.App, jobs)
	})
}

// allLoaded reports whether everything has ended that came from the sources of jobs since these were made.
func allLoaded(ctx context.Context, app *handlers.App, jobs []store.Job) (bool, error) {
	for _, job := range jobs {
		receipts, err := app.Store.Receipts(ctx, job.Source, job.Created, app.Now().UnixMilli()+1)
		if err != nil {
			return false, err
		}
		for _, r := range receipts {
			if r.State == store.Stored || r.State == store.Cleaned {
				return false, nil
			}
		}
	}
	return true, nil
}

// printJob says what came of a job.
func printJob(out io.Writer, job store.Job, asJSON bool) error {
	described := api.DescribeJob(job)
	if asJSON {
		return json.NewEncoder(out).Encode(described)
	}
	for _, part := range described.Parts {
		line := fmt.Sprintf("%s %s: %s, %s bars in %d calls", part.Series, part.Interval, part.State, thousands(part.Bars), part.Requests)
		if part.Why != "" {
			line += "\n  " + part.Why
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}
