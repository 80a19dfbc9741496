package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// RunOptions are how Run serves.
type RunOptions struct {
	Only     []string     // the functions to run; none: all
	Listener net.Listener // for HTTP functions; nil: they do not run
	Keys     Keys
	Public   bool          // reads need no key, wherever they come from
	Grace    time.Duration // how long a stop waits for what is in hand; 0: 25 s
	Hide     time.Duration // how long a message in hand is hidden from others, renewed at half of it; 0: 10 min, as the Functions host
}

// Run runs the functions with their own triggers until ctx is done: every timer once at once and then by its schedule, a loop
// for each queue, HTTP on the listener. Then it takes nothing more, finishes what is in hand within the grace, and returns nil.
// Beyond the loopback it refuses to serve without keys.
func (h *Host) Run(ctx context.Context, options RunOptions) error {
	chosen, err := h.choose(options.Only)
	if err != nil {
		return err
	}
	if options.Grace > 0 {
		h.stopLimit = options.Grace
	}
	if options.Hide > 0 {
		h.hidden = options.Hide
	}
	group, take := errgroup.WithContext(ctx)
	work, cancel := h.outlive(take)
	defer cancel()
	if options.Listener != nil {
		handler, err := h.httpHandler(chosen, options)
		if err != nil {
			return err
		}
		h.log.Info("listening", "url", "http://"+options.Listener.Addr().String()+"/")
		group.Go(func() error { return h.serve(take, h.server(handler), options.Listener) })
	}
	for _, f := range chosen {
		switch f.Trigger {
		case Timer:
			group.Go(func() error { h.timer(take, work, f); return nil })
		case Queue:
			group.Go(func() error { return h.newLoop(f).run(take, work) })
		}
	}
	return group.Wait()
}

// HasHTTP reports whether any of the named functions answers HTTP, so that Run needs a listener.
func (h *Host) HasHTTP(names []string) (bool, error) {
	chosen, err := h.choose(names)
	for _, f := range chosen {
		if f.Trigger == HTTP {
			return true, err
		}
	}
	return false, err
}

func (h *Host) httpHandler(chosen []*function, options RunOptions) (http.Handler, error) {
	loopback := isLoopback(options.Listener.Addr())
	if len(options.Keys) == 0 && !loopback {
		return nil, fmt.Errorf("%s can be reached by others: name a file of function keys in ASSAY_FUNCTION_KEYS_FILE, or listen on 127.0.0.1",
			options.Listener.Addr())
	}
	keys := options.Keys
	router := newRouter(chosen, func(f *function, next http.Handler) http.Handler {
		next = h.guard(f, next)
		if len(keys) == 0 {
			return http.NewCrossOriginProtection().Handler(next) // or any page in the owner's browser could write here
		}
		if f.Open {
			return next
		}
		return keys.require(next, loopback || options.Public)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == probePath {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		router.ServeHTTP(w, r)
	}), nil
}

// probePath is what a probe of Kubernetes asks, which has no key. The answer says that this process serves, and nothing of storage:
// pods that are restarted or taken from their Service while storage is away help nobody.
const probePath = "/healthz"

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// outlive returns a context for what is in hand: it ends the stop limit after take does.
func (h *Host) outlive(take context.Context) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancelCause(context.WithoutCancel(take))
	stop := context.AfterFunc(take, func() {
		time.AfterFunc(h.stopLimit, func() { cancel(errStopping) })
	})
	return work, func() { stop(); cancel(nil) }
}

var errStopping = errors.New("the program is stopping")
