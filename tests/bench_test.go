//go:build bench

package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// TestBars measures what a user waits for, beside InfluxDB where that is installed, and prints one table. It fails when a
// result is wrong, never when it is slow: times mean something on a quiet machine only.
func TestBars(t *testing.T) {
	b := &bench{t: t, binary: filepath.Join(t.TempDir(), "assay"), influx: startInflux(t)}
	size := b.build("-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w")
	for _, part := range []struct {
		name    string
		measure func()
	}{{"imports", b.imports}, {"pushes", b.pushes}, {"reads", b.reads}, {"starts", b.starts}, {"history", b.history}} {
		t.Run(part.name, func(t *testing.T) {
			b.t = t
			part.measure()
		})
	}
	b.add(line{what: "binary, as the Makefile builds it", samples: []float64{size}, print: mebibytes, bar: 40 << 20})
	b.print()
}

// bench collects the lines of the table.
type bench struct {
	t      *testing.T
	binary string
	influx *influx // nil where it is not installed
	lines  []line
}

// line is one thing that was measured several times.
type line struct {
	what    string
	samples []float64
	print   func(float64) string
	bar     float64 // the most that the median may be; 0: none
	peer    float64 // what the peer took of the same unit in the same run; 0: nothing was compared
	beat    bool    // the bar asks for less than the peer too
	memory  []float64
	room    float64 // the most that the memory may be; 0: none
	note    string
}

func (b *bench) add(l line) {
	b.t.Logf("%s: %s", l.what, l.print(median(l.samples)))
	b.lines = append(b.lines, l)
}

func (b *bench) print() {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tmedian\tmin\tmax\tbar\tholds\tbeside the peer\tpeak memory\tnote")
	for _, l := range b.lines {
		bar, holds, peer, memory := "-", "-", "-", "-"
		if l.bar > 0 {
			bar = "≤ " + l.print(l.bar)
		} else if l.beat && l.peer > 0 {
			bar = "the peer"
		}
		if l.peer > 0 {
			peer = fmt.Sprintf("%s: %.1f times as fast", l.print(l.peer), l.peer/median(l.samples))
		}
		if len(l.memory) > 0 {
			memory = mebibytes(slices.Max(l.memory))
		}
		if l.room > 0 {
			memory += ", ≤ " + mebibytes(l.room)
		}
		if bar != "-" || l.room > 0 {
			holds = l.holds()
		}
		fmt.Fprintln(w, strings.Join([]string{
			l.what, l.print(median(l.samples)), l.print(slices.Min(l.samples)), l.print(slices.Max(l.samples)), bar, holds, peer, memory, l.note,
		}, "\t"))
	}
	w.Flush()
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("\n%s\nLoad of this machine at the end: %s", table.String(), load)
	if b.influx == nil {
		fmt.Println("InfluxDB is missing, so nothing is compared: apt-get install influxdb")
	}
	fmt.Println("Peak memory is VmHWM of the assay process of the line. The peer is InfluxDB 1, on disk, in the same run.")
}

// holds says whether a line keeps its bars.
func (l line) holds() string {
	took := median(l.samples)
	if l.bar > 0 && took > l.bar || l.beat && l.peer > 0 && took >= l.peer || l.room > 0 && slices.Max(l.memory) > l.room {
		return "NO"
	}
	return "yes"
}

// build builds the program as bench runs it and returns its size in bytes.
func (b *bench) build(flags ...string) float64 {
	b.t.Helper()
	c := exec.Command("go", append(append([]string{"build"}, flags...), "-o", b.binary, ".")...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		b.t.Fatalf("go build: %v\n%s", err, out)
	}
	info, err := os.Stat(b.binary)
	if err != nil {
		b.t.Fatal(err)
	}
	return float64(info.Size())
}

func median(samples []float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[len(sorted)/2]
}

// quantile returns the value that a share q of the samples does not exceed.
func quantile(samples []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func milliseconds(seconds float64) string { return fmt.Sprintf("%.2f ms", seconds*1000) }

func inSeconds(seconds float64) string { return fmt.Sprintf("%.2f s", seconds) }

func mebibytes(bytes float64) string { return fmt.Sprintf("%.1f MiB", bytes/(1<<20)) }

func kilobytes(bytes float64) string { return fmt.Sprintf("%.1f kB", bytes/1000) }

func perSecond(rate float64) string { return fmt.Sprintf("%.0f/s", rate) }

// since returns the seconds since a moment.
func since(began time.Time) float64 { return time.Since(began).Seconds() }
