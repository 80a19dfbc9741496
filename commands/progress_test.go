package commands

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/handlers"
	"assay/shared/market"
	"assay/shared/store"
)

// nowhere is a file that is no terminal, so that nothing is shown.
func nowhere(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if info, err := f.Stat(); err != nil || info.Size() != 0 {
			t.Errorf("%v, %v was written where no terminal is", info, err)
		}
		f.Close()
	})
	return f
}

// Where a function fails on a file again and again, nobody waits for it any longer: its message lies in the poison queue.
func TestProgressGivesUp(t *testing.T) {
	p := newProgress(nowhere(t))
	name := store.RawName{Source: "mine", Received: 1705311000123, Sum: "0123abcd"}
	im := &imported{File: "gold.csv", Blob: name.String(), State: store.Stored, name: name}
	p.add(im)
	pointer := handlers.Pointer{Blob: name, Spans: []market.Span{{From: 0, To: 60}}}
	other := handlers.Pointer{Blob: store.RawName{Source: "other", Sum: "0123abcd"}}
	for try := 1; try <= maxFailures; try++ {
		if err := p.reached(im); err != nil {
			t.Errorf("before try %d: %v", try, err)
		}
		p.worked("Clean", pointer, errors.New("parser: nil map"))
		p.worked("Clean", other, errors.New("of somebody else"))
	}
	if err := p.reached(im); err == nil || err.Error() != "gold.csv: tried 5 times: Clean: parser: nil map" {
		t.Errorf("got %v, want the file, the tries and the last reason", err)
	}
	im.State = store.Loaded // another process could
	if err := p.reached(im); err != nil {
		t.Errorf("a file that was loaded after all: %v", err)
	}
	p.stop()
	p.stop()
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 525600: "525,600", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

// The command's own help shows the flags that its mistakes name.
func TestImportHelp(t *testing.T) {
	var b strings.Builder
	c := importCommand(&Program{})
	c.SetOut(&b)
	if err := c.Help(); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--series", "--interval", "--columns", "--tz", "--unit", "--currency", "--dates", "--times", "--json"} {
		if !strings.Contains(b.String(), flag) {
			t.Errorf("assay import --help does not name %s:\n%s", flag, &b)
		}
	}
}
