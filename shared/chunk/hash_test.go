package chunk_test

import (
	"math"
	"testing"

	"assay/shared/chunk"
	"assay/shared/market"
)

func hashedChunk() chunk.Chunk {
	return chunk.Chunk{
		Interval: market.Minute, Rules: 1,
		Bars: []market.Bar{
			{Start: 60, Open: 1, High: 2, Low: 0.5, Close: 1, Volume: market.Absent},
			{Start: 180, Open: 1, High: 2, Low: 0.5, Close: 1, Volume: 0},
		},
		Decisions: []market.Decision{
			{Votes: 1, Dispersion: market.Absent, Verdicts: []market.Verdict{{Source: "kraken", Ruling: market.Voted}}},
			{Votes: 1, Dispersion: market.Absent, Verdicts: []market.Verdict{{Source: "kraken", Ruling: market.Voted}}},
		},
	}
}

// The hashes are stored: another value means that every chunk there is looks changed.
func TestHashesStay(t *testing.T) {
	c := hashedChunk()
	const state, value = "e4d8226e0d057ab89e40b3492f516de0", "8707f1083c531427542c0ab5d8cf5f8a"
	if got := chunk.StateHash(c); got != state {
		t.Errorf("state hash: got %s, want %s", got, state)
	}
	if got := chunk.ValueHash(c); got != value {
		t.Errorf("value hash: got %s, want %s", got, value)
	}
}

func TestHashesSeeEveryChange(t *testing.T) {
	for name, tt := range map[string]struct {
		change       func(c *chunk.Chunk)
		state, value bool // which hash changes
	}{
		"nothing":       {func(*chunk.Chunk) {}, false, false},
		"another NaN":   {func(c *chunk.Chunk) { c.Bars[0].Volume = -math.NaN() }, false, false},
		"authority":     {func(c *chunk.Chunk) { c.Bars[1].Authority = market.Own }, true, false},
		"received":      {func(c *chunk.Chunk) { c.Bars[1].Received = 1 }, true, false},
		"rules":         {func(c *chunk.Chunk) { c.Rules = 2 }, true, false},
		"interval":      {func(c *chunk.Chunk) { c.Interval = market.Hour }, true, true},
		"start":         {func(c *chunk.Chunk) { c.Bars[1].Start = 120 }, true, true},
		"sign of zero":  {func(c *chunk.Chunk) { c.Bars[1].Volume = math.Copysign(0, -1) }, true, true},
		"absent":        {func(c *chunk.Chunk) { c.Bars[1].Volume = market.Absent }, true, true},
		"open":          {func(c *chunk.Chunk) { c.Bars[1].Open = 1.5 }, true, true},
		"high":          {func(c *chunk.Chunk) { c.Bars[1].High = 1.5 }, true, true},
		"low":           {func(c *chunk.Chunk) { c.Bars[1].Low = 0.25 }, true, true},
		"close":         {func(c *chunk.Chunk) { c.Bars[1].Close = 1.5 }, true, true},
		"flags":         {func(c *chunk.Chunk) { c.Bars[1].Flags = market.Thin }, true, true},
		"quotes":        {func(c *chunk.Chunk) { c.Bars[1].Quotes = 2 }, true, true},
		"a bar less":    {func(c *chunk.Chunk) { c.Bars, c.Decisions = c.Bars[:1], c.Decisions[:1] }, true, true},
		"votes":         {func(c *chunk.Chunk) { c.Decisions[1].Votes = 2 }, true, true},
		"dispersion":    {func(c *chunk.Chunk) { c.Decisions[1].Dispersion = 0 }, true, true},
		"no verdict":    {func(c *chunk.Chunk) { c.Decisions[1].Verdicts = nil }, true, true},
		"ruling":        {func(c *chunk.Chunk) { c.Decisions[1].Verdicts = verdict("kraken", market.LowerRole) }, true, true},
		"source":        {func(c *chunk.Chunk) { c.Decisions[1].Verdicts = verdict("krakem", market.Voted) }, true, true},
		"equal verdict": {func(c *chunk.Chunk) { c.Decisions[1].Verdicts = verdict("kraken", market.Voted) }, false, false},
		"no consensus":  {func(c *chunk.Chunk) { c.Decisions = nil }, true, true},
	} {
		was, is := hashedChunk(), hashedChunk()
		tt.change(&is)
		if state := chunk.StateHash(was) != chunk.StateHash(is); state != tt.state {
			t.Errorf("%s: state hash changed: got %t, want %t", name, state, tt.state)
		}
		if value := chunk.ValueHash(was) != chunk.ValueHash(is); value != tt.value {
			t.Errorf("%s: value hash changed: got %t, want %t", name, value, tt.value)
		}
	}
}

func verdict(source string, ruling market.Ruling) []market.Verdict {
	return []market.Verdict{{Source: source, Ruling: ruling}}
}
