package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"assay/shared/fetch"
	"assay/shared/group"
	"assay/shared/market"
	"assay/shared/source"
)

// StreamOptions say how a stream is followed. The zero value of all but Tell is what a program wants.
type StreamOptions struct {
	Tell    func(StreamEvent) // of one event after the other
	Every   time.Duration     // how long frames are gathered before they are kept; 10 s
	Pause   time.Duration     // before the first try to connect again; doubled with each further one; 1 s
	Longest time.Duration     // the longest pause; 1 min
	Again   time.Duration     // between two tries to catch up; 10 s
}

// StreamEvent is what happened to a stream, for whoever watches it.
type StreamEvent struct {
	Time        time.Time `json:"time"`
	Event       Event     `json:"event"`
	Instruments []string  `json:"instruments,omitempty"`
	Price       string    `json:"price,omitempty"`  // of EventTold: the close so far
	Blob        string    `json:"blob,omitempty"`   // of EventStored
	Frames      int       `json:"frames,omitempty"` // of EventStored: in the batch, without the repeated ones
	Bytes       int       `json:"bytes,omitempty"`  // of EventStored: of the batch
	Reason      string    `json:"reason,omitempty"`
	Again       time.Time `json:"again,omitzero"` // when it is tried again
}

// Event is the kind of a StreamEvent.
type Event string

// The events of a stream.
const (
	EventConnected Event = "connected" // and subscribed
	EventRefused   Event = "refused"   // the source does not have an instrument; told once
	EventTold      Event = "told"      // a bar, again and again while it grows
	EventStored    Event = "stored"    // a batch
	EventCaughtUp  Event = "caught up" // what was missed was asked for
	EventBehind    Event = "behind"    // it could not be asked for yet
	EventLost      Event = "lost"      // the connection
)

const (
	steady    = time.Minute      // after a connection that lasted so long the pauses begin anew
	joinLimit = 30 * time.Second // for the answers to the subscription
	stopLimit = 25 * time.Second // for what is in hand when the program is told to stop
	maxBatch  = 1 << 20          // bytes of new frames after which they are kept at once
	// maxRepeated bounds the frames that a batch repeats, in bytes: a snapshot of 720 bars of 60 coins has less.
	maxRepeated = 8 << 20
)

// errNothingLeft ends a stream: trying again would not help.
var errNothingLeft = errors.New("has nothing of what ASSAY_WATCHLIST names")

// stream is a feed that is being followed. Its connection, its batch and what it knows of symbols belong to follow alone.
type stream struct {
	StreamOptions
	app     *App
	src     source.Source
	symbols map[string]string // instruments by the source's names for them; those it does not have are taken out
	waiting []string          // symbols whose subscription is not answered yet
	batch   batch
	asked   []market.SeriesID // what the connection subscribed to
	missed  chan struct{}     // holds one when something may have been missed
	telling sync.Mutex
}

// Stream follows what a source tells by itself about the watchlist, until ctx is done: frames are kept as they came, in
// batches, and Clean and Load do the rest. A connection that ends, breaks, is silent or says what nobody can read is opened
// again after a pause; after each, the source's turn is run as its Fetch function would, which brings what was missed.
//
// What a kill loses is the batch in hand, and the next start catches up. Two streams at once keep every frame twice and end in
// the same state: merging keeps the version received last. Memory: a batch of at most 2 MiB of new frames and 8 of repeated ones,
// and a frame of at most 1 MiB.
// The error is nil when ctx is done and all is kept.
func (a *App) Stream(ctx context.Context, src source.Source, o StreamOptions) error {
	s := &stream{StreamOptions: o, app: a, src: src, symbols: map[string]string{}, missed: make(chan struct{}, 1)}
	s.Every = cmp.Or(s.Every, 10*time.Second)
	s.Pause = cmp.Or(s.Pause, time.Second)
	s.Longest = cmp.Or(s.Longest, time.Minute)
	s.Again = cmp.Or(s.Again, 10*time.Second)
	if err := a.Store.Admit(ctx, a.gathers()); err != nil {
		return fmt.Errorf("stream %s: %w", src.Name, err)
	}
	wants, err := a.wants(ctx, src, false)
	if err != nil {
		return fmt.Errorf("stream %s: %w", src.Name, err)
	}
	for _, w := range wants {
		s.symbols[src.Feed.Symbol(w.instrument.ID)] = w.instrument.ID
	}
	if len(wants) == 0 {
		return fmt.Errorf("stream: %s %w", src.Name, errNothingLeft)
	}
	group, following := group.WithContext(ctx)
	group.Go(func() error { return s.follow(following) })
	group.Go(func() error { s.catchUp(following); return nil })
	return group.Wait()
}

