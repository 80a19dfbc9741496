package commands

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"assay/shared/api"
)

func analyseCommand(p *Program) *cobra.Command {
	c := &cobra.Command{
		Use:   "analyse KIND SERIES...",
		Short: "Compute returns, risk, correlations, indicators, tests or forecasts of series",
		Long: `analyse computes what /api/v1/analysis does, from the storage itself, and prints tables: what was read, the numbers, and why a
number is not there. A series is an instrument (BTC-USD, XAU-USD-PM) or one source's view of it (BTC-USD.kraken). Every kind has
parameters of its own: assay analyse KIND --help.`,
		Example: `  assay analyse tear-sheet BTC-USD XAU-USD --from 2020-01-01
  assay analyse correlation BTC-USD XAU-USD-PM --align_at '15:00 Europe/London'
  assay analyse indicator BTC-USD --name MACD --last 5
  assay analyse forecast BTC-USD --model theta --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no analysis %q: assay analyse --help lists them", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	for _, k := range api.Kinds() {
		c.AddCommand(p.kindCommand(k))
	}
	return c
}

// kindCommand is one kind of analysis, with a flag for each of its parameters.
func (p *Program) kindCommand(k api.AnalysisKind) *cobra.Command {
	var asJSON bool
	var last int
	takes, _, _ := strings.Cut(k.Series, ", separated")
	c := &cobra.Command{
		Use:     k.Kind + " SERIES...",
		Short:   k.Summary,
		Long:    k.Summary + ".\n\n" + k.Definition + "\n\nIt takes " + takes + ".",
		Example: exampleOf(k),
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, series []string) error {
			query := url.Values{"series": {strings.Join(series, ",")}}
			for _, parameter := range k.Parameters[1:] {
				if flag := c.Flags().Lookup(parameter.Name); flag.Changed {
					query.Set(parameter.Name, flag.Value.String())
				}
			}
			answer, err := p.App.Analyse(c.Context(), k.Kind, query)
			if err != nil {
				return mistake(err)
			}
			if asJSON {
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n", answer)
				return err
			}
			return printAnalysis(c.OutOrStdout(), answer, last)
		},
	}
	for _, parameter := range k.Parameters[1:] { // the first is series
		c.Flags().String(parameter.Name, parameter.Default, usageOf(parameter))
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the JSON that the API answers")
	c.Flags().IntVar(&last, "last", 20, "print at most so many of the last rows of a column; 0 for all")
	return c
}

func usageOf(p api.AnalysisParameter) string {
	usage := p.Doc
	if len(p.Choices) > 0 {
		usage = strings.TrimPrefix(usage+": "+strings.Join(p.Choices, ", "), ": ")
	}
	if p.Minimum != "" {
		usage = strings.TrimPrefix(fmt.Sprintf("%s (%s to %s)", usage, p.Minimum, p.Maximum), " ")
	}
	return usage
}

// exampleOf writes the example of a kind, which is a path of the API, as a command.
func exampleOf(k api.AnalysisKind) string {
	_, raw, _ := strings.Cut(k.Example, "?")
	command, flags := "  assay analyse "+k.Kind, ""
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		if name == "series" {
			command += " " + strings.ReplaceAll(value, ",", " ")
		} else {
			flags += " --" + name + " " + value
		}
	}
	return command + flags
}
