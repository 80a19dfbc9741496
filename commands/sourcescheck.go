package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"assay/shared/fetch"
	"assay/shared/source"
)

func checkCommand(p *Program) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check [NAME...]",
		Short: "Call every source that is on once, and say whether it answers as it should",
		Long: `check makes one call to every source that is on, within its budget and unless its breaker is open, and stores nothing. It says
ok, or what has changed. It exits with 0 when every source that was asked is well, and with 1 when one is not.`,
		Example: `  assay sources check
  assay sources check coinbase --json`,
		Args: knownSources,
		RunE: func(c *cobra.Command, names []string) error { return p.checkSources(c, names, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a list of JSON objects")
	return c
}

// checked is what came of a call, as --json prints it.
type checked struct {
	Source string `json:"source"`
	State  string `json:"state"` // ok, off, or what is wrong: paused, failed, or one of source.KindOf
	Text   string `json:"text"`
}

func (p *Program) checkSources(c *cobra.Command, names []string, asJSON bool) error {
	var all []checked
	failed := false
	for _, s := range chosen(names) {
		one := p.checkSource(c.Context(), s)
		failed = failed || one.State != "ok" && one.State != "off"
		if all = append(all, one); !asJSON {
			fmt.Fprintf(c.OutOrStdout(), "%-10s  %-14s  %s\n", one.Source, one.State, strings.TrimPrefix(one.Text, "ok: "))
		}
	}
	if asJSON {
		if err := writeJSON(c.OutOrStdout(), all); err != nil {
			return err
		}
	}
	if failed {
		return errors.New("not every source answers as it should")
	}
	return nil
}

func (p *Program) checkSource(ctx context.Context, s source.Source) checked {
	if off := s.Inert(p.App.Config.AcceptTerms, p.App.Config.Keys); off != "" {
		return checked{s.Name, "off", off}
	}
	text, err := p.App.Check(ctx, s)
	if err == nil {
		return checked{s.Name, "ok", text}
	}
	state := cmp.Or(source.KindOf(err), "failed")
	if errors.Is(err, fetch.ErrPaused) {
		state = "paused"
	}
	return checked{s.Name, state, fetch.Redact(err.Error())}
}
