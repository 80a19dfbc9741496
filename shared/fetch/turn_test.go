package fetch

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/shared/store/storetest"
)

func TestOneOfManyClaimsATurn(t *testing.T) {
	clock := &clock{at: noon}
	s := storetest.Open(t)
	claims := make([]bool, 8)
	var group errgroup.Group
	for i := range claims {
		c := client(t, s, clock, nil)
		group.Go(func() error {
			_, claimed, err := c.Claim(t.Context(), "kraken", noon)
			claims[i] = claimed
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := len(slices.DeleteFunc(claims, func(claimed bool) bool { return !claimed })); got != 1 {
		t.Errorf("%d of 8 claimed the turn, want 1", got)
	}
}

func TestTurn(t *testing.T) {
	clock := &clock{at: noon}
	c := client(t, storetest.Open(t), clock, nil)
	claim := func(slot time.Time) (Turn, bool) {
		t.Helper()
		turn, claimed, err := c.Claim(t.Context(), "kraken", slot)
		if err != nil {
			t.Fatal(err)
		}
		return turn, claimed
	}
	end := func(turn Turn, whole bool) {
		t.Helper()
		if err := c.End(t.Context(), turn, "3 asked, 3 stored", whole); err != nil {
			t.Fatal(err)
		}
	}
	killed, claimed := claim(noon)
	if !claimed || !killed.FirstOfDay {
		t.Errorf("first turn ever: claimed %v, first of day %v, want both", claimed, killed.FirstOfDay)
	}
	if _, claimed = claim(noon); claimed {
		t.Error("claimed while somebody is at work")
	}
	clock.at = noon.Add(TurnLimit)
	again, claimed := claim(noon)
	if !claimed || !again.FirstOfDay {
		t.Errorf("after the limit: claimed %v, first of day %v, want both", claimed, again.FirstOfDay)
	}
	end(killed, true)
	if _, claimed = claim(noon); claimed {
		t.Error("the end of a claim that had run out ended the turn of somebody else")
	}
	end(again, false)
	if _, claimed = claim(noon); claimed {
		t.Error("a turn that was done was claimed")
	}
	clock.at = noon.Add(5 * time.Minute)
	next, claimed := claim(clock.at)
	if !claimed || !next.FirstOfDay {
		t.Errorf("after a turn that did not ask everything: claimed %v, first of day %v, want both", claimed, next.FirstOfDay)
	}
	end(next, true)
	if _, claimed = claim(noon); claimed {
		t.Error("an earlier slot was claimed after a later one was done")
	}
	clock.at = noon.Add(10 * time.Minute)
	if next, claimed = claim(clock.at); !claimed || next.FirstOfDay {
		t.Errorf("second whole turn: claimed %v, first of day %v, want true, false", claimed, next.FirstOfDay)
	}
	end(next, true)
	clock.at = noon.Add(12 * time.Hour)
	if next, claimed = claim(clock.at); !claimed || !next.FirstOfDay {
		t.Errorf("at midnight: claimed %v, first of day %v, want both", claimed, next.FirstOfDay)
	}
	if _, _, err := c.Claim(t.Context(), "kraken", clock.at.AddDate(1, 0, 0)); err == nil {
		t.Error("a slot of next year: no error")
	}
}

// The answer to the write that claims a turn gets lost: the claim is recognised as one's own.
func TestClaimWithLostAnswer(t *testing.T) {
	writes := func(r *http.Request) bool { return r.Method != http.MethodGet && strings.Contains(r.URL.Path, "turn") }
	lost := &storetest.Fail{Match: writes, After: true, Passes: true}
	clock := &clock{at: noon}
	c := client(t, storetest.Open(t, lost), clock, nil)
	// The first turn makes the row, whose path is the table's; the second claims it.
	_, claimed, err := c.Claim(t.Context(), "kraken", noon.Add(-5*time.Minute))
	if err != nil || !claimed {
		t.Fatalf("first turn: claimed %v, %v", claimed, err)
	}
	clock.at = noon.Add(TurnLimit)
	if _, claimed, err = c.Claim(t.Context(), "kraken", noon); err != nil || !claimed {
		t.Errorf("after a lost answer: claimed %v, %v; want true", claimed, err)
	}
	if lost.Seen() < 2 {
		t.Errorf("%d writes of the row, want the one that was lost and its repetition", lost.Seen())
	}
}
