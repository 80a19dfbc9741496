package commands

import (
	"os"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"assay/handlers"
	"assay/shared/market"
)

// progress shows one bar per file on a terminal, and nothing elsewhere.
type progress struct {
	mu   sync.Mutex
	bars map[string]*fileBar // by blob
	all  *mpb.Progress
}

// fileBar is how far one file has come: stored, then cleaned, then loaded second by second of its spans.
type fileBar struct {
	bar   *mpb.Bar
	spans int64 // seconds of all spans, the most that any message named
}

// shares of a bar: a file is a tenth done when it is stored, and four tenths when it is cleaned.
const (
	wholeBar   = 1000
	storedBar  = 100
	cleanedBar = 400
)

func newProgress(files int) *progress {
	p := &progress{bars: map[string]*fileBar{}}
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && files > 0 {
		p.all = mpb.New(mpb.WithOutput(os.Stderr), mpb.WithWidth(40))
	}
	return p
}

func (p *progress) add(im *imported) {
	if p.all == nil {
		return
	}
	bar := p.all.AddBar(wholeBar, mpb.PrependDecorators(decor.Name(im.File+" ")), mpb.AppendDecorators(decor.Percentage()))
	bar.SetCurrent(storedBar)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bars[im.Blob] = &fileBar{bar: bar}
}

// worked moves the bar of the file that a message was about.
func (p *progress) worked(function string, pointer handlers.Pointer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	file, ok := p.bars[pointer.Blob.String()]
	if !ok {
		return
	}
	if function == "Clean" {
		file.bar.SetCurrent(cleanedBar)
		return
	}
	left := seconds(pointer.Spans)
	file.spans = max(file.spans, left)
	file.bar.SetCurrent(wholeBar - (wholeBar-cleanedBar)*left/max(1, file.spans))
}

func (p *progress) stop() {
	if p.all == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, file := range p.bars {
		file.bar.SetCurrent(wholeBar)
	}
	p.all.Wait()
	p.all = nil
}

func seconds(spans []market.Span) int64 {
	var sum int64
	for _, s := range spans {
		sum += s.To - s.From
	}
	return sum
}
