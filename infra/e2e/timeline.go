package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// timeline is what happened when, in seconds from nothing running.
type timeline struct {
	began time.Time
	mu    sync.Mutex
	lines []string
	notes []string // printed at the end
}

func newTimeline(began time.Time) *timeline { return &timeline{began: began} }

// note adds a line, and prints it at once for who waits.
func (t *timeline) note(format string, values ...any) {
	line := fmt.Sprintf("%6.1f  %s", time.Since(t.began).Seconds(), fmt.Sprintf(format, values...))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line)
	fmt.Println(line)
}

// remark adds what is not bound to a moment.
func (t *timeline) remark(format string, values ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, fmt.Sprintf(format, values...))
}

func (t *timeline) print(out io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(out, "\n  s     what\n%s\n\n%s\n", strings.Join(t.lines, "\n"), strings.Join(t.notes, "\n"))
}

// followReplicas notes each change of the replicas of some Deployments until ctx is done, and returns what reads the most there were.
func (c *cluster) followReplicas(ctx context.Context, namespace string, names ...string) (most func(name string) int) {
	var mu sync.Mutex
	peak, last := map[string]int{}, map[string]int{}
	go func() {
		for ; ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
			found, err := c.api.object("/apis/apps/v1/namespaces/" + namespace + "/deployments")
			if err != nil {
				continue
			}
			for _, d := range found.list("items") {
				name, replicas := d.text("metadata", "name"), d.number("spec", "replicas")
				if !slices.Contains(names, name) {
					continue
				}
				mu.Lock()
				if replicas != last[name] {
					c.timeline.note("%s/%s %d → %d", namespace, name, last[name], replicas)
				}
				last[name], peak[name] = replicas, max(peak[name], replicas)
				mu.Unlock()
			}
		}
	}()
	return func(name string) int {
		mu.Lock()
		defer mu.Unlock()
		return peak[name]
	}
}

// noteMemory adds what every program takes now.
func (c *cluster) noteMemory() {
	var parts []string
	total := 0
	for name, program := range c.running {
		size := memory(program)
		total += size
		parts = append(parts, fmt.Sprintf("%s %d", name, size))
	}
	slices.Sort(parts)
	c.timeline.remark("memory in MiB: %s, together %d", strings.Join(parts, ", "), total)
}
