package commands

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"assay/shared/sim"
	"assay/shared/sim/simtest"
	"assay/shared/store/storetest"
)

// terminal returns both ends of a terminal of 24 lines and 100 columns: what a person sees, and what a program writes to.
func terminal(t *testing.T) (screen, program *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	control := func(request uintptr, argument unsafe.Pointer) {
		t.Helper()
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(argument)); errno != 0 {
			t.Fatal(errno)
		}
	}
	var number, unlocked uint32
	control(syscall.TIOCGPTN, unsafe.Pointer(&number))
	control(syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	control(syscall.TIOCSWINSZ, unsafe.Pointer(&[4]uint16{24, 100}))
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return screen, program
}

// On a terminal every file has a bar. It ends at 100 % when the file was loaded, and nowhere else.
func TestImportOnATerminal(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	write(t, folder, "minutes.csv", minutes(0, 150)) // long enough to be looked at several times
	for _, c := range []struct {
		arguments string
		code      int
		bars      []string
	}{
		{"minutes.csv --series BTC-USD.kraken --columns time=time,close=close", 0, []string{"minutes.csv"}},
		{"missing.csv", 1, nil},
	} {
		screen, stderr := terminal(t)
		command := command(t, settings, folder, append([]string{"import"}, strings.Fields(c.arguments)...)...)
		command.Stderr = stderr
		shown := make(chan string)
		go func() {
			text, _ := io.ReadAll(screen) // it ends with an error when the program's end is closed
			shown <- string(text)
		}()
		err := command.Run()
		stderr.Close()
		text := <-shown
		screen.Close()
		if command.ProcessState.ExitCode() != c.code {
			t.Errorf("assay import %s: %v\n%s", c.arguments, err, text)
		}
		for _, name := range c.bars {
			percent := percents(text, name)
			if len(percent) < 2 || percent[0] == 100 || percent[len(percent)-1] != 100 {
				t.Errorf("assay import %s: the bar of %s showed %v; want it to grow to 100", c.arguments, name, percent)
			}
			for i := 1; i < len(percent); i++ {
				if percent[i] < percent[i-1] {
					t.Errorf("assay import %s: the bar of %s goes back: %v", c.arguments, name, percent)
				}
			}
		}
		if len(c.bars) == 0 && strings.Contains(text, "%") {
			t.Errorf("assay import %s shows a bar:\n%s", c.arguments, text)
		}
	}
}

// percents reads what the bar of a file showed, one after the other.
func percents(text, name string) []int {
	var all []int
	for _, m := range regexp.MustCompile(regexp.QuoteMeta(name)+` +\[[^]]*\] (\d+) %`).FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1])
		all = append(all, n)
	}
	return all
}

// Ctrl+C leaves the bar where it was.
func TestStoppedOnATerminal(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	write(t, folder, "minutes.csv", minutes(0, 60))
	screen, stderr := terminal(t)
	defer screen.Close()
	command := command(t, settings, folder, "import", "minutes.csv", "--series", "BTC-USD.kraken", "--columns", "time=time,close=close")
	command.Stderr = stderr
	shown := make(chan string)
	go func() {
		text, _ := io.ReadAll(screen)
		shown <- string(text)
	}()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	firstBlob(t, storetest.Reopen(t, settings), "kraken")
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err == nil {
		t.Error("it ended well, want an error")
	}
	stderr.Close()
	text := <-shown
	if percent := percents(text, "minutes.csv"); len(percent) == 0 || percent[len(percent)-1] == 100 || !strings.Contains(text, "assay: stopped; minutes.csv is kept as raw/kraken/") {
		t.Errorf("the bar showed %v, want it less than 100 at the end:\n%s", percent, text)
	}
}

// On a terminal the last line lives, and is gone from below what is said.
func TestStreamOnATerminal(t *testing.T) {
	settings, folder := storetest.Azurite(t), t.TempDir()
	screen, program := terminal(t)
	defer screen.Close()
	c := streamCommandOf(t, settings, folder)
	c.Stdout = program
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	interrupted, buffer := false, make([]byte, 4096)
	for {
		n, err := screen.Read(buffer)
		shown.Write(buffer[:n])
		if !interrupted && strings.Contains(shown.String(), "BTC-USD ") && strings.Contains(shown.String(), "caught up") {
			interrupted = true
			if err := c.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			program.Close() // the process has its own
		}
		if err != nil {
			break
		}
	}
	if err := c.Wait(); err != nil {
		t.Errorf("it ended with %v, want exit code 0", err)
	}
	if !regexp.MustCompile(`\r\x1b\[2Kkraken connected, [\d,]+ told, 0 kept, BTC-USD [\d.]+`).MatchString(shown.String()) || !strings.HasSuffix(shown.String(), "\r\n") {
		t.Errorf("got %q, want a line that says what was told last, and an end of line", shown.String())
	}
}

// watched runs a command whose standard error is a terminal, and returns what that showed.
func watched(c *exec.Cmd, screen io.Reader, stderr io.Closer) (text string, err error) {
	shown := make(chan string)
	go func() {
		text, _ := io.ReadAll(screen)
		shown <- string(text)
	}()
	err = c.Run()
	stderr.Close()
	return <-shown, err
}

// Of a replay the source has a bar, which ends at 100 %.
func TestReplayOnATerminal(t *testing.T) {
	settings := operated(t)
	screen, stderr := terminal(t)
	defer screen.Close()
	c := command(t, settings, t.TempDir(), "replay", "mine", "--from", time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly))
	c.Stderr = stderr
	text, err := watched(c, screen, stderr)
	if percent := percents(text, "mine"); err != nil || len(percent) == 0 || percent[len(percent)-1] != 100 || !slices.IsSorted(percent) {
		t.Errorf("%v; the bar showed %v, want it to grow to 100:\n%s", err, percent, text)
	}
}

// Of a backfill every source has a bar, which ends at 100 %.
func TestBackfillOnATerminal(t *testing.T) {
	screen, stderr := terminal(t)
	defer screen.Close()
	_, url := simtest.Serve(t, sim.Options{Seed: 1})
	c := command(t, storetest.Azurite(t), t.TempDir(), strings.Fields("backfill BTC-USD --from 2024-01-01 --to 2024-01-04 --interval 1m")...)
	c.Env, c.Stderr = append(c.Env, "ASSAY_SOURCE_URL="+url), stderr
	text, err := watched(c, screen, stderr)
	if err != nil {
		t.Fatalf("assay backfill: %v\n%s", err, text)
	}
	for _, name := range []string{"coinbase", "kraken", "bitstamp", "bitfinex"} {
		if percent := percents(text, name); len(percent) == 0 || percent[len(percent)-1] != 100 {
			t.Errorf("the bar of %s showed %v; want it to end at 100\n%s", name, percent, text)
		}
	}
}
