package fetch

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assay/shared/source"
)

// maxWait is how long a call waits for its place in the budget; one that would have to wait longer is given up.
const maxWait = 10 * time.Second

// maxCalls bounds the list in a budget's row: a text column holds 32 K characters.
const maxCalls = 2000

// debit takes one call out of a budget before it is made: in any period of Per all processes together make at most Calls. A budget
// of 0 calls is no limit. A call that was debited and then not made is lost. key is the row of the source that counts them, and calls
// the word for them in a message.
func (c *Client) debit(ctx context.Context, name, key, calls string, budget source.Budget) error {
	if budget.Calls == 0 {
		return nil
	}
	for {
		var free time.Time // when the budget has room again
		err := c.change(ctx, name, key, func(r row) row {
			now := c.now()
			made := recent(r.text("calls"), now, budget.Per)
			if limit := min(budget.Calls, maxCalls); len(made) >= limit {
				free = time.UnixMilli(made[len(made)-limit]).Add(budget.Per)
				return nil
			}
			free = time.Time{}
			return row{"calls": join(append(made, now.UnixMilli()))}
		})
		if err != nil || free.IsZero() {
			return err
		}
		left := free.Sub(c.now())
		if left > maxWait {
			return &Paused{free, fmt.Sprintf("all %d %s in %s are used up until %s",
				budget.Calls, calls, budget.Per, free.UTC().Format(time.RFC3339))}
		}
		if err := c.wait(ctx, max(left, time.Millisecond)); err != nil {
			return err
		}
	}
}

// recent reads the moments of the calls less than a period ago. A moment more than a period ahead is of a clock that was wrong.
func recent(text string, now time.Time, per time.Duration) []int64 {
	var calls []int64
	for field := range strings.SplitSeq(text, ",") {
		at, err := strconv.ParseInt(field, 10, 64)
		if age := now.Sub(time.UnixMilli(at)); err == nil && age < per && age > -per {
			calls = append(calls, at)
		}
	}
	return calls
}

func join(calls []int64) string {
	texts := make([]string, len(calls))
	for i, at := range calls {
		texts[i] = strconv.FormatInt(at, 10)
	}
	return strings.Join(texts, ",")
}
