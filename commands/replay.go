package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"assay/shared/api"
	"assay/shared/store"
)

// mostReplayed is how many days of raw blobs are replayed at once.
const mostReplayed = 366

func replayCommand(p *Program) *cobra.Command {
	var from, to string
	var asJSON bool
	c := &cobra.Command{
		Use:   "replay SOURCE",
		Short: "Clean raw blobs again",
		Long: `replay sends the raw blobs of a source, a provider or a name of your own, that were received on some days (UTC) to Clean again, and
ends when what came of them can be queried. With nothing else running it does the steps itself. It is safe to repeat: with the same
rules nothing changes. It is for rows that a newer release can read, and for payloads that were given up (dead).

What is cleaned is merged: nothing that is stored is taken away, so that a bar which newer rules refuse stays as it was.

It exits with 0 when every blob was loaded, or rejected as a whole for a reason that is printed; 1 when any was not, 2 for a mistake
in the command line.`,
		Example: `  assay replay kraken --from 2026-01-15
  assay replay mine --from 2026-01-15 --to 2026-02-01 --json`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			start, end, err := replayedDays(p.App.Now(), from, to)
			if err != nil {
				return usageError{err}
			}
			blobs, err := p.rawBlobs(c.Context(), args[0], start, end)
			if err != nil {
				return err
			}
			return runReplay(c.Context(), p, args[0], blobs, c.OutOrStdout(), asJSON)
		},
	}
	c.Flags().StringVar(&from, "from", "", "the first day, or RFC 3339")
	c.Flags().StringVar(&to, "to", "", "the end, not included: a day or RFC 3339; now")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object for each blob, as /api/v1/receipts does")
	return c
}

func replayedDays(now time.Time, from, to string) (start, end time.Time, err error) {
	if from == "" {
		return start, end, errors.New("say from which day on: --from 2026-01-15")
	}
	if start, err = parseMoment("--from", from); err != nil {
		return start, end, err
	}
	end = now
	if to != "" {
		if end, err = parseMoment("--to", to); err != nil {
			return start, end, err
		}
	}
	switch {
	case !start.Before(end):
		err = fmt.Errorf("nothing was received between %s and %s: the end is not after the start", start.Format(time.RFC3339), end.UTC().Format(time.RFC3339))
	case end.Sub(start) > mostReplayed*24*time.Hour:
		err = fmt.Errorf("from %s to %s are more than %d days: replay them in parts", start.Format(time.DateOnly), end.UTC().Format(time.DateOnly), mostReplayed)
	}
	return start, end, err
}

// rawBlobs lists the raw blobs of a source received in [from, to). A source that nothing is kept of is a mistake.
func (p *Program) rawBlobs(ctx context.Context, source string, from, to time.Time) ([]store.RawName, error) {
	sources, err := p.App.Store.Blobs.Sources(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(sources, source) {
		return nil, usageError{fmt.Errorf("nothing is kept of a source %.40q; raw blobs are of: %s", source, strings.Join(sources, ", "))}
	}
	return p.App.Store.Blobs.ListRaw(ctx, source, from.UnixMilli(), to.UnixMilli())
}

// replay follows raw blobs on their way.
type replay struct {
	source   string
	blobs    []store.RawName
	receipts []store.Receipt // of the first of the blobs: those that have ended
	shown    *jobProgress
}

// queuedShare is how much of the bar is done when all blobs are queued.
const queuedShare = 0.2

// runReplay queues blobs for Clean, then takes part in the work until what came of all can be queried.
func runReplay(ctx context.Context, p *Program, source string, blobs []store.RawName, out io.Writer, asJSON bool) error {
	r := &replay{source: source, blobs: blobs, shown: newJobProgress(os.Stderr, []store.Job{{ID: source, Source: source}})}
	queued, err := r.queue(ctx, p)
	if err == nil && len(blobs) > 0 {
		err = r.drain(ctx, p)
	}
	r.shown.stop()
	if ctx.Err() != nil {
		return fmt.Errorf("stopped; %d of %d raw blobs are queued, and assay run goes on with them; the same command begins again", queued, len(blobs))
	}
	if err != nil {
		return err
	}
	if len(blobs) == 0 && !asJSON {
		_, err := fmt.Fprintf(out, "%s: no raw blob was received then\n", source)
		return err
	}
	for _, receipt := range r.receipts {
		if err := p.App.ForgetReplayed(ctx, receipt); err != nil {
			return err
		}
	}
	return r.print(out, asJSON)
}

func (r *replay) queue(ctx context.Context, p *Program) (queued int, err error) {
	for n, blob := range r.blobs {
		if err := p.App.Replay(ctx, blob); err != nil {
			return n, err
		}
		if err := r.shown.show(r.source, queuedShare*float64(n+1)/float64(len(r.blobs))); err != nil {
			return n + 1, err
		}
	}
	return len(r.blobs), nil
}

// drain takes messages until all blobs have ended, here or elsewhere.
func (r *replay) drain(ctx context.Context, p *Program) error {
	h, err := p.draining(r.shown.worked)
	if err != nil {
		return err
	}
	return h.Drain(ctx, []string{"Clean", "Load"}, func(ctx context.Context) (bool, error) {
		for len(r.receipts) < len(r.blobs) {
			receipt, err := p.App.Store.Receipt(ctx, r.blobs[len(r.receipts)])
			if err != nil {
				return false, err
			}
			if receipt.State == store.Stored || receipt.State == store.Cleaned {
				break
			}
			r.receipts = append(r.receipts, receipt)
		}
		done := float64(len(r.receipts)) / float64(len(r.blobs))
		return len(r.receipts) == len(r.blobs), r.shown.show(r.source, queuedShare+(1-queuedShare)*done)
	})
}

// print says what came of the blobs, one by one only of those that were not loaded.
func (r *replay) print(out io.Writer, asJSON bool) error {
	states := map[store.State]int{}
	bars, rejects := 0, 0
	for _, receipt := range r.receipts {
		states[receipt.State]++
		bars, rejects = bars+receipt.Bars, rejects+receipt.Rejects
		if asJSON {
			if err := json.NewEncoder(out).Encode(api.DescribeReceipt(receipt)); err != nil {
				return err
			}
		}
	}
	if !asJSON {
		fmt.Fprintf(out, "%s: %s raw blobs replayed, %s loaded, %s rejected, %s dead; %s bars accepted, %s rows and fields refused\n", r.source,
			thousands(len(r.blobs)), thousands(states[store.Loaded]), thousands(states[store.Rejected]), thousands(states[store.Dead]), thousands(bars), thousands(rejects))
		for _, receipt := range r.receipts {
			if receipt.State != store.Loaded {
				fmt.Fprintf(out, "  raw/%s: %s\n", receipt.Name, strings.TrimSuffix(string(receipt.State)+": "+oneLine(receipt.Reason), ": "))
			}
		}
	}
	if dead := states[store.Dead]; dead > 0 {
		return fmt.Errorf("%d of %d raw blobs could not be loaded; what is kept of them stays as it came", dead, len(r.blobs))
	}
	return nil
}
