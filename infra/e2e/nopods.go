package main

import (
	"context"
	"fmt"
	"time"
)

// scaleWithoutPods shows what needs no pods: KEDA takes Clean from nothing to several and back, by the length of its queue.
func (c *cluster) scaleWithoutPods(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := c.install(ctx, pushed, "none"); err != nil {
		return err
	}
	c.timeline.note("chart installed")
	most := c.followReplicas(ctx, pushed, "assay-clean")
	for n := range 40 {
		if err := c.storage.put(ctx, realAccount, "raw-prices", fmt.Sprintf(`{"n": %d}`, n)); err != nil {
			return err
		}
	}
	c.timeline.note("40 messages put")
	if err := await(ctx, "KEDA asks for more than one replica", time.Minute, func() (bool, error) { return most("assay-clean") > 1, nil }); err != nil {
		return err
	}
	q, err := c.storage.queue(realAccount, "raw-prices")
	if err != nil {
		return err
	}
	if _, err := q.ClearMessages(ctx, nil); err != nil {
		return err
	}
	c.timeline.note("messages taken away")
	err = await(ctx, "Clean is at 0", time.Minute, func() (bool, error) {
		d, err := c.api.object("/apis/apps/v1/namespaces/" + pushed + "/deployments/assay-clean")
		return err == nil && d.number("spec", "replicas") == 0, err
	})
	if err == nil {
		c.timeline.note("Clean is at 0 again")
	}
	return err
}
