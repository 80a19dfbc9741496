package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// Releases: what is pushed goes into the first, the other asks a simulated market. What they have in common: KEDA looks every second, and
// comes down as soon as it may.
const (
	pushed    = "assay"
	simulated = "market"
	quick     = "queues.pollingSeconds=1,queues.cooldownSeconds=5,queues.scaleDownSeconds=0,queues.hiddenSeconds=8,queues.maxReplicas=5,jobs.pollingSeconds=1,timers.suspend=true," +
		"http.resources.requests.cpu=20m,queues.resources.requests.cpu=20m,jobs.resources.requests.cpu=20m,timers.resources.requests.cpu=20m"
)

var accountOf = map[string]string{pushed: realAccount, simulated: simAccount}

// walk shows what docs/aks.md tells, in its order, on a cluster with pods.
func (c *cluster) walk(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	seen := c.api.watchPods(ctx)
	prices, market := c.newClient(ctx, pushed, pushed+"-http"), c.newClient(ctx, simulated, simulated+"-assay-http")
	for release, k := range map[string]*client{pushed: prices, simulated: market} {
		if err := c.install(ctx, release, k.key); err != nil {
			return fmt.Errorf("install %s: %w", release, err)
		}
	}
	c.timeline.note("charts installed")
	most := c.followReplicas(ctx, pushed, "assay-clean", "assay-load")
	if err := await(ctx, "page and API are ready", time.Minute, func() (bool, error) { return prices.pods() == 2 && market.pods() >= 1, nil }); err != nil {
		return err
	}
	c.timeline.note("page and API ready in their pods")
	if err := c.beginMarket(ctx, seen); err != nil {
		return fmt.Errorf("market: %w", err)
	}
	for _, part := range []struct {
		what string
		do   func() error
	}{
		{"queues", func() error { return c.scaleQueues(ctx, prices, seen, most) }},
		{"roll", func() error { return c.roll(ctx, prices) }},
		{"basics", func() error { return c.basics(ctx, prices) }},
		{"market", func() error { return c.endMarket(ctx, market, seen) }},
		{"exits", func() error { return c.checkExits(ctx, seen) }},
	} {
		if err := part.do(); err != nil {
			return fmt.Errorf("%s: %w", part.what, err)
		}
	}
	c.noteMemory()
	return nil
}

// install does what docs/aks.md says, with a connection string instead of an identity.
func (c *cluster) install(ctx context.Context, release, key string) error {
	if _, err := c.kubectl(ctx, "create", "namespace", release); err != nil {
		return err
	}
	steps := [][]string{
		{"label", "namespace", release, "pod-security.kubernetes.io/enforce=restricted"},
		{"create", "secret", "generic", "assay-keys", "--namespace", release, "--from-literal=keys=" + key},
		{"create", "secret", "generic", "assay-storage", "--namespace", release, "--from-literal=connection=" + c.storage.connections[accountOf[release]]},
	}
	for _, arguments := range steps {
		if _, err := c.kubectl(ctx, arguments...); err != nil {
			return errors.New("kubectl create failed") // its arguments hold a key
		}
	}
	values := quick
	if release == simulated {
		values += ",simulatedMarket=true,http.minReplicas=1,settings.ASSAY_WATCHLIST=LTC-USD"
	}
	_, err := c.runHelm(ctx, "install", release, root+"/infra/helm", "--namespace", release, "--set", values)
	return err
}

