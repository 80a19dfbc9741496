package source

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"assay/shared/market"
)

// Feed is how a source tells its bars by itself: over a WebSocket, one text after the other, called frames. What is stored of
// it are batches of frames, each on a line of its own as it came.
//
// A frame tells a bar again whenever it has changed. A bar is finished once a later bar of its symbol was told, or once the
// source's own clock, which many frames show, has passed its end by feedSettle: only then is its latest word its last one. So
// a batch begins with the frames of the bars that were in progress at the end of the one before, repeated: see Open.
type Feed struct {
	URL       string
	Dataset   string
	Interval  market.Interval
	Connects  Budget                           // how often it may be connected to
	Silence   time.Duration                    // how long a living connection may say nothing
	Symbol    func(instrument string) string   // its name for an instrument that the source has
	Subscribe func(symbols []string) string    // the text that asks for all of them
	Ping      string                           // the text that is answered by a frame with the source's time
	Read      func(text []byte) (Frame, error) // the error wraps ErrFormat
}

// Frame is what one text of a feed says.
type Frame struct {
	Time    time.Time // by the source's clock; zero when it does not say
	Bars    []Told
	Joined  string // symbol that will be told from now on
	Refused string // symbol that the source does not have
	Failure error  // what the source says is wrong; wraps one of the kinds of failure
}

// Told is one bar as a frame tells it. Nothing is known of which bar it is when its row is Unreadable.
type Told struct {
	Symbol string
	Row    market.Row
}

// feedSettle is how far the source's clock must have passed a bar's end before nothing more is expected of the bar, if no
// later bar was told: the last trades are told a little after they were made.
const feedSettle = 5 * time.Second

// word is the latest that a batch says of one bar.
type word struct {
	line   int       // of its frame
	told   time.Time // by the source's clock
	symbol string
	row    market.Row
}

// spot is which bar a word is about.
type spot struct {
	symbol string
	start  int64
}

// heard is what a batch says.
type heard struct {
	words   map[spot]*word
	newest  map[string]int64
	clock   time.Time // the latest of the source's
	broken  int       // line of the last frame of which something could not be read; 0 for none
	refused []market.Row
	rows    int
}

// hear reads the frames of a batch. Rows are counted over all frames, in the order in which they are told.
func (f *Feed) hear(body []byte) heard {
	h := heard{words: map[spot]*word{}, newest: map[string]int64{}}
	for line, text := range frames(body) {
		frame, err := f.Read(text)
		if err != nil {
			h.refuse(line, market.Row{Text: string(text), Unreadable: fmt.Sprintf("frame %d cannot be read: %v", line, err)})
			continue
		}
		if frame.Time.After(h.clock) {
			h.clock = frame.Time
		}
		for _, told := range frame.Bars {
			h.add(line, frame.Time, told)
		}
	}
	return h
}

func (h *heard) refuse(line int, row market.Row) {
	h.rows++
	row.Number = h.rows
	h.refused, h.broken = append(h.refused, row), line
}

func (h *heard) add(line int, at time.Time, told Told) {
	if told.Row.Unreadable != "" {
		h.refuse(line, told.Row)
		return
	}
	h.rows++
	told.Row.Number = h.rows
	key := spot{told.Symbol, told.Row.Start}
	if before, some := h.words[key]; !some || !at.Before(before.told) {
		h.words[key] = &word{line: line, told: at, symbol: told.Symbol, row: told.Row}
	}
	h.newest[told.Symbol] = max(h.newest[told.Symbol], told.Row.Start)
}

// running reports whether more may still be said of a bar. received is when the batch was.
func (h *heard) running(w *word, interval market.Interval, received int64) bool {
	end := interval.Next(w.row.Start) * 1000
	over := w.row.Start < h.newest[w.symbol] || h.clock.UnixMilli() >= end+feedSettle.Milliseconds()
	return !over || end > received
}

// ordered returns the words by symbol and time.
func (h *heard) ordered() []*word {
	words := make([]*word, 0, len(h.words))
	for _, w := range h.words {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b *word) int {
		return cmp.Or(cmp.Compare(a.symbol, b.symbol), cmp.Compare(a.row.Start, b.row.Start))
	})
	return words
}

// parse emits the latest word on every bar of a batch. What a frame that cannot be read said is unknown: a bar that was told
// before it and not again after it is refused.
func (f *Feed) parse(p Payload, emit func(market.Row)) error {
	if len(p.Series) == 0 || p.Interval != f.Interval {
		return fmt.Errorf("payload is declared to hold bars of %s of %v, want %s of some series: %w", p.Interval, p.Series, f.Interval, ErrFormat)
	}
	series := map[string]market.SeriesID{}
	for _, id := range p.Series {
		series[f.Symbol(id.Instrument)] = id
	}
	if len(bytes.TrimSpace(p.Body)) == 0 {
		return fmt.Errorf("no frame where a batch of them was due: %w", ErrFormat)
	}
	h := f.hear(p.Body)
	for _, row := range h.refused {
		row.Interval = p.Interval
		if len(p.Series) == 1 {
			row.Series = p.Series[0]
		}
		emit(row)
	}
	for _, w := range h.ordered() {
		row, known := w.row, false
		row.Interval = p.Interval
		if row.Series, known = series[w.symbol]; !known {
			row.Unreadable = fmt.Sprintf("it is about %.40q, which was not asked for", w.symbol)
		}
		row.Unfinished = h.running(w, p.Interval, p.Received)
		if w.line < h.broken && !row.Unfinished {
			row.Unreadable = fmt.Sprintf("frame %d, which came later, cannot be read: the bar may have changed in it", h.broken)
		}
		emit(row)
	}
	return nil
}

// Open returns the frames of a batch that tell bars of which more may still be said, in their order: the next batch of the same
// connection begins with them. received is when the batch was, in Unix milliseconds.
func (f *Feed) Open(body []byte, received int64) [][]byte {
	h := f.hear(body)
	var lines []int
	for _, w := range h.words {
		if h.running(w, f.Interval, received) {
			lines = append(lines, w.line)
		}
	}
	var open [][]byte
	for line, text := range frames(body) {
		if slices.Contains(lines, line) {
			open = append(open, text)
		}
	}
	return open
}

// frames yields the lines of a batch that are not empty, numbered from 1.
func frames(body []byte) func(yield func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		line := 0
		for text := range bytes.Lines(body) {
			line++
			if text = bytes.TrimRight(text, "\r\n"); len(text) > 0 && !yield(line, text) {
				return
			}
		}
	}
}

// Feeds lists the sources that have a feed.
func Feeds() []string {
	var names []string
	for _, s := range All {
		if s.Feed != nil {
			names = append(names, s.Name)
		}
	}
	return names
}
