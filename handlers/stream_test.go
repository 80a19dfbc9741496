package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"assay/shared/store"
	"assay/shared/store/storetest"
)

// The frames of a market: two bars that were finished before, one in progress that grows, and the next one.
var (
	first = told("snapshot", "12:00:30.1", "11:57 42001.5 0.5", "11:59 42005.0 1.5", "12:00 42006.0 0.1")
	grown = told("update", "12:00:40.2", "12:00 42007.5 0.25")
	next  = told("update", "12:01:00.3", "12:01 42008.0 0.1")
)

// Frames are kept as they came, once each but for those that are repeated; a bar is stored when it is finished; what the source
// says when it is asked and what it tells by itself is one series.
func TestStreamKeepsFrames(t *testing.T) {
	sent := []string{online, ack("BTC/USD"), first, beat, grown, next, beat}
	inHand := make(chan bool)
	w := newStreamWorld(t, storetest.Open(t), func(l line) {
		l.say(sent[:5]...)
		<-inHand
		l.say(sent[5:]...)
		l.stay()
	})
	tell, once := w.options.Tell, sync.OnceFunc(func() { close(inHand) })
	w.options.Tell = func(e StreamEvent) {
		if tell(e); e.Event == EventStored {
			once()
		}
	}
	events, err := w.follow(t, EventConnected, EventCaughtUp, EventStored, EventStored)
	if err != nil {
		t.Fatalf("%v, after %s", err, eventsText(events))
	}
	kept, batches := w.frames(t)
	var heard []string
	for _, text := range kept {
		if text == beat || !slices.Contains(heard, text) {
			heard = append(heard, text)
		}
	}
	if diff := cmp.Diff(sent, heard); diff != "" || batches < 2 {
		t.Errorf("%d batches, want at least 2; frames (-sent +kept):\n%s", batches, diff)
	}
	if diff := cmp.Diff([]string{"11:57 42001.5 0.5", "11:59 42005 1.5", "12:00 42007.5 0.25"}, w.bars(t)); diff != "" {
		t.Errorf("bars (-want +got):\n%s", diff)
	}
	want := `{"method":"subscribe","params":{"channel":"ohlc","symbol":["BTC/USD"],"interval":1,"snapshot":true}}`
	if diff := cmp.Diff([]string{want}, w.heard); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

// However a connection ends, another one is opened, what was missed is asked for, and the series is whole.
func TestStreamConnectsAgain(t *testing.T) {
	t.Parallel()
	begun := []string{online, ack("BTC/USD"), first, grown}
	for name, test := range map[string]struct {
		end    func(line)
		reason string
	}{
		"cut":        {func(l line) { _ = l.CloseNow() }, "the connection broke"},
		"closed":     {func(l line) { _ = l.Close(websocket.StatusServiceRestart, "maintenance") }, `"maintenance"`},
		"a page":     {func(l line) { l.say("<html><head><title>502 Bad Gateway</title></head></html>"); l.stay() }, "invalid character '<'"},
		"half":       {func(l line) { l.say(next[:len(next)/2]); l.stay() }, "unexpected end of JSON input"},
		"two lines":  {func(l line) { l.say(strings.Replace(next, ",", ",\n", 1)); l.stay() }, "a frame of several lines"},
		"other bars": {func(l line) { l.say(strings.Replace(next, `"interval":1}`, `"interval":5}`, 1)); l.stay() }, `interval is "5"`},
		"too long":   {func(l line) { l.say(`{"channel":"` + strings.Repeat("x", 1<<20) + `"}`); l.stay() }, "a frame is longer than 1024 KiB"},
		"silent":     {line.stay, "not even a heartbeat"},
		"failing":    {func(l line) { l.say(`{"error":"Exceeded msg rate","success":false}`); l.stay() }, "rate limited"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newStreamWorld(t, storetest.Open(t),
				func(l line) { l.say(begun...); test.end(l) },
				func(l line) {
					l.say(online, ack("BTC/USD"), told("snapshot", "12:01:10.3", "11:57 42001.5 0.5", "11:59 42005.0 1.5", "12:00 42009.0 0.5", "12:01 42008.0 0.1"))
					for range 100 { // it lives
						l.say(beat)
						wait(l.ctx, 20*time.Millisecond)
					}
				})
			if name == "silent" {
				w.src.Feed.Silence = time.Second
			}
			if name == "failing" {
				w.options.Longest = time.Millisecond
			}
			events, err := w.follow(t, EventConnected, EventCaughtUp, EventLost, EventConnected, EventCaughtUp, EventStored, EventStored)
			if err != nil {
				t.Fatalf("%v, after %s", err, eventsText(events))
			}
			if !slices.ContainsFunc(events, func(e StreamEvent) bool { return e.Event == EventLost && strings.Contains(e.Reason, test.reason) }) {
				t.Errorf("no connection was lost because of %q:\n%s", test.reason, eventsText(events))
			}
			want := []string{"11:57 42001.5 0.5", "11:58 42002 2", "11:59 42005 1.5", "12:00 42009 0.5"}
			if diff := cmp.Diff(want, w.bars(t)); diff != "" {
				t.Errorf("bars (-want +got):\n%s", diff)
			}
		})
	}
}

