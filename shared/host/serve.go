package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// Port reads a port number as name gives it, a setting or a flag.
func Port(name, value string) (int, error) {
	port, err := strconv.Atoi(value)
	if err != nil || port < 1 || port > 65535 {
		return 0, fmt.Errorf("%s=%q: want a port number from 1 to 65535", name, value)
	}
	return port, nil
}

// Listen opens an address and port.
func Listen(address string, port int) (net.Listener, error) {
	at := net.JoinHostPort(address, strconv.Itoa(port))
	listener, err := net.Listen("tcp", at)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d of %s is in use by another program", port, address)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", at, err)
	}
	return listener, nil
}

// server has no limit on the time of a whole request: an invocation may take until its own deadline, and a client may be
// slow. The Functions host keeps connections for two minutes; one that we closed first would fail an invocation.
func (h *Host) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       5 * time.Minute,
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelWarn),
	}
}

// serve answers until ctx is done, then finishes what is in hand within the stop limit. It returns nil after a stop.
func (h *Host) serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	server.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(ctx) } // telemetry is in it
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.stopLimit)
		defer cancel()
		if server.Shutdown(limit) != nil {
			_ = server.Close() // what is still in hand will run again
		}
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve HTTP: %w", err)
	}
	<-stopped
	return nil
}
