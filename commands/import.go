package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay/handlers"
	"assay/shared/host"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// maxImport is the largest file that is read: what a payload may be unpacked.
const maxImport = 512 << 20

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
name (XAU-USD.mine) is a series of its own and does not vote. An instrument alone (BTC-USD) takes the source's name from the format.`,
		Example: `  assay import btcusd-1d-bitstamp-cdd.csv.gz
  assay import platinum-lppm-quandl.csv.gz --series XPT-USD-PM
  assay import prices.csv --series XAU-USD.mine --interval 1d --columns time=Day,close=Last --tz Europe/Zurich --unit toz`,
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, files []string) error {
			flags.options.Columns = flags.columns
			return runImport(c.Context(), p, files, flags, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&flags.series, "series", "", "series that the file goes into, such as XAU-USD.mine or BTC-USD")
	c.Flags().StringVar(&flags.interval, "interval", "", "1m, 1h or 1d, where the file does not say")
	c.Flags().StringToStringVar(&flags.columns, "columns", nil, "of any CSV: field=column name or number; fields are time, open, high, low, close, volume")
	c.Flags().StringVar(&flags.options.TimeZone, "tz", "", "time zone of times without one, such as Europe/London; UTC")
	c.Flags().StringVar(&flags.options.Unit, "unit", "", "what a price buys: toz, g or kg")
	c.Flags().StringVar(&flags.options.Currency, "currency", "", "what prices are in, such as USD")
	c.Flags().StringVar(&flags.options.Dates, "dates", "", "dmy or mdy, where dates could be read either way")
	c.Flags().StringVar(&flags.options.Times, "times", "", "s, ms or us, where numbers could be read either way")
	c.Flags().BoolVar(&flags.json, "json", false, "print one JSON object per file")
	return c
}

// imported is one file on its way.
type imported struct {
	File    string            `json:"file"`
	Format  string            `json:"format"`
	Series  []market.SeriesID `json:"series"`
	Blob    string            `json:"blob"`
	State   store.State       `json:"state"`
	Bars    int               `json:"bars"`
	Rejects int               `json:"rejects"`
	Reason  string            `json:"reason,omitempty"`
	Seconds float64           `json:"seconds"`

	name    store.RawName
	receipt store.Receipt
	began   time.Time
}

// runImport stores and queues every file, then takes part in the work until all of them are loaded: with nothing else
// running it does the steps itself.
func runImport(ctx context.Context, p *Program, files []string, flags importFlags, out io.Writer) error {
	progress := newProgress(len(files))
	defer progress.stop()
	var queued []*imported
	for _, file := range files {
		im, err := queueFile(ctx, p.App, file, flags)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		queued = append(queued, im)
		progress.add(im)
	}
	if err := p.drain(ctx, queued, progress); err != nil {
		return err
	}
	progress.stop()
	failed := false
	for _, im := range queued {
		failed = failed || im.State != store.Loaded
		im.print(out, flags.json)
	}
	if failed {
		return errors.New("not everything was loaded; every file is kept as it was, under the name given above")
	}
	return nil
}

// queueFile stores a file as it is and tells Clean.
func queueFile(ctx context.Context, app *handlers.App, file string, flags importFlags) (*imported, error) {
	began := time.Now()
	body, err := readFile(file)
	if err != nil {
		return nil, err
	}
	detected, err := source.Detect(filepath.Base(file), body, flags.options)
	if err != nil {
		return nil, err
	}
	series, interval, err := declared(detected, flags)
	if err != nil {
		return nil, err
	}
	received := app.Now().UTC()
	record := store.Record{
		URI: (&url.URL{Scheme: "file", Path: "/" + filepath.Base(file)}).String(), Date: received, Body: body,
		Dataset: detected.Dataset, Series: series, Interval: interval, Authority: market.Given,
	}
	options, err := json.Marshal(flags.options)
	if err != nil {
		return nil, err
	}
	record.Options = string(options)
	name, err := app.Keep(ctx, series[0].Source, received, []store.Record{record})
	if err != nil {
		return nil, err
	}
	return &imported{File: file, Format: detected.Dataset, Series: series, Blob: name.String(), State: store.Stored, name: name, began: began}, nil
}

func readFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, errors.Unwrap(err) // without the name, which the caller says
	}
	if info.IsDir() {
		return nil, errors.New("is a folder: name the files in it")
	}
	if info.Size() > maxImport {
		return nil, fmt.Errorf("has %d MiB: at most %d can be imported at once; cut it in parts", info.Size()>>20, maxImport>>20)
	}
	return os.ReadFile(file)
}

