package source

import (
	"slices"

	"assay/shared/market"
)

// Past is how a source is asked for what was, one window a call. The zero Past is that of a source which tells the newest price
// only: what it was not asked for in time is gone.
type Past struct {
	Intervals []market.Interval // of the bars that it publishes
	Window    int64             // bars that one call returns, both ends included; 0: as many as there are
	Newest    int64             // it keeps so many bars of each interval, the newest; 0: all
	First     int64             // Unix seconds: before it the source has nothing of any instrument

	// request asks for the bars from from to last, starts in Unix seconds.
	request func(in market.Instrument, i market.Interval, from, last int64) Request
}

// Reach returns the start of the oldest bar of an interval that a source can be asked for at a moment (Unix seconds); false when
// it can be asked for none.
func (s Source) Reach(in market.Instrument, i market.Interval, now int64) (from int64, ok bool) {
	if _, has := s.Symbol(in); !has || !slices.Contains(s.Past.Intervals, i) {
		return 0, false
	}
	from = i.Ceil(s.Past.First)
	if s.Past.Newest > 0 {
		from = max(from, i.Floor(now)-(s.Past.Newest-1)*int64(i)) // the newest bar is in progress
	}
	return from, true
}

// Ask returns the request for the oldest bars of [from, to), and where the next window begins: at to when there is none. The range
// lies within reach and has ended. The request has no Else: what would be asked instead does not answer for this window.
func (p Past) Ask(in market.Instrument, i market.Interval, from, to int64) (request Request, next int64) {
	next = to
	if p.Window > 0 && p.Newest == 0 {
		next = min(to, from+(p.Window-1)*int64(i))
	}
	request = p.request(in, i, from, next)
	request.Else = nil
	request.From, request.To = from, next
	return request, next
}
