package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"assay/shared/api"
	"assay/shared/market"
)

func rejectsCommand(p *Program) *cobra.Command {
	var asJSON bool
	var last int
	c := &cobra.Command{
		Use:   "rejects SERIES",
		Short: "List what was refused of a series, and why",
		Long: `rejects lists the rows and fields that were refused of one source's series (BTC-USD.kraken), or of a source (kraken) where what was
sent names no series, the newest last. The newest 1,000 of each are kept, with their original text. A row that is refused is no
failure: the raw blob that it came in has it for ever.`,
		Example: `  assay rejects BTC-USD.kraken
  assay rejects XAU-USD.mine --last 100
  assay rejects lbma --json`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if id, err := market.ParseSeriesID(args[0]); err == nil && id.Source == "" {
				return usageError{fmt.Errorf("%s is an instrument: rows are refused of one source's series, such as %s.kraken; assay series list lists them", id, id)}
			}
			if last < 0 {
				return usageError{fmt.Errorf("--last %d: want how many to print, or 0 for all", last)}
			}
			answer, err := p.App.Rejects(c.Context(), args[0])
			if err != nil {
				return mistake(err)
			}
			if asJSON {
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n", answer)
				return err
			}
			var list api.RejectList
			if err := json.Unmarshal(answer, &list); err != nil {
				return fmt.Errorf("read the answer: %w", err)
			}
			return printRejects(c.OutOrStdout(), list, last)
		},
	}
	c.Flags().IntVar(&last, "last", 20, "print at most so many of the newest; 0 for all")
	c.Flags().BoolVar(&asJSON, "json", false, "print all of them, with their text, as /api/v1/rejects does")
	return c
}

func printRejects(out io.Writer, list api.RejectList, last int) error {
	if len(list.Rejects) == 0 {
		_, err := fmt.Fprintf(out, "nothing is kept that was refused of %s\n", list.Series)
		return err
	}
	shown := list.Rejects
	if last > 0 && len(shown) > last {
		shown = shown[len(shown)-last:]
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "BAR\tROW\tRULE\tFIELD\tREASON\tRAW")
	for _, r := range shown {
		bar, row, field := "-", "-", r.Field
		if r.Time != nil {
			bar = *r.Time
		}
		if r.Row > 0 {
			row = strconv.Itoa(r.Row)
		}
		if field == "" {
			field = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", bar, row, r.Rule, field, oneLine(r.Reason), r.Raw)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if hidden := len(list.Rejects) - len(shown); hidden > 0 {
		_, err := fmt.Fprintf(out, "and %s older ones: --last 0 prints all\n", thousands(hidden))
		return err
	}
	return nil
}
