package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"assay/shared/api"
	"assay/shared/store"
)

func jobCommand(p *Program) *cobra.Command {
	c := &cobra.Command{
		Use:   "job",
		Short: "Have long work done: clustering, cointegration, GARCH, backtests, exports, pictures",
		Args:  arguments(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(jobSubmitCommand(p), jobShowCommand(p), jobCancelCommand(p))
	return c
}

func jobSubmitCommand(p *Program) *cobra.Command {
	var r api.JobRequest
	var key string
	var asJSON bool
	c := &cobra.Command{
		Use:   "submit KIND [SERIES...]",
		Short: "Submit a job",
		Long: `submit has a job done by whoever runs the functions: assay run, a Functions host, or assay invoke Job. KIND is one of

  clustering     the groups of series that move together, with the dendrogram and the correlations as pictures
  cointegration  the Engle-Granger test of every pair, both ways
  garch          a GARCH(1,1) model of every series
  backtest       how far the forecasts of several models were off, of every series
  export         bars, a file for every series: as CSV, or with --set format=parquet
  images         pictures, named with --chart

Without series it is about the assets of the watchlist that have a consensus. What cannot be made is refused at once.`,
		Example: `  assay job submit clustering
  assay job submit backtest BTC-USD XAU-USD --set models=drift,theta,ets --set origins=100
  assay job submit images BTC-USD XAU-USD --chart prices.svg --chart drawdown.png --set scale=rebased --from 2020-01-01`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			r.Kind, r.Series = args[0], args[1:]
			job, err := p.App.SubmitJob(c.Context(), r, key)
			if err != nil {
				return mistake(err)
			}
			return showJob(c.OutOrStdout(), job, asJSON)
		},
	}
	flags := c.Flags()
	flags.StringVar((*string)(&r.From), "from", "", "the first bar, a date or RFC 3339; all that is stored")
	flags.StringVar((*string)(&r.To), "to", "", "the end, not included; now")
	flags.StringVar(&r.Interval, "interval", "1d", "of the bars")
	flags.StringVar(&r.Currency, "currency", "", "EUR or USD: convert the prices")
	flags.StringVar(&r.Unit, "unit", "", "toz, g or kg, of metals")
	flags.StringArrayVar(&r.Charts, "chart", nil, "of images: a picture, such as prices.svg")
	flags.StringToStringVar(&r.Parameters, "set", nil, "a parameter of the analysis or of the pictures, such as linkage=ward")
	flags.StringVar(&key, "key", "", "the same key, for 30 days, is the same job")
	flags.BoolVar(&asJSON, "json", false, "print JSON, as /api/v1/jobs/{id} does")
	return c
}

func jobShowCommand(p *Program) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "show [ID]",
		Short:   "Show how far a job has come, or list those of the last seven days",
		Example: `  assay job show 20240115-clustering-0123456789abcdef`,
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				job, err := api.FindJob(c.Context(), p.App.Store, args[0])
				if err != nil {
					return mistake(err)
				}
				return showJob(c.OutOrStdout(), job, asJSON)
			}
			now := p.App.Now()
			jobs, err := p.App.Store.Jobs(c.Context(), now.AddDate(0, 0, -7), now)
			if err != nil {
				return err
			}
			return showJobs(c.OutOrStdout(), jobs, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object for each job, as /api/v1/jobs/{id} does")
	return c
}

func jobCancelCommand(p *Program) *cobra.Command {
	return &cobra.Command{
		Use:     "cancel ID",
		Short:   "Cancel a job; the files that it has made stay",
		Example: `  assay job cancel 20240115-clustering-0123456789abcdef`,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			job, err := p.App.CancelJob(c.Context(), args[0])
			if err != nil {
				return mistake(err)
			}
			return showJob(c.OutOrStdout(), job, false)
		},
	}
}

func showJobs(out io.Writer, jobs []store.Job, asJSON bool) error {
	if asJSON {
		for _, job := range jobs {
			if err := showJob(out, job, true); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "JOB\tKIND\tSTATE\tDONE\tMOVED")
	for _, job := range jobs {
		fmt.Fprintf(table, "%s\t%s\t%s\t%.0f %%\t%s\n", job.ID, job.Kind, job.State, 100*job.Progress(), time.UnixMilli(job.Moved).UTC().Format(time.RFC3339))
	}
	return table.Flush()
}

func showJob(out io.Writer, job store.Job, asJSON bool) error {
	d := api.DescribeJob(job)
	if asJSON {
		return json.NewEncoder(out).Encode(d)
	}
	fmt.Fprintf(out, "%s is %s, %.0f %% done\n", d.ID, d.State, 100*d.Progress)
	if d.Why != "" {
		fmt.Fprintf(out, "  %s\n", d.Why)
	}
	for _, file := range d.Files {
		fmt.Fprintf(out, "  %s\n", file)
	}
	return nil
}