// scaleQueues pushes until Clean and Load have come up from nothing, interrupts Load in three ways while it is at work, and waits until both
// are gone again.
func (c *cluster) scaleQueues(ctx context.Context, k *client, seen *pods, most func(string) int) error {
	if err := k.declare(ctx); err != nil {
		return err
	}
	first := make(chan error, 1)
	go func() { first <- c.firstDone(ctx, k) }()
	const step = rolledFrom / 3
	for n, interrupt := range []func() error{
		func() error { return c.kill(ctx, atWork(seen, pushed, "load")[:1], "a pod of Load killed (SIGKILL)") },
		func() error { return c.scaleIn(ctx, seen) },
		func() error {
			return c.kill(ctx, atWork(seen, pushed, "load", "clean", "http"), "every container of the release on the node killed")
		},
	} {
		pushing := make(chan error, 1)
		go func() {
			_, err := k.pushDays(ctx, n*step, (n+1)*step)
			pushing <- err
		}()
		if err := await(ctx, "Load is at work", time.Minute, func() (bool, error) {
			n, err := c.storage.waiting(ctx, realAccount, "clean-prices")
			return n > 2 && len(atWork(seen, pushed, "load")) > 0, err
		}); err != nil {
			return err
		}
		if err := interrupt(); err != nil {
			return err
		}
		if err := <-pushing; err != nil {
			return err
		}
	}
	c.timeline.note("%d payloads of 1,440 minutes were pushed", rolledFrom*len(pushedInstruments))
	if err := <-first; err != nil {
		return err
	}
	if err := c.drained(ctx); err != nil {
		return err
	}
	if err := errors.Join(k.checkBars(ctx, rolledFrom), c.storage.checkRows(ctx, rolledFrom)); err != nil {
		return err
	}
	for _, name := range []string{"assay-clean", "assay-load"} {
		if most(name) < 2 {
			return fmt.Errorf("%s had %d replicas at most: want more than one", name, most(name))
		}
	}
	c.timeline.note("all %d minutes are there, each once, and the rows of their hours and days", rolledFrom*len(pushedInstruments)*dayMinutes)
	return nil
}

func (c *cluster) firstDone(ctx context.Context, k *client) error {
	path := fmt.Sprintf("/api/v1/series/BTC-USD/bars?interval=1m&from=%d&to=%d", firstDay.Unix(), firstDay.AddDate(0, 0, 1).Unix())
	err := await(ctx, "the first minutes can be queried", time.Minute, func() (bool, error) {
		var answer struct{ Time []int64 }
		err := k.once(ctx, http.MethodGet, path, "", nil, &answer)
		return len(answer.Time) > 0, err
	})
	if err == nil {
		c.timeline.note("the first payload's minutes can be queried")
	}
	return err
}

// scaleIn has KEDA take all pods of Load away while they are at work, and then gives them back. With what they ended, checkExits looks.
func (c *cluster) scaleIn(ctx context.Context, seen *pods) error {
	path := "/apis/keda.sh/v1alpha1/namespaces/" + pushed + "/scaledobjects/assay-load"
	if err := c.api.patch(ctx, path, `{"metadata": {"annotations": {"autoscaling.keda.sh/paused-replicas": "0"}}}`); err != nil {
		return err
	}
	if err := await(ctx, "Load is scaled in", time.Minute, func() (bool, error) { return len(atWork(seen, pushed, "load")) == 0, nil }); err != nil {
		return err
	}
	c.timeline.note("Load scaled in while at work: each pod ended what it had in hand")
	return c.api.patch(ctx, path, `{"metadata": {"annotations": {"autoscaling.keda.sh/paused-replicas": null}}}`)
}

// kill kills pods and remembers that they were.
func (c *cluster) kill(ctx context.Context, names []string, what string) error {
	c.timeline.note("%s, with messages in hand", what)
	for _, name := range names {
		c.killed[name] = true
	}
	n, err := c.node.kill(ctx, names...)
	if err == nil && n == 0 {
		err = errors.New("there was nothing to kill")
	}
	return err
}

// drained waits until no message is left and no replica takes any.
func (c *cluster) drained(ctx context.Context) error {
	if err := await(ctx, "the queues are empty", 90*time.Second, func() (bool, error) {
		left := 0
		for _, name := range []string{"raw-prices", "clean-prices"} {
			n, err := c.storage.waiting(ctx, realAccount, name)
			if err != nil {
				return false, err
			}
			left += n
		}
		return left == 0, fmt.Errorf("%d messages are left", left)
	}); err != nil {
		return err
	}
	c.timeline.note("queues empty")
	return await(ctx, "Clean and Load are at 0", time.Minute, func() (bool, error) {
		found, err := c.api.object("/apis/apps/v1/namespaces/" + pushed + "/deployments")
		for _, d := range found.list("items") {
			if name := d.text("metadata", "name"); (name == "assay-clean" || name == "assay-load") && d.number("status", "replicas") > 0 {
				return false, fmt.Errorf("%s is at %d", name, d.number("status", "replicas"))
			}
		}
		return err == nil, err
	})
}