// A symbol that the source does not have is told once, remembered, and not asked for again; the others go on.
func TestStreamGoesOnWithoutARefusedSymbol(t *testing.T) {
	w := newStreamWorld(t, storetest.Open(t),
		func(l line) { l.say(online, ack("BTC/USD"), refusal("NOPE/USD"), first, beat); _ = l.CloseNow() },
		func(l line) { l.say(online, ack("BTC/USD"), first, grown, next); l.stay() })
	w.Config.Watchlist = []string{"BTC-USD", "NOPE-USD"}
	events, err := w.follow(t, EventConnected, EventRefused, EventConnected, EventStored, EventStored)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(eventsText(events), "refused NOPE-USD kraken does not have NOPE/USD"); n != 1 {
		t.Errorf("the refusal was told %d times, want once:\n%s", n, eventsText(events))
	}
	if len(w.heard) != 2 || !strings.Contains(w.heard[0], `["BTC/USD","NOPE/USD"]`) || !strings.Contains(w.heard[1], `["BTC/USD"]`) {
		t.Errorf("asked for %s, want NOPE/USD the first time only", w.heard)
	}
	unknown, err := w.Fetch.Unknown(t.Context(), "kraken")
	if diff := cmp.Diff([]string{"NOPE-USD"}, unknown); diff != "" || err != nil {
		t.Errorf("remembered, %v (-want +got):\n%s", err, diff)
	}
	if kept, _ := w.frames(t); !slices.Contains(kept, refusal("NOPE/USD")) {
		t.Errorf("the refusal is not kept: %s", kept)
	}
}

// With nothing left there is nothing to follow: that is an error, not a loop.
func TestStreamOfNothing(t *testing.T) {
	w := newStreamWorld(t, storetest.Open(t), func(l line) { l.say(online, refusal("BTC/USD"), beat); l.stay() })
	if _, err := w.follow(t, EventConnected); !errors.Is(err, errNothingLeft) {
		t.Errorf("all refused: got %v, want %q", err, errNothingLeft)
	}
	if _, batches := w.frames(t); batches != 1 {
		t.Errorf("%d batches, want 1, which holds the refusal", batches)
	}
	w.Config.Watchlist = []string{"XAU-USD"}
	if _, err := w.follow(t, EventConnected); err == nil || err.Error() != "stream: kraken has nothing of what ASSAY_WATCHLIST names" {
		t.Errorf("a watchlist of gold: got %v", err)
	}
	w.Config.Watchlist = []string{"BTC-USD"}
	if _, err := w.follow(t, EventConnected); !errors.Is(err, errNothingLeft) || len(w.heard) != 1 {
		t.Errorf("refused less than a day ago: got %v after %d connections, want %q and no second one", err, len(w.heard), errNothingLeft)
	}
}

// Told to stop, a stream keeps what is in hand.
func TestStreamKeepsWhatIsInHand(t *testing.T) {
	w := newStreamWorld(t, storetest.Open(t), func(l line) { l.say(online, ack("BTC/USD"), first, grown, next); l.stay() })
	w.options.Every = time.Hour
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	bars := 0
	w.options.Tell = func(e StreamEvent) {
		if e.Event == EventTold {
			if bars++; bars == 5 { // of the three frames
				stop()
			}
		}
	}
	if err := w.Stream(ctx, w.src, w.options); err != nil {
		t.Fatal(err)
	}
	kept, batches := w.frames(t)
	if diff := cmp.Diff([]string{online, ack("BTC/USD"), first, grown, next}, kept); diff != "" || batches != 1 {
		t.Errorf("%d batches, want 1; frames (-want +got):\n%s", batches, diff)
	}
}

