//go:build bench

package tests

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"assay/shared/config"
	"assay/shared/history"
	"assay/shared/market"
	"assay/shared/store"
)

const (
	importRuns  = 5
	yearMinutes = 525_600
)

// benchYear is the year of minutes that is imported and read; the five years of days end with it.
var benchYear = time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)

// walk makes bars in a row from start: a random walk in cents with volumes in 10⁻⁸.
func walk(seed uint64, i market.Interval, start time.Time, n int) []market.Bar {
	random := rand.New(rand.NewPCG(seed, 1))
	bars := make([]market.Bar, n)
	price := 2_000_000
	for k := range bars {
		open := price
		price = max(100_000, price+random.IntN(2001)-1000)
		high, low := max(open, price)+random.IntN(500), min(open, price)-random.IntN(500)
		bars[k] = market.Bar{
			Start: start.Unix() + int64(k)*int64(i), Open: float64(open) / 100, High: float64(high) / 100, Low: float64(low) / 100,
			Close: float64(price) / 100, Volume: float64(1+random.IntN(10_000_000_000)) / 1e8,
		}
	}
	return bars
}

// dump prints bars as a Bitfinex dump: milliseconds, open, close, high, low, volume.
func dump(bars []market.Bar) []byte {
	var out []byte
	for _, b := range bars {
		out = strconv.AppendInt(out, b.Start*1000, 10)
		for _, price := range []float64{b.Open, b.Close, b.High, b.Low} {
			out = strconv.AppendFloat(append(out, ','), price, 'f', 2, 64)
		}
		out = append(strconv.AppendFloat(append(out, ','), b.Volume, 'f', 8, 64), '\n')
	}
	return out
}

// undump reads a Bitfinex dump without any check, as a loader of somebody's own would.
func undump(t *testing.T, content []byte) []market.Bar {
	t.Helper()
	var bars []market.Bar
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		var v [6]float64
		for k, cell := range bytes.Split(lines.Bytes(), []byte(",")) {
			var err error
			if v[k], err = strconv.ParseFloat(string(cell), 64); err != nil {
				t.Fatal(err)
			}
		}
		bars = append(bars, market.Bar{Start: int64(v[0]) / 1000, Open: v[1], Close: v[2], High: v[3], Low: v[4], Volume: v[5]})
	}
	return bars
}

// imported is what one import, or push, took.
type imported struct{ wall, ours, emulator, peak float64 }

// imports measures a year of minutes from a file to what can be queried, beside InfluxDB taking the same points.
func (b *bench) imports() {
	bars := walk(1, market.Minute, benchYear, yearMinutes)
	file := filepath.Join(b.t.TempDir(), "btcusd-1m-bitfinex.csv")
	if err := os.WriteFile(file, dump(bars), 0o600); err != nil {
		b.t.Fatal(err)
	}
	points := batches("bars_1m", "BTC-USD", bars)
	var memory, disk, fresh []imported
	var sent, read []float64
	for run := range importRuns {
		if b.influx != nil {
			sent = append(sent, b.influxImport(fmt.Sprintf("sent%d", run), yearMinutes, func() [][]byte { return points }))
			read = append(read, b.influxImport(fmt.Sprintf("read%d", run), yearMinutes, func() [][]byte {
				content, err := os.ReadFile(file)
				if err != nil {
					b.t.Fatal(err)
				}
				return batches("bars_1m", "BTC-USD", undump(b.t, content))
			}))
		}
		memory = append(memory, b.importOnce(b.usedAzurite(false), file, bars))
		disk = append(disk, b.importOnce(b.usedAzurite(true), file, bars))
		fresh = append(fresh, b.importOnce(startAzurite(b.t, false), file, bars))
	}
	b.addImport("import 525,600 minutes, Azurite in memory", memory, sent)
	b.addImport("import 525,600 minutes, Azurite on disk", disk, sent)
	b.addImport("import 525,600 minutes, Azurite just started", fresh, nil)
	if b.influx != nil {
		b.add(line{what: "  InfluxDB takes them, ready in its client", samples: sent, print: inSeconds, note: fmt.Sprintf("%.0f points/s", yearMinutes/median(sent))})
		b.add(line{what: "  InfluxDB takes them, from the file", samples: read, print: inSeconds, note: fmt.Sprintf("%.0f points/s", yearMinutes/median(read))})
	}
	b.importReal()
}

// influxImport returns the seconds that InfluxDB takes for n points of one measurement, until it counts them.
func (b *bench) influxImport(database string, n int, points func() [][]byte) float64 {
	b.influx.do("CREATE DATABASE " + database)
	began := time.Now()
	b.influx.write(database, points())
	got := b.influx.count(database, "bars_1m")
	took := since(began)
	if got != n {
		b.t.Fatalf("InfluxDB has %d points, want %d", got, n)
	}
	b.influx.do("DROP DATABASE " + database)
	return took
}

