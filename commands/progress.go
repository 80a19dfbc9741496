package commands

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"

	"assay/handlers"
	"assay/shared/market"
	"assay/shared/store"
)

// progress follows files on their way. On a terminal it shows a bar for each.
type progress struct {
	mu    sync.Mutex
	files map[string]*onItsWay // by blob
	shown *mpb.Progress        // nil where there is no terminal
}

// onItsWay is how far one file has come: stored, then cleaned, then loaded second by second of its spans.
type onItsWay struct {
	bar      *mpb.Bar // nil where there is no terminal
	spans    int64    // seconds of all spans, the most that any message named
	failures int
	last     error
}

// shares of a bar: a file is a tenth done when it is stored, and four tenths when it is cleaned.
const (
	wholeBar   = 1000
	storedBar  = 100
	cleanedBar = 400
)

// maxFailures is how often a function may fail on a file before nobody waits for it any more: then its message is put aside.
const maxFailures = 5

func newProgress(terminal *os.File) *progress {
	p := &progress{files: map[string]*onItsWay{}}
	if cwriter.IsTerminal(int(terminal.Fd())) {
		p.shown = mpb.New(mpb.WithOutput(terminal), mpb.WithWidth(40))
	}
	return p
}

func (p *progress) add(im *imported) {
	p.mu.Lock()
	defer p.mu.Unlock()
	file := &onItsWay{}
	if p.shown != nil {
		name := decor.Name(filepath.Base(im.File), decor.WCSyncSpaceR)
		file.bar = p.shown.AddBar(wholeBar, mpb.PrependDecorators(name), mpb.AppendDecorators(decor.Percentage()))
	}
	file.advance(storedBar)
	p.files[im.Blob] = file
}

// worked notes that a function has run on the message of a file, here.
func (p *progress) worked(function string, pointer handlers.Pointer, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	file, ok := p.files[pointer.Blob.String()]
	switch {
	case !ok:
	case err != nil:
		file.failures++
		file.last = fmt.Errorf("%s: %w", function, err)
	case function == "Load":
		left := seconds(pointer.Spans)
		file.spans = max(file.spans, left)
		file.advance(wholeBar - (wholeBar-cleanedBar)*left/max(1, file.spans))
	}
}

// reached notes how far a file has come, whoever did it. It returns an error for one on which a function here fails each time.
func (p *progress) reached(im *imported) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	file := p.files[im.Blob]
	switch {
	case im.State == store.Cleaned:
		file.advance(cleanedBar)
	case im.ended():
		file.advance(wholeBar)
	}
	if !im.ended() && file.failures >= maxFailures {
		return fmt.Errorf("%s: tried %d times: %w", im.File, file.failures, file.last)
	}
	return nil
}

// advance moves a bar forward, never back.
func (f *onItsWay) advance(to int64) {
	if f.bar != nil && to > f.bar.Current() {
		f.bar.SetCurrent(to)
	}
}

// stop leaves the bars where they are.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown == nil {
		return
	}
	for _, file := range p.files {
		file.bar.Abort(false) // nothing for one that is full
	}
	p.shown.Wait()
	p.shown = nil
}

func seconds(spans []market.Span) int64 {
	var sum int64
	for _, s := range spans {
		sum += s.To - s.From
	}
	return sum
}
