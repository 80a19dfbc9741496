package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

var blob = store.RawName{Source: "kraken", Received: moment, Sum: "0123abcd"}

func advance(t *testing.T, s *store.Store, to store.State, change func(*store.Receipt)) store.Receipt {
	t.Helper()
	r, err := s.Advance(t.Context(), blob, to, change)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReceiptFromStoredToLoaded(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		if _, err := s.Receipt(t.Context(), blob); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a missing receipt: %v, want ErrNotFound", err)
		}
		advance(t, s, store.Stored, func(r *store.Receipt) { r.Queued = moment + 5 })
		spans := []market.Span{{Series: bitcoinKraken, Interval: market.Minute, From: 1705310940, To: 1705311000, Own: true}}
		advance(t, s, store.Cleaned, func(r *store.Receipt) { r.Bars, r.Rejects, r.Rules, r.Spans = 1, 2, 3, spans })
		want := store.Receipt{Name: blob, State: store.Loaded, Queued: moment + 5, Bars: 1, Rejects: 2, Rules: 3, Spans: spans}
		if diff := cmp.Diff(want, advance(t, s, store.Loaded, nil)); diff != "" {
			t.Errorf("Advance, want - got +\n%s", diff)
		}
		got, err := s.Receipt(t.Context(), blob)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Receipt: %v, want - got +\n%s", err, diff)
		}
	})
}

func TestStatesOnlyGoForward(t *testing.T) {
	states := []store.State{store.Stored, store.Cleaned, store.Loaded, store.Rejected, store.Dead}
	// What a receipt in the state of the row becomes when it is advanced to the state of the column.
	table := map[store.State][]store.State{
		store.Stored:   {store.Stored, store.Cleaned, store.Loaded, store.Rejected, store.Dead},
		store.Cleaned:  {store.Cleaned, store.Cleaned, store.Loaded, store.Rejected, store.Dead},
		store.Loaded:   {store.Loaded, store.Loaded, store.Loaded, store.Loaded, store.Loaded},
		store.Rejected: {store.Rejected, store.Rejected, store.Rejected, store.Rejected, store.Rejected},
		store.Dead:     {store.Dead, store.Dead, store.Dead, store.Dead, store.Dead},
	}
	s := storetest.Open(t)
	for from, results := range table {
		for i, to := range states {
			name := blob
			name.Received += int64(slices.Index(states, from)*10 + i)
			if _, err := s.Advance(t.Context(), name, from, nil); err != nil {
				t.Fatal(err)
			}
			r, err := s.Advance(t.Context(), name, to, func(r *store.Receipt) { r.Tries, r.State = 7, "nonsense" })
			if err != nil || r.State != results[i] || r.Tries != 7 {
				t.Errorf("from %s to %s: got %s with %d tries, %v; want %s, and the change applied", from, to, r.State, r.Tries, err, results[i])
			}
		}
	}
	if _, err := s.Advance(t.Context(), blob, "nonsense", nil); err == nil {
		t.Error("a state that does not exist was taken")
	}
}

func TestRestart(t *testing.T) {
	s := storetest.Open(t)
	fresh := store.Receipt{State: store.Stored, Queued: moment + 9}
	for from, want := range map[store.State]store.Receipt{
		"":             fresh, // there was none, or it was deleted
		store.Dead:     fresh,
		store.Loaded:   fresh,
		store.Rejected: fresh,
		store.Stored:   {State: store.Stored, Queued: moment, Tries: 3},
		store.Cleaned:  {State: store.Cleaned, Queued: moment, Tries: 3},
	} {
		name := blob
		name.Received += int64(len(from))
		want.Name = name
		if from != "" {
			if _, err := s.Advance(t.Context(), name, from, func(r *store.Receipt) { r.Queued, r.Tries = moment, 3 }); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			_, err := s.Restart(t.Context(), name, moment+9)
			got, missing := s.Receipt(t.Context(), name)
			if diff := cmp.Diff(want, got); err != nil || missing != nil || diff != "" {
				t.Errorf("from %q: %v, %v, want - got +\n%s", from, err, missing, diff)
			}
		}
	}
}

