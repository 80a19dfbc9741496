// Command e2e proves the chart in infra/helm on a real Kubernetes with a real KEDA: it builds both from their Go modules, starts them
// with an Azurite on a bridge of its own, installs the chart with Helm, and watches real pods of the real image do the work.
//
//	cd infra/e2e && go run .            all of it; needs root, containerd, runc, CNI plugins, buildah, iproute2, node
//	cd infra/e2e && go run . -no-node   without pods: only that KEDA scales what the chart declares
//
// The first run compiles for a quarter of an hour; what it compiled is kept in the user's cache. It ends with 0 when all was as it should
// be, prints a timeline, and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	noNode bool
	keep   bool
	cache  string
}

func main() {
	var o options
	flag.BoolVar(&o.noNode, "no-node", false, "run no pods: control plane, KEDA and the autoscaler only")
	flag.BoolVar(&o.keep, "keep-logs", false, "keep the logs of all programs, and say where")
	flag.StringVar(&o.cache, "cache", "", "folder for what is compiled; the user's cache")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	programs, err := build(ctx, o)
	if err != nil {
		return err
	}
	w, err := newWorkplace(o.keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	c, err := startCluster(ctx, w, programs, o)
	if err != nil {
		return err
	}
	defer c.timeline.print(os.Stdout)
	if o.noNode {
		err = c.scaleWithoutPods(ctx)
	} else {
		err = c.walk(ctx)
	}
	if err != nil {
		c.explain(os.Stderr)
	}
	return err
}

// needs are the programs that have to be there, and the Debian package that each is in.
var needs = []struct {
	program, pkg string
	node         bool // only pods need it
}{
	{"go", "the Go toolchain", false},
	{"node", "nodejs", false},
	{"containerd", "containerd", true},
	{"ctr", "containerd", true},
	{"runc", "runc", true},
	{"buildah", "buildah", true},
	{"ip", "iproute2", true},
	{cniFolder + "/bridge", "containernetworking-plugins", true},
}

const cniFolder = "/usr/lib/cni"

// check says what is missing, all at once.
func (o options) check() error {
	var missing []string
	for _, n := range needs {
		if _, err := exec.LookPath(n.program); err != nil && !(n.node && o.noNode) {
			missing = append(missing, fmt.Sprintf("%s (%s)", n.program, n.pkg))
		}
	}
	if _, err := os.Stat(azuriteScript()); err != nil {
		missing = append(missing, "Azurite (make deps)")
	}
	if os.Geteuid() != 0 && !o.noNode {
		missing = append(missing, "root, who may start containers")
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing: %s; with -no-node fewer are needed, and no pod runs", strings.Join(missing, ", "))
	}
	return nil
}

// root is the repository's folder, seen from this module's.
const root = "../.."

func azuriteScript() string { return filepath.Join(root, "node_modules/azurite/dist/src/azurite.js") }

// await asks until the answer is yes or the time is over. The last error is part of what it then says.
func await(ctx context.Context, what string, limit time.Duration, done func() (bool, error)) error {
	timer, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		yes, err := done()
		if yes {
			return nil
		}
		select {
		case <-timer.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("stopped while waiting: %s", what)
			}
			return errors.Join(fmt.Errorf("%s: not within %v", what, limit), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
