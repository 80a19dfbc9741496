package commands

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"assay/shared/sim"
)

func simCommand() *cobra.Command {
	var seed uint64
	var port int
	var speed float64
	var faults, start string
	c := &cobra.Command{
		Use:   "sim",
		Short: "Serve a simulated market in the place of every provider",
		Long: `sim invents prices of bitcoin, ether, litecoin, PAX Gold, gold, silver, platinum, palladium and the euro since 2013,
always the same for a seed, and serves them on loopback as Coinbase, Kraken (WebSocket too), Bitstamp, Bitfinex, gold-api,
Swissquote, the ECB and LBMA would, limits and oddities included. Point the program at it with ASSAY_SOURCE_URL, and at a
storage of its own: storage that holds real prices refuses invented ones, and the other way round. assay local --market sim
does all of that.

--faults plants errors. In prices: zero, absent, x10, x100, x1000, gram, inverse, spike, stuck, gap, duplicate, disorder,
late, swapped, halt, shift. In answers: 429, 5xx, html, slow, cut. GET /truth lists those of the last day, or of ?from= and
?to=, with the true values; GET /truth/bars?source=kraken&instrument=BTC-USD&interval=1m is the market without them.`,
		Example: `  assay sim --port 7099
  ASSAY_SOURCE_URL=http://127.0.0.1:7099 assay run
  assay sim --faults all --seed 7 --start 2026-01-01 --speed 60`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			kinds, err := sim.ParseFaults(faults)
			if err != nil {
				return usageError{fmt.Errorf("--faults: %w", err)}
			}
			now, err := clock(start, speed)
			if err != nil {
				return usageError{err}
			}
			market, err := sim.New(sim.Options{Seed: seed, Faults: kinds, Now: now})
			if err != nil {
				return err
			}
			listener, err := listen("127.0.0.1", port)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "Simulated market, seed %d: ASSAY_SOURCE_URL=http://%s\n", seed, listener.Addr())
			return serve(c.Context(), listener, market)
		},
	}
	c.Flags().Uint64Var(&seed, "seed", 1, "which market")
	c.Flags().IntVar(&port, "port", 0, "listen on this port; 0 takes a free one, which is printed")
	c.Flags().StringVar(&faults, "faults", "none", "faults to plant: all, none, or kinds separated by commas")
	c.Flags().StringVar(&start, "start", "", "the market's time at the start, a date or RFC 3339; now when empty")
	c.Flags().Float64Var(&speed, "speed", 1, "how many times faster than time the market's clock runs")
	return c
}

// clock returns a clock that shows start now and runs speed times as fast as time.
func clock(start string, speed float64) (func() time.Time, error) {
	began := time.Now()
	first := began
	if start != "" {
		var err error
		if first, err = parseMoment("--start", start); err != nil {
			return nil, err
		}
	}
	if !(speed > 0 && speed <= 1e6) {
		return nil, fmt.Errorf("--speed %v: want a number above 0, such as 60", speed)
	}
	return func() time.Time { return first.Add(time.Duration(float64(time.Since(began)) * speed)) }, nil
}

// serve answers until the context is done.
func serve(ctx context.Context, listener net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
