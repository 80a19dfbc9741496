package commands

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"

	"assay/shared/store"
)

// jobProgress follows jobs. On a terminal it shows a bar for each, elsewhere only a line when one begins to wait for long.
type jobProgress struct {
	mu       sync.Mutex
	terminal *os.File
	shown    *mpb.Progress       // nil where there is no terminal
	bars     map[string]*mpb.Bar // by job
	told     map[string]int64    // by job: the wait that was told of last
	failures map[string]int      // by message
	failed   error               // a function failed too often on one message
}

// longWait is how long a job has to wait for that to be told.
const longWait = 10 * time.Second

func newJobProgress(terminal *os.File, jobs []store.Job) *jobProgress {
	p := &jobProgress{terminal: terminal, bars: map[string]*mpb.Bar{}, told: map[string]int64{}, failures: map[string]int{}}
	if !cwriter.IsTerminal(int(terminal.Fd())) {
		return p
	}
	p.shown = mpb.New(mpb.WithOutput(terminal), mpb.WithWidth(40))
	for _, job := range jobs {
		p.bars[job.ID] = p.shown.AddBar(wholeBar, mpb.PrependDecorators(decor.Name(job.Source, decor.WCSyncSpaceR)), mpb.AppendDecorators(decor.Percentage()))
	}
	return p
}

// worked notes that a function has run on a message, here.
func (p *jobProgress) worked(function string, payload []byte, err error) {
	if err == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failures[string(payload)]++; p.failures[string(payload)] >= maxFailures {
		p.failed = fmt.Errorf("tried %d times: %s: %w", maxFailures, function, err)
	}
}

// reached shows how far jobs have come. It returns an error when a function here fails each time: then its message is put aside.
func (p *jobProgress) reached(jobs []store.Job) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, job := range jobs {
		if bar := p.bars[job.ID]; bar != nil {
			bar.SetCurrent(int64(job.Progress() * wholeBar))
		}
		if wait := time.UnixMilli(job.Until).Sub(time.UnixMilli(job.Moved)); job.Until > 0 && wait > longWait && p.told[job.ID] != job.Until {
			p.told[job.ID] = job.Until
			p.tell("%s waits until %s: %s\n", job.Source, time.UnixMilli(job.Until).UTC().Format(time.RFC3339), job.Why)
		}
	}
	return p.failed
}

// show shows how far one is, from 0 to 1. It returns an error when a function here fails each time.
func (p *jobProgress) show(id string, done float64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if bar := p.bars[id]; bar != nil {
		bar.SetCurrent(int64(done * wholeBar))
	}
	return p.failed
}

// tell prints a line above the bars.
func (p *jobProgress) tell(format string, arguments ...any) {
	if p.shown != nil {
		_, _ = fmt.Fprintf(p.shown, format, arguments...) // as long as bars are shown
		return
	}
	_, _ = fmt.Fprintf(p.terminal, format, arguments...)
}

// stop leaves the bars where they are.
func (p *jobProgress) stop() {
	if p.shown == nil {
		return
	}
	for _, bar := range p.bars {
		bar.Abort(false) // nothing for one that is full
	}
	p.shown.Wait()
}
