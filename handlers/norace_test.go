//go:build !race

package handlers

import "testing"

// long is for tests that take too long under the race detector; they run beside each other.
func long(t *testing.T) {
	t.Helper()
	t.Parallel()
}