// Storage that fails for a while costs nothing: the batch is kept as soon as it can be, and nothing is read meanwhile.
func TestStreamWhenStorageFails(t *testing.T) {
	settings := storetest.Azurite(t)
	blobs := func(r *http.Request) bool {
		return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/raw/kraken/")
	}
	failing := &storetest.Fail{Match: blobs, First: 3, Count: 3} // the first finds no container, the second is the turn's
	caughtUp := make(chan bool)
	w := newStreamWorld(t, storetest.Reopen(t, settings, failing),
		func(l line) { l.say(online, ack("BTC/USD")); <-caughtUp; l.say(first, grown); l.stay() },
		func(l line) { l.say(online, ack("BTC/USD"), first, grown, next); l.stay() })
	tell, once := w.options.Tell, sync.OnceFunc(func() { close(caughtUp) })
	w.options.Tell = func(e StreamEvent) {
		if tell(e); e.Event == EventCaughtUp {
			once()
		}
	}
	events, err := w.follow(t, EventLost, EventLost, EventConnected, EventConnected, EventStored, EventStored)
	if err != nil {
		t.Fatalf("%v, after %s", err, eventsText(events))
	}
	w.Store = storetest.Reopen(t, settings)
	if kept, _ := w.frames(t); !slices.Contains(kept, first) || !slices.Contains(kept, next) {
		t.Errorf("frames are missing: %s", kept)
	}
}

// A flood is kept before its time, in batches that are bounded.
func TestStreamBatchesAreBounded(t *testing.T) {
	const frames = 400
	bars := make([]string, 60)
	for i := range bars {
		bars[i] = fmt.Sprintf("11:%02d 42000.5 1.5", i)
	}
	w := newStreamWorld(t, storetest.Open(t), func(l line) {
		l.say(online, ack("BTC/USD"))
		for n := range frames { // of 10 KB each
			l.say(told("snapshot", fmt.Sprintf("12:00:30.%03d", n), bars...))
		}
		l.stay()
	})
	w.options.Every = time.Hour
	events, err := w.follow(t, EventConnected, EventStored, EventStored, EventStored)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Event == EventStored && e.Bytes > 2<<20 {
			t.Errorf("a batch of %d bytes, want at most 2 MiB", e.Bytes)
		}
	}
}

// A source that tells ever more bars which are still to come does not fill the memory: what is repeated has a bound.
func TestStreamRepeatsLittle(t *testing.T) {
	w := newStreamWorld(t, storetest.Open(t), func(l line) {
		l.say(online, ack("BTC/USD"))
		for n := range 20 { // of 960 KiB each, and each with a bar of its own that never ends
			bar := told("update", "12:00:30.1", fmt.Sprintf("23:%02d 42000.5 1.5", n))
			l.say(strings.Replace(bar, `"channel"`, `"note":"`+strings.Repeat("x", 960<<10)+`","channel"`, 1))
		}
		l.stay()
	})
	w.options.Every = time.Hour
	w.options.Longest = time.Hour
	w.options.Pause = time.Hour
	events, err := w.follow(t, EventConnected, EventLost)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Bytes > 10<<20 {
			t.Errorf("a batch of %d bytes, want at most 10 MiB", e.Bytes)
		}
	}
	if said := eventsText(events); !strings.Contains(said, "the frames of the bars in progress have more than 8 MiB") {
		t.Errorf("got\n%s\nwant the connection lost for what it repeats", said)
	}
}

// Two streams at once keep everything twice and end in the same state as one.
func TestTwoStreamsAtOnce(t *testing.T) {
	script := func(l line) {
		l.say(online, ack("BTC/USD"), first, grown, next, told("update", "12:01:01.0", "12:00 42007.0 0.3"))
		l.stay()
	}
	s := storetest.Open(t)
	worlds := []*streamWorld{newStreamWorld(t, s, script), newStreamWorld(t, s, script)}
	ended := make(chan error)
	for _, w := range worlds {
		go func() {
			_, err := w.follow(t, EventConnected, EventCaughtUp, EventStored)
			ended <- err
		}()
	}
	for range worlds {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"11:57 42001.5 0.5", "11:59 42005 1.5", "12:00 42007 0.3"}, worlds[0].bars(t)); diff != "" {
		t.Errorf("bars (-want +got):\n%s", diff)
	}
	receipts, err := s.Receipts(t.Context(), "kraken", noon.UnixMilli(), noon.Add(time.Hour).UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range receipts {
		if r.State == store.Rejected || r.State == store.Dead {
			t.Errorf("receipt %s is %s: %s", r.Name, r.State, r.Reason)
		}
	}
}
