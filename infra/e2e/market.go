package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// poisonous is no message of assay's.
const poisonous = `{"v": 1, "blob": 7}`

// everyMinute is a timer of the chart whose turn comes within a minute.
const everyMinute = "every-minute"

// beginMarket has two of the simulated market's timers run: FetchKraken by a schedule, and Reconcile at once, which asks for a history.
// A message that nobody can read lies in the queue meanwhile.
func (c *cluster) beginMarket(ctx context.Context) error {
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
	_, err = c.kubectl(ctx, "create", "job", "first-history", "--namespace", simulated, "--from=cronjob/market-assay-reconcile")
	return err
}

// endMarket looks at what has come of it: the CronJob's prices can be queried, a long Job went through an update of its release and ended by
// itself, and the message that nobody can read is where such messages go.
func (c *cluster) endMarket(ctx context.Context, k *client, seen *pods) error {
	if _, err := c.runHelm(ctx, "upgrade", simulated, root+"/infra/helm", "--namespace", simulated, "--reuse-values", "--set", "settings.ASSAY_RESEND_AFTER=31m"); err != nil {
		return err
	}
	c.timeline.note("market: release updated with %d long Jobs at work", c.atWork(seen))
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
	if err := await(ctx, "a long Job ends", 2*time.Minute, func() (bool, error) {
		return slices.ContainsFunc(seen.of(simulated, "backfill"), func(p pod) bool { return len(p.exits) > 0 }), nil
	}); err != nil {
		return err
	}
	c.timeline.note("market: a long Job ended by itself")
	if err := await(ctx, "the poisonous message is set aside", 3*time.Minute, func() (bool, error) {
		texts, err := c.storage.texts(ctx, simAccount, "raw-prices-poison")
		return slices.Equal(texts, []string{poisonous}), fmt.Errorf("the poison queue has %q (%v)", texts, err)
	}); err != nil {
		return err
	}
	c.timeline.note("market: the message that nobody can read is in the poison queue, alone")
	return nil
}

func (c *cluster) atWork(seen *pods) (n int) {
	for _, p := range seen.of(simulated, "backfill") {
		if p.running && !p.gone {
			n++
		}
	}
	return n
}

// checkExits wants every pod that was not killed on purpose to have ended by itself, and no queue but one to hold what went wrong.
func (c *cluster) checkExits(ctx context.Context, seen *pods) error {
	for _, component := range []string{"clean", "load", "http", "backfill", "job", "reconcile", "fetchkraken"} {
		for _, namespace := range []string{pushed, simulated} {
			for _, p := range seen.of(namespace, component) {
				for container, code := range p.exits {
					if code != 0 && !(code == 137 && namespace == pushed && component == "load") {
						return fmt.Errorf("%s of %s/%s ended with %d, want 0", container, namespace, p.name, code)
					}
				}
			}
		}
	}
	for _, account := range []string{realAccount, simAccount} {
		for _, name := range queueNames {
			n, err := c.storage.waiting(ctx, account, name+"-poison")
			if err != nil || n > 0 && !(account == simAccount && name == "raw-prices") {
				return fmt.Errorf("%s-poison of %s has %d messages, want none (%w)", name, account, n, err)
			}
		}
	}
	return nil
}
