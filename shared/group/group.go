// Package group is errgroup, in which a panic of one goroutine does not end the process: it becomes a panic of whoever waits for
// the group. shared/host recovers that one, so that a payload at which a function panics fails its own invocation only.
package group

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Group is goroutines that work on parts of one thing. WithContext makes one.
type Group struct{ errs *errgroup.Group }

// WithContext returns a group, and a context that ends when the first of its functions fails or panics, or when Wait returns.
func WithContext(ctx context.Context) (*Group, context.Context) {
	errs, ctx := errgroup.WithContext(ctx)
	return &Group{errs}, ctx
}

// SetLimit makes Go wait while n functions are running.
func (g *Group) SetLimit(n int) { g.errs.SetLimit(n) }

// Go runs f in a goroutine of its own.
func (g *Group) Go(f func() error) {
	g.errs.Go(func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = &panicked{p, debug.Stack()}
			}
		}()
		return f()
	})
}

// Wait waits for all functions and returns the first error. It panics when a panic came before any error.
func (g *Group) Wait() error {
	err := g.errs.Wait()
	if p, ok := err.(*panicked); ok {
		panic(p)
	}
	return err
}

// panicked is a panic on its way to who waits, with the stack of where it was.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("%v\n%s", p.value, p.stack) }