func TestWritersOfOneReceiptLoseNothing(t *testing.T) {
	calmly(t, func(t *testing.T, s *store.Store) {
		const writers, increments = 4, 5
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for done := 0; done < increments; {
					_, err := s.Advance(t.Context(), blob, store.Stored, func(r *store.Receipt) { r.Tries++ })
					if err == nil {
						done++
					} else if !errors.Is(err, store.ErrConflict) { // after ten times the queue would deliver again
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		if got, err := s.Receipt(t.Context(), blob); err != nil || got.Tries != writers*increments {
			t.Errorf("got %d tries, %v; want %d", got.Tries, err, writers*increments)
		}
	})
}

func TestReceiptsOfADay(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		const day = int64(86_400_000)
		midnight := moment - moment%day
		for _, received := range []int64{midnight + day, midnight + 1, midnight, midnight - 1} {
			if _, err := s.Advance(t.Context(), store.RawName{Source: "kraken", Received: received, Sum: "0123abcd"}, store.Stored, nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			from, to int64
			want     []int64
		}{
			{midnight, midnight + day, []int64{midnight, midnight + 1}},
			{midnight - day, midnight + 1, []int64{midnight - 1, midnight}},
			{midnight - 5*day, midnight + 5*day, []int64{midnight - 1, midnight, midnight + 1, midnight + day}},
			{midnight + 2, midnight + 3, nil},
		} {
			receipts, err := s.Receipts(t.Context(), "kraken", c.from, c.to)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, r := range receipts {
				got = append(got, r.Name.Received)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("from %d to %d, want - got +\n%s", c.from, c.to, diff)
			}
		}
	})
}

// The longest spans that there are, as many as a receipt has room for, come back as they were. One more is refused, and changes nothing.
func TestReceiptOfManySpans(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		spans := make([]market.Span, store.MaxSpans)
		for n := range spans {
			id := market.SeriesID{Instrument: fmt.Sprintf("C%011d-ABCDE-FGHI", n), Source: "abcdefghijklmnopqrstuvwx"}
			spans[n] = market.Span{Series: id, Interval: market.Minute, From: -5_364_662_400, To: -5_364_662_340, Own: true}
		}
		advance(t, s, store.Cleaned, func(r *store.Receipt) { r.Spans = spans })
		_, err := s.Advance(t.Context(), blob, store.Loaded, func(r *store.Receipt) { r.Spans = append(spans, spans[0]) })
		if err == nil || !strings.Contains(err.Error(), "3001 spans: it has room for 3000") {
			t.Errorf("one span too many: %v, want both numbers", err)
		}
		got, err := s.Receipt(t.Context(), blob)
		if diff := cmp.Diff(spans, got.Spans); err != nil || got.State != store.Cleaned || diff != "" {
			t.Errorf("%s, %v, want - got +\n%s", got.State, err, diff)
		}
		advance(t, s, store.Loaded, func(r *store.Receipt) { r.Spans = spans[:1] })
		if got, err := s.Receipt(t.Context(), blob); err != nil || len(got.Spans) != 1 {
			t.Errorf("%d spans, %v; want the one that is left", len(got.Spans), err)
		}
	})
}

