package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// transport reaches public addresses, and loopback for a host that is loopback by name. It knows no proxy: behind one the
// address that is checked would be the proxy's. Compression is left to Do, which bounds it.
func transport(connect time.Duration) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			dialer := net.Dialer{Timeout: connect, Control: checkAddress(isLoopback(host))}
			return dialer.DialContext(ctx, network, address)
		},
		TLSHandshakeTimeout:    connect,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// isLoopback reports whether a host is this machine by its very name, without asking a resolver.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// checkAddress runs when a name has been resolved, on the address about to be connected to: a name that resolves to
// something else the next time gains nothing.
func checkAddress(loopback bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		ip := target.Addr().Unmap()
		if loopback && ip.IsLoopback() || !loopback && isPublic(ip) {
			return nil
		}
		return fmt.Errorf("address %s is not public", ip)
	}
}

// closed are the ranges that are no place of a provider, beyond those that netip knows by itself.
var closed = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),        // this network
	netip.MustParsePrefix("100.64.0.0/10"),    // carriers' own
	netip.MustParsePrefix("168.63.129.16/32"), // Azure's platform, seen from inside a virtual machine
	netip.MustParsePrefix("192.0.0.0/24"),     // protocol assignments
	netip.MustParsePrefix("198.18.0.0/15"),    // benchmarks
	netip.MustParsePrefix("240.0.0.0/4"),      // reserved, broadcast
	netip.MustParsePrefix("64:ff9b::/96"),     // these hold an IPv4 address, which could be any of the above
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2001::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("::/96"),
	netip.MustParsePrefix("fec0::/10"), // site-local
}

func isPublic(ip netip.Addr) bool {
	for _, prefix := range closed {
		if prefix.Contains(ip) {
			return false
		}
	}
	return ip.IsGlobalUnicast() && !ip.IsPrivate()
}

// maxRedirects is how many redirects of one call are followed.
const maxRedirects = 3

func checkRedirect(request *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case request.URL.Host != first.Host:
		return fmt.Errorf("redirect to another host, %s", request.URL.Host)
	case request.URL.Scheme != first.Scheme:
		return errors.New("redirect from https to another scheme")
	}
	// The Host header names the provider also where another server stands in for it.
	request.Host = via[0].Host
	return nil
}
