package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/shared/market"
	"assay/shared/store"
)

// DropHourRows deletes the rows of a consensus in the table bars whose hours begin in [from, to), Unix seconds. The hours stay in
// the chunks; a Load that touches one of them writes its row again. Where one does meanwhile, what is left of the year stays until next time.
func (h *History) DropHourRows(ctx context.Context, id market.SeriesID, from, to int64) error {
	for from < to {
		year := time.Unix(from, 0).UTC().Year()
		end := min(to, time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
		partition := fmt.Sprintf("%s~%s~%d", id, market.Hour, year)
		rows, err := h.tables.Query(ctx, rowsTable, partition, store.Range{From: rowKey(market.Hour, from), To: rowKey(market.Hour, end-1) + "~"}, "votes")
		if err != nil {
			return err
		}
		changes := make([]store.Change, len(rows))
		for n, row := range rows {
			changes[n] = store.Change{Action: store.Delete, Entity: row}
		}
		if err := h.tables.Transact(ctx, rowsTable, changes); err != nil && !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("rows of %s at %s: %w", id, market.Hour, err)
		}
		from = end
	}
	return nil
}
