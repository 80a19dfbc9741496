package history

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sort"

	"assay/shared/chunk"
	"assay/shared/consensus"
	"assay/shared/market"
)

// facts are what the sources of an instrument say of a run of chunks at one interval: all that a consensus is computed from.
type facts struct {
	*view
	interval market.Interval
	horizon  int64 // start of the newest bar of any source at any interval
	voters   []voter
}

// voter is a source with a role. At one minute it votes with its own bars; at hours and days with those that it published,
// and where there is none with what its minutes give.
type voter struct {
	entry   Entry
	chunks  map[int64]stored // of this interval, by start
	minutes map[int64]string // state hashes of its days of minutes, by day
}

// facts reads what the sources say of [from, to), except the minutes themselves.
func (v *view) facts(ctx context.Context, i market.Interval, from, to int64) (facts, error) {
	f := facts{view: v, interval: i}
	entries, err := v.entries()
	if err != nil {
		return f, err
	}
	for _, entry := range entries {
		f.horizon = max(f.horizon, entry.Last())
		if entry.Role == market.NoRole {
			continue
		}
		voter, err := v.voter(ctx, entry, i, from, to)
		if err != nil {
			return f, err
		}
		f.voters = append(f.voters, voter)
	}
	return f, nil
}

func (v *view) voter(ctx context.Context, entry Entry, i market.Interval, from, to int64) (found voter, err error) {
	found = voter{entry: entry, chunks: map[int64]stored{}}
	if _, ok := entry.Intervals[i]; ok {
		chunks, err := v.chunks(ctx, entry.ID, i, from, to)
		if err != nil {
			return found, err
		}
		for _, c := range chunks {
			found.chunks[c.start] = c
		}
	}
	if _, ok := entry.Intervals[market.Minute]; ok && i != market.Minute {
		found.minutes, err = v.states(ctx, entry.ID, from, to)
	}
	return found, err
}

// derive computes a consensus chunk anew and reports whether it or its inputs differ from old. Inputs are kept per UTC day, so
// that a year of days is not computed from all its minutes because one more minute is there: a day whose inputs are those
// of old keeps its bars, which are a pure function of them.
func (f facts) derive(ctx context.Context, old stored) (fresh stored, differs bool, err error) {
	end := chunk.Next(f.interval, old.start)
	var inputs []byte
	for day := old.start; day < end; day += int64(market.Day) {
		inputs = append(inputs, f.inputs(old.start, day)...)
	}
	if bytes.Equal(inputs, old.inputs) || old.etag == "" && len(bytes.Trim(inputs, "\x00")) == 0 {
		return old, false, nil
	}
	fresh = stored{Chunk: chunk.Chunk{Interval: f.interval, Rules: f.rules(old.start)}, start: old.start, etag: old.etag, inputs: inputs}
	for from := old.start; from < end; {
		to, same := sameDays(old, inputs, from)
		if same {
			bars, decisions := old.between(from, to)
			fresh.Bars, fresh.Decisions = append(fresh.Bars, bars...), append(fresh.Decisions, decisions...)
		} else {
			bars, decisions, err := f.consensus(ctx, old.start, from, to)
			if err != nil {
				return fresh, false, err
			}
			bars, decisions = f.ended(bars, decisions)
			fresh.Bars, fresh.Decisions = append(fresh.Bars, bars...), append(fresh.Decisions, decisions...)
		}
		from = to
	}
	fresh.state, fresh.value = hashOf(chunk.StateHash(fresh.Chunk), string(inputs)), chunk.ValueHash(fresh.Chunk)
	return fresh, true, nil
}

// inputSize is the length of the inputs of one day: the front of a SHA-256, or zeros when no voter says anything.
const inputSize = 8

// inputs returns the hash of all that the consensus of one day follows from.
func (f facts) inputs(start, day int64) []byte {
	end := day + int64(market.Day)
	sum := sha256.New()
	any := false
	fmt.Fprint(sum, consensus.Rules)
	if f.interval != market.Minute {
		fmt.Fprint(sum, " ", min(f.interval.Floor(f.horizon), end)) // how much of the day has ended
	}
	for _, v := range f.voters {
		published, own := "", v.minutes[day]
		if c, ok := v.chunks[start]; ok && f.interval == market.Minute {
			published = c.state
		} else if bars, _ := c.between(day, end); len(bars) > 0 {
			published = chunk.StateHash(chunk.Chunk{Interval: f.interval, Bars: bars})
		}
		if published != "" || own != "" {
			any = true
			fmt.Fprintf(sum, " %s %s %q %q", v.entry.ID.Source, v.entry.Role, published, own)
		}
	}
	if !any {
		return make([]byte, inputSize)
	}
	return sum.Sum(nil)[:inputSize]
}

