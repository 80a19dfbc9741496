// Package commands is what a person types: one file for each command. Root puts them together; main wires the Program.
package commands

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/spf13/cobra"

	"assay/handlers"
	"assay/shared/config"
	"assay/shared/host"
	"assay/shared/telemetry"
)

// Program is what the commands work with.
type Program struct {
	Version   string
	Files     fs.FS // host.json and functions/
	App       *handlers.App
	Functions host.Functions
	With      func(config.Config) (*Program, error) // the same program with other settings
	Telemetry *telemetry.Telemetry                  // nil: none
}

// host binds the functions to their function.json.
func (p *Program) host() (*host.Host, error) {
	return host.New(p.Files, p.Functions, host.Options{
		Getenv: os.Getenv,
		Queues: p.App.Store.Queues,
		Log:    p.App.Log,
	})
}

// Root returns the command line. A command stops when its context is done.
func Root(p *Program) *cobra.Command {
	root := &cobra.Command{
		Use:   "assay",
		Short: "A price history of cryptocurrencies and precious metals that can be trusted",
		Long: `assay gathers prices, keeps every answer as it came, cleans them, and settles what several sources say
into one history with receipts. It is configured by settings in the environment: see local.settings.json.example.`,
		Example: `  assay import btcusd.csv.gz                      a file of prices
  assay local                                     everything on this machine, page at http://127.0.0.1:7071/
  assay analyse tear-sheet BTC-USD XAU-USD        what prices did, and at what risk
  assay invoke FetchKraken                        one function, once
  assay stage .func/app && func start --script-root .func/app`,
		Version:       p.Version,
		SilenceUsage:  true,
		SilenceErrors: true, // main prints them
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("there is no command %q: assay --help lists them", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w: see %s --help", err, c.CommandPath())}
	})
	root.AddCommand(
		importCommand(p), backfillCommand(p), streamCommand(p), seriesCommand(p), sourcesCommand(p), analyseCommand(p), jobCommand(p),
		statusCommand(p), rejectsCommand(p), replayCommand(p),
		localCommand(p), simCommand(), hostCommand(p), runCommand(p), invokeCommand(p), stageCommand(p),
	)
	return root
}

// usageError is a mistake in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// mistake makes what the API would refuse a mistake in the command line.
func mistake(err error) error {
	var problem *huma.ErrorModel
	if errors.As(err, &problem) && problem.Status < http.StatusInternalServerError {
		return usageError{errors.New(strings.TrimSuffix(problem.Detail, "."))}
	}
	return err
}

// arguments makes what cobra says about arguments a usageError that says what the command takes.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		err := check(c, args)
		switch {
		case err == nil:
			return nil
		case c.HasSubCommands():
			return usageError{fmt.Errorf("%w: %s --help lists them", err, c.CommandPath())}
		default:
			return usageError{fmt.Errorf("%w: want %s", err, c.UseLine())}
		}
	}
}

// ExitCode is the exit code for the error of a command: 0 for none, 2 for a mistake in the command line, 200 for a handler
// that was told to stop, which the Functions host starts again, and 1 for the rest.
func ExitCode(err error) int {
	var unknown *host.UnknownFunction
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usageError{}) || errors.As(err, &unknown):
		return 2
	case errors.Is(err, host.ErrStopped):
		return 200
	}
	return 1
}
