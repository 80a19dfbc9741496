package commands

import (
	"context"
	"log/slog"
	"os"

	"assay/shared/host"
)

// draining returns a host whose queue functions tell worked of each message that they ran on, here, and whether that failed.
func (p *Program) draining(worked func(function string, payload []byte, err error)) (*host.Host, error) {
	functions := host.Functions{Work: map[string]host.Work{}, HTTP: p.Functions.HTTP}
	for name, work := range p.Functions.Work {
		functions.Work[name] = func(ctx context.Context, payload []byte) error {
			err := work(ctx, payload)
			worked(name, payload, err)
			return err
		}
	}
	return host.New(p.Files, functions, host.Options{Getenv: os.Getenv, Queues: p.App.Store.Queues, Log: slog.New(slog.DiscardHandler)})
}
