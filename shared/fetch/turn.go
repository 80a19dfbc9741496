package fetch

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// TurnLimit is how long a turn may take: an unfinished claim is free afterwards. It is below the five minutes between two
// turns, so a turn that was killed never costs the next one.
const TurnLimit = 4 * time.Minute

// maxAhead is how far a slot may lie ahead of the clock. A slot of next year, once done, would end all turns until then.
const maxAhead = time.Minute

// Turn is one run of a source's schedule, claimed by this process.
type Turn struct {
	Source     string
	Slot       time.Time
	FirstOfDay bool   // the first of its UTC day, or those before it on this day did not ask everything
	claim      string // tells this claim from every other
}

// Claim takes the turn of a slot. False means that there is nothing to do: this slot or a later one is done, or somebody is
// at work, for at most TurnLimit.
func (c *Client) Claim(ctx context.Context, source string, slot time.Time) (Turn, bool, error) {
	now := c.now()
	slot = slot.UTC().Truncate(time.Second)
	if slot.After(now.Add(maxAhead)) {
		return Turn{}, false, fmt.Errorf("turn of %s: slot %s is ahead of the clock, %s", source, slot.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	turn := Turn{Source: source, Slot: slot, claim: rand.Text()}
	claimed := false
	err := c.change(ctx, source, "turn", func(r row) row {
		if r.text("claim") == turn.claim { // written, but the answer was lost
			return nil
		}
		held := !r.done() && r.number("until") > now.UnixMilli()
		last, err := time.Parse(time.RFC3339, r.text("slot"))
		over := err == nil && (last.After(slot) || last.Equal(slot) && r.done())
		if claimed = !held && !over; !claimed {
			return nil
		}
		turn.FirstOfDay = r.text("full") != day(slot)
		return row{
			"slot": slot.Format(time.RFC3339), "claim": turn.claim, "until": now.Add(TurnLimit).UnixMilli(),
			"done": false, "full": r.text("full"), "outcome": r.text("outcome"),
		}
	})
	return turn, claimed, err
}

// End marks a turn as done, unless it took so long that somebody else has claimed it or a later one. Outcome is a sentence
// for people; whole says that every question was asked, so that the next turn need not be a FirstOfDay.
func (c *Client) End(ctx context.Context, turn Turn, outcome string, whole bool) error {
	return c.change(ctx, turn.Source, "turn", func(r row) row {
		if r.text("claim") != turn.claim || r.done() {
			return nil
		}
		r["done"], r["outcome"] = true, Redact(outcome)
		if whole {
			r["full"] = day(turn.Slot)
		}
		return r
	})
}

func day(t time.Time) string { return t.Format("20060102") }
