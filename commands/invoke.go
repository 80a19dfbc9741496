package commands

import (
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"
)

func invokeCommand(p *Program) *cobra.Command {
	var wait bool
	c := &cobra.Command{
		Use:   "invoke NAME [JSON]",
		Short: "Run one function once",
		Long: `invoke runs one timer or queue function once, with JSON as its payload: a queue function's message, or a timer's turn.
Without JSON a timer function runs the latest slot of its schedule, and a queue function takes the messages that wait, until
none is left or three quarters of the function timeout have passed. A message that fails is tried again later, as ever.

cron and Kubernetes start a program at the minute, schedules here name its second: with --wait a timer function first waits for it.

It exits with 0 when all went well, 1 when anything failed, 2 when there is no such function.`,
		Example: `  assay invoke FetchKraken
  assay invoke FetchKraken --wait
  assay invoke Clean
  assay invoke FetchKraken '{"slot":"2026-01-02T03:05:20Z"}'`,
		Args: arguments(cobra.RangeArgs(1, 2)),
		RunE: func(c *cobra.Command, args []string) error {
			var payload []byte
			if len(args) == 2 {
				if payload = []byte(args[1]); !json.Valid(payload) {
					return usageError{errors.New("the payload is not JSON")}
				}
			}
			h, err := p.host()
			if err != nil {
				return err
			}
			if wait {
				if err := h.AwaitSlot(c.Context(), args[0]); err != nil {
					return err
				}
			}
			return h.Invoke(c.Context(), args[0], payload)
		},
	}
	c.Flags().BoolVar(&wait, "wait", false, "wait for the second of this minute that the schedule names")
	return c
}