// say tells an event.
func (s *stream) say(e StreamEvent) {
	s.telling.Lock()
	defer s.telling.Unlock()
	e.Time = s.app.Now().UTC()
	s.Tell(e)
}

// follow connects again and again. What was in hand when a connection ended is kept first; while that fails nothing is read.
func (s *stream) follow(ctx context.Context) error {
	for failures := 0; ; {
		began := s.app.Now()
		err := s.session(ctx)
		kept := s.keep(ctx)
		switch {
		case ctx.Err() != nil:
			return kept
		case errors.Is(err, errNothingLeft):
			return errors.Join(fmt.Errorf("stream: %s %w", s.src.Name, err), kept)
		case kept != nil:
			err = kept
		}
		if s.app.Now().Sub(began) > steady {
			failures = 0
		}
		pause := s.pause(failures, err)
		failures++
		s.say(StreamEvent{Event: EventLost, Reason: err.Error(), Again: s.app.Now().Add(pause).UTC()})
		wait(ctx, pause)
	}
}

// pause is how long to wait before the next try to connect, varied so that processes do not return together.
func (s *stream) pause(failures int, err error) time.Duration {
	pause := min(s.Pause<<min(failures, 20), s.Longest)
	if errors.Is(err, fetch.ErrPaused) || errors.Is(err, source.ErrLimited) {
		pause = s.Longest
	}
	return pause*3/4 + rand.N(pause/2)
}

// wait returns after d, or when ctx is done.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// catchUp runs the source's turn whenever something may have been missed: its Fetch function's, so that both together stay
// within the source's limits. One that cannot be run now, or does not ask everything, is tried again.
func (s *stream) catchUp(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.missed:
		}
		for ctx.Err() == nil {
			finishing, cancel := finish(ctx)
			stopped, err := s.app.turn(finishing, s.src, s.app.Now())
			cancel()
			if stopped == nil && err == nil {
				s.say(StreamEvent{Event: EventCaughtUp})
				break
			}
			s.say(StreamEvent{Event: EventBehind, Reason: cmp.Or(err, stopped).Error(), Again: s.app.Now().Add(s.Again).UTC()})
			wait(ctx, s.Again)
		}
	}
}

// finish returns a context that ends a while after ctx, so that what is in hand can be finished.
func finish(ctx context.Context) (context.Context, context.CancelFunc) {
	finishing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		wait(finishing, stopLimit)
		cancel()
	})
	return finishing, func() { stop(); cancel() }
}

// refuse takes out a symbol that the source does not have. It is told once, and remembered like one that it did not know when
// it was asked.
func (s *stream) refuse(ctx context.Context, symbol string) error {
	instrument, asked := s.symbols[symbol]
	if !asked {
		return nil
	}
	delete(s.symbols, symbol)
	s.waiting = slices.DeleteFunc(s.waiting, func(w string) bool { return w == symbol })
	s.say(StreamEvent{Event: EventRefused, Instruments: []string{instrument}, Reason: fmt.Sprintf("%s does not have %s", s.src.Name, symbol)})
	if err := s.app.Fetch.MarkUnknown(ctx, s.src.Name, instrument); err != nil {
		return err
	}
	if len(s.symbols) == 0 {
		return errNothingLeft
	}
	return nil
}
