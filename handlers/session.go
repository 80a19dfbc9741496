package handlers

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"assay/shared/fetch"
	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// batch is what was heard and is not kept yet.
type batch struct {
	body     []byte    // frames, one a line; those that are repeated from the batch before come first
	repeated int       // bytes of these
	frames   int       // without the repeated ones
	news     bool      // some frame says more than that the connection lives
	received time.Time // when the last byte of the last frame had arrived
}

func (b *batch) add(text []byte) {
	b.body = append(append(b.body, text...), '\n')
	b.frames++
}

// arrival is what a socket brought: a text, or why there will be no more.
type arrival struct {
	text []byte
	at   time.Time
	err  error
}

// session follows one connection and returns why it ended. It leaves what is not kept yet in the batch.
func (s *stream) session(ctx context.Context) error {
	if err := s.keep(ctx); err != nil {
		return err
	}
	s.batch = batch{} // what is in progress is told again by the snapshot
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	socket, err := s.app.Fetch.Connect(ctx, s.src)
	if err != nil {
		return err
	}
	defer socket.Close()
	s.waiting, s.asked = slices.Sorted(maps.Keys(s.symbols)), nil
	for _, symbol := range s.waiting {
		s.asked = append(s.asked, market.SeriesID{Instrument: s.symbols[symbol], Source: s.src.Name})
	}
	if err := socket.Send(ctx, s.src.Feed.Subscribe(s.waiting)); err != nil {
		return err
	}
	arrivals := make(chan arrival)
	go s.listen(ctx, socket, arrivals)
	defer func() {
		cancel()
		for range arrivals { // until nobody listens any more
		}
	}()
	return s.work(ctx, socket, arrivals)
}

// listen hands on what comes. The last arrival is an error.
func (s *stream) listen(ctx context.Context, socket *fetch.Socket, arrivals chan<- arrival) {
	defer close(arrivals)
	for {
		text, err := socket.Read(ctx, s.src.Feed.Silence)
		arrivals <- arrival{text, s.app.Now().UTC().Truncate(time.Millisecond), err}
		if err != nil {
			return
		}
	}
}

// work takes what arrives and keeps it, every so often.
func (s *stream) work(ctx context.Context, socket *fetch.Socket, arrivals <-chan arrival) error {
	ticker := time.NewTicker(s.Every)
	defer ticker.Stop()
	joining := time.NewTimer(joinLimit)
	defer joining.Stop()
	for {
		select {
		case a := <-arrivals:
			if a.err != nil {
				return a.err
			}
			if err := s.take(ctx, a); err != nil {
				return err
			}
		case <-joining.C:
			if len(s.waiting) > 0 {
				return fmt.Errorf("no answer to the subscription to %s within %s: %w", strings.Join(s.waiting, ", "), joinLimit, source.ErrUnavailable)
			}
		case <-ticker.C:
			if err := s.keep(ctx); err != nil {
				return err
			}
			_ = socket.Send(ctx, s.src.Feed.Ping) // who listens is told when the connection is broken
		}
	}
}

// take puts a frame into the batch and does what it calls for. An error ends the connection: what cannot be read is kept, and
// then nobody knows what was missed.
func (s *stream) take(ctx context.Context, a arrival) error {
	s.batch.add(a.text)
	s.batch.received = a.at
	frame, err := s.src.Feed.Read(a.text)
	if err == nil && bytes.ContainsAny(a.text, "\r\n") {
		err = fmt.Errorf("a frame of several lines: %w", source.ErrFormat)
	}
	s.batch.news = s.batch.news || err != nil || len(frame.Bars) > 0 || frame.Refused != "" || frame.Failure != nil
	for _, told := range frame.Bars {
		if told.Row.Unreadable != "" {
			err = fmt.Errorf("a bar cannot be read, %s: %w", told.Row.Unreadable, source.ErrFormat)
		}
		if instrument, asked := s.symbols[told.Symbol]; asked {
			s.say(StreamEvent{Event: EventTold, Instruments: []string{instrument}, Price: told.Row.Close})
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", s.src.Feed.URL, err)
	case frame.Failure != nil:
		return frame.Failure
	case frame.Refused != "":
		err = s.refuse(ctx, frame.Refused)
	case frame.Joined != "":
		s.waiting = slices.DeleteFunc(s.waiting, func(w string) bool { return w == frame.Joined })
	}
	if err != nil {
		return err
	}
	if len(s.waiting) == 0 && (frame.Joined != "" || frame.Refused != "") {
		s.joined()
	}
	if len(s.batch.body)-s.batch.repeated >= maxBatch {
		return s.keep(ctx)
	}
	return nil
}

// joined notes that every subscription was answered: what is told from now on is heard, what was before has to be asked for.
func (s *stream) joined() {
	s.say(StreamEvent{Event: EventConnected, Instruments: slices.Sorted(maps.Values(s.symbols))})
	select {
	case s.missed <- struct{}{}:
	default: // it is known already
	}
}

// keep stores the batch as one raw blob, if it says anything new, and begins the next one with the frames of the bars that are
// still in progress. A batch that could not be stored stays as it is: trying again stores the same blob.
func (s *stream) keep(ctx context.Context) error {
	if !s.batch.news || s.batch.frames == 0 {
		return nil
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	record := store.Record{
		URI: s.src.Feed.URL, Date: s.batch.received, Header: http.Header{"Content-Type": {"application/x-ndjson"}}, Body: s.batch.body,
		Dataset: s.src.Feed.Dataset, Series: s.asked, Interval: s.src.Feed.Interval, Authority: market.Own,
	}
	name, err := s.app.Keep(ctx, s.src.Name, s.batch.received, []store.Record{record})
	if err != nil {
		return err
	}
	s.say(StreamEvent{Event: EventStored, Blob: name.String(), Frames: s.batch.frames, Bytes: len(s.batch.body)})
	var next batch
	for _, text := range s.src.Feed.Open(s.batch.body, s.batch.received.UnixMilli()) {
		next.add(text)
	}
	next.news, next.frames, next.repeated = next.frames > 0, 0, len(next.body)
	s.batch = next
	if next.repeated > maxRepeated {
		s.batch = batch{}
		return fmt.Errorf("%s: %w: the frames of the bars in progress have more than %d MiB", s.src.Feed.URL, source.ErrUnavailable, maxRepeated>>20)
	}
	return nil
}
