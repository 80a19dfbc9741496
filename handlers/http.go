package handlers

import (
	"context"
	"net/http"
	"net/url"
	"runtime/debug"

	"assay/shared/api"
	"assay/shared/source"
	"assay/shared/web"
)

// Api answers GET and HEAD of every path below /api. It only reads.
func (a *App) Api() http.Handler { return api.New(a.apiOptions()) }

// Analyse computes one analysis as Api does, and returns the same JSON. It only reads.
func (a *App) Analyse(ctx context.Context, kind string, query url.Values) ([]byte, error) {
	return api.Analyse(ctx, a.apiOptions(), kind, query)
}

// Status returns the JSON of /api/v1/status. It only reads.
func (a *App) Status(ctx context.Context) ([]byte, error) { return api.ReadStatus(ctx, a.apiOptions()) }

// Receipts returns the JSON of /api/v1/receipts of the last seven days. It only reads.
func (a *App) Receipts(ctx context.Context) ([]byte, error) {
	return api.ReadReceipts(ctx, a.apiOptions())
}

// Rejects returns the JSON of /api/v1/rejects: all that was refused of a series, or of a source. It only reads.
func (a *App) Rejects(ctx context.Context, series string) ([]byte, error) {
	return api.ReadRejects(ctx, a.apiOptions(), series)
}

func (a *App) apiOptions() api.Options {
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