// sameDays returns the end of the run of days from from whose inputs all are, or all are not, those of old. A run of days
// to compute is at most a month long, which bounds the minutes in memory.
func sameDays(old stored, inputs []byte, from int64) (to int64, same bool) {
	isSame := func(day int64) bool {
		n := int((day - old.start) / int64(market.Day) * inputSize)
		return len(old.inputs) == len(inputs) && bytes.Equal(old.inputs[n:n+inputSize], inputs[n:n+inputSize])
	}
	end := old.start + int64(len(inputs)/inputSize)*int64(market.Day)
	same = isSame(from)
	for to = from + int64(market.Day); to < end && isSame(to) == same && (same || to-from < 31*int64(market.Day)); {
		to += int64(market.Day)
	}
	return to, same
}

// consensus lets the voters decide the bars of [from, to), whole days of the chunk that begins at start.
func (f facts) consensus(ctx context.Context, start, from, to int64) ([]market.Bar, []market.Decision, error) {
	votes := make([]consensus.Voter, 0, len(f.voters))
	for _, v := range f.voters {
		c := v.chunks[start]
		bars, _ := c.between(from, to)
		if v.hasMinutes(from, to) {
			minutes, err := f.votedMinutes(ctx, v, from, to)
			if err != nil {
				return nil, nil, err
			}
			bars = publishedFirst(bars, consensus.Aggregate(f.in.Calendar, minutes, market.Minute, f.interval))
		}
		votes = append(votes, consensus.Voter{Source: v.entry.ID.Source, Role: v.entry.Role, Bars: bars})
	}
	bars, decisions := consensus.Bars(f.in, votes)
	return bars, decisions, nil
}

func (v voter) hasMinutes(from, to int64) bool {
	for day := from; day < to; day += int64(market.Day) {
		if v.minutes[day] != "" {
			return true
		}
	}
	return false
}

// votedMinutes returns the minutes of a voter on the days [from, to). Where this process has decoded all of the very versions
// that the inputs name, it asks for none.
func (f facts) votedMinutes(ctx context.Context, v voter, from, to int64) ([]market.Bar, error) {
	bars := make([]market.Bar, 0, (to-from)/int64(market.Minute))
	for day := from; day < to; day += int64(market.Day) {
		if v.minutes[day] == "" {
			continue
		}
		key := decodedKey{market.Minute, chunkPartition(v.entry.ID, market.Minute, day), chunkRow(market.Minute, day)}
		c, ok := f.h.decoded.get(key, v.minutes[day])
		if !ok {
			chunks, err := f.chunks(ctx, v.entry.ID, market.Minute, from, to)
			return join(chunks).Bars, err
		}
		bars = append(bars, c.Bars...)
	}
	return bars, nil
}

// publishedFirst joins two ascending runs; where both have a bar, the published one is taken.
func publishedFirst(published, computed []market.Bar) []market.Bar {
	if len(published) == 0 {
		return computed
	}
	joined := slices.Concat(published, computed)
	slices.SortStableFunc(joined, func(a, b market.Bar) int { return cmp.Compare(a.Start, b.Start) })
	return slices.CompactFunc(joined, func(a, b market.Bar) bool { return a.Start == b.Start })
}

// ended drops the hour or day that has not ended in the stored data: no voter has published it, and no source has a bar at
// or after its end. Only the last bar can be one.
func (f facts) ended(bars []market.Bar, decisions []market.Decision) ([]market.Bar, []market.Decision) {
	if n := len(bars) - 1; n >= 0 && f.interval != market.Minute && f.horizon < f.interval.Next(bars[n].Start) && !f.published(bars[n].Start) {
		return bars[:n], decisions[:n]
	}
	return bars, decisions
}

func (f facts) published(start int64) bool {
	for _, v := range f.voters {
		c := v.chunks[chunk.Floor(f.interval, start)]
		if bars, _ := c.between(start, start+1); len(bars) > 0 {
			return true
		}
	}
	return false
}

// rules returns the lowest version of the cleaning rules in the chunks that the voters published.
func (f facts) rules(start int64) int {
	lowest := 0
	for _, v := range f.voters {
		if c, ok := v.chunks[start]; ok && (lowest == 0 || c.Rules < lowest) {
			lowest = c.Rules
		}
	}
	return lowest
}

// between returns the bars of a chunk that start in [from, to), and their decisions if it is a consensus.
func (s stored) between(from, to int64) ([]market.Bar, []market.Decision) {
	a := sort.Search(len(s.Bars), func(n int) bool { return s.Bars[n].Start >= from })
	b := sort.Search(len(s.Bars), func(n int) bool { return s.Bars[n].Start >= to })
	if s.Decisions == nil {
		return s.Bars[a:b], nil
	}
	return s.Bars[a:b], s.Decisions[a:b]
}
