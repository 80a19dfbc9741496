package api

import (
	"context"
	"slices"
	"strings"

	"assay/shared/market"
)

// Metric is one price in the workshop's shape.
type Metric struct {
	Price     float64 `json:"price" doc:"The close"`
	Timestamp string  `json:"timestamp" format:"date-time" doc:"Start of the day, UTC"`
	Simulated bool    `json:"simulated,omitempty" doc:"true where the prices are made up, by a simulated market; absent where they are real"`
}

type metricsInput struct {
	Name  string `path:"name" enum:"bitcoin,gold,silver,platinum" doc:"The asset"`
	Start moment `query:"start" doc:"Days that start at this time or later; by default a year before end"`
	End   moment `query:"end" doc:"Days that start before this time; by default the end of the stored data"`
}

// metrics answers as the workshop's API did, without its faults: both ends of the range were lost, a bad date gave two documents,
// and an empty range was a panic.
func (a *api) metrics(ctx context.Context, in *metricsInput) (reply, error) {
	i := slices.IndexFunc(assets, func(t asset) bool { return t.name == in.Name })
	if i < 0 {
		names := make([]string, len(assets))
		for n, t := range assets {
			names[n] = t.name
		}
		return reply{}, notFound("There are no metrics of %s: want %s.", quoted(in.Name), strings.Join(names, ", "))
	}
	from, to, err := parseRange("start", "end", in.Start, in.End)
	if err != nil {
		return reply{}, err
	}
	entries, err := a.History.Entries(ctx)
	if err != nil {
		return reply{}, err
	}
	candidates, stored := things(entries)
	looked, err := a.choose(ctx, candidates[i], yearsBack(from, to, days(candidates[i]).to, 1).cut(stored))
	if err != nil {
		return reply{}, err
	}
	simulated, err := a.simulated(ctx)
	if err != nil {
		return reply{}, err
	}
	answer := reply{key: []string{"metrics"}, media: jsonMedia, body: func() []byte { return []byte("[]") }}
	if len(looked) > 0 {
		chosen := looked[0]
		id := chosen.series.ID.String()
		answer.key = append(answer.key, id, printed(chosen.plan.read.from), printed(chosen.plan.read.to), chosen.answer.Hash)
		answer.header = [][2]string{{"Assay-Series", id}}
		answer.body = func() []byte { return appendMetrics(nil, chosen.bars, simulated) }
	}
	return answer, nil
}

// appendMetrics leaves out a day without a close: there is no number to print for it.
func appendMetrics(out []byte, bars []market.Bar, simulated bool) []byte {
	end := `"}`
	if simulated {
		end = `","simulated":true}`
	}
	out = append(out, '[')
	n := 0
	for i := range bars {
		if market.IsAbsent(bars[i].Close) {
			continue
		}
		out = appendNumber(append(comma(out, n), `{"price":`...), bars[i].Close)
		out = append(appendTime(append(out, `,"timestamp":"`...), bars[i].Start), end...)
		n++
	}
	return append(out, ']')
}
