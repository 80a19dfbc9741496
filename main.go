// Assay turns noisy public prices of cryptocurrencies and precious metals into a history that can be trusted.
//
// This file is the index of the program: which functions there are and what each of them calls. When they run is in
// functions/, what a person can type is in commands/.
package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"assay/commands"
	"assay/handlers"
	"assay/shared/config"
	"assay/shared/fetch"
	"assay/shared/history"
	"assay/shared/host"
	"assay/shared/store"
	"assay/shared/telemetry"
)

//go:embed host.json functions/*/function.json
var files embed.FS

// memoryLimit is where the collector begins to save memory rather than time: a push or an import of a year of minutes ends as
// soon with it, in half the memory. The smallest instance of Azure Functions has 512 MiB, of which the host takes 200. GOMEMLIMIT
// overrides it.
const memoryLimit = 128 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx)
	if err != nil && !errors.Is(err, host.ErrStopped) {
		fmt.Fprintln(os.Stderr, "assay:", err)
	}
	os.Exit(commands.ExitCode(err))
}

func run(ctx context.Context) error {
	program, err := wire(os.Getenv)
	if err != nil {
		return err
	}
	if program.Telemetry, err = telemetry.Start(ctx, os.Getenv, program.Version); err != nil {
		return err
	}
	defer program.Telemetry.Stop(ctx)
	program.App.Log = program.Telemetry.Logger(os.Stdout) // what is on stderr is an error for the Functions host, line by line
	return commands.Root(program).ExecuteContext(program.Telemetry.In(ctx))
}

// wire builds the program from the settings in the environment. It does no I/O: storage and providers are asked when a function first needs them.
func wire(getenv func(string) string) (*commands.Program, error) {
	settings, err := config.Load(getenv)
	if err != nil {
		return nil, err
	}
	return build(settings)
}

func build(settings config.Config) (*commands.Program, error) {
	st, err := store.Open(settings.Storage, store.Options{})
	if err != nil {
		return nil, err
	}
	client, err := fetch.New(st.Tables, fetch.Options{Now: time.Now, URL: settings.SourceURL})
	if err != nil {
		return nil, fmt.Errorf("ASSAY_SOURCE_URL: %w", err)
	}
	app := &handlers.App{
		Config:  settings,
		Store:   st,
		History: history.New(st.Tables, time.Now),
		Fetch:   client,
		Now:     time.Now,
	}
	return &commands.Program{Version: version(), Files: files, App: app, Functions: functions(app), With: build}, nil
}

// functions says what each folder in functions/ runs.
func functions(app *handlers.App) host.Functions {
	return host.Functions{
		Work: map[string]host.Work{
			"FetchCoinbase":   app.FetchCoinbase,
			"FetchKraken":     app.FetchKraken,
			"FetchBitstamp":   app.FetchBitstamp,
			"FetchBitfinex":   app.FetchBitfinex,
			"FetchGoldAPI":    app.FetchGoldAPI,
			"FetchSwissquote": app.FetchSwissquote,
			"FetchECB":        app.FetchECB,
			"FetchLBMA":       app.FetchLBMA,
			"FetchNBP":        app.FetchNBP,
			"FetchBinance":    app.FetchBinance,
			"FetchCoinGecko":  app.FetchCoinGecko,
			"Backfill":        app.Backfill,
			"Job":             app.Job,
			"Clean":           app.Clean,
			"Load":            app.Load,
			"Reconcile":       app.Reconcile,
		},
		HTTP: map[string]http.Handler{
			"Ingest":  app.Ingest(),
			"Declare": app.Declare(),
			"Submit":  app.Submit(),
			"Api":     app.Api(),
			"Page":    app.Page(),
		},
	}
}

// version is what go build knows: the module's version, or the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
