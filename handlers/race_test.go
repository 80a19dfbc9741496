//go:build race

package handlers

import "testing"

// long leaves a test out that lives through days of the simulated market, or does long work once for every request that may fail:
// under the race detector it takes ten times as long, and `make test` runs it without. What it does at once with others is tried by
// shorter tests.
func long(t *testing.T) {
	t.Helper()
	t.Skip("ten times as long under the race detector: runs without")
}
