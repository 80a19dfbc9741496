package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/handlers"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// maxImport is the largest file that is read: what a payload may be unpacked.
const maxImport = 512 << 20

// keepLimit is for storing one file.
const keepLimit = 5 * time.Minute

// declaration is what the caller says of the files, checked.
type declaration struct {
	importFlags
	id    market.SeriesID // zero if not given
	every market.Interval // 0 if not given
}

func (flags importFlags) check() (declaration, error) {
	d := declaration{importFlags: flags}
	var err error
	if flags.series != "" {
		if d.id, err = market.ParseSeriesID(flags.series); err != nil {
			return d, fmt.Errorf("--series: %w", err)
		}
	}
	if flags.interval != "" {
		if d.every, err = market.ParseInterval(flags.interval); err != nil || !d.every.IsStored() {
			return d, fmt.Errorf("--interval %s: want 1m, 1h or 1d", flags.interval)
		}
	}
	return d, nil
}

// lookUp finds the instrument of --series: Clean judges by what it was declared to be, where it is not known by itself.
func (d *declaration) lookUp(ctx context.Context, app *handlers.App) error {
	if d.id.Instrument == "" {
		return nil
	}
	in, known, err := app.History.Instrument(ctx, d.id.Instrument)
	switch {
	case err != nil:
		return fmt.Errorf("--series %s: %w", d.id, err)
	case !known:
		return usageError{fmt.Errorf("--series %s: there is no such instrument; known are %s, and what is declared: see assay series add --help",
			d.id, strings.Join(instrumentIDs(), ", "))}
	}
	d.options.Declared = in.Declaration(d.id)
	return nil
}

func instrumentIDs() []string {
	var ids []string
	for _, in := range market.Instruments {
		ids = append(ids, in.ID)
	}
	return ids
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

// readFile reads and recognises a file. Its error names the file and says what is wrong with it; nothing was kept then.
func readFile(file string, given declaration) (*imported, store.Record, error) {
	began := time.Now()
	body, err := fileBody(file)
	if err != nil {
		return nil, store.Record{}, fmt.Errorf("%s: %w", file, err)
	}
	detected, err := source.Detect(filepath.Base(file), body, given.options)
	if err != nil { // it names the file itself; that it is in no documented format, a person need not be told as well
		return nil, store.Record{}, errors.New(strings.TrimSuffix(err.Error(), ": "+source.ErrFormat.Error()))
	}
	series, interval, err := declared(detected, given)
	if err != nil {
		return nil, store.Record{}, fmt.Errorf("%s: %w", file, err)
	}
	options, err := json.Marshal(given.options)
	if err != nil {
		return nil, store.Record{}, err
	}
	record := store.Record{
		URI: (&url.URL{Scheme: "file", Path: "/" + filepath.Base(file)}).String(), Body: body, Options: string(options),
		Dataset: detected.Dataset, Series: series, Interval: interval, Authority: market.Given,
	}
	return &imported{File: file, Format: detected.Dataset, Series: series, State: store.Stored, began: began}, record, nil
}

func fileBody(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err == nil && info.IsDir() {
		return nil, errors.New("is a folder: name the files in it")
	}
	if err == nil && info.Size() > maxImport {
		return nil, fmt.Errorf("has %d MiB: at most %d can be imported at once; cut it in parts", info.Size()>>20, maxImport>>20)
	}
	var body []byte
	if err == nil {
		body, err = os.ReadFile(file)
	}
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		err = path.Err // without the name, which the caller says
	}
	return body, err
}

