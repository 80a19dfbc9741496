// Package handlers says what each function does, one file each. A handler is a caller's thin list of steps: the work is in
// shared. Every handler may run twice, late, or on two machines at once, and ends in the same state.
package handlers

import (
	"log/slog"
	"sync"
	"time"

	"assay/shared/config"
	"assay/shared/fetch"
	"assay/shared/history"
	"assay/shared/store"
)

// App is what the handlers work with.
type App struct {
	Config  config.Config
	Store   *store.Store
	History *history.History
	Fetch   *fetch.Client
	Now     func() time.Time
	Log     *slog.Logger // a record for each invocation, and for what somebody should look at; nil: nowhere

	long  sync.Mutex // held while a long raw blob is cleaned: one at a time, for the memory
	ahead ahead
}
