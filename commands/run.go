package commands

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"assay/shared/host"
)

func runCommand(p *Program) *cobra.Command {
	var options host.RunOptions
	var address string
	var port int
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the functions with their own timers, queue loops and HTTP",
		Long: `run does what the Azure Functions host would do, without it: every timer fires once at start and then by its schedule
(UTC), queue functions take messages, the API and the page answer over HTTP. SIGTERM or Ctrl+C stops it: it takes nothing
more, finishes what is in hand within 25 seconds (or --grace), and exits with 0.

Without function keys (ASSAY_FUNCTION_KEYS_FILE, one key a line) it listens on loopback addresses only, and answers only
where it is called by an address, as localhost, or as --address names it: no web page elsewhere can pass for one of its own.
With keys, writing always needs one (header x-functions-key, or ?code=); reading needs one beyond loopback, unless
ASSAY_PUBLIC_READ=true.`,
		Example: `  assay run
  assay run --only Clean,Load
  ASSAY_FUNCTION_KEYS_FILE=keys.txt assay run --address 0.0.0.0 --port 80 --only Api,Page`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return p.run(c.Context(), options, address, port) },
	}
	c.Flags().StringSliceVar(&options.Only, "only", nil, "run only these functions, separated by commas")
	c.Flags().StringVar(&address, "address", "127.0.0.1", "listen on this address")
	c.Flags().IntVar(&port, "port", 7071, "listen on this port; 0 takes a free one, which the log names")
	c.Flags().DurationVar(&options.Hide, "hide", 10*time.Minute, "hide a message in hand from others for so long, renewed at half of it: when this process is killed, another takes it then")
	c.Flags().DurationVar(&options.Grace, "grace", host.DefaultGrace, "after a stop, wait at most so long for what is in hand; 0 leaves it at once")
	return c
}

// run runs the functions that options name, all of them when they name none, until the context is done.
func (p *Program) run(ctx context.Context, options host.RunOptions, address string, port int) (err error) {
	if options.Grace < 0 {
		return usageError{fmt.Errorf("--grace %v: want 0 or more, such as 25s", options.Grace)}
	}
	if options.Hide != 0 && options.Hide < time.Second {
		return usageError{fmt.Errorf("--hide %v: want at least a second, such as 10m", options.Hide)}
	}
	options.Keys, err = host.ReadKeys(p.App.Config.KeysFile)
	if err != nil {
		return err
	}
	h, err := p.host()
	if err != nil {
		return err
	}
	if options.Listener, err = listenFor(h, options.Only, address, port); err != nil {
		return err
	}
	options.Public, options.Address = p.App.Config.PublicRead, address
	return h.Run(ctx, options)
}

// listenFor listens when any of the functions answers HTTP; else it returns nil.
func listenFor(h *host.Host, only []string, address string, port int) (net.Listener, error) {
	if needed, err := h.HasHTTP(only); err != nil || !needed {
		return nil, err
	}
	return listen(address, port)
}

// listen opens the port that a person chose with --port; 0 takes a free one.
func listen(address string, port int) (net.Listener, error) {
	if port != 0 {
		if _, err := host.Port("--port", strconv.Itoa(port)); err != nil {
			return nil, usageError{err}
		}
	}
	listener, err := host.Listen(address, port)
	if err != nil {
		return nil, fmt.Errorf("%w: choose another with --port", err)
	}
	return listener, nil
}
