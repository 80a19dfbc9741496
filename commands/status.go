package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"assay/shared/api"
	"assay/shared/store"
)

func statusCommand(p *Program) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Show how the program is doing",
		Long: `status shows how far the prices of each instrument go, how many messages wait on the queues and how many were put aside because they
failed too often, what became of the raw blobs of the last seven days, and which sources are on and how their last turn went.

It exits with 0 when the storage answers, 1 when it does not.`,
		Example: `  assay status
  assay status --json`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			answer, err := p.App.Status(c.Context())
			if err != nil {
				return err
			}
			var status api.Status
			if err := json.Unmarshal(answer, &status); err != nil {
				return fmt.Errorf("read the answer: %w", err)
			}
			if asJSON {
				fmt.Fprintf(c.OutOrStdout(), "%s\n", answer)
			}
			if !status.Storage.Reachable {
				return fmt.Errorf("the storage cannot be read: %s", status.Storage.Error)
			}
			if asJSON {
				return nil
			}
			if answer, err = p.App.Receipts(c.Context()); err != nil {
				return err
			}
			var receipts api.ReceiptList
			if err := json.Unmarshal(answer, &receipts); err != nil {
				return fmt.Errorf("read the answer: %w", err)
			}
			return printStatus(c.OutOrStdout(), status, receipts.Receipts)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the JSON that /api/v1/status answers")
	return c
}

func printStatus(out io.Writer, s api.Status, receipts []api.Receipt) error {
	fmt.Fprintf(out, "assay %s; the storage answers\n\n", s.Version)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "INSTRUMENT\tNEWEST BAR")
	for _, id := range slices.Sorted(maps.Keys(s.Series)) {
		if !strings.Contains(id, ".") { // a consensus
			fmt.Fprintf(table, "%s\t%s\n", id, newest(s.Series[id]))
		}
	}
	fmt.Fprintln(table, "\nQUEUE\tWAITING\tPUT ASIDE")
	for _, queue := range slices.Sorted(maps.Keys(s.Queues)) {
		if poison := store.Poison(queue); !strings.HasSuffix(queue, "-poison") {
			fmt.Fprintf(table, "%s\t%s\t%s\n", queue, thousands(s.Queues[queue]), thousands(s.Queues[poison]))
		}
	}
	fmt.Fprintln(table, "\nSOURCE\tSTATE\tLAST TURN")
	for _, source := range s.Sources {
		state, turn := sourceWords(source)
		fmt.Fprintf(table, "%s\t%s\t%s\n", source.Source, state, turn)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return printReceipts(out, receipts)
}

// newest names the newest bar of any interval, such as 2024-01-15T09:30:00Z (1m).
func newest(last map[string]string) string {
	best := "-"
	for _, interval := range slices.Sorted(maps.Keys(last)) { // times of one form sort as texts
		if text := last[interval] + " (" + interval + ")"; best == "-" || text > best {
			best = text
		}
	}
	return best
}

func sourceWords(s api.SourceStatus) (state, turn string) {
	switch {
	case !s.On:
		return "off", ""
	case s.Breaker != nil && s.Breaker.Failures > 0:
		state = s.Breaker.Kind + " until " + s.Breaker.Until
	default:
		state = "on"
	}
	switch {
	case s.Turn == nil:
		return state, "none yet"
	case !s.Turn.Done:
		return state, s.Turn.Slot + " at work, or it was stopped"
	}
	return state, s.Turn.Slot + " " + oneLine(s.Turn.Outcome)
}

// shownReceipts is how many raw blobs that were not loaded are named, the newest.
const shownReceipts = 10

// printReceipts counts receipts by state, and names those that a person may want to look at.
func printReceipts(out io.Writer, receipts []api.Receipt) error {
	states := map[string]int{}
	var bad []api.Receipt
	for _, r := range receipts {
		states[r.State]++
		if r.State == string(store.Rejected) || r.State == string(store.Dead) {
			bad = append(bad, r)
		}
	}
	fmt.Fprintf(out, "\nRaw blobs of the last seven days: %s loaded, %s on their way, %s rejected, %s dead\n", thousands(states[string(store.Loaded)]),
		thousands(states[string(store.Stored)]+states[string(store.Cleaned)]), thousands(states[string(store.Rejected)]), thousands(states[string(store.Dead)]))
	if hidden := len(bad) - shownReceipts; hidden > 0 {
		fmt.Fprintf(out, "  %s older ones that were not loaded are left out\n", thousands(hidden))
		bad = bad[hidden:]
	}
	for _, r := range bad {
		if _, err := fmt.Fprintf(out, "  %s: raw/%s %s\n", r.State, r.Raw, oneLine(r.Reason)); err != nil {
			return err
		}
	}
	return nil
}

// oneLine makes a text fit for a line of a table, whatever somebody else has put into it.
func oneLine(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text))
}
