package fetch

import (
	"context"
	"time"

	"assay/shared/source"
)

// State is what all processes together know of a source.
type State struct {
	Slot     time.Time // of the last turn; zero before the first
	Done     bool      // that turn is over
	Outcome  string    // of the last turn that was over, in a sentence
	Failures int64     // in a row; 0: the breaker is closed
	Until    time.Time // when the breaker lets the next call through
	Kind     string    // of the last failure, in a word
	Reason   string    // the last failure
	Calls    int       // of the budget's period that are used
	Unknown  []string  // instruments that it did not know lately
}

// State reads what is known of a source.
func (c *Client) State(ctx context.Context, s source.Source) (State, error) {
	var state State
	turn, err := c.read(ctx, s.Name, "turn")
	if err != nil {
		return state, err
	}
	breaker, err := c.read(ctx, s.Name, "breaker")
	if err != nil {
		return state, err
	}
	budget, err := c.read(ctx, s.Name, "budget")
	if err != nil {
		return state, err
	}
	if state.Unknown, err = c.Unknown(ctx, s.Name); err != nil {
		return state, err
	}
	state.Slot, _ = time.Parse(time.RFC3339, turn.text("slot"))
	state.Done, state.Outcome = turn.done(), turn.text("outcome")
	state.Failures, state.Kind, state.Reason = breaker.number("failures"), breaker.text("kind"), breaker.text("reason")
	if state.Failures > 0 {
		state.Until = time.UnixMilli(breaker.number("until")).UTC()
	}
	state.Calls = len(recent(budget.text("calls"), c.now(), s.Budget.Per))
	return state, nil
}
