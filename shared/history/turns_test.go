package history

import (
	"context"
	"errors"
	"slices"

	"assay/shared/store"
)

// turns hands out turns to tasks that share tables: one storage request at a time, in an order that the test decides.
type turns struct {
	tables  Tables
	arrived chan *request // a task stands before its next request
	ended   chan outcome  // a task has returned
}

// request is what a task is about to do.
type request struct {
	task             int
	table, partition string
	from, to         string // rows; from == to for one row
	writes           bool
	granted          chan error
}

type outcome struct {
	task int
	err  error
}

// commutes reports whether two requests give the same in either order: they touch different entities, or only read.
func (r *request) commutes(o *request) bool {
	if !r.writes && !o.writes || r.table != o.table || r.partition != o.partition {
		return true
	}
	return r.to < o.from || o.to < r.from
}

// errAbandoned ends tasks whose order need not be followed further.
var errAbandoned = errors.New("abandoned")

// run starts the tasks and lets choose decide, again and again, which of those that stand before a request may go on. A
// negative choice abandons the run. It returns each task's error.
func (t *turns) run(tasks []func(Tables) error, choose func(pending []*request) int) []error {
	t.arrived, t.ended = make(chan *request), make(chan outcome)
	for n, task := range tasks {
		go func() { t.ended <- outcome{n, task(&turn{t, n})} }()
	}
	errs := make([]error, len(tasks))
	var pending []*request
	for running := len(tasks); running > 0; {
		select {
		case r := <-t.arrived:
			pending = append(pending, r)
		case o := <-t.ended:
			errs[o.task] = o.err
			running--
		}
		if len(pending) < running || running == 0 {
			continue // somebody has yet to say what it wants
		}
		slices.SortFunc(pending, func(a, b *request) int { return a.task - b.task })
		n := choose(pending)
		if n < 0 {
			for _, r := range pending {
				r.granted <- errAbandoned
			}
			pending = nil
			continue
		}
		pending[n].granted <- nil
		pending = slices.Delete(pending, n, n+1)
	}
	return errs
}

// turn is the tables as one task sees them.
type turn struct {
	turns *turns
	task  int
}

func (t *turn) wait(table, partition, from, to string, writes bool) error {
	r := &request{t.task, table, partition, from, to, writes, make(chan error)}
	t.turns.arrived <- r
	return <-r.granted
}

func (t *turn) Get(ctx context.Context, table, partition, row string) (store.Entity, error) {
	if err := t.wait(table, partition, row, row, false); err != nil {
		return store.Entity{}, err
	}
	return t.turns.tables.Get(ctx, table, partition, row)
}

func (t *turn) Query(ctx context.Context, table, partition string, rows store.Range, columns ...string) ([]store.Entity, error) {
	to := rows.To
	if to == "" {
		to = "~~"
	}
	if err := t.wait(table, partition, rows.From, to, false); err != nil {
		return nil, err
	}
	return t.turns.tables.Query(ctx, table, partition, rows, columns...)
}

func (t *turn) Write(ctx context.Context, table string, c store.Change) (string, error) {
	if err := t.wait(table, c.Entity.Partition, c.Entity.Row, c.Entity.Row, true); err != nil {
		return "", err
	}
	return t.turns.tables.Write(ctx, table, c)
}

func (t *turn) Transact(ctx context.Context, table string, changes []store.Change) error {
	rows := make([]string, len(changes))
	for n, c := range changes {
		rows[n] = c.Entity.Row
	}
	if err := t.wait(table, changes[0].Entity.Partition, slices.Min(rows), slices.Max(rows), true); err != nil {
		return err
	}
	return t.turns.tables.Transact(ctx, table, changes)
}

// orders walks through the orders of two tasks' requests, depth first. Without a bound it follows every order that can make a
// difference: sleep sets (Godefroid, Partial-Order Methods for the Verification of Concurrent Systems, chapter 5) leave out
// those that differ only in requests that commute. With a bound it follows every order with at most so many moments at which
// a task that could go on has to wait for the other.
type orders struct {
	bound int // 0: none
	path  []*fork
}

// fork is a moment at which a task was chosen.
type fork struct {
	pending []*request
	asleep  map[int]bool // tasks whose turn now would repeat an order that was followed, or break the bound
	chosen  int          // index into pending; -1 when all are asleep
}

// choose follows the path of the last run as far as it goes, then takes the first task that is awake.
func (o *orders) choose() func([]*request) int {
	depth := 0
	return func(pending []*request) int {
		if depth == len(o.path) {
			f := &fork{pending: slices.Clone(pending), asleep: o.asleep(pending), chosen: -1}
			f.chosen = f.next()
			o.path = append(o.path, f)
		}
		f := o.path[depth]
		f.pending = slices.Clone(pending)
		depth++
		return f.chosen
	}
}

// asleep returns who is asleep at a new fork.
func (o *orders) asleep(pending []*request) map[int]bool {
	asleep := map[int]bool{}
	if len(o.path) == 0 {
		return asleep
	}
	last := o.path[len(o.path)-1]
	done := last.pending[last.chosen]
	if o.bound > 0 {
		goesOn := slices.ContainsFunc(pending, func(r *request) bool { return r.task == done.task })
		for _, r := range pending {
			asleep[r.task] = goesOn && r.task != done.task && o.interruptions() == o.bound
		}
		return asleep
	}
	for _, r := range last.pending {
		asleep[r.task] = last.asleep[r.task] && r.task != done.task && r.commutes(done)
	}
	return asleep
}

// interruptions counts the moments on the path at which a task that could go on had to wait.
func (o *orders) interruptions() int {
	n := 0
	for k := 1; k < len(o.path); k++ {
		before, now := o.path[k-1], o.path[k]
		task := before.pending[before.chosen].task
		if now.pending[now.chosen].task != task && slices.ContainsFunc(now.pending, func(r *request) bool { return r.task == task }) {
			n++
		}
	}
	return n
}

// next returns the first task after the chosen one that is awake, or -1.
func (f *fork) next() int {
	for n := f.chosen + 1; n < len(f.pending); n++ {
		if !f.asleep[f.pending[n].task] {
			return n
		}
	}
	return -1
}

// advance moves to the next order and reports whether there is one.
func (o *orders) advance() bool {
	for len(o.path) > 0 {
		f := o.path[len(o.path)-1]
		if f.chosen >= 0 {
			f.asleep[f.pending[f.chosen].task] = true
			if n := f.next(); n >= 0 {
				f.chosen = n
				return true
			}
		}
		o.path = o.path[:len(o.path)-1]
	}
	return false
}
