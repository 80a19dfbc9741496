//go:build !faults

package handlers

// fault does nothing: only a program built with the tag faults has faults.
func fault([]byte) {}
