package group

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// caught runs f and returns the panic that it ends with, as text.
func caught(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}

func kill(prices []float64) float64 { return prices[7] }

// A panic stops the others through their context, and is then a panic of who waits, with the stack of where it was.
func TestPanicIsThatOfWhoWaits(t *testing.T) {
	group, ctx := WithContext(t.Context())
	group.Go(func() error {
		<-ctx.Done()
		return ctx.Err()
	})
	group.Go(func() error { kill(nil); return nil })
	text := caught(func() { t.Errorf("Wait returned %v, want a panic", group.Wait()) })
	for _, want := range []string{"index out of range [7]", "group.kill("} {
		if !strings.Contains(text, want) {
			t.Errorf("the panic says %q, want %q in it", text, want)
		}
	}
}

// The first failure is what Wait tells: an error that a panic follows stays an error.
func TestFirstFailureCounts(t *testing.T) {
	first := errors.New("first")
	group, ctx := WithContext(t.Context())
	group.Go(func() error {
		<-ctx.Done()
		panic("second")
	})
	group.Go(func() error { return first })
	if err := group.Wait(); err != first || context.Cause(ctx) != first {
		t.Errorf("Wait: %v, the context ended with %v; want %v", err, context.Cause(ctx), first)
	}
}

// A panic frees its place: with room for one at a time the next one runs.
func TestPanicFreesItsPlace(t *testing.T) {
	group, _ := WithContext(t.Context())
	group.SetLimit(1)
	ran := false
	group.Go(func() error { panic("killer") })
	group.Go(func() error { ran = true; return nil })
	if text := caught(func() { _ = group.Wait() }); !strings.HasPrefix(text, "killer\n") || !ran {
		t.Errorf("the panic says %q, and the next ran: %v; want killer, and true", text, ran)
	}
}