// roll updates every Deployment while prices are pushed and read, and looks for what was lost.
func (c *cluster) roll(ctx context.Context, k *client) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	type result struct {
		reads  int
		failed []error
	}
	read := make(chan result, 1)
	go func() {
		n, failed := k.readAlways(reading)
		read <- result{n, failed}
	}()
	pushing := make(chan error, 1)
	var repeated int
	go func() {
		var err error
		repeated, err = k.pushDays(ctx, rolledFrom, pushedDays)
		pushing <- err
	}()
	if err := await(ctx, "Clean is at work", 30*time.Second, func() (bool, error) {
		n, err := c.storage.waiting(ctx, realAccount, "raw-prices")
		return n > 0, err
	}); err != nil {
		return err
	}
	if _, err := c.runHelm(ctx, "upgrade", pushed, root+"/infra/helm", "--namespace", pushed, "--reuse-values", "--set", "settings.ASSAY_RESEND_AFTER=31m"); err != nil {
		return err
	}
	for _, name := range []string{"assay-http", "assay-clean", "assay-load"} {
		if _, err := c.kubectl(ctx, "rollout", "status", "deployment/"+name, "--namespace", pushed, "--timeout=90s"); err != nil {
			return err
		}
	}
	c.timeline.note("rolled under load")
	if err := <-pushing; err != nil {
		return err
	}
	stop()
	r := <-read
	if len(r.failed) > 0 || repeated > 0 {
		return fmt.Errorf("%d of %d reads failed and %d pushes had to be repeated: %w", len(r.failed), r.reads, repeated, errors.Join(r.failed[:min(3, len(r.failed))]...))
	}
	if err := c.drained(ctx); err != nil {
		return err
	}
	if err := k.checkBars(ctx, pushedDays); err != nil {
		return err
	}
	c.timeline.note("%d reads and %d pushes during the update, none failed; all %d minutes are there", r.reads, (pushedDays-rolledFrom)*len(pushedInstruments), pushedDays*len(pushedInstruments)*dayMinutes)
	return nil
}

// basics runs commands of docs/aks.md as they stand there.
func (c *cluster) basics(ctx context.Context, k *client) error {
	page, err := os.ReadFile(root + "/docs/aks.md")
	if err != nil {
		return err
	}
	for _, line := range []string{
		"kubectl get cronjobs,deployments,scaledobjects,scaledjobs,pods --namespace assay",
		"kubectl delete pod --namespace assay --selector app.kubernetes.io/component=http --wait=false",
		"helm upgrade assay infra/helm --namespace assay --reuse-values --set queues.maxReplicas=16",
		"kubectl rollout status deployment/assay-http --namespace assay --timeout=15m",
		"helm rollback assay --namespace assay",
		"kubectl get jobs --namespace assay --field-selector status.successful=0",
	} {
		if !strings.Contains(string(page), line+"\n") {
			return fmt.Errorf("docs/aks.md does not say %q", line)
		}
		words := strings.Fields(strings.ReplaceAll(line, "infra/helm", root+"/infra/helm"))
		command := c.kubectl
		if words[0] == "helm" {
			command = c.runHelm
		}
		if _, err := command(ctx, words[1:]...); err != nil {
			return err
		}
	}
	if err := await(ctx, "two pods answer again", time.Minute, func() (bool, error) { return k.pods() == 2, nil }); err != nil {
		return err
	}
	// The only node is emptied: the budget of disruptions lets one of the two pods go, and its successor has nowhere to be.
	if _, err := c.kubectl(ctx, "drain", nodeName, "--ignore-daemonsets", "--delete-emptydir-data", "--pod-selector", "app.kubernetes.io/component=http", "--timeout=10s"); err == nil {
		return errors.New("the node was emptied although its only page was on it")
	}
	if k.pods() == 0 {
		return errors.New("no pod answers while the node is being emptied")
	}
	if _, err := c.kubectl(ctx, "uncordon", nodeName); err != nil {
		return err
	}
	if err := await(ctx, "two pods answer after the node is back", time.Minute, func() (bool, error) { return k.pods() == 2, nil }); err != nil {
		return err
	}
	c.timeline.note("pods deleted, scaled, rolled back, the node drained and given back: the page stayed")
	return nil
}
