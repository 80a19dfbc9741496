package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"assay/shared/history"
	"assay/shared/market"
)

func seriesCommand(p *Program) *cobra.Command {
	c := &cobra.Command{
		Use:   "series",
		Short: "List the series that are known, or declare one of your own",
		Args:  arguments(cobra.NoArgs),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(seriesListCommand(p), seriesAddCommand(p))
	return c
}

func seriesAddCommand(p *Program) *cobra.Command {
	var d market.Declaration
	var asJSON bool
	c := &cobra.Command{
		Use:   "add ID",
		Short: "Declare a series of your own",
		Long: `add says what a series is that you push or import: ID is an instrument and whose view of it this is, such as XCU-USD.mine. Of an
instrument that is known already (BTC-USD, XAU-USD) everything but the role may be left out. The declaration is kept as it is, with a
receipt. Of several declarations of a series the last one counts.

A series votes in the consensus of its instrument only with --role. The name must not be a provider's.`,
		Example: `  assay series add XAU-USD.mine --role quote
  assay series add XCU-USD.mine --class metal --kind spot --unit lb --currency USD --calendar new-york --interval 1d`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if d.Series, err = market.ParseSeriesID(args[0]); err != nil {
				return usageError{err}
			}
			blob, declared, err := p.App.DeclareSeries(c.Context(), d)
			if err != nil {
				return mistake(err)
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(map[string]any{"declaration": declared, "blob": blob.String()})
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s is declared: %s %s, for one %s in %s, calendar %s, %s\n  kept as raw/%s\n", declared.Series,
				declared.Class, declared.Kind, declared.Unit, declared.Currency, declared.Calendar, votesAs(declared.Role), blob)
			return err
		},
	}
	flags := c.Flags()
	flags.StringVar((*string)(&d.Class), "class", "", "crypto, metal or fx")
	flags.StringVar((*string)(&d.Kind), "kind", "", "spot, fix, future or token")
	flags.StringVar(&d.Unit, "unit", "", "what one price buys: toz, lb, or a coin's code")
	flags.StringVar(&d.Currency, "currency", "", "what the price is in, as the instrument's name says")
	flags.StringVar((*string)(&d.Calendar), "calendar", "", "when a price is expected, such as always, metal-session or london")
	flags.StringVar(&d.Role, "role", "", "what it votes as: venue, publisher, quote or aggregator; none: it does not vote")
	flags.StringVar(&d.TimeZone, "tz", "", "time zone of pushed times that name none, such as Europe/Zurich; UTC")
	flags.StringVar(&d.Interval, "interval", "", "1m, 1h or 1d: of pushes that do not say it")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func seriesListCommand(p *Program) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the series that are known",
		Args:  arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			entries, err := p.App.History.Entries(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printSeriesJSON(c.OutOrStdout(), entries)
			}
			return printSeries(c.OutOrStdout(), entries)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per series")
	return c
}

func printSeries(out io.Writer, entries []history.Entry) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SERIES\tCLASS\tKIND\tUNIT\tCALENDAR\tROLE\tBARS")
	for _, e := range entries {
		in := e.Instrument
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, in.Class, in.Kind, in.Unit, in.Calendar, roleOf(e), strings.Join(reach(e), "; "))
	}
	return table.Flush()
}

// listedSeries is a series as --json prints it.
type listedSeries struct {
	Series   market.SeriesID `json:"series"`
	Class    market.Class    `json:"class"`
	Kind     market.Kind     `json:"kind"`
	Unit     string          `json:"unit"`
	Currency string          `json:"currency"`
	Calendar market.Calendar `json:"calendar"`
	Role     string          `json:"role,omitempty"`
	Declared bool            `json:"declared"`
	Bars     []string        `json:"bars"`
}

func printSeriesJSON(out io.Writer, entries []history.Entry) error {
	encoder := json.NewEncoder(out)
	for _, e := range entries {
		in := e.Instrument
		listed := listedSeries{e.ID, in.Class, in.Kind, in.Unit, in.Currency, in.Calendar, e.Role.String(), e.Declared, reach(e)}
		if err := encoder.Encode(listed); err != nil {
			return err
		}
	}
	return nil
}

// roleOf is what a series is to its instrument, in a word.
func roleOf(e history.Entry) string {
	switch {
	case e.ID.Source == "":
		return "consensus"
	case e.Role == market.NoRole:
		return "-"
	}
	return e.Role.String()
}

// reach says how far the bars of a series go at each interval.
func reach(e history.Entry) []string {
	all := []string{}
	for _, i := range market.Stored {
		if x, ok := e.Intervals[i]; ok {
			all = append(all, fmt.Sprintf("%s %s to %s", i, date(x.First), date(x.Last)))
		}
	}
	return all
}

func votesAs(role string) string {
	if role == "" {
		return "it does not vote"
	}
	return "it votes with the role " + role
}