// declared joins what the file says and what the caller says.
func declared(detected source.Detected, given declaration) ([]market.SeriesID, market.Interval, error) {
	series, interval := detected.Series, detected.Interval
	if id := given.id; id.Instrument != "" {
		if id.Source == "" {
			id.Source = detected.Source
		}
		if id.Source == "" {
			return nil, 0, fmt.Errorf("the file does not say whose prices these are: add a name to --series, such as %s.mine", id)
		}
		series = []market.SeriesID{id}
	}
	if len(series) == 0 {
		return nil, 0, fmt.Errorf("the file is %s, which does not say what it prices: add --series, such as --series BTC-USD", detected.Dataset)
	}
	if given.every != 0 {
		interval = given.every
	}
	if interval == 0 {
		return nil, 0, errors.New("the file does not say how long its bars are: add --interval 1m, 1h or 1d")
	}
	return series, interval, nil
}

// keep stores a file as it is and tells Clean. Once begun it is not stopped half-way: a blob without a message would have to
// wait until Reconcile finds it.
func (im *imported) keep(ctx context.Context, app *handlers.App, record store.Record, alone bool) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepLimit)
	defer cancel()
	record.Date = app.Now().UTC()
	keep := app.Keep
	if alone { // it is cleaned next
		keep = app.KeepAndJudge
	}
	name, err := keep(ctx, im.Series[0].Source, record.Date, []store.Record{record})
	im.name, im.Blob = name, name.String()
	return err
}

// ended reports whether a file has come as far as it will.
func (im *imported) ended() bool { return im.State != store.Stored && im.State != store.Cleaned }

// look reads the file's receipt, until it has ended.
func (im *imported) look(ctx context.Context, s *store.Store) error {
	if im.ended() {
		return nil
	}
	receipt, err := s.Receipt(ctx, im.name)
	if err != nil {
		return err
	}
	im.receipt = receipt
	im.State, im.Bars, im.Rejects, im.Reason = receipt.State, receipt.Bars, receipt.Rejects, receipt.Reason
	im.Seconds = time.Since(im.began).Seconds()
	return nil
}

// examples is how many of the rows that were refused are shown.
const examples = 3

// print says what became of a file.
func (im *imported) print(ctx context.Context, app *handlers.App, out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(im)
	}
	fmt.Fprintf(out, "%s: %s, %s bars in %.1f s (%s)\n", im.File, im.State, thousands(im.Bars), im.Seconds, im.Format)
	for _, span := range im.receipt.Spans {
		votes, err := votes(ctx, app.History, span.Series)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %s %s from %s to %s", span.Series, span.Interval, date(span.From), date(span.To-1))
		if !votes {
			fmt.Fprintf(out, ", a series of its own: it does not vote on %s", span.Series.Instrument)
		}
		fmt.Fprintln(out)
	}
	switch {
	case im.Reason != "":
		fmt.Fprintf(out, "  %s\n", im.Reason)
	case im.Rejects > 0:
		if err := im.printRejects(ctx, app.Store, out); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "  kept as raw/%s\n", im.Blob)
	return err
}

// printRejects shows the first of what was refused.
func (im *imported) printRejects(ctx context.Context, s *store.Store, out io.Writer) error {
	fmt.Fprintf(out, "  %s refused:\n", thousands(im.Rejects))
	shown := 0
	for _, id := range im.Series {
		rejects, err := s.RejectsOf(ctx, im.name, id.String(), examples-shown)
		if err != nil {
			return err
		}
		for _, r := range rejects {
			fmt.Fprintf(out, "    row %d: %s\n", r.Row, r.Reason)
		}
		if shown += len(rejects); shown == examples {
			break
		}
	}
	if shown < im.Rejects {
		fmt.Fprintf(out, "    and %s more\n", thousands(im.Rejects-shown))
	}
	return nil
}

// votes reports whether a series votes on its instrument, as a provider or as it was declared.
func votes(ctx context.Context, h *history.History, id market.SeriesID) (bool, error) {
	entries, err := h.Sources(ctx, id.Instrument)
	return slices.ContainsFunc(entries, func(e history.Entry) bool { return e.ID == id && e.Role != market.NoRole }), err
}

func date(t int64) string { return time.Unix(t, 0).UTC().Format(time.DateOnly) }

// thousands prints a count with commas.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
