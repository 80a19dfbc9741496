package tests

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"assay/handlers"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// innocents is how many good payloads come with a bad one.
const innocents = 50

// withBad returns good payloads with one in their middle that asks for a fault, and the place of that.
func withBad(order string) ([]store.Record, int) {
	var records []store.Record
	for n := range innocents + 1 {
		records = append(records, coinbasePayload(n))
	}
	records[innocents/2].Body = fmt.Appendf(nil, "assay-fault: %s", order)
	return records, innocents / 2
}

// TestNoFaultsInReleasedProgram: only a program that is built with the tag faults does what such a payload asks for.
func TestNoFaultsInReleasedProgram(t *testing.T) {
	for _, tags := range [][]string{{"faults"}, nil} {
		program, err := os.ReadFile(build(t, tags...))
		if err != nil {
			t.Fatal(err)
		}
		if has := bytes.Contains(program, []byte("assay-fault: ")); has != (tags != nil) {
			t.Errorf("built with tags %q: has faults: %v", tags, has)
		}
	}
}

// testPanic: a payload that makes the parser panic ends in the poison queue after its five tries, and no other does.
func testPanic(t *testing.T, script, program string) {
	storage := storetest.Azurite(t)
	app := newApp(t, storage)
	h := newFunctionsHost(t, script, stage(t, program), storage)
	h.start()
	received := time.Now()
	records, bad := withBad("panic")
	names := keepEach(t, app, "coinbase", received, records)
	eventually(t, "every good payload is loaded", func() bool {
		return states(t, app, "coinbase", received)[store.Loaded] == innocents
	})
	poison := store.Poison(store.RawPrices)
	eventually(t, "a message is in "+poison, func() bool { return length(t, app, poison) > 0 })
	eventually(t, "nothing is left to do", func() bool {
		return length(t, app, store.RawPrices)+length(t, app, store.CleanPrices) == 0
	})
	h.stop()
	messages, err := app.Store.Queues.Receive(t.Context(), poison, 32, time.Minute)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%s holds %v, %v; want one message", poison, messages, err)
	}
	if want := (handlers.Pointer{Blob: names[bad]}).Encode(); messages[0].Text != want {
		t.Errorf("%s holds %s, want %s", poison, messages[0].Text, want)
	}
	if n := length(t, app, store.Poison(store.CleanPrices)); n != 0 {
		t.Errorf("%s holds %d messages, want none", store.Poison(store.CleanPrices), n)
	}
	if n := h.records("failed", ""); n != 5 || n != h.records("failed", "Clean") {
		t.Errorf("the handler says of %d invocations that they failed, want the 5 tries of Clean", n)
	}
	h.checkErrors(`Executed 'Functions\.Clean' \(Failed`)
}

func length(t *testing.T, app *handlers.App, queue string) int {
	t.Helper()
	n, err := app.Store.Queues.Length(t.Context(), queue)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// testKiller: a payload that kills the process, each time that Clean reads it, is dead after a bounded number of kills, and
// every other is loaded. The Functions host gives up at the third kill; Azure starts it again, and here the test does.
func testKiller(t *testing.T, script, program string) {
	storage := storetest.Azurite(t)
	app := newApp(t, storage)
	h := newFunctionsHost(t, script, stage(t, program), storage, "ASSAY_RESEND_AFTER=4s")
	h.start()
	received := time.Now()
	records, bad := withBad("kill")
	killer := keepEach(t, app, "coinbase", received, records)[bad]
	w := &watch{h: h}
	eventually(t, "all but the killer are loaded, which was sent again three times", func() bool {
		w.step(fmt.Sprint(states(t, app, "coinbase", received)))
		return states(t, app, "coinbase", received)[store.Loaded] == innocents && receipt(t, app, killer).Tries == 3
	})
	h.stop()
	h.env = append(h.env, "ASSAY_RESEND_AFTER=1s") // shortens the last wait from 32 s to 8
	h.start()
	eventually(t, "the killer is dead", func() bool {
		w.step("")
		return receipt(t, app, killer).State == store.Dead
	})
	h.stop()
	if counts := states(t, app, "coinbase", received); counts[store.Loaded] != innocents {
		t.Errorf("receipts are %v, want %d loaded", counts, innocents)
	}
	t.Logf("%d handlers were killed, and the host gave up %d times", h.died(), w.gaveUp)
	if n := h.died(); n < 4 || n > 20 {
		t.Errorf("%d handlers were killed, want 4 to 20: the payload is sent four times, and each time tried up to five times", n)
	}
	if n := h.records("failed", ""); n != 0 {
		t.Errorf("the handler says of %d invocations that they failed, want none: those that it was killed in do not count", n)
	}
	h.checkErrors(append(deaths, `Executed 'Functions\.(Reconcile|Fetch\w+)' \(Failed`, gaveUp)...)
}

func receipt(t *testing.T, app *handlers.App, name store.RawName) store.Receipt {
	t.Helper()
	r, err := app.Store.Receipt(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// gaveUp is what the Functions host logs when it ends because its handler died three times.
const gaveUp = "Exceeded http worker restart retry count"

// watch keeps a host going whose handler is killed, as Azure and the timer of Reconcile do.
type watch struct {
	h       *functionsHost
	gaveUp  int       // how often it was started again
	seen    string    // what was last seen of it
	changed time.Time // since when
}

// step starts the host again when it gave up, without the ten seconds that it takes to end. It runs Reconcile when nothing
// has happened for two seconds: progress is what the caller sees, to which deaths are added.
func (w *watch) step(progress string) {
	if n := strings.Count(w.h.printed(), gaveUp); n > w.gaveUp {
		_ = w.h.cmd.Process.Kill() // it may have ended
		<-w.h.ended
		w.h.start()
		w.gaveUp = n
	}
	if now := fmt.Sprint(progress, w.h.died(), w.gaveUp); now != w.seen {
		w.seen, w.changed = now, time.Now()
	}
	if time.Since(w.changed) > 2*time.Second {
		_ = w.h.invoke("Reconcile") // fails while the host gives up
		w.changed = time.Now()
	}
}
