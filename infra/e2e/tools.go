//go:build tools

package main

// Programs that are built as they are; named here so that go mod tidy keeps their modules.
import (
	_ "github.com/kedacore/keda/v2/cmd/adapter"
	_ "github.com/kedacore/keda/v2/cmd/operator"
)
