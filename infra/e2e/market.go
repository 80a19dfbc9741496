package main

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"
)

// poisonous is no message of assay's.
const poisonous = `{"v": 1, "blob": 7}`

// everyMinute is a timer of the chart whose turn comes within a minute.
const everyMinute = "every-minute"

// beginMarket has two of the simulated market's timers run: FetchKraken by a schedule, and Reconcile at once, which asks for a history.
// A message that nobody can read lies in the queue meanwhile.
func (c *cluster) beginMarket(ctx context.Context, seen *pods) error {
	if err := c.storage.put(ctx, simAccount, "raw-prices", poisonous); err != nil {
		return err
	}
	timers := "/apis/batch/v1/namespaces/" + simulated + "/cronjobs"
	timer, err := c.api.object(timers + "/market-assay-fetchkraken")
	if err != nil {
		return err
	}
	spec, _ := timer.at("spec").(map[string]any)
	spec["suspend"], spec["schedule"] = false, "* * * * *"
	if err := c.api.create(ctx, timers, object{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": map[string]any{"name": everyMinute}, "spec": spec}); err != nil {
		return err
	}
	if _, err = c.kubectl(ctx, "create", "job", "first-history", "--namespace", simulated, "--from=cronjob/market-assay-reconcile"); err != nil {
		return err
	}
	if err := await(ctx, "a long Job is at work", time.Minute, func() (bool, error) { return len(atWork(seen, simulated, "backfill")) > 0, nil }); err != nil {
		return err
	}
	c.longJobs = atWork(seen, simulated, "backfill")
	if _, err := c.runHelm(ctx, "upgrade", simulated, root+"/infra/helm", "--namespace", simulated, "--reuse-values", "--set", "settings.ASSAY_RESEND_AFTER=31m"); err != nil {
		return err
	}
	c.timeline.note("market: release updated while %d long Jobs are at work", len(c.longJobs))
	return nil
}

// endMarket looks at what has come of it: the CronJob's prices can be queried, a long Job went through an update of its release and ended by
// itself, and the message that nobody can read is where such messages go.
func (c *cluster) endMarket(ctx context.Context, k *client, seen *pods) error {
	if err := await(ctx, "a CronJob fetched prices", 90*time.Second, func() (bool, error) {
		var answer struct {
			Intervals map[string]any `json:"intervals"`
		}
		err := k.once(ctx, "GET", "/api/v1/series/LTC-USD.kraken", "", nil, &answer)
		jobs, jobsErr := c.api.object("/apis/batch/v1/namespaces/" + simulated + "/jobs")
		done := slices.ContainsFunc(jobs.list("items"), func(j object) bool {
			owners := j.list("metadata", "ownerReferences")
			return len(owners) > 0 && owners[0].text("name") == everyMinute && condition(j, "Complete") == "True"
		})
		return err == nil && jobsErr == nil && done, err
	}); err != nil {
		return err
	}
	c.timeline.note("market: a CronJob fetched, and its prices can be queried")
	if err := await(ctx, "the long Jobs end", 2*time.Minute, func() (bool, error) {
		ended := 0
		for _, p := range seen.of(simulated, "backfill") {
			if end, some := p.exits["assay 0"]; some && end.code == 0 && slices.Contains(c.longJobs, p.name) {
				ended++
			}
		}
		return ended == len(c.longJobs), fmt.Errorf("%d of %v have ended with 0", ended, c.longJobs)
	}); err != nil {
		return err
	}
	c.timeline.note("market: the long Jobs of before the update have ended by themselves")
	if err := await(ctx, "the poisonous message is set aside", 3*time.Minute, func() (bool, error) {
		texts, err := c.storage.texts(ctx, simAccount, "raw-prices-poison")
		return slices.Equal(texts, []string{poisonous}), fmt.Errorf("the poison queue has %q (%v)", texts, err)
	}); err != nil {
		return err
	}
	c.timeline.note("market: the message that nobody can read is in the poison queue, alone")
	return nil
}

// atWork returns the names of the pods of some components that run.
func atWork(seen *pods, namespace string, components ...string) (names []string) {
	for _, component := range components {
		for _, p := range seen.of(namespace, component) {
			if p.running && !p.gone {
				names = append(names, p.name)
			}
		}
	}
	return names
}

// checkExits wants every pod that was not killed on purpose to have ended by itself, and no queue but one to hold what went wrong.
func (c *cluster) checkExits(ctx context.Context, seen *pods) error {
	for _, component := range []string{"clean", "load", "http", "backfill", "job", "reconcile", "fetchkraken"} {
		for _, namespace := range []string{pushed, simulated} {
			for _, p := range seen.of(namespace, component) {
				for container, end := range p.exits {
					early := end.code == 128+int(syscall.SIGTERM) && end.after <= time.Second // stopped before it could take anything
					if end.code != 0 && !early && !c.killed[p.name] {
						return fmt.Errorf("%s of %s/%s ended with %d after %v, want 0", container, namespace, p.name, end.code, end.after)
					}
				}
			}
		}
	}
	for _, account := range []string{realAccount, simAccount} {
		for _, name := range queueNames {
			n, err := c.storage.waiting(ctx, account, name+"-poison")
			if err != nil {
				return err
			}
			if n > 0 && !(account == simAccount && name == "raw-prices") {
				return fmt.Errorf("%s-poison of %s has %d messages, want none", name, account, n)
			}
		}
	}
	return nil
}
