package fetch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assay/shared/store"
)

// unknownFor is how long a source is not asked again for what it does not know: it may list it one day.
const unknownFor = 24 * time.Hour

// MarkUnknown remembers that a source does not know an instrument.
func (c *Client) MarkUnknown(ctx context.Context, source, instrument string) error {
	return c.change(ctx, source, "unknown~"+instrument, func(row) row {
		return row{"until": c.now().Add(unknownFor).UnixMilli()}
	})
}

// Unknown lists the instruments that a source did not know when it was last asked, less than a day ago.
func (c *Client) Unknown(ctx context.Context, source string) ([]string, error) {
	rows, err := c.tables.Query(ctx, store.TableSources, source, store.Range{From: "unknown~", To: "unknown~~"})
	if err != nil {
		return nil, fmt.Errorf("what %s does not know: %w", source, err)
	}
	var instruments []string
	for _, entity := range rows {
		if row(entity.Values).number("until") > c.now().UnixMilli() {
			instruments = append(instruments, strings.TrimPrefix(entity.Row, "unknown~"))
		}
	}
	return instruments, nil
}