// An earlier release wrote all spans into one column, and nothing for none.
func TestReceiptOfAnEarlierRelease(t *testing.T) {
	s := storetest.Open(t)
	for text, want := range map[string][]market.Span{
		"": nil,
		`[{"series":"BTC-USD.kraken","interval":"1m","from":1705310940,"to":1705311000,"own":true}]`: {
			{Series: bitcoinKraken, Interval: market.Minute, From: 1705310940, To: 1705311000, Own: true},
		},
	} {
		_, err := s.Tables.Write(t.Context(), store.TableReceipts, store.Change{Action: store.Upsert, Entity: store.Entity{
			Partition: "kraken~20240115", Row: blob.Key(), Values: map[string]any{"state": "cleaned", "spans": text},
		}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Receipt(t.Context(), blob)
		if diff := cmp.Diff(want, got.Spans); err != nil || diff != "" {
			t.Errorf("%q: %v, want - got +\n%s", text, err, diff)
		}
	}
}

func TestRejects(t *testing.T) {
	bitcoin := market.Reject{Series: bitcoinKraken, Record: 1, Row: 12, Start: 1705311000, Rule: "absent", Field: "open", Text: `{"o":null}`, Reason: "the open is absent"}
	early := market.Reject{Series: bitcoinKraken, Row: 9, Rule: "high-below-low", Text: "\xFF\x00", Reason: "r"}
	unknown := market.Reject{Rule: "format", Text: strings.Repeat("ü", 3000), Reason: "no JSON"}
	everywhere(t, func(t *testing.T, s *store.Store) {
		for range 2 {
			if err := s.PutRejects(t.Context(), blob, []market.Reject{bitcoin, unknown, early}); err != nil {
				t.Fatal(err)
			}
			// What an operator adds stays when the message is delivered again.
			_, err := s.Tables.Write(t.Context(), store.TableRejects, store.Change{Action: store.Merge, Entity: store.Entity{
				Partition: "BTC-USD.kraken", Row: blob.Key() + "~0001~000000012~absent~open", Values: map[string]any{"decision": "keep"},
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := s.PutRejects(t.Context(), blob, []market.Reject{bitcoin}); err != nil {
			t.Fatal(err)
		}
		e, err := s.Tables.Get(t.Context(), store.TableRejects, "BTC-USD.kraken", blob.Key()+"~0001~000000012~absent~open")
		if err != nil || e.Values["decision"] != "keep" || e.Values["reason"] != "the open is absent" {
			t.Errorf("got %v, %v; want the reject and the operator's decision", e.Values, err)
		}
		stored := early
		stored.Text = "\uFFFD\x00"
		got, err := s.Rejects(t.Context(), "BTC-USD.kraken", 0)
		if diff := cmp.Diff([]store.Rejection{{Reject: stored, Blob: blob}, {Reject: bitcoin, Blob: blob}}, got); err != nil || diff != "" {
			t.Errorf("of the series: %v, want - got +\n%s", err, diff)
		}
		if got, err := s.Rejects(t.Context(), "BTC-USD.kraken", 1); err != nil || len(got) != 1 {
			t.Errorf("got %d, %v; want 1", len(got), err)
		}
		stored = unknown
		stored.Text = strings.Repeat("ü", 2048)
		got, err = s.Rejects(t.Context(), "kraken", 0)
		if diff := cmp.Diff([]store.Rejection{{Reject: stored, Blob: blob}}, got); err != nil || diff != "" {
			t.Errorf("of the source: %v, want - got +\n%s", err, diff)
		}
	})
}

func TestAtMostAThousandRejectsAreKept(t *testing.T) {
	s := storetest.Open(t)
	var rejects []market.Reject
	for i := range 1100 {
		rejects = append(rejects, market.Reject{Series: bitcoinKraken, Row: i + 1, Rule: "absent", Field: "close", Text: fmt.Sprint(i)})
	}
	if err := s.PutRejects(t.Context(), blob, rejects); err != nil {
		t.Fatal(err)
	}
	got, err := s.Rejects(t.Context(), "BTC-USD.kraken", 0)
	if err != nil || len(got) != 1000 || got[999].Row != 1000 {
		t.Errorf("got %d rejects, %v; want the first 1,000", len(got), err)
	}
}

// A source that sends what is refused all the time fills no table: the newest 1,000 to 1,100 of a series are kept.
func TestOldRejectsAreDropped(t *testing.T) {
	everywhere(t, func(t *testing.T, s *store.Store) {
		for n := range int64(12) {
			var rejects []market.Reject
			for i := range 100 {
				rejects = append(rejects, market.Reject{Series: bitcoinKraken, Row: i + 1, Rule: "absent"})
			}
			if n == 0 {
				rejects = append(rejects, market.Reject{Rule: "unreadable"})
			}
			if err := s.PutRejects(t.Context(), store.RawName{Source: "kraken", Received: moment + n, Sum: "0123abcd"}, rejects); err != nil {
				t.Fatal(err)
			}
			want := int(100 * (n + 1))
			if n == 11 {
				want = 1000
			}
			got, err := s.Rejects(t.Context(), "BTC-USD.kraken", 0)
			if err != nil || len(got) != want || got[0].Blob.Received != moment+n+1-int64(want)/100 {
				t.Fatalf("after payload %d: %d rejects, %v; want the newest %d", n, len(got), err, want)
			}
		}
		if got, err := s.Rejects(t.Context(), "kraken", 0); err != nil || len(got) != 1 {
			t.Errorf("of the source %d rejects, %v; want its one", len(got), err)
		}
	})
}
