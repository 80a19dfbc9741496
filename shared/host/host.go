// Package host makes functions/*/function.json into a running program: behind the Azure Functions host (custom handler),
// with its own triggers, or one shot.
//
// Call New with the embedded files and the functions; then CustomHandler, Run, Invoke or Drain. All of them mean the same by
// a function: its deadline, a panic that is an error of this one call, the retries of a message and its way to the poison
// queue. Stage needs no Host: it writes the folder that the Functions host starts from.
//
// A panic in a goroutine that a function starts itself ends the process, since Go cannot recover it from outside, but where
// shared/group starts it. The Functions host starts the process again, and every message in hand gets another try.
package host

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"assay/shared/store"
)

// Work is a timer or queue function. A nil error is done, any other asks for another try. The payload of a queue function is
// the message; of a timer function {"slot":"2026-01-02T03:05:00Z","pastDue":false}, the slot being the schedule's
// occurrence that is run.
type Work func(ctx context.Context, payload []byte) error

// Functions are the functions of the program by name. Each has a folder of its name in functions/.
type Functions struct {
	Work map[string]Work
	HTTP map[string]http.Handler
}

// Queues is what the queue functions need of Queue storage: *store.Queues in the program, a queue in memory where a test
// moves the clock.
type Queues interface {
	Send(ctx context.Context, queue, text string, delay time.Duration) error
	Receive(ctx context.Context, queue string, count int, visibility time.Duration) ([]store.Message, error)
	Renew(ctx context.Context, queue string, m store.Message, visibility time.Duration) (store.Message, error)
	Delete(ctx context.Context, queue string, m store.Message) error
}

// Options are the surroundings of a Host.
type Options struct {
	Getenv func(string) string // settings that function.json names as %NAME%
	Queues Queues              // for Run, Invoke and Drain; the Functions host has its own
	Log    *slog.Logger        // one record for each invocation
}

// Host is the functions of the program, ready to run.
type Host struct {
	functions []function
	settings  Settings
	queues    Queues
	log       *slog.Logger
	hidden    time.Duration // how long a message in hand is hidden from others; half of that later it is hidden anew
	stopLimit time.Duration // how long a stop waits for what is in hand
	wakes     map[string]chan struct{}
	worked    chan struct{} // told when a function has ended
}

// function is a Function with what it does: work, or handler where it answers HTTP.
type function struct {
	Function
	work    Work
	handler http.Handler
}

// New reads host.json and functions/*/function.json from files, and binds each function to what it does. It does no I/O
// beyond files. A function without a folder, or a folder without a function, is an error.
func New(files fs.FS, wired Functions, options Options) (*Host, error) {
	loaded, settings, err := Load(files, options.Getenv)
	if err != nil {
		return nil, err
	}
	h := &Host{
		settings:  settings,
		queues:    options.Queues,
		log:       options.Log,
		hidden:    10 * time.Minute, // as the Functions host
		stopLimit: DefaultGrace,
		wakes:     map[string]chan struct{}{},
		worked:    make(chan struct{}, 1),
	}
	for _, f := range loaded {
		bound, err := bind(f, wired)
		if err != nil {
			return nil, err
		}
		h.functions = append(h.functions, bound)
		if f.Trigger == Queue {
			h.wakes[f.Name] = make(chan struct{}, 1)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wired.Work)) {
		if h.find(name) == nil {
			return nil, fmt.Errorf("function %s is wired but has no functions/%s/function.json", name, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(wired.HTTP)) {
		if h.find(name) == nil {
			return nil, fmt.Errorf("function %s is wired but has no functions/%s/function.json", name, name)
		}
	}
	return h, nil
}

func bind(f Function, wired Functions) (function, error) {
	bound := function{f, wired.Work[f.Name], wired.HTTP[f.Name]}
	switch {
	case f.Trigger == HTTP && bound.handler == nil:
		return function{}, fmt.Errorf("functions/%s/function.json: no HTTP handler of this name is wired in main", f.Name)
	case f.Trigger != HTTP && bound.work == nil:
		return function{}, fmt.Errorf("functions/%s/function.json: no work of this name is wired in main", f.Name)
	}
	return bound, nil
}

// find returns the function of a name, or nil.
func (h *Host) find(name string) *function {
	for i := range h.functions {
		if h.functions[i].Name == name {
			return &h.functions[i]
		}
	}
	return nil
}

// choose returns the named functions, or all when no name is given. An unknown name is an error that lists the names.
func (h *Host) choose(names []string) ([]*function, error) {
	var chosen []*function
	for _, name := range names {
		f := h.find(name)
		if f == nil {
			return nil, &UnknownFunction{Name: name, Known: h.Names()}
		}
		chosen = append(chosen, f)
	}
	if len(names) == 0 {
		for i := range h.functions {
			chosen = append(chosen, &h.functions[i])
		}
	}
	return chosen, nil
}

// Names lists the functions in alphabetical order.
func (h *Host) Names() []string {
	names := make([]string, len(h.functions))
	for i, f := range h.functions {
		names[i] = f.Name
	}
	return names
}

// UnknownFunction says that a person asked for a function that does not exist.
type UnknownFunction struct {
	Name  string
	Known []string
}

func (e *UnknownFunction) Error() string {
	return fmt.Sprintf("no function is called %q: there are %s", e.Name, strings.Join(e.Known, ", "))
}
