package commands

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"assay/shared/host"
)

// defaultStage must not change: the Functions host names its timers' state and its keys after this path.
const defaultStage = ".func/app"

func stageCommand(p *Program) *cobra.Command {
	var inPlace bool
	o := host.StageOptions{Files: p.Files, Settings: "local.settings.json"}
	c := &cobra.Command{
		Use:   "stage [DIR]",
		Short: "Write the folder that the Azure Functions host starts from",
		Long: `stage writes host.json, <Name>/function.json for each function, this binary, and local.settings.json from the current
folder if there is one, into DIR (.func/app). Files are replaced one by one, so that it may be used while func runs.`,
		Example: `  assay stage && func start --script-root .func/app
  assay stage --in-place && func start
  assay stage --package build/app`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if inPlace && (o.Package || o.PublicRead) {
				return usageError{errors.New("--in-place links to functions/: it goes with no other flag but --binary")}
			}
			if o.Binary == "" {
				var err error
				if o.Binary, err = os.Executable(); err != nil {
					return err
				}
			}
			o.Folder = defaultStage
			if inPlace {
				o.Folder = "."
			}
			if len(args) == 1 {
				o.Folder = args[0]
			}
			if inPlace {
				return say(c, "func start works in "+o.Folder+" now", host.StageInPlace(o.Folder, o.Binary))
			}
			return say(c, "staged: func start --script-root "+o.Folder, host.Stage(o))
		},
	}
	c.Flags().BoolVar(&inPlace, "in-place", false, "put links beside host.json in the repository, so that plain func start works there")
	c.Flags().BoolVar(&o.Package, "package", false, "for deployment: refuse settings files and anything but a static linux binary for x64")
	c.Flags().BoolVar(&o.PublicRead, "public-read", false, "reading needs no function key")
	c.Flags().StringVar(&o.Binary, "binary", "", "the program to stage, when built for another system (default: this one)")
	return c
}

// say prints a word when there was no error.
func say(c *cobra.Command, word string, err error) error {
	if err == nil {
		_, err = fmt.Fprintln(c.OutOrStdout(), word)
	}
	return err
}
