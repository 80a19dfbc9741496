package handlers

import (
	"net/http"
	"runtime/debug"

	"assay/shared/api"
	"assay/shared/source"
	"assay/shared/web"
)

// Api answers GET and HEAD of every path below /api. It only reads.
func (a *App) Api() http.Handler {
	return api.New(a.reading())
}

// reading is what the API works with.
func (a *App) reading() api.Options {
	off := func(s source.Source) string { return s.Inert(a.Config.AcceptTerms, a.Config.Keys) }
	return api.Options{History: a.History, Store: a.Store, Fetch: a.Fetch, Now: a.Now, Off: off, Version: version(), Watchlist: a.Config.Watchlist}
}

// Page answers GET and HEAD of every other path: the page and its assets. It reads nothing: the page asks Api.
func (a *App) Page() http.Handler { return web.Handler() }

// version is that of the running program, as the go command stamped it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
