package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"assay/handlers"
	"assay/shared/source"
	"assay/shared/store"
)

// importFlags are what a file does not say itself.
type importFlags struct {
	series   string
	interval string
	columns  map[string]string
	options  source.Options
	json     bool
}

func importCommand(p *Program) *cobra.Command {
	var flags importFlags
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "Load price files",
		Long: `import recognises a file by its content, keeps it as it is (with a receipt), cleans it, and loads it. It ends when the bars
can be queried. Known formats: CryptoDataDownload, CoinMarketCap, Yahoo, Stooq, FRED, Nasdaq Data Link (LBMA, LPPM), LBMA JSON,
ECB, Bitfinex minutes, monthly gold, the workshop's gold.json, each also as .gz or .zip; any other CSV with --columns.

--series says whose price of what it is. What goes into a provider's series (BTC-USD.bitstamp) votes as that provider; any other
name (XAU-USD.mine) is a series of its own, which does not vote unless it was declared with a role (assay series add). An instrument
alone (BTC-USD) takes the source's name from the format.

It exits with 0 when every file was loaded, 1 when any was not, 2 for a mistake in the command line.`,
		Example: `  assay import btcusd-1d-bitstamp-cdd.csv.gz
  assay import platinum-lppm-quandl.csv.gz --series XPT-USD-PM
  assay import prices.csv --series XAU-USD.mine --interval 1d --columns time=Day,close=Last --tz Europe/Zurich --unit toz`,
		Args: func(_ *cobra.Command, files []string) error {
			if len(files) == 0 {
				return usageError{errors.New("name the files to import: assay import FILE..., see assay import --help")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, files []string) error {
			flags.options.Columns = flags.columns
			given, err := flags.check()
			if err != nil {
				return usageError{err}
			}
			return runImport(c.Context(), p, files, given, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&flags.series, "series", "", "series that the file goes into, such as XAU-USD.mine or BTC-USD")
	c.Flags().StringVar(&flags.interval, "interval", "", "1m, 1h or 1d, where the file does not say")
	c.Flags().StringToStringVar(&flags.columns, "columns", nil, "of any CSV: field=column name or number; fields are time, open, high, low, close, volume")
	c.Flags().StringVar(&flags.options.TimeZone, "tz", "", "time zone of times without one, such as Europe/London; UTC")
	c.Flags().StringVar(&flags.options.Unit, "unit", "", "what a price buys: toz, or as the series was declared")
	c.Flags().StringVar(&flags.options.Currency, "currency", "", "what prices are in, such as USD")
	c.Flags().StringVar(&flags.options.Dates, "dates", "", "dmy or mdy, where dates could be read either way")
	c.Flags().StringVar(&flags.options.Times, "times", "", "s, ms or us, where numbers could be read either way")
	c.Flags().BoolVar(&flags.json, "json", false, "print one JSON object per file that was kept")
	return c
}

// runImport stores and queues every file that can be read, then takes part in the work until all of them are loaded: with
// nothing else running it does the steps itself. A file that cannot be read does not keep the others from being imported.
func runImport(ctx context.Context, p *Program, files []string, given declaration, out io.Writer) error {
	if err := given.lookUp(ctx, p.App); err != nil {
		return interrupted(ctx, err, nil)
	}
	progress := newProgress(os.Stderr)
	defer progress.stop()
	var kept []*imported
	var refused []error
	for _, file := range files {
		im, record, err := readFile(file, given)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		if err := im.keep(ctx, p.App, record, len(files) == 1); err != nil {
			return interrupted(ctx, fmt.Errorf("%s: %w", file, err), kept)
		}
		kept = append(kept, im)
		progress.add(im)
	}
	if len(kept) > 0 {
		if err := p.drain(ctx, kept, progress); err != nil {
			return interrupted(ctx, err, kept)
		}
	}
	progress.stop()
	failed := 0
	for _, im := range kept {
		if err := im.print(ctx, p.App, out, given.json); err != nil {
			return err
		}
		if im.State != store.Loaded {
			failed++
		}
	}
	if failed > 0 {
		refused = append(refused, fmt.Errorf("%d of %d files could not be loaded: see above; what was kept stays as it came", failed, len(files)))
	}
	return errors.Join(refused...)
}

// interrupted says what becomes of the files that were kept before an import ended early.
func interrupted(ctx context.Context, err error, kept []*imported) error {
	if ctx.Err() != nil {
		err = errors.New("stopped")
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if errors.Unwrap(e) == store.ErrUnreachable {
			err = e // which of the steps found it out says nothing
		}
	}
	if len(kept) == 0 {
		return fmt.Errorf("%w; nothing was imported", err)
	}
	waiting := slices.DeleteFunc(slices.Clone(kept), (*imported).ended)
	switch len(waiting) {
	case 0:
		return err
	case 1:
		return fmt.Errorf("%w; %s is kept as raw/%s, and assay run goes on with it", err, waiting[0].File, waiting[0].Blob)
	}
	return fmt.Errorf("%w; %d files are kept, %s to %s, and assay run goes on with them", err, len(waiting), waiting[0].File, waiting[len(waiting)-1].File)
}

// drain takes messages for Clean and Load until every file has come as far as it will.
func (p *Program) drain(ctx context.Context, kept []*imported, progress *progress) error {
	h, err := p.draining(func(function string, payload []byte, err error) {
		if pointer, bad := handlers.DecodePointer(payload); bad == nil {
			progress.worked(function, pointer, err)
		}
	})
	if err != nil {
		return err
	}
	return h.Drain(ctx, []string{"Clean", "Load"}, func(ctx context.Context) (bool, error) {
		waiting := false
		for _, im := range kept {
			if err := im.look(ctx, p.App.Store); err != nil {
				return false, err
			}
			if err := progress.reached(im); err != nil {
				return false, err
			}
			waiting = waiting || !im.ended()
		}
		return !waiting, nil
	})
}
