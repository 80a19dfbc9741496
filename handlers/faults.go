//go:build faults

package handlers

import (
	"bytes"
	"os"
)

// fault does what a payload asks for, so that a test sees what becomes of the others. It panics as a parser with a bug does,
// or kills the process as one does that takes all memory.
func fault(body []byte) {
	switch {
	case bytes.Contains(body, []byte("assay-fault: panic")):
		panic("a payload asked for a panic")
	case bytes.Contains(body, []byte("assay-fault: kill")):
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		panic(err) // not reached
	}
}
