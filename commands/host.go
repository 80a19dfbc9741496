package commands

import (
	"github.com/spf13/cobra"

	"assay/shared/host"
)

func hostCommand(p *Program) *cobra.Command {
	return &cobra.Command{
		Use:   "host",
		Short: "Serve the Azure Functions host as its custom handler",
		Long: `host listens on 127.0.0.1 and the port in FUNCTIONS_CUSTOMHANDLER_PORT (8080 when it is not set) and answers the Azure
Functions host, which starts it as host.json says. It ends when that host is gone. A person wants assay run.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			port, err := host.Port("FUNCTIONS_CUSTOMHANDLER_PORT", p.App.Config.HandlerPort)
			if err != nil {
				return err
			}
			h, err := p.host()
			if err != nil {
				return err
			}
			listener, err := host.Listen("127.0.0.1", port)
			if err != nil {
				return err
			}
			return h.CustomHandler(c.Context(), listener)
		},
	}
}
