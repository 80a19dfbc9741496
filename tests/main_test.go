// Package tests holds what is tested of the whole program from outside: what a person types, what the hosts send, what the
// documents say, what is fast. They run in the root of the repository.
package tests

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if err := os.Chdir(".."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
