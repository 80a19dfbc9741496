// Package simtest gives tests a simulated market to talk to.
package simtest

import (
	"net/http/httptest"
	"testing"

	"assay/shared/sim"
)

// Serve serves a simulated market in every provider's place until the test ends, and returns it and its address.
func Serve(tb testing.TB, o sim.Options) (market *sim.Sim, url string) {
	tb.Helper()
	market, err := sim.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(market)
	tb.Cleanup(server.Close)
	return market, server.URL
}
