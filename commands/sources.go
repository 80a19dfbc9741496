package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"assay/shared/fetch"
	"assay/shared/source"
)

func sourcesCommand(p *Program) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "sources [NAME...]",
		Short: "List the sources and how fetching from them goes",
		Long: `sources lists every provider: whether it is on, and how to turn it on where it is not; its last turn; its circuit breaker,
which keeps calls away from a provider that fails. With NAMEs it prints all that is known of these: limits, how far the history
reaches, what the times mean, the terms.`,
		Example: `  assay sources
  assay sources kraken lbma
  assay sources --json
  assay sources check`,
		Args: knownSources,
		RunE: func(c *cobra.Command, names []string) error {
			states, err := p.sourceStates(c.Context(), names)
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				return writeJSON(c.OutOrStdout(), states)
			case len(names) > 0:
				return describe(c.OutOrStdout(), states)
			default:
				return overview(c.OutOrStdout(), states)
			}
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a list of JSON objects")
	c.AddCommand(checkCommand(p))
	return c
}

// knownSources refuses a name that is no source's.
func knownSources(_ *cobra.Command, names []string) error {
	for _, name := range names {
		if _, known := source.Find(name); !known {
			return usageError{fmt.Errorf("there is no source %q: assay sources lists them", name)}
		}
	}
	return nil
}

// chosen returns the sources of these names, all without any.
func chosen(names []string) []source.Source {
	return slices.DeleteFunc(slices.Clone(source.All), func(s source.Source) bool {
		return len(names) > 0 && !slices.Contains(names, s.Name)
	})
}

// sourceState is one source, as --json prints it.
type sourceState struct {
	Source   string            `json:"source"`
	Title    string            `json:"title"`
	On       bool              `json:"on"`
	Off      string            `json:"off,omitempty"` // why it is off, and how to turn it on
	Roles    map[string]string `json:"roles"`         // by class
	Watched  []string          `json:"watched"`       // instruments of ASSAY_WATCHLIST that it is asked for
	Turn     *turnState        `json:"turn"`
	Breaker  *breakerState     `json:"breaker"` // null while it is closed
	Budget   string            `json:"budget"`
	Unknown  []string          `json:"unknown,omitempty"` // instruments that it did not know lately
	Limits   string            `json:"limits"`
	Window   string            `json:"window"`
	History  string            `json:"history"`
	Order    string            `json:"order"`
	NoTrades string            `json:"noTrades"`
	Times    string            `json:"times"`
	Terms    string            `json:"terms"`
	Docs     string            `json:"docs"`
}

type turnState struct {
	Slot    time.Time `json:"slot"`
	Done    bool      `json:"done"`
	Outcome string    `json:"outcome"`
}

type breakerState struct {
	Kind     string    `json:"kind"` // what is wrong in a word
	Failures int64     `json:"failures"`
	Until    time.Time `json:"until"`
	Reason   string    `json:"reason"`
}

// sourceStates reads the state of the sources of these names, of all without any.
func (p *Program) sourceStates(ctx context.Context, names []string) ([]sourceState, error) {
	var states []sourceState
	for _, s := range chosen(names) {
		known, err := p.App.Fetch.State(ctx, s)
		if err != nil {
			return nil, err
		}
		watched, err := p.App.Watched(s)
		if err != nil {
			return nil, err
		}
		state := sourceState{
			Source: s.Name, Title: s.Title, Off: s.Inert(p.App.Config.AcceptTerms, p.App.Config.Keys), Roles: map[string]string{}, Watched: []string{},
			Budget: fmt.Sprintf("%d of %d calls in %s used", known.Calls, s.Budget.Calls, s.Budget.Per), Unknown: known.Unknown,
			Limits: s.Manner.Limits, Window: s.Manner.Window, History: s.Manner.History, Order: s.Manner.Order,
			NoTrades: s.Manner.Empty, Times: s.Manner.Times, Terms: s.Terms, Docs: s.Docs,
		}
		state.On = state.Off == ""
		for class, role := range s.Roles {
			state.Roles[string(class)] = role.String()
		}
		for _, in := range watched {
			state.Watched = append(state.Watched, in.ID)
		}
		state.remember(known)
		states = append(states, state)
	}
	return states, nil
}

// remember adds what the table of sources says.
func (s *sourceState) remember(known fetch.State) {
	if !known.Slot.IsZero() {
		s.Turn = &turnState{known.Slot, known.Done, known.Outcome}
	}
	if known.Failures > 0 {
		s.Breaker = &breakerState{known.Kind, known.Failures, known.Until, known.Reason}
	}
}

func (s *sourceState) state() string {
	switch {
	case !s.On:
		return s.Off
	case len(s.Watched) == 0:
		return "on, but ASSAY_WATCHLIST names nothing that it has"
	default:
		return "on"
	}
}

func (s *sourceState) role() string {
	var roles []string
	for class, role := range s.Roles {
		roles = append(roles, role+" of "+class)
	}
	slices.Sort(roles)
	return strings.Join(roles, ", ")
}

func (s *sourceState) turn() string {
	switch {
	case s.Turn == nil:
		return "none yet"
	case !s.Turn.Done:
		return s.Turn.Slot.Format(time.RFC3339) + " at work, or it was stopped"
	default:
		return s.Turn.Slot.Format(time.RFC3339) + " " + s.Turn.Outcome
	}
}

func (s *sourceState) breaker() string {
	if s.Breaker == nil {
		return "closed"
	}
	return fmt.Sprintf("open until %s after %d failures, the last: %s", s.Breaker.Until.Format(time.RFC3339), s.Breaker.Failures, s.Breaker.Reason)
}

// overview prints a line for each source, and a second one for what a person may want to do something about.
func overview(out io.Writer, states []sourceState) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SOURCE\tROLE\tSTATE\tLAST TURN")
	for _, s := range states {
		state, turn := "on", s.turn()
		switch {
		case !s.On:
			state, turn = "off", ""
		case s.Breaker != nil:
			state = s.Breaker.Kind
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Source, s.role(), state, turn)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, s := range states {
		if text := s.state(); text != "on" {
			fmt.Fprintf(out, "\n%s: %s", s.Source, text)
		}
		if s.Breaker != nil {
			fmt.Fprintf(out, "\n%s: the breaker is %s", s.Source, s.breaker())
		}
	}
	_, err := fmt.Fprintln(out)
	return err
}

// describe prints all that is known of sources.
func describe(out io.Writer, states []sourceState) error {
	for _, s := range states {
		fmt.Fprintf(out, "%s, %s\n", s.Source, s.Title)
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, line := range [][2]string{
			{"state", s.state()},
			{"role", s.role()},
			{"watched", strings.Join(s.Watched, ", ")},
			{"last turn", s.turn()},
			{"breaker", s.breaker()},
			{"budget", s.Budget},
			{"not known to it", strings.Join(s.Unknown, ", ")},
			{"limits", s.Limits},
			{"window", s.Window},
			{"history", s.History},
			{"order", s.Order},
			{"no trades", s.NoTrades},
			{"times", s.Times},
			{"terms", s.Terms},
			{"documentation", s.Docs},
		} {
			if line[1] != "" {
				fmt.Fprintf(table, "  %s\t%s\n", line[0], line[1])
			}
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
