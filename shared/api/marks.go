package api

import (
	"slices"
	"time"

	"assay/shared/history"
	"assay/shared/market"
)

// provisional lists the positions of consensus bars that ended less than ten minutes ago and lack the vote of an enabled source
// of the role that voted. Enabled is a source whose own interface gave a bar of the last day.
func provisional(s known, p plan, answer history.Answer, now time.Time) []int {
	if s.ID.Source != "" || p.interval != p.base || len(answer.Decisions) != len(answer.Bars) {
		return nil
	}
	var late []int
	for n, bar := range slices.Backward(answer.Bars) {
		end := p.interval.Next(bar.Start)
		if end <= now.Add(-10*time.Minute).Unix() {
			break
		}
		if end <= now.Unix() && lacksVote(s, answer.Decisions[n], now) {
			late = append(late, n)
		}
	}
	return late
}

func lacksVote(s known, d market.Decision, now time.Time) bool {
	voted := func(e history.Entry) bool {
		return slices.Contains(d.Verdicts, market.Verdict{Source: e.ID.Source, Ruling: market.Voted})
	}
	role := market.NoRole
	for _, e := range s.sources {
		if voted(e) {
			role = max(role, e.Role)
		}
	}
	return slices.ContainsFunc(s.sources, func(e history.Entry) bool {
		var watermark int64
		for _, x := range e.Intervals {
			watermark = max(watermark, x.Watermark)
		}
		return role != market.NoRole && e.Role == role && watermark > now.Unix()-int64(market.Day) && !voted(e)
	})
}