func (b *bench) addImport(what string, runs []imported, peer []float64) {
	l := lineOf(what, runs, peer)
	l.bar = 3
	b.add(l)
}

// lineOf is the line of some imports or pushes, which are to take less than the peer.
func lineOf(what string, runs []imported, peer []float64) line {
	l := line{what: what, print: inSeconds, beat: true}
	var ours, emulator []float64
	for _, r := range runs {
		l.samples, l.memory = append(l.samples, r.wall), append(l.memory, r.peak)
		ours, emulator = append(ours, r.ours), append(emulator, r.emulator)
	}
	if len(peer) > 0 {
		l.peer = median(peer)
	}
	l.note = fmt.Sprintf("CPU: ours %.2f s, Azurite %.2f s", median(ours), median(emulator))
	return l
}

// usedAzurite starts an Azurite and imports a day of another instrument: InfluxDB, too, has run before and has its database made.
func (b *bench) usedAzurite(onDisk bool) *azurite {
	b.t.Helper()
	a := startAzurite(b.t, onDisk)
	day := filepath.Join(b.t.TempDir(), "ethusd-1m-bitfinex.csv")
	if err := os.WriteFile(day, dump(walk(2, market.Minute, benchYear, 1440)), 0o600); err != nil {
		b.t.Fatal(err)
	}
	c := exec.Command(b.binary, "import", day, "--series", "ETH-USD.bitfinex")
	c.Env = append(os.Environ(), "AzureWebJobsStorage="+a.connection)
	if printed, err := c.CombinedOutput(); err != nil {
		a.stop()
		b.t.Fatalf("assay import: %v\n%s", err, printed)
	}
	return a
}

// importOnce imports a file into an Azurite, checks that all of it can be queried, and stops the Azurite.
func (b *bench) importOnce(a *azurite, file string, want []market.Bar) imported {
	b.t.Helper()
	defer a.stop()
	c := exec.Command(b.binary, "import", file, "--series", "BTC-USD.bitfinex", "--json")
	c.Env = append(os.Environ(), "AzureWebJobsStorage="+a.connection)
	var printed bytes.Buffer
	c.Stdout, c.Stderr = &printed, &printed
	before, began := a.cpu(), time.Now()
	peak, err := runWatched(c)
	took := imported{wall: since(began), emulator: a.cpu() - before, peak: peak}
	if err != nil {
		b.t.Fatalf("assay import: %v\n%s", err, printed.Bytes())
	}
	took.ours = (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	checkStored(b.t, a.connection, want)
	return took
}

// runWatched runs a command and returns its peak of memory. The kernel's own figure for a child that has ended is no use: it
// counts what was mapped before the child became another program.
func runWatched(c *exec.Cmd) (peak float64, err error) {
	if err := c.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return peak, err
		case <-tick.C:
			peak = max(peak, memoryOf(c.Process.Pid, "VmHWM"))
		}
	}
}

// checkStored reads the minutes of the consensus and compares each with the bar that was imported; also that there are
// as many days.
func checkStored(t *testing.T, connection string, want []market.Bar) {
	t.Helper()
	s, err := store.Open(config.Storage{Connection: connection}, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := history.New(s.Tables, time.Now)
	from, to := want[0].Start, want[len(want)-1].Start+60
	id := market.SeriesID{Instrument: "BTC-USD"}
	minutes, err := h.Read(context.Background(), history.Query{Series: id, Interval: market.Minute, From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	if len(minutes.Bars) != len(want) {
		t.Fatalf("%d minutes can be queried, want %d", len(minutes.Bars), len(want))
	}
	for n := range want {
		got := minutes.Bars[n]
		got.Flags = want[n].Flags
		if !got.SameValue(&want[n]) {
			t.Fatalf("minute %d is %+v, want %+v", n, got, want[n])
		}
	}
	days, err := h.Read(context.Background(), history.Query{Series: id, Interval: market.Day, From: from, To: to})
	if expected := int((to-1)/86400 - from/86400 + 1); err != nil || len(days.Bars) != expected {
		t.Fatalf("%d days can be queried, want %d (%v)", len(days.Bars), expected, err)
	}
}

// importReal imports a year of real minutes, where they are.
func (b *bench) importReal() {
	file := filepath.Join("..", "shared", "data", "btcusd-1m-bitfinex-2018.csv.gz")
	packed, err := os.Open(file)
	if err != nil {
		b.t.Logf("%s is missing: real minutes are not measured", file)
		return
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		b.t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(unpacked); err != nil {
		b.t.Fatal(err)
	}
	bars := undump(b.t, content.Bytes())
	var runs []imported
	for range importRuns {
		runs = append(runs, b.importOnce(startAzurite(b.t, false), file, bars))
	}
	b.addImport(fmt.Sprintf("import %d real minutes of 2018 (.gz), in memory", len(bars)), runs, nil)
}
