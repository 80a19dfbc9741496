package commands

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8/cwriter"

	"assay/handlers"
	"assay/shared/source"
)

func streamCommand(p *Program) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "stream SOURCE",
		Short: "Follow what a source tells by itself, as it happens",
		Long: fmt.Sprintf(`stream connects to a source's WebSocket (%s has one) and keeps what it tells about the minutes of ASSAY_WATCHLIST,
as it came, every ten seconds or at one MiB. Clean and Load make prices of it, so something that runs these has to run too,
such as assay run.

After each connection the source is asked for what was missed, as its Fetch function would, within the same limits. What a
kill loses is at most the last ten seconds, which the next start asks for. An instrument that the source does not have is
named once; the others go on. SIGTERM or Ctrl+C keeps what is in hand and exits with 0.`, strings.Join(source.Feeds(), ", ")),
		Example: `  assay stream kraken
  ASSAY_WATCHLIST=BTC-USD,SOL-USD assay stream kraken --json`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, names []string) error {
			if err := knownSources(c, names); err != nil {
				return err
			}
			src, _ := source.Find(names[0])
			if src.Feed == nil {
				return usageError{fmt.Errorf("%s tells nothing by itself: %s does", src.Name, strings.Join(source.Feeds(), ", "))}
			}
			if off := src.Inert(p.App.Config.AcceptTerms, p.App.Config.Keys); off != "" {
				return errors.New(src.Name + " is " + off)
			}
			w := &watcher{out: c.OutOrStdout(), source: src.Name, json: asJSON}
			if file, ok := w.out.(*os.File); ok {
				w.live = !asJSON && cwriter.IsTerminal(int(file.Fd()))
			}
			err := p.App.Stream(c.Context(), src, handlers.StreamOptions{Tell: w.tell})
			w.end()
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object for each thing that happens")
	return c
}

// watcher shows a person, or a log, what happens to a stream: a line for each event and, on a terminal, a last line that lives.
type watcher struct {
	out    io.Writer
	source string
	json   bool
	live   bool

	connected bool
	bars      int // told since the start, each as often as it changed
	blobs     int
	last      string // the latest price
}

func (w *watcher) tell(e handlers.StreamEvent) {
	switch e.Event {
	case handlers.EventTold:
		w.bars++
		if _, err := strconv.ParseFloat(e.Price, 64); err == nil { // another's text could hold what moves the cursor
			w.last = fmt.Sprintf("%s %s", e.Instruments[0], e.Price)
		}
	case handlers.EventStored:
		w.blobs++
	case handlers.EventConnected:
		w.connected = true
	case handlers.EventLost:
		w.connected = false
	}
	switch {
	case e.Event == handlers.EventTold || w.live && e.Event == handlers.EventStored: // the live line says so
	case w.json:
		_ = json.NewEncoder(w.out).Encode(e) // nobody to tell
	default:
		fmt.Fprintf(w.out, "%s%s %s\n", w.clear(), e.Time.Format(time.TimeOnly), w.sentence(e))
	}
	if w.live {
		fmt.Fprint(w.out, w.clear(), w.line())
	}
}

// sentence says what happened.
func (w *watcher) sentence(e handlers.StreamEvent) string {
	text := w.source + " " + string(e.Event)
	if len(e.Instruments) > 0 {
		text += " " + strings.Join(e.Instruments, ", ")
	}
	if e.Blob != "" {
		text += fmt.Sprintf(" raw/%s, %d frames, %d bytes", e.Blob, e.Frames, e.Bytes)
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if !e.Again.IsZero() {
		text += "; again at " + e.Again.Format(time.TimeOnly)
	}
	return text
}

// line is the line that lives.
func (w *watcher) line() string {
	state := "not connected"
	if w.connected {
		state = "connected"
	}
	return fmt.Sprintf("%s %s, %s told, %s kept, %s", w.source, state, thousands(w.bars), thousands(w.blobs), w.last)
}

// clear takes the line that lives away.
func (w *watcher) clear() string {
	if w.live {
		return "\r\x1b[2K"
	}
	return ""
}

// end leaves the terminal as one likes to find it.
func (w *watcher) end() {
	if w.live {
		fmt.Fprintln(w.out)
	}
}
