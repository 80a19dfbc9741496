package fetch

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"assay/shared/market"
	"assay/shared/source"
	"assay/shared/store"
)

// Part is one series of a source at one interval.
type Part struct {
	Instrument string
	Interval   market.Interval
}

// maxRanges bounds the list in a row: a text column holds 32 K characters. What falls off, the oldest, is asked for once more.
const maxRanges = 1000

// Answered remembers which bars a source has answered for: those that it does not have are not asked for again. The answers must
// be stored and queued by then. A request for the newest price only says nothing of this kind.
func (c *Client) Answered(ctx context.Context, source string, requests ...source.Request) error {
	answered := map[Part][]market.Range{}
	var parts []Part
	for _, r := range requests {
		if r.From >= r.To {
			continue
		}
		for _, id := range r.Series {
			part := Part{id.Instrument, r.Interval}
			if answered[part] == nil {
				parts = append(parts, part)
			}
			answered[part] = append(answered[part], market.Range{From: r.From, To: r.To})
		}
	}
	for _, part := range parts {
		err := c.change(ctx, source, "asked~"+part.Instrument+"~"+part.Interval.String(), func(r row) row {
			before := r.text("answered")
			ranges := market.Join(parseRanges(before), answered[part]...)
			after := printRanges(ranges[max(0, len(ranges)-maxRanges):])
			if after == before {
				return nil
			}
			return row{"answered": after}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// AllAnswered returns what a source has answered for, ascending.
func (c *Client) AllAnswered(ctx context.Context, source string) (map[Part][]market.Range, error) {
	rows, err := c.tables.Query(ctx, store.TableSources, source, store.Range{From: "asked~", To: "asked~~"})
	if err != nil {
		return nil, fmt.Errorf("what %s has answered: %w", source, err)
	}
	all := map[Part][]market.Range{}
	for _, entity := range rows {
		instrument, text, _ := strings.Cut(strings.TrimPrefix(entity.Row, "asked~"), "~")
		interval, err := market.ParseInterval(text)
		if err != nil {
			return nil, fmt.Errorf("row %s of %s: %w", entity.Row, source, err)
		}
		all[Part{instrument, interval}] = parseRanges(row(entity.Values).text("answered"))
	}
	return all, nil
}

// AnsweredFor returns what a source has answered for of one series, ascending.
func (c *Client) AnsweredFor(ctx context.Context, source string, part Part) ([]market.Range, error) {
	r, err := c.read(ctx, source, "asked~"+part.Instrument+"~"+part.Interval.String())
	return parseRanges(r.text("answered")), err
}

// parseRanges reads 1705276800:1705320000,…; what is none is left out, and asked for once more.
func parseRanges(text string) []market.Range {
	var ranges []market.Range
	for field := range strings.SplitSeq(text, ",") {
		a, b, _ := strings.Cut(field, ":")
		from, err1 := strconv.ParseInt(a, 10, 64)
		to, err2 := strconv.ParseInt(b, 10, 64)
		if errors.Join(err1, err2) == nil {
			ranges = append(ranges, market.Range{From: from, To: to})
		}
	}
	return ranges
}

func printRanges(ranges []market.Range) string {
	texts := make([]string, len(ranges))
	for n, r := range ranges {
		texts[n] = fmt.Sprintf("%d:%d", r.From, r.To)
	}
	return strings.Join(texts, ",")
}