// declared joins what the file says and what the caller says.
func declared(detected source.Detected, flags importFlags) ([]market.SeriesID, market.Interval, error) {
	series, interval := detected.Series, detected.Interval
	if flags.series != "" {
		id, err := market.ParseSeriesID(flags.series)
		if err != nil {
			return nil, 0, fmt.Errorf("--series: %w", err)
		}
		if id.Source == "" {
			id.Source = detected.Source
		}
		if id.Source == "" {
			return nil, 0, fmt.Errorf("--series %s: the file does not say whose prices these are; add a name, such as %s.mine", id, id)
		}
		series = []market.SeriesID{id}
	}
	if len(series) == 0 {
		return nil, 0, fmt.Errorf("this is %s, which does not say what it prices: add --series, such as --series BTC-USD", detected.Dataset)
	}
	for _, id := range series {
		if _, ok := market.Lookup(id.Instrument); !ok {
			return nil, 0, fmt.Errorf("--series %s: unknown instrument; known are %s", id, strings.Join(instrumentIDs(), ", "))
		}
	}
	if flags.interval != "" {
		i, err := market.ParseInterval(flags.interval)
		if err != nil || !i.IsStored() {
			return nil, 0, fmt.Errorf("--interval %s: want 1m, 1h or 1d", flags.interval)
		}
		interval = i
	}
	if interval == 0 {
		return nil, 0, errors.New("the file does not say how long its bars are: add --interval 1m, 1h or 1d")
	}
	return series, interval, nil
}

func instrumentIDs() []string {
	var ids []string
	for _, in := range market.Instruments {
		ids = append(ids, in.ID)
	}
	return ids
}

// drain takes messages for Clean and Load until every file has come as far as it will.
func (p *Program) drain(ctx context.Context, queued []*imported, progress *progress) error {
	functions := host.Functions{Work: map[string]host.Work{}, HTTP: p.Functions.HTTP}
	var h *host.Host
	for name, work := range p.Functions.Work {
		functions.Work[name] = func(ctx context.Context, payload []byte) error {
			err := work(ctx, payload)
			if pointer, bad := handlers.DecodePointer(payload); bad == nil && err == nil {
				progress.worked(name, pointer)
			}
			h.Wake() // the function may have queued a message
			return err
		}
	}
	h, err := host.New(p.Files, functions, host.Options{Getenv: os.Getenv, Queues: p.App.Store.Queues, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return h.Drain(ctx, []string{"Clean", "Load"}, func(ctx context.Context) (bool, error) {
		waiting := false
		for _, im := range queued {
			if err := im.look(ctx, p.App.Store); err != nil {
				return false, err
			}
			waiting = waiting || im.State == store.Stored || im.State == store.Cleaned
		}
		return !waiting, nil
	})
}

// look reads the file's receipt, until it is as far as it will come.
func (im *imported) look(ctx context.Context, s *store.Store) error {
	if im.State != store.Stored && im.State != store.Cleaned {
		return nil
	}
	receipt, err := s.Receipt(ctx, im.name)
	if err != nil {
		return fmt.Errorf("receipt of %s: %w", im.name, err)
	}
	im.receipt = receipt
	im.State, im.Bars, im.Rejects, im.Reason = receipt.State, receipt.Bars, receipt.Rejects, receipt.Reason
	im.Seconds = time.Since(im.began).Seconds()
	return nil
}

// print says what became of a file.
func (im *imported) print(out io.Writer, asJSON bool) {
	if asJSON {
		_ = json.NewEncoder(out).Encode(im)
		return
	}
	var series []string
	for _, span := range im.receipt.Spans {
		series = append(series, fmt.Sprintf("%s %s, %s to %s", span.Series, span.Interval, date(span.From), date(span.To-1)))
	}
	fmt.Fprintf(out, "%s (%s): %s in %.1f s\n", im.File, im.Format, im.State, im.Seconds)
	fmt.Fprintf(out, "  %d bars, %d refused; %s\n", im.Bars, im.Rejects, strings.Join(series, "; "))
	if im.Reason != "" {
		fmt.Fprintf(out, "  %s\n", im.Reason)
	}
	fmt.Fprintf(out, "  kept as raw/%s\n", im.Blob)
	for _, id := range im.Series {
		in, _ := market.Lookup(id.Instrument)
		if source.Role(id.Source, in) == market.NoRole {
			fmt.Fprintf(out, "  %s does not vote in the consensus: it is a series of its own\n", id)
		}
	}
}

func date(t int64) string { return time.Unix(t, 0).UTC().Format(time.DateOnly) }
