package host

import (
	"context"
	"crypto/rand"
	"time"
)

// wallCheck is how often a waiting timer reads the clock: the timers of the runtime stand still while a laptop sleeps.
const wallCheck = 30 * time.Second

// timer runs a timer function once at once, for the slot that passed last, and then at each occurrence of its schedule. It
// never overlaps itself, and slots that passed during a long run are left out. A failure waits for the next occurrence, as it
// does on the Functions host.
func (h *Host) timer(take, work context.Context, f *function) {
	turn := Turn{f.Schedule.Last(time.Now()), true}
	for {
		_ = h.call(work, f, h.invocation(rand.Text(), turn.encode(), "slot", turn.Slot)) // logged there
		next := f.Schedule.Next(time.Now())
		if !waitUntil(take, next) {
			return
		}
		slot := f.Schedule.Last(time.Now())
		turn = Turn{slot, slot.After(next)}
	}
}

// waitUntil waits for a moment of the wall clock and reports whether it came before take was done.
func waitUntil(take context.Context, moment time.Time) bool {
	for {
		wait := time.Until(moment.Round(0))
		if take.Err() != nil {
			return false
		}
		if wait <= 0 {
			return true
		}
		timer := time.NewTimer(min(wait, wallCheck))
		select {
		case <-take.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}
