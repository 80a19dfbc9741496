package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// RunOptions are how Run serves.
type RunOptions struct {
	Only     []string     // the functions to run; none: all
	Listener net.Listener // for HTTP functions; nil: they do not run. Run closes it
	Address  string       // what the listener was opened by, which may be a name of this machine
	Keys     Keys
	Public   bool          // reads need no key, wherever they come from
	Grace    time.Duration // how long a stop waits for what is in hand
	Hide     time.Duration // how long a message in hand is hidden from others, renewed at half of it; 0: 10 min, as the Functions host
}

// DefaultGrace lies below the 30 s that Kubernetes gives.
const DefaultGrace = 25 * time.Second

// Run runs the functions with their own triggers until ctx is done: every timer once at once and then by its schedule, a loop
// for each queue, HTTP on the listener. Then it takes nothing more, finishes what is in hand within the grace, and returns nil.
// Beyond the loopback it refuses to serve without keys.
func (h *Host) Run(ctx context.Context, options RunOptions) error {
	if options.Listener != nil {
		defer options.Listener.Close()
	}
	chosen, err := h.choose(options.Only)
	if err != nil {
		return err
	}
	h.stopLimit = options.Grace
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
		switch {
		case r.URL.Path == probePath:
			w.WriteHeader(http.StatusNoContent)
		case len(keys) == 0 && !ownName(r.Host, options.Address):
			problem(w, http.StatusMisdirectedRequest, fmt.Sprintf("%.80q is no name of this server, which without function keys serves this "+
				"machine alone: open http://%s/. A proxy has to send that as Host, or keys are named in ASSAY_FUNCTION_KEYS_FILE.",
				r.Host, options.Listener.Addr()))
		default:
			router.ServeHTTP(w, r)
		}
	}), nil
}

// ownName reports whether a Host header names an address, this machine, or what the listener was opened by. Whoever owns another name
// may let it resolve to 127.0.0.1 (DNS rebinding): a browser, and the check of origins with it, then takes their page for one of ours.
func ownName(header, address string) bool {
	name := (&url.URL{Host: header}).Hostname()
	_, err := netip.ParseAddr(name)
	return err == nil || strings.EqualFold(name, "localhost") || name != "" && strings.EqualFold(name, address)
}

// probePath is what a probe of Kubernetes asks, which has no key. The answer says that this process serves, and nothing of storage:
// pods that are restarted or taken from their Service while storage is away help nobody.
const probePath = "/healthz"

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// outlive returns a context for what is in hand: it ends the stop limit after take does, less the notice.
func (h *Host) outlive(take context.Context) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancelCause(context.WithoutCancel(take))
	stop := context.AfterFunc(take, func() {
		time.AfterFunc(h.stopLimit-h.notice(), func() { cancel(errStopping) })
	})
	return work, func() { stop(); cancel(nil) }
}

// notice is the end of the stop limit: what is in hand is told to end, and what has not at its end is left to itself.
func (h *Host) notice() time.Duration { return min(time.Second, h.stopLimit/5) }

var errStopping = errors.New("the program is stopping")
