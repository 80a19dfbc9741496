package commands

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/spf13/cobra"

	"assay/shared/host"
	"assay/shared/sim"
)

// local is what assay local was told.
type local struct {
	market  string   // auto, live or sim
	data    string   // folder of the real prices
	port    int      // of the page and the API
	azurite string   // Azurite's script
	flags   []string // for Azurite
}

func localCommand(p *Program) *cobra.Command {
	var l local
	c := &cobra.Command{
		Use:   "local [-- AZURITE-FLAGS]",
		Short: "Run everything on this machine, storage included: what make run does",
		Long: `local starts Azurite, runs the functions as assay run does, and stops both together. --market says where prices come from:

  live   from the providers
  sim    from a simulated market, which is part of the program: the prices are made up. Its London fixes need no terms accepted
  auto   live if a provider answers within a few seconds, or if real prices are stored already; else sim

Real prices are kept in the folder --data, made-up ones in another beside it (.azurite-sim): neither goes among the other.
Ports of Azurite that are not the usual ones have to stand in AzureWebJobsStorage as well.`,
		Example: `  assay local
  assay local --market sim --data ~/prices
  assay local -- --blobPort 11000 --queuePort 11001 --tablePort 11002`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && c.ArgsLenAtDash() != 0 {
				return usageError{fmt.Errorf("%.40q: what is meant for Azurite stands behind --", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, flags []string) error {
			if _, err := host.Port("--port", strconv.Itoa(l.port)); err != nil {
				return usageError{err}
			}
			l.flags = flags
			return p.local(c.Context(), l, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&l.market, "market", "auto", "auto, live or sim")
	c.Flags().StringVar(&l.data, "data", ".azurite", "folder to keep real prices in")
	c.Flags().IntVar(&l.port, "port", 7071, "port of the page and the API")
	c.Flags().StringVar(&l.azurite, "azurite", "node_modules/azurite/dist/src/azurite.js", "Azurite's script, which node runs")
	return c
}

// local runs until the context is done or any part ends. The functions end first, so that what is in hand can be stored, then
// the simulated market, then the storage.
func (p *Program) local(ctx context.Context, l local, out io.Writer) error {
	simulated, why, err := p.chooseMarket(ctx, l)
	if err != nil || ctx.Err() != nil {
		return err
	}
	folder, err := filepath.Abs(l.data)
	if err != nil {
		return err
	}
	if simulated {
		folder += "-sim"
	}
	fmt.Fprintf(out, "%s\nPrices are kept in %s; stop with Ctrl+C\n", why, folder)
	running, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	storage, err := startAzurite(running, l.azurite, folder, l.flags)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return err
	}
	defer storage.stop()
	context.AfterFunc(storage.ended, func() { fail(storage.lastWords("ended")) })
	program := p
	if simulated && p.App.Config.SourceURL == "" {
		var stop func()
		if program, stop, err = p.withSimulatedMarket(fail); err != nil {
			return err
		}
		defer stop()
	}
	fmt.Fprintf(out, "Page: http://127.0.0.1:%d/\n", l.port)
	defer context.AfterFunc(ctx, func() {
		fmt.Fprintln(out, "Stopping when what is in hand is done, within half a minute; Ctrl+C again stops at once")
	})()
	err = program.run(running, host.RunOptions{Grace: host.DefaultGrace}, "127.0.0.1", l.port)
	if failure := context.Cause(running); err == nil && failure != context.Cause(ctx) {
		err = failure
	}
	return err
}

// withSimulatedMarket returns the program as it is with a simulated market in the place of every provider, and what ends that
// market. If it ends by itself, fail is told. London's fixes are the market's own, so nobody has to accept their terms.
func (p *Program) withSimulatedMarket(fail context.CancelCauseFunc) (*Program, func(), error) {
	market, err := sim.New(sim.Options{Seed: 1})
	if err != nil {
		return nil, nil, err
	}
	listener, err := host.Listen("127.0.0.1", 0)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := serve(ctx, listener, market); err != nil {
			fail(fmt.Errorf("simulated market: %w", err))
		}
	})
	stop := func() { cancel(); served.Wait() }
	settings := p.App.Config
	settings.SourceURL, settings.AcceptTerms, settings.Keys = "http://"+listener.Addr().String(), []string{"lbma"}, nil
	program, err := p.With(settings)
	if err != nil {
		stop()
		return nil, nil, err
	}
	program.Telemetry, program.App.Log = p.Telemetry, p.App.Log
	return program, stop, nil
}
