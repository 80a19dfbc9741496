package api

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/shared/market"
	"assay/shared/store"
	"assay/shared/store/storetest"
)

// keep stores a payload and says how far it came, as Fetch and Clean do.
func keep(t *testing.T, s *store.Store, source string, received int64, bars int, rejects ...market.Reject) store.RawName {
	t.Helper()
	ctx := context.Background()
	raw, err := s.Blobs.PutRaw(ctx, source, received, []store.Record{{URI: "https://example.com/prices", Dataset: "test", Body: []byte("what the source said")}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutRejects(ctx, raw, rejects); err != nil {
		t.Fatal(err)
	}
	_, err = s.Advance(ctx, raw, store.Cleaned, func(r *store.Receipt) {
		r.Bars, r.Rejects, r.Rules = bars, len(rejects), 1
		if bars > 0 {
			id, _ := market.ParseSeriesID("BTC-USD." + source)
			r.Spans = []market.Span{{Series: id, Interval: market.Day, From: monday, To: monday + 86400}}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A price has a receipt: from the consensus back to every source's version, its payload, and what was refused of it.
func TestExplain(t *testing.T) {
	s := storetest.Open(t)
	w := newWorld(t, s)
	received := time.Date(2024, 1, 31, 9, 30, 0, 123e6, time.UTC).UnixMilli()
	kraken, _ := market.ParseSeriesID("BTC-USD.kraken")
	reject := market.Reject{Series: kraken, Record: 0, Row: 17, Start: monday, Rule: "absent", Field: "open", Text: "2024-01-15,,102,98,101", Reason: "the open is absent"}
	other := reject
	other.Start, other.Row = monday+86400, 18
	raw := keep(t, s, "kraken", received, 1, reject, other)
	first := bar(monday, 100)
	first.Open, first.Flags, first.Received, first.Authority = market.Absent, market.Partial, received, market.Own
	w.put("BTC-USD.kraken", market.Day, first)
	w.put("BTC-USD.mine", market.Day, bar(monday, 900), bar(monday+86400, 901))

	got := into[Explanation](w, "/api/v1/series/BTC-USD/explain?t=2024-01-15T13:00:00Z")
	of := func(v float64) *float64 { return &v }
	votes, receivedText, rawName, mine := 1, "2024-01-31T09:30:00.123Z", raw.String(), "1970-01-01T00:00:00.001Z"
	value := ExplainedBar{High: of(102), Low: of(98), Close: of(101), Volume: of(10), Flags: []string{"partial"}}
	consensus := value
	consensus.Flags = []string{"partial", "thin"}
	want := Explanation{
		Series: "BTC-USD", Interval: "1d", Time: "2024-01-15T00:00:00Z", End: "2024-01-16T00:00:00Z", Bar: &consensus, Votes: &votes,
		Sources: []ExplainedVote{
			{
				Source: "kraken", Series: "BTC-USD.kraken", Role: "venue", Verdict: "voted", Bar: &value, Authority: "own", Received: &receivedText, Raw: &rawName,
				Rejects: []ExplainedReject{{"absent", "open", "the open is absent", "2024-01-15,,102,98,101", rawName, 0, 17}},
			},
			{
				Source: "mine", Series: "BTC-USD.mine", Bar: &ExplainedBar{of(900), of(902), of(898), of(901), of(10), []string{}},
				Authority: "given", Received: &mine, Rejects: []ExplainedReject{},
			},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	own := into[Explanation](w, "/api/v1/series/BTC-USD.kraken/explain?t=2024-01-15")
	if len(own.Sources) != 1 || own.Votes != nil || own.Sources[0].Raw == nil || *own.Sources[0].Raw != rawName {
		t.Errorf("of one source: %+v; want its version alone, with its payload", own)
	}

	if err := s.Blobs.Join(t.Context(), "kraken", received); err != nil {
		t.Fatal(err)
	}
	want.Sources[0].Joined = "kraken/2024/01/31.warc.gz"
	if diff := cmp.Diff(want, into[Explanation](w, "/api/v1/series/BTC-USD/explain?t=2024-01-15T13:00:00Z")); diff != "" {
		t.Errorf("when the day of the payload is joined (-want +got):\n%s", diff)
	}
}

func TestExplainGap(t *testing.T) {
	w := newWorld(t, storetest.Open(t))
	w.put("XAG-USD-FIX.lbma", market.Day, fix(monday, 23), fix(monday+7*86400, 24))
	for target, want := range map[string]string{
		"t=2024-01-20":             "The market is closed then, by the calendar london.",
		"t=2024-01-17":             "No source gave a bar that could be used.",
		"t=2023-01-17":             "The stored bars of 1d reach from 2024-01-15T00:00:00Z to 2024-01-23T00:00:00Z.",
		"t=2024-01-15&interval=1h": "No bar of 1h is stored of this series: it has 1d.",
	} {
		got := into[Explanation](w, "/api/v1/series/XAG-USD-FIX/explain?"+target)
		if got.Bar != nil || got.Gap == nil || *got.Gap != want {
			t.Errorf("%s: bar %v, gap %v; want none, %s", target, got.Bar, *got.Gap, want)
		}
	}
}

func TestReceiptsAndRejects(t *testing.T) {
	s := storetest.Open(t)
	w := newWorld(t, s)
	at := w.clock.Add(-24 * time.Hour).UnixMilli()
	kraken, _ := market.ParseSeriesID("BTC-USD.kraken")
	raw := keep(t, s, "kraken", at, 1,
		market.Reject{Series: kraken, Row: 2, Start: monday, Rule: "zero", Field: "close", Text: "0", Reason: "the close is zero"},
		market.Reject{Series: kraken, Row: 3, Rule: "bad-time", Text: "soon", Reason: "the time cannot be read"})
	keep(t, s, "coinbase", at+1, 0)
	keep(t, s, "coinbase", at-30*86400_000, 0)

	receipts := into[ReceiptList](w, "/api/v1/receipts")
	want := []Receipt{
		{
			Raw: raw.String(), Source: "kraken", Received: "2024-01-31T12:00:00.000Z", State: "cleaned", Bars: 1, Rejects: 2, Rules: 1,
			Spans: []ReceiptSpan{{"BTC-USD.kraken", "1d", "2024-01-15T00:00:00Z", "2024-01-16T00:00:00Z"}},
		},
		{Raw: receipts.Receipts[1].Raw, Source: "coinbase", Received: "2024-01-31T12:00:00.001Z", State: "cleaned", Rules: 1, Spans: []ReceiptSpan{}},
	}
	if diff := cmp.Diff(want, receipts.Receipts); diff != "" {
		t.Errorf("receipts of the last seven days (-want +got):\n%s", diff)
	}
	if all := into[ReceiptList](w, "/api/v1/receipts?source=coinbase&from=2023-12-01"); len(all.Receipts) != 2 {
		t.Errorf("%d receipts of coinbase since December, want 2", len(all.Receipts))
	}
	if ahead := into[ReceiptList](w, "/api/v1/receipts?from=2030-01-01"); ahead.To != "2030-01-01T00:00:00Z" || len(ahead.Receipts) != 0 {
		t.Errorf("%d receipts from %s to %s, want none of a range without length", len(ahead.Receipts), ahead.From, ahead.To)
	}

	rejects := into[RejectList](w, "/api/v1/rejects?series=BTC-USD.kraken")
	time := "2024-01-15T00:00:00Z"
	if diff := cmp.Diff([]ListedReject{
		{&time, ExplainedReject{"zero", "close", "the close is zero", "0", raw.String(), 0, 2}},
		{nil, ExplainedReject{"bad-time", "", "the time cannot be read", "soon", raw.String(), 0, 3}},
	}, rejects.Rejects); diff != "" {
		t.Errorf("rejects (-want +got):\n%s", diff)
	}
	if one := into[RejectList](w, "/api/v1/rejects?series=BTC-USD.kraken&limit=1"); len(one.Rejects) != 1 {
		t.Errorf("%d rejects with limit=1", len(one.Rejects))
	}
}
